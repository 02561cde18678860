// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The ways of a convolution by Winograd's algorithm: F(2), F(4) or F(6), in which bands and register tiles.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

/// Those that `conv` can take, with their costs; none where it steps, is grouped or has too few channels or tiles.
void appendWinogradForms(ConvOp conv, const Machine &machine, llvm::SmallVectorImpl<Choice> &choices);

} // namespace weft
