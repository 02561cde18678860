// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which bytes each step touches of each buffer, and the pieces into which a slice falls: what lifetimes and the order of
// steps are made of.
#pragma once

#include "compiler/Transforms/Plan/Steps.h"

namespace weft::plan {

/// One use of some bytes of a buffer.
struct Use {
  int64_t begin, end;
  unsigned step;
  bool writes, isBorder;
};

/// What a view covers for the largest run-time sizes.
std::pair<int64_t, int64_t> coveredBytes(const PlannedView &view, const Bounds &bounds);

/// By buffer, in the order of the steps; only buffers in which something is written.
llvm::DenseMap<int, llvm::SmallVector<Use>> collectUses(const Steps &steps, const Bounds &bounds);

/// Where the pieces of a slice end, the last at its size: where several steps write parts that follow each other in
/// memory (the members of a concatenation), each part is a piece, for it begins to live when its own writer runs. A
/// slice whose views move with run-time sizes is one piece.
llvm::SmallVector<int64_t> pieceEnds(const Steps &steps, int buffer, llvm::ArrayRef<Use> uses);

} // namespace weft::plan
