// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The order of everything. Read addPhase from top to bottom: it is the compiler in prose.

#include "compiler/Pipeline/Pipeline.h"

#include "compiler/Transforms/Passes.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Sched/Sched.h"
#include "dialects/Weft/Weft.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace weft {

static void addPlan(OpPassManager &manager, const PipelineOptions &options) {
  BuildPlanOptions plan;
  plan.memoryLimit = options.memoryLimitBytes;
  plan.threads = options.threads;
  manager.addPass(createBuildPlan(plan));
  manager.addPass(createVerifyPlan());
}

void addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::graph:
    // Members are whole networks: all that follows treats them as it treats one.
    if (options.ensemble > 1)
      manager.addPass(createMakeEnsemble({options.ensemble}));
    // What only training needs goes first, so that a normalisation behind a dropout still finds its convolution.
    manager.addPass(createDropDropout());
    manager.addPass(createNameOperations());
    // Then all that looks for a convolution finds weights that are constant.
    manager.addPass(createMoveFactorsOut());
    manager.addPass(createMultiplyTaps());
    manager.addPass(createFoldBatchnorm());
    // Products with channels last become convolutions, which take what scales them.
    manager.addPass(createMoveChannelsFirst());
    manager.addPass(createExpandLast());
    manager.addPass(createAddParts());
    // Branches are found once sums that exporters begin with 0 are sums of branches alone.
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createMergeBranches());
    manager.addPass(createPoolFirst());
    manager.addPass(createFoldScale());
    manager.addPass(createOrderProducts());
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    break;
  case Phase::layout:
    // Convolutions first become those that have a fast form.
    manager.addPass(createColumnsToChannels());
    manager.addPass(createColumnsToLines());
    manager.addPass(createLinesToPlanes());
    manager.addPass(createVolumesToPlanes());
    manager.addPass(createSplitTransposed());
    manager.addPass(createTrimWindows());
    manager.addPass(createSeparatePools());
    manager.addPass(createPickPixels());
    manager.addPass(createTapsToChannels());
    manager.addPass(createSplitGroups());
    manager.addPass(createDivideElementwise());
    manager.addPass(createAlignParts());
    // Each convolution has its last form, so it is known what its planes and weights are.
    manager.addPass(createSplitBatch());
    manager.addPass(createAssignLayouts({options.winograd, options.weightsBudget}));
    // Two consumers of one value may have asked for the same relayout or packing.
    manager.addPass(createCSEPass());
    break;
  case Phase::fuse:
    manager.addPass(createFormGroups());
    manager.addPass(createFuseAttention());
    manager.addPass(createFusePrologues());
    manager.addPass(createFormChains({options.smallMemory ? "small" : "fast"}));
    // Borders belong to values between groups, so groups must stand; schedules may depend on strides, so they come last.
    manager.addPass(createAssignBorders({options.smallMemory ? "small" : "fast"}));
    manager.addPass(createChooseSchedules({options.smallMemory ? "small" : "fast"}));
    manager.addPass(createFusePooling());
    manager.addPass(createTraceFields());
    break;
  case Phase::kernels:
    manager.addPass(createOutlineKernels());
    manager.addPass(createShareKernels());
    manager.addPass(createVerifyImportable());
    break;
  case Phase::schedule:
    manager.addPass(createScheduleKernels());
    manager.addPass(createAllowInPlace());
    break;
  case Phase::plan:
    addPlan(manager, options);
    break;
  case Phase::parse:
  case Phase::emit:
    return;
  }
  manager.addPass(createVerifyPhase({phaseName(phase).str()}));
}

void registerPipelineDialects(DialectRegistry &registry) {
  registerWeftDialect(registry);
  registry.insert<sched::SchedDialect, plan::PlanDialect>();
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect, tensor::TensorDialect>();
}

void registerPipelinePasses() {
  registerWeftPasses();
  for (Phase phase : allPhases())
    PassPipelineRegistration<>("weft-phase-" + phaseName(phase).str(), phaseSentence(phase).str(),
                               [phase](OpPassManager &manager) { addPhase(manager, phase, {}); });
}

} // namespace weft
