// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Strassen's algorithm: of eight products of a 1x1 convolution's quarters seven.
#pragma once

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

namespace weft {

/// The sums of a 1x1 convolution of stride 1 before the bias; its weight is `weft.strassen_filter`'s result.
llvm::FailureOr<mlir::Value> lowerStrassen(ConvOp op, KernelBuilder &kernel);

} // namespace weft
