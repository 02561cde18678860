// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// First all that touches the buffer of sums is looked at, then it is rewritten: a sum that is read or made in another way
// leaves all of them as they are.
#include "compiler/Emit/Halide/PairedPixels.h"

#include "compiler/Emit/Halide/Pipeline.h"
#include "compiler/Kernel/Build.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

namespace weft::emit {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

/// Which vectors of a buffer of sums are halves: those of the last block whose pixel has a neighbour in its row.
struct Places {
  std::string buffer, filter;
  int lanes = 0, first = 0, row = 1;

  /// The vector at a constant index; -1 if it is none.
  int at(const Expr &index) const {
    const auto *ramp = index.as<Ramp>();
    auto base = ramp && ramp->lanes == lanes && is_const_one(ramp->stride) ? as_const_int(ramp->base) : std::nullopt;
    return base && *base >= 0 && *base % lanes == 0 ? static_cast<int>(*base / lanes) : -1;
  }
  int pixel(int place) const { return (place - first) % row; }
  bool isHalf(int place) const { return place >= first && (pixel(place) | 1) < row; }
  bool isUpper(int place) const { return pixel(place) % 2 != 0; }
  int lowerOf(int place) const { return place - pixel(place) % 2; }
};

/// `sum = sum + filter * pixel`, the last one number in all lanes.
struct Step {
  const Load *sum = nullptr;
  Expr filter, pixel;
};

std::optional<Step> stepOf(const Store *op, const Places &places) {
  const auto *add = op->value.as<Add>();
  const auto *sum = add ? add->a.as<Load>() : nullptr;
  const auto *product = add ? add->b.as<Mul>() : nullptr;
  if (!product || !sum || sum->name != op->name || !equal(sum->index, op->index) || !is_const_one(sum->predicate))
    return std::nullopt;
  Step step{sum, product->a, product->b};
  if (step.filter.as<Broadcast>())
    std::swap(step.filter, step.pixel);
  const auto *filter = step.filter.as<Load>();
  const auto *pixel = step.pixel.as<Broadcast>();
  bool isStep = filter && filter->name == places.filter && pixel && pixel->value.type().is_scalar();
  return isStep ? std::optional(step) : std::nullopt;
}

/// Whether the halves are made and read one by one, and each two of a pair one after the other in straight code, between which
/// nothing but sums is stored.
class Looks : public IRVisitor {
public:
  explicit Looks(const Places &places) : places(places) {}
  bool isGood = true;

private:
  using IRVisitor::visit;

  void visit(const Store *op) override {
    if (op->name != places.buffer) {
      isGood &= waiting.empty();
      return IRVisitor::visit(op);
    }
    int place = places.at(op->index);
    isGood &= place >= 0 && is_const_one(op->predicate);
    if (place < 0 || !places.isHalf(place))
      return IRVisitor::visit(op);
    if (const auto *start = op->value.as<Broadcast>(); start && is_const_zero(start->value))
      return;
    std::optional<Step> step = stepOf(op, places);
    isGood &= step.has_value();
    if (!isGood)
      return;
    if (!places.isUpper(place)) {
      isGood &= waiting.emplace(place, step->filter).second;
    } else {
      auto lower = waiting.find(places.lowerOf(place));
      isGood &= lower != waiting.end() && equal(lower->second, step->filter);
      if (isGood)
        waiting.erase(lower);
    }
  }

  void visit(const Load *op) override {
    isGood &= op->name != places.buffer || (places.at(op->index) >= 0 && is_const_one(op->predicate));
    IRVisitor::visit(op);
  }

  void visit(const For *op) override { apart(op); }
  void visit(const LetStmt *op) override { apart(op); }
  void visit(const Allocate *op) override { apart(op); }
  void visit(const IfThenElse *op) override { apart(op); }
  void visit(const Fork *op) override { apart(op); }
  void visit(const Atomic *op) override { apart(op); }
  void visit(const Acquire *op) override { apart(op); }

  /// Pairs lie inside such a statement, or outside.
  template <typename Statement> void apart(const Statement *op) {
    isGood &= waiting.empty();
    IRVisitor::visit(op);
    isGood &= waiting.empty();
  }

  const Places &places;
  std::map<int, Expr> waiting; ///< lower halves whose upper one is to come, with what each is multiplied with
};

class Rewrites : public IRMutator {
public:
  explicit Rewrites(const Places &places) : places(places) {}

private:
  using IRMutator::visit;

  Stmt visit(const Store *op) override {
    int place = op->name == places.buffer ? places.at(op->index) : -1;
    if (place < 0 || !places.isHalf(place))
      return IRMutator::visit(op);
    std::optional<Step> step = stepOf(op, places);
    if (!step)
      return places.isUpper(place) ? Evaluate::make(0) : Stmt(op);
    if (!places.isUpper(place)) {
      waiting[place] = step->pixel;
      return Evaluate::make(0);
    }
    int lower = places.lowerOf(place);
    Expr sum = load(step->sum, lower), both = Select::make(isLower(), waiting[lower], step->pixel);
    return Store::make(op->name, Add::make(sum, Mul::make(twice(step->filter), both)), index(lower), op->param, op->predicate, ModulusRemainder());
  }

  Expr visit(const Load *op) override {
    int place = op->name == places.buffer ? places.at(op->index) : -1;
    if (place < 0 || !places.isHalf(place))
      return IRMutator::visit(op);
    std::vector<int> from(places.lanes);
    std::iota(from.begin(), from.end(), places.isUpper(place) ? places.lanes / 2 : 0);
    std::iota(from.begin() + places.lanes / 2, from.end(), places.lanes); // zeros
    return Shuffle::make({load(op, places.lowerOf(place)), make_zero(op->type)}, from);
  }

  Expr index(int place) const { return Ramp::make(place * places.lanes, 1, places.lanes); }

  Expr load(const Load *op, int place) const {
    return Load::make(op->type, op->name, index(place), op->image, op->param, const_true(places.lanes), ModulusRemainder());
  }

  Expr twice(const Expr &vector) const {
    std::vector<int> from(places.lanes);
    for (int lane = 0; lane < places.lanes; ++lane)
      from[lane] = lane % (places.lanes / 2);
    return Shuffle::make({vector}, from);
  }

  /// A mask that LLVM does not know: of a known one it makes permutations of what it would blend, which share their ports with
  /// multiply-adds. The filter is never null.
  Expr isLower() const {
    Expr buffer = Variable::make(Halide::type_of<struct halide_buffer_t *>(), places.filter + ".buffer");
    Expr host = Call::make(Halide::type_of<void *>(), Call::buffer_get_host, {buffer}, Call::Extern);
    Expr isNull = reinterpret<uint64_t>(host) == make_const(Halide::UInt(64), 0);
    Expr half = Select::make(isNull, places.lanes, places.lanes / 2);
    return LT::make(Ramp::make(0, 1, places.lanes), Broadcast::make(half, places.lanes));
  }

  const Places &places;
  std::map<int, Expr> waiting; ///< the pixel of a lower half whose upper one is to come
};

} // namespace

PairedPixels::PairedPixels(const kernel::KernelDesc &desc) {
  for (const kernel::StageSchedule &schedule : desc.schedule) {
    const kernel::Stage &stage = desc.stages[findStage(desc, schedule.stage)];
    auto isOrder = [](const kernel::Directive &d) { return d.kind == kernel::Directive::Kind::StorageOrder; };
    if (std::any_of(schedule.directives.begin(), schedule.directives.end(), isOrder))
      continue;
    auto dimOf = [&](const std::string &name) {
      auto at = std::find_if(stage.loops.rbegin(), stage.loops.rend(), [&](const kernel::Loop &loop) { return loop.name == name; });
      return static_cast<size_t>(at - stage.loops.rbegin());
    };
    for (const kernel::Directive &d : schedule.directives) {
      if (d.kind != kernel::Directive::Kind::Pair)
        continue;
      const kernel::Operand &filter = desc.operands[kernel::pairedFilter(desc, stage, d.loops[0])];
      paired[funcName(stage)] = {filter.name, static_cast<int>(filter.dims.front().extent), static_cast<int>(filter.dims.back().extent),
                                 dimOf(d.loops[0]), dimOf(d.loops[1])};
    }
  }
}

/// The last block's pixels are the end of the buffer, and those of a row neighbours: then a tile has all blocks, and nothing else
/// outside of them.
Stmt PairedPixels::visit(const Allocate *op) {
  auto found = paired.find(op->name);
  if (found == paired.end())
    return IRMutator::visit(op);
  const Sums &sums = found->second;
  std::vector<int> extents;
  for (const Expr &extent : op->extents)
    extents.push_back(static_cast<int>(as_const_int(extent).value_or(0)));
  auto product = [&](size_t from, size_t to) { return std::accumulate(extents.begin() + from, extents.begin() + to, 1, std::multiplies<>()); };
  bool fits = sums.blockDim < extents.size() && sums.pixelDim == 1 && sums.blockDim > 1 && extents[0] == sums.lanes && is_const_one(op->condition) &&
              extents[sums.blockDim] == sums.blocks && extents[1] > 1 && product(sums.blockDim + 1, extents.size()) == 1;
  if (!fits)
    return IRMutator::visit(op);
  Places places{op->name, sums.filter, sums.lanes, (sums.blocks - 1) * product(1, sums.blockDim), extents[1]};
  Looks looks(places);
  op->body.accept(&looks);
  if (!looks.isGood)
    return IRMutator::visit(op);
  return Allocate::make(op->name, op->type, op->memory_type, op->extents, op->condition, mutate(Rewrites(places).mutate(op->body)), op->new_expr,
                        op->free_function, op->padding);
}

} // namespace weft::emit
