// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The order of everything. Read addPhase from top to bottom: it is the compiler in prose.

#include "compiler/Pipeline/Pipeline.h"

#include "compiler/Transforms/Passes.h"
//PLAN#include "dialects/Plan/Plan.h"
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

void addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::parse:
  case Phase::graph:
  case Phase::layout:
  case Phase::fuse:
  case Phase::kernels:
  case Phase::schedule:
  case Phase::plan:
  case Phase::emit:
    break;
  }
}

void registerPipelineDialects(DialectRegistry &registry) {
  registerWeftDialect(registry);
  registry.insert<sched::SchedDialect>();
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect, tensor::TensorDialect>();
}

void registerPipelinePasses() {
  registerWeftPasses();
  for (Phase phase : allPhases())
    PassPipelineRegistration<>("weft-phase-" + phaseName(phase).str(), phaseSentence(phase).str(),
                               [phase](OpPassManager &manager) { addPhase(manager, phase, {}); });
}

} // namespace weft
