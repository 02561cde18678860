// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What one element of a region over an edge needs: the value is followed backwards through element-wise operations and
// moves to elements of captured rows, which become operands of a stage; then the same walk writes the scalar code.
#pragma once

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

namespace weft {

class EdgeCode {
public:
  /// One expression a dimension of a row, over the loops of the stage.
  using Index = llvm::SmallVector<mlir::AffineExpr>;

  struct Load {
    mlir::Value row; ///< a block argument, or the result of an operation computed ahead
    Index at;
    bool operator==(const Load &) const = default;
  };

  /// `value` has been computed in a stage before: it is loaded, not followed.
  void markAhead(mlir::Value value) { ahead.insert(value); }
  /// Collects the loads of `value` at `at`. Fails at an operation that has no scalar code.
  llvm::LogicalResult collect(mlir::Value value, const Index &at);
  llvm::ArrayRef<Load> getLoads() const { return loads; }
  /// The code of what was collected; `elements` are the loads, in order.
  mlir::Value emit(mlir::ImplicitLocOpBuilder &builder, mlir::Value value, const Index &at, mlir::ValueRange elements);

private:
  llvm::FailureOr<Index> indexOf(mlir::Operation *op, mlir::Value operand, const Index &at);
  llvm::LogicalResult collectDot(DotOp dot, const Index &at);
  mlir::Value emitDot(mlir::ImplicitLocOpBuilder &builder, DotOp dot, const Index &at, mlir::ValueRange elements);

  llvm::SmallVector<Load> loads;
  llvm::DenseSet<mlir::Value> ahead;
};

inline mlir::RankedTensorType typeOf(mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }

/// Where an operand is read when a result is, with NumPy's broadcasting.
EdgeCode::Index broadcastIndex(mlir::RankedTensorType operand, mlir::RankedTensorType result,
                               const EdgeCode::Index &at);

/// The shape of the products a `dot` sums.
mlir::RankedTensorType productType(DotOp dot);

} // namespace weft
