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

/// What `family` writes; null, with an error, where it finds other loops than it was chosen for, as in an IR somebody edited.
sched::ScheduleAttr scheduleOf(func::FuncOp function, const KernelView &kernel, const Family &family, DictionaryAttr choice,
                               const Machine &machine) {
  if (std::string problem = choiceProblem(choice); !problem.empty())
    return function.emitError("kernel `") << function.getName() << "`: " << problem, nullptr;
  std::string fault;
  sched::ScheduleAttr schedule;
  {
    ScopedDiagnosticHandler handler(function.getContext(), [&](Diagnostic &diagnostic) { fault = diagnostic.str(); });
    schedule = family.schedule(kernel, choice, machine);
  }
  if (fault.empty())
    return schedule;
  function.emitError("the loops of kernel `") << function.getName() << "` are not those of the family `" << family.name() << "`: " << fault;
  return nullptr;
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
      sched::ScheduleAttr schedule = scheduleOf(function, kernel, familyOf(choice), choice, machine);
      if (!schedule)
        return signalPassFailure();
      function->setAttr(sched::scheduleAttrName, schedule);
      ++numScheduled;
    }
  }
};

} // namespace
} // namespace weft
