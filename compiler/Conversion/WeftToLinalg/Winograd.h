// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd's minimal filtering: tiles of the input transformed, one product a point, tiles transformed back.
#pragma once

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "dialects/Weft/Winograd.h"

namespace weft {

/// The sums of a convolution of stride 1 with a window that `weft.winograd_filter` knows, before the bias; its weight
/// is `weft.winograd_filter`'s result.
llvm::FailureOr<mlir::Value> lowerWinograd(ConvOp op, KernelBuilder &kernel);

} // namespace weft
