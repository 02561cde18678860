// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Schedules of kernels on row-major tensors with many rows: graph features.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

/// Whether the kernel has the form `scheduleRows` wants: rows of a constant number of features, one reduction over
/// other loops.
bool isRows(const KernelView &kernel);

/// The schedule of a kernel on row-major tensors with many rows: features are the vector, up to four vectors of a row
/// stay in registers while the reduction runs, rows are shared out to threads in chunks.
sched::ScheduleAttr scheduleRows(const KernelView &kernel, const Machine &machine);

} // namespace weft
