// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Products of row-major tensors with a packed weight on a matrix unit: all rows are split in parts once, the weights of a few blocks
// of columns before these are summed.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

struct TiledProduct {
  int64_t together = 1; ///< blocks of columns
  double cycles = 0;
};

/// Nothing where the parts of so many rows leave the second-level cache, or the sum or the columns are no whole blocks.
std::optional<TiledProduct> tiledProduct(int64_t rows, int64_t sum, int64_t columns, const Machine &machine);

/// Of a kernel whose sum runs over `... m cb c` (`KernelBuilder::inTiles`).
sched::ScheduleAttr scheduleTiledProduct(const KernelView &kernel, int64_t together, const Machine &machine);

} // namespace weft
