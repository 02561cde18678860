// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Each piece of a slice alive during a launch forbids the ends from which the launch's scratch would reach into it, an
// open interval. The lowest end in none of them is found in one sweep.
#include "compiler/Emit/Host/ScratchPlace.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace weft;
using namespace weft::emit;

ScratchPlace weft::emit::placeScratch(plan::ProgramOp program) {
  auto slices = to_vector(program.getBody().getOps<plan::SliceOp>());
  SmallVector<std::pair<int64_t, int64_t>> forbidden;
  ScratchPlace place;
  for (auto [index, step] : enumerate(program.getSteps())) {
    auto launch = mlir::dyn_cast<plan::LaunchOp>(step);
    int64_t bytes = launch ? alignTo(launch.getScratch(), plan::alignmentBytes) : 0;
    if (bytes == 0)
      continue;
    place.threadBytes = std::max(place.threadBytes, bytes);
    int64_t from = 2 * int64_t(index), to = from + 2;
    for (plan::SliceOp slice : slices)
      for (plan::SliceOp::Piece piece : slice.getPieces())
        if (piece.from < to && from < piece.to)
          forbidden.emplace_back(int64_t(slice.getOffset()) + piece.begin,
                                 int64_t(slice.getOffset()) + piece.end + bytes);
  }
  sort(forbidden);
  place.end = place.threadBytes;
  for (auto [begin, end] : forbidden)
    if (begin < place.end && place.end < end)
      place.end = alignTo(end, plan::alignmentBytes);
  int64_t tensors = program.getArena() ? alignTo(program.getArena().getBytes(), plan::alignmentBytes) : 0;
  place.totalBytes = std::max(tensors, place.end);
  return place;
}
