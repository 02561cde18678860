// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The recipes that bring a contraction's weights into the form its algorithm reads: the table in compiler/README.md.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

/// Sets the algorithm, packs weight and bias and keeps the logical shape of the filter. Layouts of input and result are
/// the caller's business.
void packConv(mlir::OpBuilder &builder, ConvOp conv, const Choice &choice, int64_t block);

/// Whether the filter, computed while running, is packed there by operations like any other: one of a channel each, over planes.
bool packsWhileRunning(ConvOp conv);

/// The filter of a convolution without groups, or with a channel each, in the form of `choice`.
mlir::Value packFilter(mlir::OpBuilder &builder, ConvOp conv, mlir::Value weight, const Choice &choice, int64_t block);

/// The same for a product: with `block` 0 only transposed; the bias is packed where the result is.
void packLinear(mlir::OpBuilder &builder, LinearOp linear, Algorithm algorithm, int64_t block, bool packsResult);

/// One value a channel in blocks; a single value stays as it is.
mlir::Value packVector(mlir::OpBuilder &builder, mlir::Value vector, int64_t block);

} // namespace weft
