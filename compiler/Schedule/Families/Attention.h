// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Schedules of a product, the softmax along its rows and the product with that, in one kernel.
#pragma once

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Family.h"

namespace weft {

/// Whether the kernel begins with a product and what is made of each element, ends with the product of something else, and has the
/// statistics of rows between.
bool isAttention(const KernelView &kernel);

/// `band` rows, some tiles of `tile`, of the first product, their softmax and those of the second product are computed before the next
/// ones. So many stay in the second-level cache beside one matrix.
sched::ScheduleAttr scheduleAttention(const KernelView &kernel, Tile tile, int64_t band, const Machine &machine);

} // namespace weft
