// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Whether a plan keeps a promise about its memory, and what to look at where it does not.
#pragma once

#include "dialects/Plan/Plan.h"

namespace weft::plan {

/// Fails after an error where the arena has more than `limitBytes` (0: no promise): it names what is alive at the peak.
mlir::LogicalResult checkMemoryLimit(ProgramOp program, int64_t limitBytes);

} // namespace weft::plan
