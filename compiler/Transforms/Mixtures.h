// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Filters that are sums of constant ones, weighed while running (conditional convolutions, as in EfficientNet-CC): of packed filters the
// weighed sum is packed, so that nothing is packed while running.
#pragma once

#include "dialects/Weft/Weft.h"

namespace weft {

/// A convolution's filter as `linear` of one row of factors, `[1, E]`, and a constant weight `[elements of the filter, E]`.
struct Mixture {
  mlir::Value factors, filters;

  /// Filter number `index`, of this shape.
  mlir::Value filter(mlir::OpBuilder &builder, int64_t index, llvm::ArrayRef<int64_t> shape) const;
  int64_t count() const;
};

/// What the weight of `conv` is mixed of: of a dense convolution, or one with a channel a group. Nothing where it is no mixture.
std::optional<Mixture> mixtureOf(ConvOp conv);

/// The mixture of `filters`, one each in the same form: the `linear` that makes it, before a `reshape` to that form.
LinearOp mix(mlir::OpBuilder &builder, const Mixture &mixture, llvm::ArrayRef<mlir::Value> filters);

} // namespace weft
