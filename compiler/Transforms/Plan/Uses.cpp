// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Views as bytes.
#include "compiler/Transforms/Plan/Uses.h"

using namespace mlir;
using namespace weft::plan;

/// Views come with attributes only when a plan is printed; here the arithmetic of ViewAttr is borrowed.
std::pair<int64_t, int64_t> weft::plan::coveredBytes(const PlannedView &view, const Bounds &bounds) {
  auto attr =
      ViewAttr::get(view.element.getContext(), view.place.offset, view.extents, view.place.strides, view.element);
  return attr.coveredBytes(bounds).value_or(std::pair<int64_t, int64_t>(0, 0));
}

llvm::DenseMap<int, SmallVector<Use>> weft::plan::collectUses(const Steps &steps, const Bounds &bounds) {
  llvm::DenseMap<int, SmallVector<Use>> uses;
  for (auto [index, step] : llvm::enumerate(steps.steps)) {
    auto collect = [&](ArrayRef<PlannedView> views, bool writes) {
      for (const PlannedView &view : views) {
        PlannedBuffer::Kind kind = steps.buffers[view.place.buffer].kind;
        if (kind != PlannedBuffer::Slice && kind != PlannedBuffer::Output)
          continue;
        auto [begin, end] = coveredBytes(view, bounds);
        uses[view.place.buffer].push_back({begin, end, unsigned(index), writes, step.kind == Step::Border});
      }
    };
    collect(step.reads, false);
    collect(step.writes, true);
    if (step.scratch >= 0)
      uses[step.scratch].push_back({0, steps.buffers[step.scratch].bytes, unsigned(index), true, false});
  }
  return uses;
}

/// Whether the places of views move with run-time sizes, so that bytes for the largest sizes say nothing about others.
static bool moves(const Steps &steps, int buffer) {
  auto isSymbolic = [](const Extent &extent) { return !extent.isConstant(); };
  auto viewMoves = [&](const PlannedView &view) {
    return view.place.buffer == buffer && (isSymbolic(view.place.offset) || llvm::any_of(view.extents, isSymbolic));
  };
  return llvm::any_of(steps.steps, [&](const Step &step) {
    return llvm::any_of(step.reads, viewMoves) || llvm::any_of(step.writes, viewMoves);
  });
}

SmallVector<int64_t> weft::plan::pieceEnds(const Steps &steps, int buffer, ArrayRef<Use> uses) {
  SmallVector<std::pair<int64_t, int64_t>> writes;
  for (const Use &use : uses)
    if (use.writes && !use.isBorder && use.end > use.begin)
      writes.emplace_back(use.begin, use.end);
  llvm::sort(writes);
  SmallVector<int64_t> ends;
  for (size_t i = 1; i < writes.size(); ++i) {
    if (writes[i].first < writes[i - 1].second) {
      ends.clear();
      break;
    }
    ends.push_back(writes[i].first);
  }
  if (!ends.empty() && moves(steps, buffer))
    ends.clear();
  ends.push_back(std::max<int64_t>(steps.buffers[buffer].bytes, 1));
  return ends;
}
