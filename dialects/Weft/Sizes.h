// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which run-time size a `?` dimension of a network's value is, and how large it can be.
#pragma once

#include "dialects/Weft/Shapes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace weft {

/// Names of run-time dimensions, carried from the ports (`weft.dims`) through the operations of a network function
/// before phase kernels.
class Sizes {
public:
  explicit Sizes(mlir::func::FuncOp network);

  /// One text a dimension: a number, or "V", "V + 1"; "?" where it is not known.
  llvm::SmallVector<std::string> dims(mlir::Value value) const;
  /// The shape with each run-time size at its bound; 1 where it is not known.
  Extents largest(mlir::Value value) const;

private:
  void carry(mlir::Operation &op);
  std::string sizeOf(mlir::Operation &op, unsigned dim) const;
  llvm::StringRef nameOf(mlir::Value value, unsigned dim) const;

  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::string>> names; ///< only of values that have run-time dimensions
  llvm::StringMap<int64_t> bounds;
};

} // namespace weft
