// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The network function after phase kernels: which stored tensor each logical value is, and view operations as tensor
// operations on stored tensors.
#pragma once

#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"

namespace weft {

class NetworkViews {
public:
  explicit NetworkViews(mlir::OpBuilder &builder) : builder(builder) {}

  /// The stored tensor, border included. Recipes are made stored ones where they first meet one.
  mlir::Value stored(mlir::Value logical);
  /// Its part without border.
  mlir::Value interior(mlir::Value logical);
  /// The box a kernel touches. A border serves where it is wide enough and holds the right fill, else a copy is padded.
  mlir::Value box(mlir::Value logical, const Box &box);
  /// Says that `value`, without border, is the logical `result`; adds the border its type asks for.
  void define(mlir::Value result, mlir::Value value);

  /// A view operation on stored tensors.
  llvm::LogicalResult convert(mlir::Operation *view);

private:
  llvm::LogicalResult reshape(mlir::Operation *op);
  llvm::LogicalResult concat(mlir::Operation *op);
  llvm::LogicalResult slice(mlir::Operation *op, mlir::Value x, mlir::Value y, llvm::ArrayRef<int64_t> start,
                            llvm::ArrayRef<int64_t> step);
  void pad(mlir::Operation *op);
  mlir::Value storedRecipe(mlir::Value logical, BlockedAttr layout);

  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
};

} // namespace weft
