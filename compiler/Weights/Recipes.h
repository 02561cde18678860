// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recipes evaluated: operations on names of weights become the bytes kernels read. Only the emitter does this.
#pragma once

#include "compiler/Weights/HostTensor.h"

#include <functional>

namespace weft {

/// Gives the weight of this name, of exactly this type. Fails after it has reported why.
using WeightSource = std::function<mlir::FailureOr<HostTensor>(llvm::StringRef path, mlir::RankedTensorType type)>;

/// Evaluates recipes (see `isRecipe`). What two recipes of one `evaluate` share is computed once; nothing is kept
/// between calls, so that memory is bounded by the largest recipe, and several threads may ask at a time. Arithmetic is done in the element type, Winograd's
/// transform and functions such as `exp` in double precision.
class RecipeEvaluator {
public:
  explicit RecipeEvaluator(WeightSource source) : source(std::move(source)) {}

  /// The bytes of `value`; fails after an error at the operation that cannot be evaluated.
  mlir::FailureOr<HostTensor> evaluate(mlir::Value value);
  /// The same, given to `take` in pieces, several at a time where MLIR has threads: a large packed filter is never in memory as a
  /// whole, nor one thread's work. Fails, too, when `take` does.
  mlir::LogicalResult evaluate(mlir::Value value, TakeBytes take);

private:
  WeightSource source;
};

} // namespace weft
