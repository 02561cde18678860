// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The schedule that is right for every kernel.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

/// A schedule that is right for every kernel: what can be is vectorised, reductions stay close to their readers. With
/// `lanes`, rows that hold at least so many elements are made in vectors of so many, the last over some of the one before.
sched::ScheduleAttr scheduleAnything(const KernelView &kernel, const Machine &machine, int64_t lanes = 0);

} // namespace weft
