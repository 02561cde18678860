// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A 1x1 convolution of few row-major planes as a product of matrices: what attention over heads is made of.
#pragma once

#include "dialects/Weft/Weft.h"

namespace weft {

/// Whether `conv` only adds up planes, no more than `most` and to no more, and those who read its result read it row-major: where
/// the planes are so too, blocks would be filled and emptied again, most of them with nothing.
bool addsUpPlanes(ConvOp conv, int64_t most);

/// Puts the product of the weight and the planes in place of `conv`; gives the first operation of those now there.
mlir::Operation *multiplyPlanes(mlir::OpBuilder &builder, ConvOp conv);

} // namespace weft
