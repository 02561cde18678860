// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The kernels of a planned module: imported, compiled, and their scratch memory measured for the calls the plan makes.
#pragma once

#include "compiler/Emit/Kernels/Kernels.h"
#include "compiler/Kernel/KernelDesc.h"

#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace weft {

/// A KernelDesc for each kernel function, in their order, named by its C symbol in network `name`. Fails after an error.
mlir::FailureOr<std::vector<kernel::KernelDesc>> importKernels(mlir::ModuleOp module, llvm::StringRef name);

/// Scratch bytes one worker needs, the largest over all launches, a multiple of 64. Bounded sizes count with their bound.
mlir::FailureOr<int64_t> scratchBytes(mlir::ModuleOp module, llvm::StringRef name,
                                      llvm::ArrayRef<emit::KernelObject> objects);

} // namespace weft
