// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Checks a plan against its own steps. Shares no code with what made it: lifetimes are derived again from the views,
// and nothing may be read that no earlier step has written.

#include "compiler/Transforms/Passes.h"
#include "dialects/Plan/Plan.h"

namespace weft {
#define GEN_PASS_DEF_VERIFYPLAN
#include "compiler/Transforms/Passes.h.inc"
} // namespace weft

using namespace mlir;
using namespace weft::plan;

namespace weft {
namespace {

/// Bytes [begin, end) of one buffer during [from, to).
struct Touch {
  int64_t begin, end, from, to;
  bool writes;
  Operation *step;
};

struct VerifyPlan : impl::VerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOp>())
      if (failed(verify(program)))
        return signalPassFailure();
  }

  LogicalResult verify(ProgramOp program) {
    touches.clear();
    bounds = program.getBounds();
    int64_t time = 0;
    for (Operation *step : program.getSteps()) {
      collect(step, time);
      time += 2;
    }
    for (auto slice : program.getBody().getOps<plan::SliceOp>())
      if (failed(verifySlice(slice)))
        return failure();
    for (auto output : program.getOutputs())
      if (touches[output.getBuffer()].empty())
        return output.emitOpError() << "`" << output.getName() << "` is never written";
    return success();
  }

  void touch(Operation *step, Value buffer, Attribute view, int64_t from, int64_t to, bool writes) {
    auto bytes = cast<ViewAttr>(view).coveredBytes(bounds);
    touches[buffer].push_back({bytes->first, bytes->second, from, to, writes, step});
  }

  void collect(Operation *step, int64_t time) {
    if (auto border = dyn_cast<BorderOp>(step))
      return touch(step, border.getBuffer(), border.getView(), time, time + 2, true);
    if (auto copy = dyn_cast<CopyOp>(step)) {
      touch(step, copy.getSource(), copy.getSourceView(), time, time + 2, false);
      return touch(step, copy.getTarget(), copy.getTargetView(), time, time + 2, true);
    }
    auto launch = cast<LaunchOp>(step);
    llvm::DenseSet<int64_t> takenOver;
    for (auto [index, buffer, view] : llvm::enumerate(launch.getOutputs(), launch.getOutputViews())) {
      int64_t input = launch.getInPlace(index);
      if (input != -1)
        takenOver.insert(input);
      touch(step, buffer, view, input == -1 ? time : time + 1, time + 2, true);
    }
    for (auto [index, buffer, view] : llvm::enumerate(launch.getInputs(), launch.getInputViews()))
      touch(step, buffer, view, time, takenOver.contains(index) ? time + 1 : time + 2, false);
    if (auto scratch = launch.getScratch() ? launch.getScratch().getDefiningOp<plan::SliceOp>() : plan::SliceOp())
      touches[scratch.getBuffer()].push_back({0, int64_t(scratch.getBytes()), time, time + 2, true, step});
  }

  LogicalResult verifySlice(plan::SliceOp slice) {
    ArrayRef<Touch> all = touches[slice.getBuffer()];
    for (plan::SliceOp::Piece piece : slice.getPieces()) {
      int64_t from = INT64_MAX, to = 0;
      for (const Touch &one : all) {
        if (slice.getEnds().size() > 1 && (one.end <= piece.begin || piece.end <= one.begin))
          continue;
        from = std::min(from, one.from);
        to = std::max(to, one.to);
      }
      if (piece.from != from || piece.to != to)
        return slice.emitOpError() << "says that bytes [" << piece.begin << ", " << piece.end << ") live during ["
                                   << piece.from << ", " << piece.to << "), but its steps need [" << from << ", " << to
                                   << ")";
      ++numPieces;
    }
    return verifyWritten(slice, all);
  }

  /// Every byte that a read covers lies within what earlier steps have written.
  LogicalResult verifyWritten(plan::SliceOp slice, ArrayRef<Touch> all) {
    for (const Touch &read : all) {
      if (read.writes)
        continue;
      SmallVector<std::pair<int64_t, int64_t>> written;
      for (const Touch &write : all)
        if (write.writes && write.step != read.step && write.from < read.from)
          written.emplace_back(write.begin, write.end);
      llvm::sort(written);
      int64_t reached = read.begin;
      for (auto [begin, end] : written)
        if (begin <= reached)
          reached = std::max(reached, end);
      if (reached < read.end)
        return read.step->emitOpError() << "reads bytes [" << read.begin << ", " << read.end
                                        << ") of a slice, but nothing has written byte " << reached;
    }
    return success();
  }

  llvm::DenseMap<Value, SmallVector<Touch>> touches;
  Bounds bounds;
};

} // namespace
} // namespace weft
