// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where the next iteration begins to read is taken from the kernel itself: the indices of loads, with the loop `next` one
// further and the loops inside it at their beginning.
#include "compiler/Emit/Halide/Prefetch.h"

#include <algorithm>
#include <map>

namespace weft::emit {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

constexpr int elementsOfLine = 16;

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Whether a loop of the lowered kernel is the one a directive names; Halide counts pieces of a loop from 0.
bool isLoop(const std::string &lowered, const std::string &named) {
  return endsWith(lowered, named) || endsWith(lowered, named + ".rebased");
}

/// Where loads of a buffer begin, in terms of what stands around the statement; the lets and loops inside it are
/// resolved, loops at their beginning.
class Loads : public IRVisitor {
public:
  explicit Loads(std::string buffer) : buffer(std::move(buffer)) {}

  std::vector<Expr> indices; ///< of first elements, in order, each once

private:
  using IRVisitor::visit;

  void visit(const Load *op) override {
    if (op->name != buffer)
      return IRVisitor::visit(op);
    const Ramp *ramp = op->index.as<Ramp>();
    Expr index = ramp ? ramp->base : op->index;
    if (std::none_of(indices.begin(), indices.end(), [&](const Expr &known) { return equal(known, index); }))
      indices.push_back(index);
  }

  void visit(const LetStmt *op) override { inside(op->name, op->value, op->value, op->body); }
  void visit(const For *op) override { inside(op->name, op->min, op->min, op->body); }
  void visit(const Let *op) override { inside(op->name, op->value, op->value, op->body); }

  template <typename Body>
  void inside(const std::string &name, const Expr &first, const Expr &value, const Body &body) {
    first.accept(this);
    std::vector<Expr> before;
    before.swap(indices);
    body.accept(this);
    for (Expr &index : indices)
      index = substitute(name, value, index);
    indices.insert(indices.begin(), before.begin(), before.end());
  }

  std::string buffer;
};

} // namespace

Prefetch::Prefetch(const kernel::Stage &stage, const kernel::Directive &directive)
    : turnPrefix(stage.name + ".s1."), turn("." + directive.loops[0]), next("." + directive.loops[1]),
      operand(directive.at), lines(static_cast<int>(directive.factor)) {}

Stmt Prefetch::visit(const For *op) {
  path.push_back({op->name, "", op->min, op->extent, Expr()});
  if (nextAt == 0 && isLoop(op->name, next)) {
    nextAt = path.size();
    nextBody = op->body;
  }
  Stmt body = nextAt > 0 && isLoop(op->name, turn) && op->name.compare(0, turnPrefix.size(), turnPrefix) == 0
                  ? Block::make(fetches(op->body), op->body)
                  : mutate(op->body);
  if (nextAt == path.size())
    nextAt = 0;
  path.pop_back();
  return For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy, op->device_api, body);
}

Stmt Prefetch::visit(const LetStmt *op) {
  path.push_back({"", op->name, Expr(), Expr(), op->value});
  Stmt body = mutate(op->body);
  path.pop_back();
  return LetStmt::make(op->name, op->value, body);
}

/// The loop inside path element `outer` whose trip count depends on it (the last of several pieces is short); 0: none.
size_t Prefetch::piecesOf(size_t outer) const {
  for (size_t i = path.size(); i-- > outer + 1;)
    if (!path[i].loop.empty() && expr_uses_var(resolved(path[i].extent, outer, i), path[outer].loop))
      return i;
  return 0;
}

/// An expression at path element `end` without the lets behind `begin`.
Expr Prefetch::resolved(Expr expr, size_t begin, size_t end) const {
  for (size_t i = end; i-- > begin + 1;)
    if (path[i].loop.empty())
      expr = substitute(path[i].let, path[i].value, expr);
  return expr;
}

/// The iterations of `turn` before this one since that of `next` began.
Expr Prefetch::turnsSoFar() const {
  Expr count = 0;
  size_t counted = 0; // with the loop around it
  for (size_t i = nextAt; i < path.size(); ++i) {
    const Level &step = path[i];
    if (step.loop.empty() || i == counted)
      continue;
    Expr turn = Variable::make(Halide::Int(32), step.loop) - step.min;
    size_t inner = piecesOf(i);
    if (inner == 0) {
      count = count * step.extent + turn;
      continue;
    }
    counted = inner;
    Expr extent = resolved(path[inner].extent, i, inner);
    auto turnsOf = [&](const Expr &piece) { return substitute(step.loop, step.min + piece, extent); };
    Expr before = step.extent - 1, whole = turnsOf(0);
    Expr piece = Variable::make(Halide::Int(32), path[inner].loop) - path[inner].min;
    count = count * (before * whole + turnsOf(before)) + turn * whole + piece;
  }
  return count;
}

/// `index` with all loops between path elements `stepping` and the end at their beginning, and `stepping` one further.
Expr Prefetch::after(Expr index, size_t stepping) const {
  for (size_t i = path.size(); i-- > stepping + 1;)
    index = path[i].loop.empty() ? substitute(path[i].let, path[i].value, index)
                                 : substitute(path[i].loop, path[i].min, index);
  return substitute(path[stepping].loop, Variable::make(Halide::Int(32), path[stepping].loop) + 1, index);
}

/// Where the next iteration of `next` begins to read what this one reads from `index` on: of the next iteration of the
/// loop around it, where this one is the last.
Expr Prefetch::following(const Expr &index) const {
  const size_t own = nextAt - 1;
  const Level &step = path[own];
  for (size_t i = own; i-- > 0;)
    if (!path[i].loop.empty())
      return select(Variable::make(Halide::Int(32), step.loop) + 1 < step.min + step.extent, after(index, own),
                    after(index, i));
  return after(index, own);
}

/// `index` in the next iteration of `next`, all loops inside it as they are, if there are some and it depends on each; else nothing.
Expr Prefetch::inPlace(const Expr &index) const {
  const size_t own = nextAt - 1;
  Expr place = resolved(index, own, path.size());
  size_t between = 0;
  for (size_t i = nextAt; i < path.size(); ++i) {
    if (path[i].loop.empty())
      continue;
    if (!expr_uses_var(place, path[i].loop))
      return Expr();
    ++between;
  }
  Expr next = Variable::make(Halide::Int(32), path[own].loop) + 1;
  return between ? substitute(path[own].loop, next, place) : Expr();
}

Stmt Prefetch::fetches(const Stmt &body) const {
  Loads loads(operand);
  body.accept(&loads);
  bool readsItself = !loads.indices.empty();
  if (!readsItself)
    nextBody.accept(&loads);
  std::vector<Expr> streams; // what does not lie at a constant distance is another
  bool each = readsItself && std::all_of(loads.indices.begin(), loads.indices.end(), [&](const Expr &load) { return inPlace(load).defined(); });
  for (const Expr &load : loads.indices) {
    Expr begin = each ? inPlace(load) : following(load);
    auto isNear = [&](const Expr &stream) { return is_const(simplify(begin - stream)); };
    if (std::none_of(streams.begin(), streams.end(), isNear))
      streams.push_back(begin);
  }
  Expr ahead = each ? Expr(0) : turnsSoFar() * (lines * elementsOfLine), base = Variable::make(Halide::Handle(), operand);
  std::vector<Stmt> all = {Evaluate::make(0)};
  for (const Expr &stream : streams)
    for (int line = 0; line < lines; ++line)
      all.push_back(Evaluate::make(Call::make(Halide::Float(32), Call::prefetch,
                                              {base, simplify(stream + ahead + line * elementsOfLine), 1, 1},
                                              Call::Intrinsic)));
  return Block::make(all);
}

std::vector<Prefetch *> prefetchesOf(const kernel::KernelDesc &desc) {
  std::vector<Prefetch *> passes;
  for (const kernel::StageSchedule &schedule : desc.schedule)
    for (const kernel::Directive &directive : schedule.directives)
      for (const kernel::Stage &stage : desc.stages)
        if (directive.kind == kernel::Directive::Kind::Prefetch && stage.name == schedule.stage)
          passes.push_back(new Prefetch(stage, directive));
  return passes;
}

} // namespace weft::emit
