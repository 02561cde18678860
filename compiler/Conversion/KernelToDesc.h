// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads a kernel function and its schedule into a KernelDesc: the only place that does. What it does not know is an
// error at the operation, which is how `weft-verify-importable` keeps the list of what a kernel function may hold
// closed.
#pragma once

#include "compiler/Kernel/KernelDesc.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft {

/// The function's arguments are the operands in order, those behind the inputs are written by its results. Reads
/// `weft.name` and `weft.dense` of arguments, `weft.stage`, `weft.loops` and `weft.partial` of operations, `weft.may_alias` and
/// `sched.schedule` of the function. Fails after an error that has been reported.
mlir::FailureOr<kernel::KernelDesc> importKernel(mlir::func::FuncOp function);

} // namespace weft
