// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations over dimensions, found in the operations that exporters make of them.
#pragma once

#include "dialects/Weft/Weft.h"

#include <optional>

namespace weft {

/// `(x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) * gamma + beta`.
struct SpelledNorm {
  mlir::Value x, gamma, beta; ///< the last two may be null
  llvm::ArrayRef<int64_t> axes;
  double eps;
  mlir::Operation *last; ///< whose result this is
};

/// The normalisation whose quotient, or sum of products, is `op`, with the factor and the summand behind it.
std::optional<SpelledNorm> findNorm(mlir::Operation *op);

} // namespace weft
