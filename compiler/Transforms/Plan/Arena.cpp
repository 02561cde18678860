// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Slices to a planning problem and back. The planner is followed by its validator: a wrong plan would be a compiler
// bug.
#include "compiler/Transforms/Plan/Arena.h"

#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/Validate.h"
#include "dialects/Weft/Weft.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::plan;

/// A search that ends after so many steps ends at the same place on every machine; the time is only a last resort. Steps take longer
/// where there are many pieces (batches in parts), and so do searches: they get fewer. Where slices of several pieces lock, a step
/// may look at each piece a thousand times: that is counted too. A gap of less than a fiftieth is worth less: one of 72 bytes in 72 KB had taken 4 s.
static constexpr int64_t mostSteps = 2'000'000, mostWork = 1'500'000'000;
static constexpr double searchSeconds = 60, gapForLimits = 0.02;

static int64_t searchSteps(size_t pieces) {
  constexpr double fewPieces = 140;
  double times = std::max(1.0, pieces / fewPieces);
  return mostSteps / (times * times);
}

/// Pieces become buffers; those of one slice or family keep their distances.
static weft::memplan::Problem makeProblem(const Steps &steps, ArrayRef<SliceLife> slices) {
  weft::memplan::Problem problem;
  llvm::DenseMap<int, int64_t> pieces, lowest;
  for (const SliceLife &slice : slices) {
    pieces[slice.family] += slice.pieces.size();
    lowest[slice.family] = std::min(lowest[slice.family], slice.delta);
  }
  for (auto [index, slice] : llvm::enumerate(slices))
    for (const PieceLife &piece : slice.pieces) {
      weft::memplan::Buffer buffer;
      StringRef path = weft::pathOf(steps.buffers[slice.buffer].value.getLoc());
      StringRef what = steps.buffers[slice.buffer].isScratch ? "scratch" : "slice";
      buffer.name = llvm::formatv("{0} ({1} {2}, byte {3})", path, what, index, piece.begin);
      buffer.lower = piece.from;
      buffer.upper = piece.to;
      buffer.size = piece.end - piece.begin;
      buffer.alignment = piece.begin == 0 ? alignmentBytes : 1;
      if (pieces[slice.family] > 1) {
        buffer.group = problem.groupNamed(std::to_string(slice.family));
        buffer.delta = slice.delta - lowest[slice.family] + piece.begin;
      }
      problem.buffers.push_back(std::move(buffer));
    }
  return problem;
}

FailureOr<Arena> weft::plan::planArena(Location loc, const Steps &steps, ArrayRef<SliceLife> slices) {
  memplan::Problem problem = makeProblem(steps, slices);
  memplan::Options options;
  options.stepLimit = searchSteps(problem.buffers.size());
  options.workLimit = mostWork;
  options.gapForLimits = gapForLimits;
  options.budgetSeconds = searchSeconds;
  options.minimize = true;
  options.rounding = alignmentBytes;
  memplan::Result result = memplan::solve(problem, options);
  for (const std::string &finding : memplan::validate(problem, result.solution))
    return emitError(loc) << "compiler bug: the memory plan is wrong: " << finding;
  Arena arena;
  arena.bytes = llvm::alignTo(result.peak, alignmentBytes);
  arena.lowerBound = result.lowerBound;
  size_t next = 0;
  for (const SliceLife &slice : slices) {
    arena.offsets.push_back(result.solution.offsets[next]);
    next += slice.pieces.size();
  }
  return arena;
}
