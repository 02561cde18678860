// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Products of row-major tensors with a packed weight on a matrix unit: a strip of rows is split in parts once for all columns, or, where
// its parts would leave the second-level cache, for one chunk of the sum after the other; the weights of a few blocks of columns are
// split before these are summed.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

struct TiledProduct {
  int64_t together = 1;       ///< blocks of columns
  int64_t dim = 0, count = 0; ///< a strip of rows is so many of this dimension, with all inside it; 0: all rows are one
  int64_t steps = 0;          ///< of the sum in a chunk; 0: all of them
  bool forThreads = false;    ///< all rows are one, but for each thread so many of the outermost dimension; else they share columns
  double cycles = 0;

  llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> parameters() const;
  static TiledProduct of(mlir::DictionaryAttr choice);
};

/// The cheapest form for `rows`, dimension by dimension. Nothing where no strip fits the caches, or the sum or the columns are no whole
/// blocks.
std::optional<TiledProduct> tiledProduct(llvm::ArrayRef<int64_t> rows, int64_t sum, int64_t columns, const Machine &machine);

/// Of a kernel whose sum runs over `... m cb c` (`KernelBuilder::inTiles`).
sched::ScheduleAttr scheduleTiledProduct(const KernelView &kernel, const TiledProduct &form, const Machine &machine);

} // namespace weft
