// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase kernels, one group at a time: the operations of a `weft.group` as a pure function on stored tensors that holds
// linalg operations. compiler/Transforms/OutlineKernels.cpp replaces the group by a call of it.
#pragma once

#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft {

/// The box of a tensor a kernel touches, in its spatial dimensions (all dimensions of a plain tensor's shape behind
/// batch and channels): `low` elements before the first, `high` behind the last, negative where it touches less.
struct Box {
  llvm::SmallVector<int64_t> low, high;
  double fill = 0;
  /// Whether elements outside the tensor are read at all.
  bool leavesTensor() const {
    auto positive = [](int64_t value) { return value > 0; };
    return llvm::any_of(low, positive) || llvm::any_of(high, positive);
  }
  bool isWhole() const {
    auto zero = [](int64_t value) { return value == 0; };
    return llvm::all_of(low, zero) && llvm::all_of(high, zero);
  }
  bool operator==(const Box &) const = default;
};

/// What the caller passes for one argument of a kernel: `window` of `source`, a value beside the group, or a table.
struct KernelArgument {
  mlir::Value source;
  Box window;
  mlir::DenseElementsAttr table; ///< when `source` is null
};

/// A run-time extent of a result: that of dimension `dim` of argument `argument`, plus `add`.
struct ResultExtent {
  unsigned result, resultDim, argument, dim;
  int64_t add;
};

struct Kernel {
  mlir::func::FuncOp function; ///< (arguments..., outputs...) -> results
  llvm::SmallVector<KernelArgument> arguments;
  llvm::SmallVector<ResultExtent> resultExtents;
};

/// Whether a row-major value of a network lies in memory without gaps between its rows, as far as this can be told before there is a plan:
/// the caller's own does, and what a kernel makes that is no part of something larger.
bool liesWithoutGaps(mlir::Value value);

/// Makes the kernel function of `group` at the end of `module`. Fails after an error at the operation that has no
/// lowering.
llvm::FailureOr<Kernel> buildKernel(GroupOp group, mlir::ModuleOp module);

/// Whether the group is a line-buffer chain: several reductions whose rows pass from one to the next.
bool isChainGroup(GroupOp group);

/// Whether `op` only says how elements are addressed: such operations become tensor operations beside the calls.
bool isViewOp(mlir::Operation *op);

/// `tensor.pad` by constants with one value.
mlir::Value padWith(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value source, llvm::ArrayRef<int64_t> low,
                    llvm::ArrayRef<int64_t> high, double fill);

/// The stored tensor of a logical type without its border; the type itself when it is plain.
mlir::RankedTensorType storedInterior(mlir::RankedTensorType logical);

} // namespace weft
