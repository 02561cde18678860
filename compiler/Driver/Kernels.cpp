// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernel functions to KernelDescs, and formulas of scratch memory to bytes.

#include "compiler/Driver/Kernels.h"

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Emit/Host/ScratchPlace.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Scratch.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Weft/Weft.h"

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

LogicalResult stateScratch(ModuleOp module, llvm::StringRef name, llvm::ArrayRef<emit::KernelObject> objects) {
  llvm::StringMap<llvm::StringRef> formulas;
  for (const emit::KernelObject &object : objects)
    formulas[object.name] = object.scratch;
  plan::ProgramOp program = emit::findProgram(module);
  if (!program)
    return failure();
  plan::Bounds bounds = boundsOf(program);
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
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

emit::KernelCompileOptions kernelOptions(ModuleOp module, const DriverOptions &options) {
  emit::KernelCompileOptions result;
  result.kernelCompiler = installedFile("bin/weft-kernelc");
  if (auto target = module->getAttrOfType<TargetAttr>("weft.target"))
    result.target = target.getName().split(':').second.str();
  result.jobs = options.jobs;
  result.useCache = !options.noCache;
  result.cacheFolder = options.cacheDir;
  return result;
}

int64_t memoryLimit(ModuleOp module, const DriverOptions &options) {
  if (options.pipeline.memoryLimitBytes)
    return options.pipeline.memoryLimitBytes;
  auto limit = module->getAttrOfType<IntegerAttr>("weft.memory_limit");
  return limit ? limit.getInt() : 0;
}

/// The slices alive when most bytes are, as notes.
static void notePeak(InFlightDiagnostic &diag, plan::ProgramOp program) {
  auto slices = llvm::to_vector(program.getBody().getOps<plan::SliceOp>());
  auto aliveAt = [](plan::SliceOp slice, int64_t time) {
    int64_t bytes = 0;
    for (plan::SliceOp::Piece piece : slice.getPieces())
      bytes += piece.from <= time && time < piece.to ? piece.end - piece.begin : 0;
    return bytes;
  };
  int64_t peak = 0, most = -1;
  for (plan::SliceOp start : slices)
    for (plan::SliceOp::Piece piece : start.getPieces()) {
      int64_t bytes = 0;
      for (plan::SliceOp slice : slices)
        bytes += aliveAt(slice, piece.from);
      if (bytes > most)
        peak = piece.from, most = bytes;
    }
  for (plan::SliceOp slice : slices)
    if (int64_t bytes = aliveAt(slice, peak))
      diag.attachNote(slice.getLoc()) << bytes << " bytes are alive at the peak for this tensor";
}

LogicalResult checkMemoryLimit(ModuleOp module, int64_t limitBytes) {
  plan::ProgramOp program = emit::findProgram(module);
  if (!limitBytes || !program)
    return success();
  plan::LaunchOp hungriest;
  program.walk([&](plan::LaunchOp launch) {
    if (!hungriest || launch.getScratch() > hungriest.getScratch())
      hungriest = launch;
  });
  emit::ScratchPlace scratch = emit::placeScratch(program);
  if (scratch.totalBytes <= limitBytes)
    return success();
  int64_t tensors = program.getArena() ? program.getArena().getBytes() : 0;
  InFlightDiagnostic diag = program.emitError("the network needs ")
                            << scratch.totalBytes << " bytes of memory with one thread, " << tensors
                            << " of them for tensors, " << scratch.totalBytes - limitBytes << " more than the limit of "
                            << limitBytes;
  if (hungriest && scratch.totalBytes > tensors)
    diag.attachNote(hungriest.getLoc()) << "this kernel works in " << scratch.threadBytes << " bytes of its own";
  notePeak(diag, program);
  return diag;
}

} // namespace weft
