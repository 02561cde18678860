// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Offsets for slices: lifetimes go to the planner of compiler/MemoryPlan and come back as one arena.
#pragma once

#include "compiler/Transforms/Plan/Lifetimes.h"

namespace weft::plan {

struct Arena {
  int64_t bytes = 0;
  int64_t lowerBound = 0;             ///< most bytes alive at once
  llvm::SmallVector<int64_t> offsets; ///< one a slice
};

/// As small as the planner finds.
mlir::FailureOr<Arena> planArena(mlir::Location loc, const Steps &steps, llvm::ArrayRef<SliceLife> slices);

} // namespace weft::plan
