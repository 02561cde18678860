// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where the next iteration begins to read is taken from the kernel itself: the index of the first load, with the loop
// `next` one further and the loops inside it at their beginning.
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

/// The first load of a buffer, with the lets and loops it stands in.
class FirstLoad : public IRVisitor {
public:
  explicit FirstLoad(std::string buffer) : buffer(std::move(buffer)) {}

  Expr index; ///< of its first element; undefined if there is none

private:
  using IRVisitor::visit;

  void visit(const Load *op) override {
    if (index.defined())
      return;
    if (op->name != buffer)
      return IRVisitor::visit(op);
    const Ramp *ramp = op->index.as<Ramp>();
    index = ramp ? ramp->base : op->index;
  }

  void visit(const LetStmt *op) override { inside(op->name, op->value, op->value, op->body); }
  void visit(const For *op) override { inside(op->name, op->min, op->min, op->body); }
  void visit(const Let *op) override { inside(op->name, op->value, op->value, op->body); }

  template <typename Body>
  void inside(const std::string &name, const Expr &first, const Expr &value, const Body &body) {
    first.accept(this);
    bool isKnown = index.defined();
    body.accept(this);
    if (!isKnown && index.defined())
      index = substitute(name, value, index);
  }

  std::string buffer;
};

} // namespace

Prefetch::Prefetch(const kernel::Stage &stage, const kernel::Directive &directive)
    : turnPrefix(stage.name + ".s1."), turn("." + directive.loops[0]), next("." + directive.loops[1]),
      operand(directive.at), lines(static_cast<int>(directive.factor)) {}

Stmt Prefetch::visit(const For *op) {
  bool isNext = path.empty() && endsWith(op->name, next);
  if (path.empty() && !isNext)
    return IRMutator::visit(op);
  path.push_back({op->name, "", op->min, op->extent, Expr()});
  bool isTurn = endsWith(op->name, turn) || endsWith(op->name, turn + ".rebased"); // so Halide counts pieces from 0
  Stmt body = isTurn && op->name.compare(0, turnPrefix.size(), turnPrefix) == 0
                  ? Block::make(fetches(op->body), op->body)
                  : mutate(op->body);
  path.pop_back();
  return For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy, op->device_api, body);
}

Stmt Prefetch::visit(const LetStmt *op) {
  if (path.empty())
    return IRMutator::visit(op);
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
  for (size_t i = 1; i < path.size(); ++i) {
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

Stmt Prefetch::fetches(const Stmt &body) const {
  FirstLoad load(operand);
  body.accept(&load);
  if (!load.index.defined())
    return Evaluate::make(0);
  Expr begin = load.index;
  for (size_t i = path.size(); i-- > 1;)
    begin = path[i].loop.empty() ? substitute(path[i].let, path[i].value, begin)
                                 : substitute(path[i].loop, path[i].min, begin);
  begin = substitute(path[0].loop, Variable::make(Halide::Int(32), path[0].loop) + 1, begin);
  Expr at = begin + turnsSoFar() * (lines * elementsOfLine), base = Variable::make(Halide::Handle(), operand);
  std::vector<Stmt> all;
  for (int line = 0; line < lines; ++line)
    all.push_back(Evaluate::make(Call::make(Halide::Float(32), Call::prefetch,
                                            {base, simplify(at + line * elementsOfLine), 1, 1}, Call::Intrinsic)));
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
