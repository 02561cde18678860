// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a network function says about its tensors before anything is placed: their extents, as numbers that may depend
// on a run-time size, and which of them are recipes of weights.
#pragma once

#include "dialects/Plan/Plan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft::plan {

using Extents = llvm::SmallVector<Extent>;

class Values {
public:
  explicit Values(mlir::func::FuncOp network);

  /// Extents of a tensor, or failure after an error at `value` that says which one a plan cannot hold.
  mlir::FailureOr<Extents> extents(mlir::Value value);

  /// Whether `value` depends on weights and constants only: it is evaluated when files are written.
  bool isRecipe(mlir::Value value) const { return recipes.contains(value); }
  llvm::ArrayRef<mlir::Operation *> recipeOps() const { return recipeOperations; }

private:
  std::optional<Extents> compute(mlir::Value value);
  std::optional<Extent> index(mlir::Value value);
  std::optional<Extent> index(mlir::OpFoldResult value);
  std::optional<Extents> indices(llvm::ArrayRef<mlir::OpFoldResult> values);
  std::optional<Extents> ofArgument(mlir::BlockArgument argument);
  std::optional<Extents> ofCall(mlir::func::CallOp call, unsigned result);

  mlir::func::FuncOp network;
  llvm::DenseSet<mlir::Value> recipes;
  llvm::SmallVector<mlir::Operation *> recipeOperations;
  llvm::DenseMap<mlir::Value, Extents> known;
};

/// The type's extents where all are constants.
std::optional<Extents> staticExtents(mlir::Type type);
/// The product; nothing when it depends on two sizes.
std::optional<Extent> product(llvm::ArrayRef<Extent> extents);

} // namespace weft::plan
