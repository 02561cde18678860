// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which kernels may write their result over an operand. An element-wise last stage reads an element of that operand
// only to compute the same element of the result, so the memory can be shared, provided that no element is computed
// twice: a tail that moves back into the tile before it would read its own results. Where all calls have extents the
// tiles divide, such tails are none, and the schedule says so. Whether other stages have read what they need before it is
// overwritten depends on their schedules: the check of the KernelDesc decides.

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Kernel/CheckSchedule.h"
#include "compiler/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace weft {
#define GEN_PASS_DEF_ALLOWINPLACE
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;

namespace weft {
namespace {

/// One kernel function and its calls.
struct Kernel {
  func::FuncOp function;
  SmallVector<func::CallOp> calls;
};

/// The stage that makes the only result, if it is element-wise and writes what the caller gives.
linalg::GenericOp lastStage(func::FuncOp function) {
  auto result = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (result.getNumOperands() != 1)
    return {};
  auto stage = result.getOperand(0).getDefiningOp<linalg::GenericOp>();
  unsigned out = function.getNumArguments() - 1;
  if (!stage || stage.getNumReductionLoops() || stage.getNumDpsInits() != 1 ||
      stage.getDpsInits()[0] != function.getArgument(out) || !stage.getIndexingMapsArray().back().isIdentity())
    return {};
  return stage;
}

/// Whether the last stage reads `argument` once: the element that is being computed.
bool readsOwnElement(linalg::GenericOp stage, BlockArgument argument, Type outputType) {
  if (argument.getType() != outputType)
    return false;
  unsigned reads = 0;
  for (OpOperand &use : argument.getUses()) {
    if (use.getOwner() != stage)
      continue;
    if (!stage.getMatchingIndexingMap(&use).isIdentity() || stage.isDpsInit(&use))
      return false;
    ++reads;
  }
  return reads == 1;
}

/// How many calls give an operand that nobody reads afterwards, as far as one can see without following views.
unsigned dyingUses(const Kernel &kernel, unsigned argument) {
  return llvm::count_if(kernel.calls, [&](func::CallOp call) {
    Value value = call.getOperand(argument);
    while (auto cast = value.getDefiningOp<tensor::CastOp>())
      value = cast.getSource();
    return !isa<BlockArgument>(value) &&
           llvm::all_of(value.getUsers(), [&](Operation *user) { return user == call || user->isBeforeInBlock(call); });
  });
}

/// The argument whose memory the result may take over, or -1.
int64_t chooseArgument(const Kernel &kernel, linalg::GenericOp stage) {
  func::FuncOp function = kernel.function;
  int64_t best = -1;
  unsigned bestCalls = 0;
  for (unsigned index = 0; index + 1 < function.getNumArguments(); ++index) {
    if (!readsOwnElement(stage, function.getArgument(index), function.getArgumentTypes().back()))
      continue;
    unsigned calls = dyingUses(kernel, index);
    if (best == -1 || calls > bestCalls) {
      best = index;
      bestCalls = calls;
    }
  }
  return best;
}

/// Whether every call's result has an extent along `loop` that `factor` divides.
bool dividesEverywhere(const Kernel &kernel, linalg::GenericOp stage, StringAttr loop, int64_t factor) {
  auto loops = stage->getAttrOfType<ArrayAttr>("weft.loops");
  auto place = loops ? llvm::find(loops, loop) : nullptr;
  if (!loops || place == loops.end())
    return false; // made by an earlier split
  unsigned dim = place - loops.begin();
  return llvm::all_of(kernel.calls, [&](func::CallOp call) {
    Value out = call.getOperands().back();
    while (auto cast = out.getDefiningOp<tensor::CastOp>())
      out = cast.getSource();
    auto type = cast<RankedTensorType>(out.getType());
    return !type.isDynamicDim(dim) && type.getDimSize(dim) % factor == 0;
  });
}

/// The schedule without moving tails in the last stage; null where one cannot go.
sched::ScheduleAttr withoutMovingTails(const Kernel &kernel, linalg::GenericOp stage, sched::ScheduleAttr schedule) {
  auto name = stage->getAttrOfType<StringAttr>("weft.stage");
  SmallVector<sched::StageAttr> stages(schedule.getStages());
  for (sched::StageAttr &one : stages) {
    if (one.getName() != name)
      continue;
    SmallVector<sched::DirectiveAttr> directives(one.getDirectives());
    for (sched::DirectiveAttr &directive : directives) {
      if (directive.getKind() != sched::DirectiveKind::Split || directive.getTail() != sched::Tail::ShiftInwards)
        continue;
      if (!dividesEverywhere(kernel, stage, directive.getLoops()[0], directive.getFactor()))
        return {};
      directive = sched::DirectiveAttr::get(schedule.getContext(), directive.getKind(), directive.getLoops(),
                                            directive.getFactor(), sched::Tail::Exact, directive.getAt());
    }
    one = sched::StageAttr::get(schedule.getContext(), one.getName(), directives, one.getUpdate());
  }
  return sched::ScheduleAttr::get(schedule.getContext(), stages);
}

struct AllowInPlace : impl::AllowInPlaceBase<AllowInPlace> {
  void runOnOperation() override {
    llvm::MapVector<StringRef, Kernel> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.kernel") && !function.isDeclaration())
        kernels[function.getSymName()].function = function;
    getOperation().walk([&](func::CallOp call) {
      if (auto kernel = kernels.find(call.getCallee()); kernel != kernels.end())
        kernel->second.calls.push_back(call);
    });
    for (auto &[name, kernel] : kernels)
      numAllowed += allow(kernel);
  }

  static bool allow(const Kernel &kernel) {
    func::FuncOp function = kernel.function;
    linalg::GenericOp stage = lastStage(function);
    auto schedule = function->getAttrOfType<sched::ScheduleAttr>(sched::scheduleAttrName);
    int64_t argument = stage ? chooseArgument(kernel, stage) : -1;
    if (argument == -1 || !schedule || function->hasAttr(plan::mayAliasAttrName))
      return false;
    sched::ScheduleAttr exact = withoutMovingTails(kernel, stage, schedule);
    if (!exact)
      return false;
    function->setAttr(sched::scheduleAttrName, exact);
    function->setAttr(plan::mayAliasAttrName, DenseI64ArrayAttr::get(function.getContext(), argument));
    FailureOr<kernel::KernelDesc> desc = importKernel(function);
    if (succeeded(desc) && kernel::checkSchedule(*desc).empty())
      return true;
    function->setAttr(sched::scheduleAttrName, schedule);
    function->removeAttr(plan::mayAliasAttrName);
    return false;
  }
};

} // namespace
} // namespace weft
