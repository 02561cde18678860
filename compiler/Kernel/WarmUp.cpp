// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Expressions are rewritten where they index a stage (`max(min(row, last), 0)` becomes `row`) or an operand (the other
// way round).
#include "compiler/Kernel/WarmUp.h"

#include "compiler/Kernel/Build.h"

#include <algorithm>

namespace weft::kernel {

namespace {

/// The loop along which stages are kept in circles; empty where there is none.
std::string foldedLoop(const KernelDesc &desc) {
  for (const StageSchedule &schedule : desc.schedule)
    for (const Directive &d : schedule.directives)
      if (d.kind == Directive::Kind::FoldStorage)
        return d.loops[0];
  return "";
}

class WarmUp {
public:
  explicit WarmUp(KernelDesc &desc) : desc(desc), row(foldedLoop(desc)) {}

  void run() {
    if (row.empty())
      return;
    for (Stage &stage : desc.stages) {
      current = &stage;
      stage.init = rewritten(stage.init);
      if (readsSum(*stage.init) && stage.output < 0)
        stage.init = onlyInside(stage.init);
      if (stage.update)
        stage.update->value = rewritten(stage.update->value);
    }
  }

private:
  int rowOf(const Stage &stage) const {
    for (size_t i = 0; i < stage.loops.size(); ++i)
      if (stage.loops[i].name == row)
        return static_cast<int>(i);
    return -1;
  }

  bool mentionsRow(const Expr &expr) const {
    return (expr.kind == ExprKind::LoopIndex && expr.ref == rowOf(*current)) ||
           std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr &arg) { return mentionsRow(*arg); });
  }

  bool readsSum(const Expr &expr) const {
    return (expr.kind == ExprKind::LoadStage && desc.stages[expr.ref].update) ||
           std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr &arg) { return readsSum(*arg); });
  }

  ExprPtr onlyInside(const ExprPtr &value) const {
    int dim = rowOf(*current);
    if (dim < 0 || !current->loops[dim].extent.isFixed())
      return value;
    ExprPtr inside = binary(ScalarOp::And, binary(ScalarOp::Ge, loop(dim), index(0)),
                            binary(ScalarOp::Lt, loop(dim), index(current->loops[dim].extent.value)));
    return select(inside, value, constant(0, current->type));
  }

  /// `max(min(row, last), 0)` is `row`.
  static ExprPtr withoutEnds(const ExprPtr &index) {
    ExprPtr row = index;
    for (ScalarOp end : {ScalarOp::Max, ScalarOp::Min})
      if (row->kind == ExprKind::Binary && row->op == end && row->args[1]->kind == ExprKind::Constant)
        row = row->args[0];
    return row;
  }

  ExprPtr lastOf(int operand, size_t d) const {
    int64_t extent = desc.operands[operand].dims[d].extent;
    return extent >= 0 ? index(extent - 1) : binary(ScalarOp::Sub, operandExtent(operand, static_cast<int>(d)), index(1));
  }

  ExprPtr rewritten(const ExprPtr &expr) const {
    if (expr->args.empty())
      return expr;
    auto copy = std::make_shared<Expr>(*expr);
    for (ExprPtr &arg : copy->args)
      arg = rewritten(arg);
    if (expr->kind == ExprKind::LoadStage) {
      if (int dim = rowOf(desc.stages[expr->ref]); dim >= 0)
        copy->args[dim] = withoutEnds(copy->args[dim]);
    } else if (expr->kind == ExprKind::LoadOperand && current->output < 0) {
      for (size_t d = 0; d < copy->args.size(); ++d)
        if (ExprPtr &arg = copy->args[d]; mentionsRow(*arg))
          arg = binary(ScalarOp::Max, binary(ScalarOp::Min, withoutEnds(arg), lastOf(expr->ref, d)), index(0));
    }
    return copy;
  }

  KernelDesc &desc;
  const Stage *current = nullptr;
  std::string row;
};

} // namespace

KernelDesc withWarmUp(const KernelDesc &desc) {
  KernelDesc result = clone(desc);
  WarmUp(result).run();
  return result;
}

} // namespace weft::kernel
