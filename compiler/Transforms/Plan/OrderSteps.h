// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// In which order the steps of a plan run.
#pragma once

#include "compiler/Transforms/Plan/Steps.h"

namespace weft::plan {

/// Puts the steps into an order in which fewer bytes are alive at once, exactly the best where blocks of the network are
/// small (compiler/MemoryPlan/Order.h); leaves them as listed where no order is better. Returns the bytes saved.
int64_t orderSteps(Steps &steps, const Bounds &bounds);

} // namespace weft::plan
