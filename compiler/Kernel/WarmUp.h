// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Line buffers as emitters define them: rows before the first may be computed, and are never used.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

/// A kernel with the same results as `desc`, for emitters. Where stages are kept in circles along a loop (FoldStorage),
/// their readers ask for rows without stopping at the first and last, and operands are read there instead of beyond.
/// Which rows a step asks for is then linear in its number, however deep the chain and however many readers a stage
/// has: so it can be proved that no step asks for less than the one before. Sums are only taken for rows there are. A
/// kernel without such stages stays as it is.
KernelDesc withWarmUp(const KernelDesc &desc);

} // namespace weft::kernel
