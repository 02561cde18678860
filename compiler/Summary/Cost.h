// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What one operation costs by its definition, whatever a compiler makes of it.
#pragma once

#include "dialects/Weft/Sizes.h"
#include "dialects/Weft/Weft.h"

namespace weft::summary {

/// Sums and products that stop at the largest number instead of wrapping.
int64_t plus(int64_t a, int64_t b);
int64_t times(int64_t a, int64_t b);
int64_t product(llvm::ArrayRef<int64_t> factors);

/// Multiplications that are added to a sum: contractions, `dot`, and products on edges. What papers count; biases,
/// activations, pooling and normalisation are not. Run-time sizes count at their bounds.
int64_t multiplyAdds(mlir::Operation *op, const Sizes &sizes);

/// The weights a recipe is made of.
llvm::SmallVector<WeightOp> weightsOf(mlir::Value recipe);
/// Whether every reader of the weight takes it as a running mean or variance, which is no parameter: nothing trains it.
bool isStatistic(WeightOp weight);

/// Contracts two tensors. With a weight among them it is one of the layers a network's depth counts.
bool isContraction(mlir::Operation *op);
/// Works element by element or normalises, so that it may write over what it reads.
bool isPointwise(mlir::Operation *op);
/// Changes how elements are addressed, or nothing at all.
bool isView(mlir::Operation *op);

/// "conv 7x7/2 64 pad 3": the operation as tables write it.
std::string describe(mlir::Operation *op);

} // namespace weft::summary
