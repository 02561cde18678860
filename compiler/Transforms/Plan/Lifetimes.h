// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// When each byte of the slices is needed, and which slices must sit at a fixed distance because one kernel works in
// place on both. Time counts half steps, see the plan dialect.
#pragma once

#include "compiler/Transforms/Plan/Steps.h"

namespace weft::plan {

/// Bytes [begin, end) of a slice, needed during [from, to).
struct PieceLife {
  int64_t begin, end, from, to;
};

/// The pieces of one slice, and its fixed place among others.
struct SliceLife {
  int buffer = -1;                     ///< index into Steps::buffers
  llvm::SmallVector<PieceLife> pieces; ///< ascending, without holes
  int family = -1;                     ///< slices of one family keep their distances
  int64_t delta = 0;                   ///< bytes from the family's origin; a multiple of 64
};

/// Finds the lifetimes of all slices, then lets kernels that may (`weft.may_alias`) work in place where that changes no
/// other tensor; sets Step::inPlace for those. `inPlace` counts them.
llvm::SmallVector<SliceLife> planLifetimes(Steps &steps, const Bounds &bounds, unsigned &inPlace);

} // namespace weft::plan
