// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The kernels of a planned module: imported, compiled, and their scratch memory measured for the calls the plan makes.
#pragma once

#include "compiler/Driver/Options.h"
#include "compiler/Emit/Kernels/Kernels.h"
#include "compiler/Kernel/KernelDesc.h"

#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace weft {

/// A KernelDesc for each kernel function, in their order, named by its C symbol in network `name`. Fails after an error.
mlir::FailureOr<std::vector<kernel::KernelDesc>> importKernels(mlir::ModuleOp module, llvm::StringRef name);

/// Writes into each launch of the plan the scratch bytes one worker needs for it; bounded sizes count with their bound.
mlir::LogicalResult stateScratch(mlir::ModuleOp module, llvm::StringRef name,
                                 llvm::ArrayRef<emit::KernelObject> objects);

/// What the options and the module's target say about compiling its kernels.
emit::KernelCompileOptions kernelOptions(mlir::ModuleOp module, const DriverOptions &options);

/// The bytes the network may need, from the command line or the text; 0: no promise was asked for.
int64_t memoryLimit(mlir::ModuleOp module, const DriverOptions &options);

/// Fails after an error where the arena and the scratch memory of one thread are more than `limitBytes`: it names the
/// kernel that wants most and the tensors alive at the peak. Launches state their scratch memory already.
mlir::LogicalResult checkMemoryLimit(mlir::ModuleOp module, int64_t limitBytes);

} // namespace weft
