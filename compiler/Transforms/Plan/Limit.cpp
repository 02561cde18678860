// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads a plan as it is written, so that one loaded from a file is held to the same promise.
#include "compiler/Transforms/Plan/Limit.h"

#include <map>

using namespace mlir;
using namespace weft::plan;

static int64_t aliveBytes(SliceOp slice, int64_t time) {
  int64_t bytes = 0;
  for (SliceOp::Piece piece : slice.getPieces())
    bytes += piece.from <= time && time < piece.to ? piece.end - piece.begin : 0;
  return bytes;
}

/// The first time at which most bytes are alive.
static int64_t peakTime(ArrayRef<SliceOp> slices) {
  std::map<int64_t, int64_t> changes;
  for (SliceOp slice : slices)
    for (SliceOp::Piece piece : slice.getPieces()) {
      changes[piece.from] += piece.end - piece.begin;
      changes[piece.to] -= piece.end - piece.begin;
    }
  int64_t alive = 0, most = 0, peak = 0;
  for (auto [time, change] : changes)
    if ((alive += change) > most) {
      most = alive;
      peak = time;
    }
  return peak;
}

LogicalResult weft::plan::checkMemoryLimit(ProgramOp program, int64_t limitBytes) {
  ArenaOp arena = program.getArena();
  if (!limitBytes || !arena || int64_t(arena.getBytes()) <= limitBytes)
    return success();
  InFlightDiagnostic diag = program.emitError("the network needs ")
                            << arena.getBytes() << " bytes of memory with " << arena.getThreads()
                            << (arena.getThreads() == 1 ? " thread, " : " threads, ")
                            << arena.getBytes() - limitBytes << " more than the limit of " << limitBytes;
  llvm::DenseSet<Value> scratch;
  for (auto launch : program.getBody().getOps<LaunchOp>())
    if (launch.getScratch())
      scratch.insert(launch.getScratch());
  auto slices = llvm::to_vector(program.getBody().getOps<SliceOp>());
  int64_t peak = peakTime(slices);
  for (SliceOp slice : slices)
    if (int64_t bytes = aliveBytes(slice, peak))
      diag.attachNote(slice.getLoc()) << bytes
                                      << (scratch.contains(slice.getBuffer())
                                              ? " bytes are what the kernel at the peak works in"
                                              : " bytes are alive at the peak for this tensor");
  return diag;
}
