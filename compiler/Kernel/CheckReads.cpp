// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Ranges of indices in the first round of the loops around. An index in which each loop stands once, and which moves one way
// with each, has its ends where the loops have theirs; other indices, and updates that a condition may skip, are taken as they
// are. So what is found is read for certain, and what is read may be more.
#include "compiler/Kernel/Check.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/LoopNest.h"
#include "compiler/Kernel/Spell.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

namespace weft::kernel {

namespace {

using Kind = Directive::Kind;

struct Range {
  int64_t low, high;
  int64_t count() const { return high - low + 1; }
};

/// By loop; nothing where unknown.
using Ranges = std::vector<std::optional<Range>>;

std::optional<int64_t> turnsOf(const KernelDesc &desc, const Extent &extent) {
  int64_t value = extent.isFixed() ? extent.value : desc.operands[extent.operand].dims[extent.dim].extent;
  return value < 1 ? std::nullopt : std::optional((value + extent.per - 1) / extent.per);
}

Ranges wholeLoops(const KernelDesc &desc, const Stage &stage, bool update) {
  Ranges ranges;
  auto add = [&](const std::vector<Loop> &loops) {
    for (const Loop &loop : loops) {
      std::optional<int64_t> turns = turnsOf(desc, loop.extent);
      ranges.push_back(turns ? std::optional(Range{0, *turns - 1}) : std::nullopt);
    }
  };
  add(stage.loops);
  if (update)
    add(stage.update->loops);
  return ranges;
}

/// The range of one index.
class IndexRange {
public:
  IndexRange(const KernelDesc &desc, const Ranges &loops) : desc(desc), loops(loops) {}

  std::optional<Range> of(const Expr &expr) {
    switch (expr.kind) {
    case ExprKind::Constant:
      return Range{int64_t(expr.constant), int64_t(expr.constant)};
    case ExprKind::LoopIndex:
      return seen.insert(expr.ref).second ? loops[expr.ref] : std::nullopt;
    case ExprKind::OperandExtent:
      return ofExtent(desc.operands[expr.ref].dims[expr.dim].extent);
    case ExprKind::Binary:
      return ofBinary(expr);
    default:
      return std::nullopt;
    }
  }

private:
  static std::optional<Range> ofExtent(int64_t extent) {
    return extent < 0 ? std::nullopt : std::optional(Range{extent, extent});
  }

  std::optional<Range> ofBinary(const Expr &expr) {
    std::optional<Range> a = of(*expr.args[0]), b = a ? of(*expr.args[1]) : std::nullopt;
    if (!b)
      return std::nullopt;
    bool isNonNegative = a->low >= 0 && b->low >= 0 && a->high <= INT32_MAX && b->high <= INT32_MAX;
    switch (expr.op) {
    case ScalarOp::Add:
      return Range{a->low + b->low, a->high + b->high};
    case ScalarOp::Sub:
      return Range{a->low - b->high, a->high - b->low};
    case ScalarOp::Mul:
      return isNonNegative ? std::optional(Range{a->low * b->low, a->high * b->high}) : std::nullopt;
    case ScalarOp::Div:
      return isNonNegative && b->low > 0 ? std::optional(Range{a->low / b->high, a->high / b->low}) : std::nullopt;
    case ScalarOp::Mod: // of a loop alone: its values follow one another
      return expr.args[0]->kind == ExprKind::LoopIndex && a->low == 0 && b->low > 0 && b->low == b->high
                 ? std::optional(Range{0, std::min(a->high, b->low - 1)})
                 : std::nullopt;
    case ScalarOp::Min:
      return Range{std::min(a->low, b->low), std::min(a->high, b->high)};
    case ScalarOp::Max:
      return Range{std::max(a->low, b->low), std::max(a->high, b->high)};
    default:
      return std::nullopt;
    }
  }

  const KernelDesc &desc;
  const Ranges &loops;
  std::set<int> seen;
};

using Visit = std::function<void(const Expr &load)>;

/// The loads of an expression; without those that stand in a choice, unless `chosen`.
void forEachLoad(const ExprPtr &expr, bool chosen, const Visit &visit, std::set<const Expr *> &seen) {
  if (!seen.insert(expr.get()).second)
    return;
  bool chooses = expr->kind == ExprKind::Select || expr->kind == ExprKind::Mux;
  for (size_t i = 0; i < (chooses && !chosen ? 1 : expr->args.size()); ++i)
    forEachLoad(expr->args[i], chosen, visit, seen);
  if (expr->kind == ExprKind::LoadOperand || expr->kind == ExprKind::LoadStage)
    visit(*expr);
}

/// Those of one definition, but for an update that a condition may skip.
void forEachLoad(const Stage &stage, bool update, bool chosen, const Visit &visit) {
  std::set<const Expr *> seen;
  if (!update)
    forEachLoad(stage.init, chosen, visit, seen);
  else if (stage.update && !stage.update->predicate)
    forEachLoad(stage.update->value, chosen, visit, seen);
}

std::string operandProblem(const KernelDesc &desc, const Stage &stage, bool update) {
  std::string problem;
  forEachLoad(stage, update, /*chosen=*/false, [&](const Expr &load) {
    if (load.kind != ExprKind::LoadOperand)
      return;
    const Operand &operand = desc.operands[load.ref];
    Ranges loops = wholeLoops(desc, stage, update);
    for (size_t d = 0; d < load.args.size() && problem.empty(); ++d) {
      std::optional<Range> range = IndexRange(desc, loops).of(*load.args[d]);
      int64_t extent = operand.dims[d].extent;
      if (range && extent >= 0 && (range->low < 0 || range->high >= extent))
        problem = "stage `" + stage.name + "` reads elements " + std::to_string(range->low) + " to " + std::to_string(range->high) +
                  " of `" + operand.name + "` along dimension " + std::to_string(d) + ", which has " + std::to_string(extent);
    }
  });
  return problem;
}

/// What a round of the loop at which a stage is made asks of it.
class Rounds {
public:
  explicit Rounds(const KernelDesc &desc) : desc(desc) {}

  /// By loop of stage `number`, in the first round of where it is made.
  Ranges asked(int number) const { return asked(number, placeOf(desc.stages[number])); }

private:
  const Directive *placeOf(const Stage &stage) const {
    if (const StageSchedule *schedule = findSchedule(desc, stage.name))
      for (const Directive &d : schedule->directives)
        if (d.kind == Kind::ComputeAt)
          return &d;
    return nullptr;
  }

  /// Those of a round of `place`; without one, those of the whole kernel.
  Ranges asked(int number, const Directive *place) const {
    Ranges result(desc.stages[number].loops.size());
    for (size_t reader = number + 1; reader < desc.stages.size(); ++reader)
      for (bool update : {false, true}) {
        std::optional<Ranges> loops;
        forEachLoad(desc.stages[reader], update, /*chosen=*/true, [&](const Expr &load) {
          if (load.kind != ExprKind::LoadStage || load.ref != number)
            return;
          if (!loops)
            loops = loopsOf(static_cast<int>(reader), update, place);
          for (size_t d = 0; d < load.args.size(); ++d)
            join(result[d], IndexRange(desc, *loops).of(*load.args[d]));
        });
      }
    return result;
  }

  static void join(std::optional<Range> &all, std::optional<Range> one) {
    if (all && one)
      all = Range{std::min(all->low, one->low), std::max(all->high, one->high)};
    else if (one)
      all = one;
  }

  /// The loops of a reader in that round.
  Ranges loopsOf(int reader, bool update, const Directive *place) const {
    const Stage &stage = desc.stages[reader];
    Ranges loops = wholeLoops(desc, stage, update);
    if (place && place->at == stage.name)
      return inside(stage, reader, update, place->loops[0]);
    if (!place || stage.output >= 0)
      return place ? Ranges(loops.size()) : loops;
    Ranges pure = asked(reader, place);
    std::copy(pure.begin(), pure.end(), loops.begin());
    return loops;
  }

  /// The turns within one of `loop`.
  Ranges inside(const Stage &stage, int number, bool update, const std::string &loop) const {
    Ranges ranges = wholeLoops(desc, stage, update);
    LoopNest nest = scheduledNest(desc, stage, update);
    if (!nest.find(loop))
      return Ranges(ranges.size());
    Ranges most = stage.output >= 0 ? Ranges(stage.loops.size()) : asked(number);
    for (size_t l = 0; l < ranges.size(); ++l) {
      bool isPure = l < stage.loops.size();
      const std::string &name = isPure ? stage.loops[l].name : stage.update->loops[l - stage.loops.size()].name;
      int64_t turns = 1;
      bool isInside = false;
      for (const LoopState &state : nest.loops()) {
        if (isInside && state.origins == std::set<std::string>{name} && state.size)
          turns *= std::min<int64_t>(*state.size, INT32_MAX / turns);
        isInside |= state.name == loop;
      }
      if (ranges[l])
        turns = std::min(turns, ranges[l]->count());
      if (isPure && stage.output < 0)
        turns = std::min(turns, most[l] ? most[l]->count() : 1);
      ranges[l] = Range{0, turns - 1};
    }
    return ranges;
  }

  const KernelDesc &desc;
};

/// A stage has room for what is read of it at a time, and is made no wider than it is: of the stages it reads there is no more.
std::string storageProblem(const KernelDesc &desc, int number, const Directive &d) {
  const Stage &stage = desc.stages[number];
  Ranges asked = Rounds(desc).asked(number), whole = wholeLoops(desc, stage, false);
  std::string what = "`" + std::string(spell(d.kind)) + "` of stage `" + stage.name + "`: ";
  for (size_t l = 0; l < asked.size(); ++l) {
    if (stage.loops[l].name != d.loops[0])
      continue;
    if (asked[l] && asked[l]->count() > d.factor)
      return what + "at least " + std::to_string(asked[l]->count()) + " of `" + d.loops[0] + "` are read at a time, not " +
             std::to_string(d.factor);
    if (d.kind == Kind::BoundExtent && whole[l] && d.factor > whole[l]->count())
      return what + "`" + d.loops[0] + "` runs " + std::to_string(whole[l]->count()) + " times, not " + std::to_string(d.factor);
  }
  return "";
}

} // namespace

std::string checkReads(const KernelDesc &desc) {
  for (const Stage &stage : desc.stages)
    for (bool update : {false, true})
      if (std::string problem = operandProblem(desc, stage, update); !problem.empty())
        return problem;
  for (const StageSchedule &schedule : desc.schedule) {
    for (const Directive &d : schedule.directives)
      if (d.kind == Kind::BoundExtent || d.kind == Kind::FoldStorage)
        if (std::string problem = storageProblem(desc, findStage(desc, schedule.stage), d); !problem.empty())
          return problem;
  }
  return "";
}

} // namespace weft::kernel
