// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Conditions on the peeled loop are read off the select and left out; indices kept from leaving the tensor need that no
// longer.
#include "compiler/Kernel/Peel.h"

#include "compiler/Kernel/Build.h"

#include <algorithm>

namespace weft::kernel {

namespace {

bool isBinary(const Expr &expr, ScalarOp op) { return expr.kind == ExprKind::Binary && expr.op == op; }
bool isLoop(const Expr &expr, int loop) { return expr.kind == ExprKind::LoopIndex && expr.ref == loop; }

std::optional<int64_t> constantOf(const Expr &expr) {
  return expr.kind == ExprKind::Constant ? std::optional<int64_t>(int64_t(expr.constant)) : std::nullopt;
}

class Peeler {
public:
  Peeler(Peeled &peeled) : peeled(peeled) {}

  bool run(const Expr &definition) {
    if (definition.kind != ExprKind::Select || definition.args[2]->kind != ExprKind::Constant)
      return false;
    high = peeled.total;
    ExprPtr condition = without(definition.args[0]);
    peeled.low = low;
    peeled.count = high - low;
    if (!isGood || peeled.count < 1)
      return false;
    peeled.edge = definition.args[2];
    ExprPtr value = unclamped(definition.args[1]);
    peeled.value = condition ? select(condition, value, peeled.edge) : value;
    return true;
  }

private:
  /// The condition without what it says about the loop; null where nothing is left.
  ExprPtr without(const ExprPtr &condition) {
    if (isBinary(*condition, ScalarOp::And)) {
      ExprPtr left = without(condition->args[0]), right = without(condition->args[1]);
      return left && right ? binary(ScalarOp::And, left, right) : left ? left : right;
    }
    if (!mentions(*condition))
      return condition;
    std::optional<int64_t> bound = condition->args.size() == 2 ? constantOf(*condition->args[1]) : std::nullopt;
    bool compares = bound && isLoop(*condition->args[0], peeled.loop);
    if (compares && isBinary(*condition, ScalarOp::Ge))
      low = std::max(low, *bound);
    else if (compares && isBinary(*condition, ScalarOp::Lt))
      high = std::min(high, *bound);
    else
      isGood = false;
    return nullptr;
  }

  bool mentions(const Expr &expr) const {
    return isLoop(expr, peeled.loop) ||
           std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr &arg) { return mentions(*arg); });
  }

  /// `max(min(loop - a, last), 0)` is `loop - a` for all points inside.
  ExprPtr unclamped(const ExprPtr &expr) const {
    if (!mentions(*expr))
      return expr;
    if (isBinary(*expr, ScalarOp::Max) && isBinary(*expr->args[0], ScalarOp::Min)) {
      const ExprPtr &position = expr->args[0]->args[0];
      std::optional<int64_t> last = constantOf(*expr->args[0]->args[1]), first = constantOf(*expr->args[1]);
      std::optional<int64_t> offset = isLoop(*position, peeled.loop) ? std::optional<int64_t>(0)
                                      : isBinary(*position, ScalarOp::Sub) && isLoop(*position->args[0], peeled.loop)
                                          ? constantOf(*position->args[1])
                                          : std::nullopt;
      if (first && last && offset && peeled.low - *offset >= *first && high - 1 - *offset <= *last)
        return position;
    }
    auto copy = std::make_shared<Expr>(*expr);
    for (ExprPtr &arg : copy->args)
      arg = unclamped(arg);
    return copy;
  }

  Peeled &peeled;
  int64_t low = 0, high = 0;
  bool isGood = true;
};

} // namespace

std::optional<Peeled> peelOff(const Stage &stage, const Directive &directive) {
  Peeled result;
  for (size_t i = 0; i < stage.loops.size(); ++i)
    if (stage.loops[i].name == directive.loops[0] && stage.loops[i].extent.isFixed()) {
      result.loop = static_cast<int>(i);
      result.total = stage.loops[i].extent.value;
    }
  if (result.loop < 0 || directive.loops.size() != 2 || !Peeler(result).run(*stage.init))
    return std::nullopt;
  result.inside = directive.loops[1];
  return result;
}

std::optional<Peeled> peeled(const KernelDesc &desc, const Stage &stage) {
  if (const StageSchedule *schedule = findSchedule(desc, stage.name))
    for (const Directive &d : schedule->directives)
      if (d.kind == Directive::Kind::Peel)
        return peelOff(stage, d);
  return std::nullopt;
}

} // namespace weft::kernel
