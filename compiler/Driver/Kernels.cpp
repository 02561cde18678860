// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernel functions to KernelDescs, and formulas of scratch memory to bytes.

#include "compiler/Driver/Kernels.h"

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Scratch.h"
#include "dialects/Plan/Plan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft {
namespace {

/// The largest value of each run-time size.
plan::Bounds boundsOf(plan::ProgramOp program) {
  plan::Bounds bounds;
  program.walk([&](plan::SizeOp size) { bounds[size.getName()] = size.getBound(); });
  return bounds;
}

void appendExtents(ArrayAttr views, const plan::Bounds &bounds, std::vector<std::vector<int64_t>> &all) {
  for (auto view : views.getAsRange<plan::ViewAttr>()) {
    std::vector<int64_t> &extents = all.emplace_back();
    for (const plan::Extent &extent : view.getExtents())
      extents.push_back(extent.evaluate(bounds).value_or(0));
  }
}

} // namespace

FailureOr<std::vector<kernel::KernelDesc>> importKernels(ModuleOp module, llvm::StringRef name) {
  std::vector<kernel::KernelDesc> kernels;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr("weft.kernel"))
      continue;
    FailureOr<kernel::KernelDesc> kernel = importKernel(function);
    if (failed(kernel))
      return failure();
    if (std::string problem = kernel::check(*kernel); !problem.empty()) {
      function.emitError("kernel `") << function.getName() << "` is malformed: " << problem;
      return failure();
    }
    kernel->name = emit::kernelSymbol(name, function.getName());
    kernels.push_back(std::move(*kernel));
  }
  return kernels;
}

FailureOr<int64_t> scratchBytes(ModuleOp module, llvm::StringRef name, llvm::ArrayRef<emit::KernelObject> objects) {
  llvm::StringMap<llvm::StringRef> formulas;
  for (const emit::KernelObject &object : objects)
    formulas[object.name] = object.scratch;
  plan::ProgramOp program = emit::findProgram(module);
  if (!program)
    return failure();
  plan::Bounds bounds = boundsOf(program);
  int64_t most = 0;
  WalkResult result = program.walk([&](plan::LaunchOp launch) {
    std::vector<std::vector<int64_t>> extents;
    appendExtents(launch.getInputViews(), bounds, extents);
    appendExtents(launch.getOutputViews(), bounds, extents);
    llvm::StringRef formula = formulas.lookup(emit::kernelSymbol(name, launch.getKernel()));
    auto bytes = kernel::evaluateScratch(formula.str(), extents);
    if (!bytes) {
      launch.emitError("compiler bug: the scratch memory of `") << launch.getKernel() << "` cannot be bounded";
      return WalkResult::interrupt();
    }
    launch.setScratch(bytes->total()); // so that a report of the plan states it
    most = std::max(most, bytes->total());
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return static_cast<int64_t>(llvm::alignTo(most, 64));
}

} // namespace weft
