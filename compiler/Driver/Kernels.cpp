// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Kernel functions to KernelDescs, and formulas of scratch memory to bytes.

#include "compiler/Driver/Kernels.h"

#include "compiler/Conversion/KernelToDesc.h"
#include "compiler/Driver/Driver.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Scratch.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Weft/Weft.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace mlir;

namespace weft {
namespace {

/// Extents of what `launch` reads and writes; nothing where they cannot be known.
std::optional<std::vector<std::vector<int64_t>>> extentsOf(plan::LaunchOp launch, const plan::Bounds &sizes) {
  std::vector<std::vector<int64_t>> extents;
  for (ArrayAttr views : {launch.getInputViews(), launch.getOutputViews()})
    for (auto view : views.getAsRange<plan::ViewAttr>()) {
      std::vector<int64_t> &all = extents.emplace_back();
      for (const plan::Extent &extent : view.getExtents()) {
        std::optional<int64_t> value = extent.evaluate(sizes);
        if (!value)
          return std::nullopt;
        all.push_back(*value);
      }
    }
  return extents;
}

/// What `launch` works in by `formula`; nothing where it cannot be bounded.
std::optional<kernel::ScratchBytes> scratchOf(plan::LaunchOp launch, llvm::StringRef formula,
                                              const plan::Bounds &bounds) {
  auto extents = extentsOf(launch, bounds);
  return extents ? kernel::evaluateScratch(formula.str(), *extents) : std::nullopt;
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

/// By C symbol.
static llvm::StringMap<llvm::StringRef> formulasOf(llvm::ArrayRef<emit::KernelObject> objects) {
  llvm::StringMap<llvm::StringRef> formulas;
  for (const emit::KernelObject &object : objects)
    formulas[object.name] = object.scratch;
  return formulas;
}

void stateScratch(ModuleOp module, llvm::StringRef name, llvm::ArrayRef<emit::KernelObject> objects) {
  llvm::StringMap<llvm::StringRef> formulas = formulasOf(objects);
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("weft.kernel"))
      function->setAttr(plan::scratchAttrName,
                        StringAttr::get(module.getContext(),
                                        formulas.lookup(emit::kernelSymbol(name, function.getName()))));
}

/// Whether `function` is well formed where its operands have these extents.
static LogicalResult checkLaunch(func::FuncOp function, plan::LaunchOp launch,
                                 llvm::ArrayRef<std::vector<int64_t>> extents) {
  FailureOr<kernel::KernelDesc> desc = importKernel(function);
  if (failed(desc))
    return failure();
  for (auto [operand, given] : llvm::zip_equal(desc->operands, extents))
    for (auto [dim, extent] : llvm::zip_equal(operand.dims, given))
      dim.extent = extent;
  std::string problem = kernel::check(*desc);
  if (problem.empty())
    problem = kernel::checkReads(*desc);
  if (!problem.empty())
    return launch.emitError("kernel `") << function.getName() << "` does not fit this call: " << problem;
  return success();
}

LogicalResult checkLaunches(ModuleOp module) {
  plan::ProgramOp program = emit::findProgram(module);
  plan::Bounds largest = program.getBounds(), smallest = largest;
  for (auto &size : smallest)
    size.second = 1;
  std::set<std::pair<llvm::StringRef, std::vector<std::vector<int64_t>>>> seen;
  WalkResult result = program.walk([&](plan::LaunchOp launch) {
    auto function = module.lookupSymbol<func::FuncOp>(launch.getKernel());
    for (const plan::Bounds &sizes : {largest, smallest}) {
      std::optional<std::vector<std::vector<int64_t>>> extents = extentsOf(launch, sizes);
      if (extents && seen.insert({launch.getKernel(), *extents}).second && failed(checkLaunch(function, launch, *extents)))
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult checkScratch(ModuleOp module, llvm::StringRef name, llvm::ArrayRef<emit::KernelObject> objects) {
  llvm::StringMap<llvm::StringRef> formulas = formulasOf(objects);
  plan::ProgramOp program = emit::findProgram(module);
  plan::Bounds bounds = program.getBounds();
  WalkResult result = program.walk([&](plan::LaunchOp launch) {
    auto needed = scratchOf(launch, formulas.lookup(emit::kernelSymbol(name, launch.getKernel())), bounds);
    if (needed && needed->caller <= int64_t(launch.getCallerBytes()) &&
        needed->worker <= int64_t(launch.getWorkerBytes()))
      return WalkResult::advance();
    InFlightDiagnostic diag = launch.emitError("`") << launch.getKernel() << "` has " << launch.getCallerBytes()
                                                    << " bytes of scratch memory, a worker " << launch.getWorkerBytes();
    if (needed)
      diag << ", but needs " << needed->caller << " and " << needed->worker;
    diag << "; plan again with `--start-from=schedule`";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

int reportKernels(ModuleOp module, llvm::StringRef name, const DriverOptions &options, llvm::Error error) {
  std::string kernel;
  bool isKernels = error.isA<emit::KernelError>();
  error = llvm::handleErrors(std::move(error), [&](std::unique_ptr<emit::KernelError> one) {
    kernel = one->kernel;
    return llvm::Error(std::move(one));
  });
  std::string text = llvm::toString(std::move(error));
  if (options.startFrom)
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("weft.kernel") && emit::kernelSymbol(name, function.getName()) == kernel) {
        function.emitError(text);
        return UserError;
      }
  llvm::errs() << "weftc: error: " << text << "\n";
  return isKernels && !options.startFrom ? CompilerBug : UserError;
}

emit::KernelCompileOptions kernelOptions(ModuleOp module, const DriverOptions &options) {
  emit::KernelCompileOptions result;
  result.kernelCompiler = installedFile("bin/weft-kernelc");
  if (auto target = module->getAttrOfType<TargetAttr>("weft.target"))
    result.target = StringRef(options.instructions.empty() ? target.getName() : options.instructions).split(':').second.str();
  result.jobs = options.jobs;
  result.useCache = !options.noCache;
  result.cacheFolder = options.cacheDir;
  if (options.startFrom) // one that somebody edited is no bug to reproduce
    result.reproducerFolder.clear();
  return result;
}

int64_t memoryLimit(ModuleOp module, const DriverOptions &options) {
  if (options.pipeline.memoryLimitBytes)
    return options.pipeline.memoryLimitBytes;
  auto limit = module->getAttrOfType<IntegerAttr>("weft.memory_limit");
  return limit ? limit.getInt() : 0;
}

} // namespace weft
