// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An index in which each loop stands once, and which moves one way with each, has its ends where the loops have theirs. Other
// indices, and loads that a condition may skip, are taken as they are.
#include "compiler/Kernel/Check.h"

#include <optional>
#include <set>

namespace weft::kernel {

namespace {

struct Range {
  int64_t low, high;
};

/// The range of one index.
class IndexRange {
public:
  IndexRange(const KernelDesc &desc, const Stage &stage) : desc(desc), stage(stage) {}

  std::optional<Range> of(const Expr &expr) {
    switch (expr.kind) {
    case ExprKind::Constant:
      return Range{int64_t(expr.constant), int64_t(expr.constant)};
    case ExprKind::LoopIndex:
      return ofLoop(expr.ref);
    case ExprKind::OperandExtent:
      return ofExtent(desc.operands[expr.ref].dims[expr.dim].extent);
    case ExprKind::Binary:
      return ofBinary(expr);
    default:
      return std::nullopt;
    }
  }

private:
  std::optional<Range> ofLoop(int number) {
    int pure = static_cast<int>(stage.loops.size());
    const Extent &extent = (number < pure ? stage.loops[number] : stage.update->loops[number - pure]).extent;
    int64_t count = extent.isFixed() ? extent.value : desc.operands[extent.operand].dims[extent.dim].extent;
    if (count < 1 || !seen.insert(number).second)
      return std::nullopt;
    return Range{0, count - 1};
  }

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
    case ScalarOp::Min:
      return Range{std::min(a->low, b->low), std::min(a->high, b->high)};
    case ScalarOp::Max:
      return Range{std::max(a->low, b->low), std::max(a->high, b->high)};
    default:
      return std::nullopt;
    }
  }

  const KernelDesc &desc;
  const Stage &stage;
  std::set<int> seen;
};

/// The loads of one definition that always happen.
class Reads {
public:
  Reads(const KernelDesc &desc, const Stage &stage) : desc(desc), stage(stage) {}

  std::string run(const ExprPtr &expr) {
    if (expr->kind == ExprKind::Select || expr->kind == ExprKind::Mux)
      return run(expr->args[0]);
    if (!seen.insert(expr.get()).second)
      return "";
    for (const ExprPtr &arg : expr->args)
      if (std::string problem = run(arg); !problem.empty())
        return problem;
    return expr->kind == ExprKind::LoadOperand ? ofLoad(*expr) : "";
  }

private:
  std::string ofLoad(const Expr &load) const {
    const Operand &operand = desc.operands[load.ref];
    for (size_t d = 0; d < load.args.size(); ++d) {
      std::optional<Range> range = IndexRange(desc, stage).of(*load.args[d]);
      int64_t extent = operand.dims[d].extent;
      if (range && extent >= 0 && (range->low < 0 || range->high >= extent))
        return "stage `" + stage.name + "` reads elements " + std::to_string(range->low) + " to " + std::to_string(range->high) +
               " of `" + operand.name + "` along dimension " + std::to_string(d) + ", which has " + std::to_string(extent);
    }
    return "";
  }

  const KernelDesc &desc;
  const Stage &stage;
  std::set<const Expr *> seen;
};

} // namespace

std::string checkReads(const KernelDesc &desc) {
  for (const Stage &stage : desc.stages) {
    std::string problem = Reads(desc, stage).run(stage.init);
    if (problem.empty() && stage.update && !stage.update->predicate)
      problem = Reads(desc, stage).run(stage.update->value);
    if (!problem.empty())
      return problem;
  }
  return "";
}

} // namespace weft::kernel
