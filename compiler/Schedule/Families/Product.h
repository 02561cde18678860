// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Schedules of matrix products on row-major tensors of known extents: sequences of tokens, pictures channels last.
#pragma once

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Family.h"

namespace weft {

/// Whether the kernel has the form `scheduleProduct` wants: its output on `... m j`, and one reduction over the same loops and
/// one more.
bool isProduct(const KernelView &kernel);

/// Steps of the sum that are unrolled, where they divide it.
constexpr int64_t sumUnroll = 4;
/// The loop of the sum whose turns are counted where something is fetched ahead, and how many these are.
std::pair<llvm::StringRef, int64_t> turnsOfSum(const StageView &sum);

/// A tile of `x` rows by `cb` vectors of columns stays in registers while the sum runs; there are at least so many. With
/// `rowsOutside`, rows pass by all columns before the next do, else columns by all rows; then so many lines of the filter of the
/// next columns are fetched at each (unrolled) step of the sum.
struct ProductForm {
  Tile tile;
  int64_t width = 0; ///< columns of a vector: of a register, or less where there are fewer columns
  bool rowsOutside = false;
  int64_t prefetchLines = 0;
  int64_t outer = 0; ///< dimensions between that of the rows in a tile and the columns, whose elements have tiles of their own
};
/// The sum of a product, in tiles inside loop `at` of its reader: its last directives are still open.
sched::StageBuilder sumOfProduct(const StageView &sum, llvm::StringRef reader, llvm::StringRef at, Tile tile, int64_t width,
                                 const Machine &machine, int64_t outer = 0);

sched::ScheduleAttr scheduleProduct(const KernelView &kernel, const ProductForm &form, const Machine &machine);

} // namespace weft
