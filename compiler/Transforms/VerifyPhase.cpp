// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Legality between phases: one small predicate a phase, on every operation of the module.
#include "compiler/Transforms/Passes.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_VERIFYPHASE
#include "compiler/Transforms/Passes.h.inc"

namespace {

bool isOf(Operation *op, llvm::StringRef dialect) {
  return op->getName().getDialectNamespace() == dialect;
}

bool isKernel(Operation *op) { return op->hasAttr("weft.kernel"); }

/// A recipe stays in the net function until emit.
bool isRecipeOp(Operation *op) { return op->getNumResults() == 1 && isRecipe(op->getResult(0)); }

/// Whether `op` still has something an earlier phase should have removed; the reason, or empty.
std::string faultAfterGraph(Operation *op) {
  if (isa<DropoutOp, StochasticDepthOp, BatchnormOp>(op))
    return "has no place";
  return "";
}

/// A grouped convolution no family handles keeps to the plain lowering, which needs no algorithm.
bool needsAlgorithm(Operation *op) {
  auto conv = dyn_cast<ConvOp>(op);
  return isa<LinearOp>(op) || (conv && conv.getGroups() == 1);
}

std::string faultAfterLayout(Operation *op) {
  if (needsAlgorithm(op) && !op->hasAttr("algorithm"))
    return "has no algorithm";
  return faultAfterGraph(op);
}

std::string faultAfterFuse(Operation *op) {
  bool inNet = op->getParentOp() && op->getParentOp()->hasAttr("weft.net");
  if (inNet && isa<ConvOp, LinearOp, MatmulOp>(op) && !isRecipeOp(op))
    return "stands in no group";
  return faultAfterLayout(op);
}

std::string faultAfterKernels(Operation *op) {
  if (isa<GroupOp>(op))
    return "is not outlined";
  bool inNet = op->getParentOp() && op->getParentOp()->hasAttr("weft.net");
  if (inNet && isOf(op, "weft") && !isRecipeOp(op) && !isa<ExtentOp>(op))
    return "belongs into a kernel function";
  if (inNet && isOf(op, "linalg"))
    return "belongs into a kernel function";
  return "";
}

std::string faultAfterSchedule(Operation *op) {
  if (isKernel(op) && !op->hasAttr("sched.schedule"))
    return "has no schedule";
  return faultAfterKernels(op);
}

std::string faultAfterPlan(Operation *op) {
  if (op->hasAttr("weft.net") && isa<func::FuncOp>(op))
    return "is not planned";
  return isKernel(op) && !op->hasAttr("sched.schedule") ? "has no schedule" : "";
}

using Check = std::string (*)(Operation *);

Check checkOf(llvm::StringRef phase) {
  return llvm::StringSwitch<Check>(phase)
      .Case("graph", faultAfterGraph)
      .Case("layout", faultAfterLayout)
      .Case("fuse", faultAfterFuse)
      .Case("kernels", faultAfterKernels)
      .Case("schedule", faultAfterSchedule)
      .Case("plan", faultAfterPlan)
      .Default(nullptr);
}

class VerifyPhasePass : public impl::VerifyPhaseBase<VerifyPhasePass> {
  using VerifyPhaseBase::VerifyPhaseBase;

  void runOnOperation() override {
    Check check = checkOf(phase);
    if (!check) {
      getOperation().emitError() << "`" << phase << "` is no phase with a legality check";
      return signalPassFailure();
    }
    getOperation().walk([&](Operation *op) {
      ++numChecked;
      if (std::string fault = check(op); !fault.empty()) {
        op->emitError() << "`" << op->getName() << "` " << fault << " after phase `" << phase << "`";
        signalPassFailure();
      }
    });
  }
};

} // namespace
} // namespace weft
