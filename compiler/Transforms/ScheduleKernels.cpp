// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase schedule: the family a kernel was chosen by writes its directives.
#include "compiler/Schedule/Family.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

const Family &familyOf(DictionaryAttr choice) {
  auto name = choice ? choice.getAs<StringAttr>("family") : StringAttr();
  const Family *family = name ? familyNamed(name.getValue()) : nullptr;
  return family ? *family : generalFamily();
}

struct ScheduleKernels : impl::ScheduleKernelsBase<ScheduleKernels> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.kernel") || function->hasAttr(sched::scheduleAttrName) || function.isDeclaration())
        continue;
      KernelView kernel = KernelView::of(function);
      if (kernel.stages.empty())
        continue;
      auto choice = function->getAttrOfType<DictionaryAttr>("weft.choice");
      function->setAttr(sched::scheduleAttrName, familyOf(choice).schedule(kernel, choice, machine));
      ++numScheduled;
    }
  }
};

} // namespace
} // namespace weft
