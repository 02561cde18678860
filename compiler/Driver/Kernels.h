// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The kernels of a module: imported, compiled, and the memory they work in said to the plan and checked against it.
#pragma once

#include "compiler/Driver/Options.h"
#include "compiler/Emit/Kernels/Kernels.h"
#include "compiler/Kernel/KernelDesc.h"

#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace weft {

/// A KernelDesc for each kernel function, in their order, named by its C symbol in network `name`. Fails after an error.
mlir::FailureOr<std::vector<kernel::KernelDesc>> importKernels(mlir::ModuleOp module, llvm::StringRef name);

/// Writes onto each kernel function the memory it works in, as phase plan reads it (`weft.scratch`).
void stateScratch(mlir::ModuleOp module, llvm::StringRef name, llvm::ArrayRef<emit::KernelObject> objects);

/// Fails after an error where a launch of the plan has less than its kernel, as compiled, works in: the plan was made
/// without its kernels, or changed since. Bounded sizes count with their bound.
mlir::LogicalResult checkScratch(mlir::ModuleOp module, llvm::StringRef name,
                                 llvm::ArrayRef<emit::KernelObject> objects);

/// Fails after an error where a kernel, as scheduled, does not fit the extents of one of its launches: an IR that somebody
/// edited may hold tiles larger than the tensor, views smaller than what is read, too little room for a stage. Run-time sizes are tried as 1 and as their bound.
mlir::LogicalResult checkLaunches(mlir::ModuleOp module);

/// Says why kernels of network `name` could not be compiled; the exit code. One of an IR that somebody edited is the user's,
/// and has a place.
int reportKernels(mlir::ModuleOp module, llvm::StringRef name, const DriverOptions &options, llvm::Error error);

/// What the options and the module's target say about compiling its kernels.
emit::KernelCompileOptions kernelOptions(mlir::ModuleOp module, const DriverOptions &options);

/// The bytes the network may need, from the command line or the text; 0: no promise was asked for.
int64_t memoryLimit(mlir::ModuleOp module, const DriverOptions &options);

} // namespace weft
