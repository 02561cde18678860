// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Checks a plan against its own steps. Shares no code with what made it: lifetimes are derived again from the views,
// and nothing may be read that no earlier step has written.

#include "compiler/Transforms/Passes.h"
#include "dialects/Plan/Plan.h"

#include "llvm/Support/MathExtras.h"

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
  ViewAttr view;
};

using Range = std::pair<int64_t, int64_t>;

/// More runs than this are not looked at one by one.
constexpr int64_t mostRuns = 1 << 18;

/// Appends the bytes of a view without those that lie between its rows. False where they are too many to list. A row with steps may count
/// as whole, as a kernel may read it.
bool appendRuns(ViewAttr view, const Bounds &bounds, bool rowsAreWhole, SmallVectorImpl<Range> &runs) {
  SmallVector<std::pair<int64_t, int64_t>> dims; // stride and extent in bytes, innermost last
  for (auto [extent, stride] : llvm::zip(view.getExtents(), view.getStrides()))
    dims.emplace_back(*stride.evaluate(bounds) * view.getElementBytes(), *extent.evaluate(bounds));
  llvm::sort(dims, std::greater<>());
  int64_t length = view.getElementBytes(), count = 1;
  while (!dims.empty() && (dims.back().first == length || dims.back().second == 1))
    length *= dims.pop_back_val().second;
  if (rowsAreWhole && length == view.getElementBytes() && !dims.empty()) {
    auto [stride, extent] = dims.pop_back_val();
    length += (extent - 1) * stride;
  }
  for (auto [stride, extent] : dims)
    if (llvm::MulOverflow(count, extent, count) || count + int64_t(runs.size()) > mostRuns)
      return false;
  for (int64_t run = 0; run < count; ++run) {
    int64_t begin = *view.getOffset().evaluate(bounds) * view.getElementBytes(), rest = run;
    for (auto [stride, extent] : llvm::reverse(dims)) {
      begin += rest % extent * stride;
      rest /= extent;
    }
    runs.emplace_back(begin, begin + length);
  }
  return true;
}

/// The first byte of `read` that no range of `written` covers, or the end of `read`. `written` is sorted.
int64_t firstMissing(Range read, ArrayRef<Range> written) {
  int64_t reached = read.first;
  for (auto [begin, end] : written) {
    if (begin > reached)
      break;
    reached = std::max(reached, end);
  }
  return std::min(reached, read.second);
}

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
    touches[buffer].push_back({bytes->first, bytes->second, from, to, writes, step, cast<ViewAttr>(view)});
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
      touches[scratch.getBuffer()].push_back({0, int64_t(scratch.getBytes()), time, time + 2, true, step, {}});
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

  /// Every byte that a read covers lies within what earlier steps have written. Where rows have gaps between them, the
  /// rows are looked at instead.
  LogicalResult verifyWritten(plan::SliceOp slice, ArrayRef<Touch> all) {
    for (const Touch &read : all) {
      if (read.writes)
        continue;
      SmallVector<const Touch *> earlier;
      for (const Touch &write : all)
        if (write.writes && write.step != read.step && write.from < read.from)
          earlier.push_back(&write);
      SmallVector<Range> written = llvm::map_to_vector(earlier, [](const Touch *write) { return Range(write->begin, write->end); });
      llvm::sort(written);
      int64_t reached = firstMissing({read.begin, read.end}, written);
      if (reached < read.end && !rowsAreWritten(read, earlier))
        return read.step->emitOpError() << "reads bytes [" << read.begin << ", " << read.end
                                        << ") of a slice, but nothing has written byte " << reached;
    }
    return success();
  }

  bool rowsAreWritten(const Touch &read, ArrayRef<const Touch *> earlier) const {
    SmallVector<Range> written, merged, rows;
    for (const Touch *write : earlier)
      if (!appendRuns(write->view, bounds, false, written))
        return false;
    if (!appendRuns(read.view, bounds, !isa<CopyOp>(read.step), rows))
      return false;
    llvm::sort(written);
    for (auto [begin, end] : written)
      if (!merged.empty() && begin <= merged.back().second)
        merged.back().second = std::max(merged.back().second, end);
      else
        merged.emplace_back(begin, end);
    return llvm::all_of(rows, [&](Range row) {
      auto behind = llvm::upper_bound(merged, Range(row.first, INT64_MAX));
      return behind != merged.begin() && std::prev(behind)->second >= row.second;
    });
  }

  llvm::DenseMap<Value, SmallVector<Touch>> touches;
  Bounds bounds;
};

} // namespace
} // namespace weft
