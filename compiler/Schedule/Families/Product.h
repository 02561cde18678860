// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Schedules of matrix products on row-major tensors of known extents: sequences of tokens, pictures channels last.
#pragma once

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Family.h"

namespace weft {

/// Whether the kernel has the form `scheduleProduct` wants: its output on `... m j`, and one reduction over the same loops and
/// one more.
bool isProduct(const KernelView &kernel);

/// A tile of `x` rows by `cb` vectors of columns stays in registers while the sum runs; there are at least so many. With
/// `rowsOutside`, rows pass by all columns before the next do, else columns by all rows.
sched::ScheduleAttr scheduleProduct(const KernelView &kernel, Tile tile, bool rowsOutside, const Machine &machine);

} // namespace weft
