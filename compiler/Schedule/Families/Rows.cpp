// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a schedule over rows of features is written as directives.
#include "compiler/Schedule/Families/Rows.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

/// Rows a thread takes at a time.
constexpr int64_t rowsTogether = 64;

bool isRows(const KernelView &kernel) {
  const StageView *sum = kernel.onlyReduction();
  if (!sum || kernel.output().isReduction() || kernel.output().loops.size() < 2)
    return false;
  return sum->loops == kernel.output().loops && sum->extents.back() > 0 && kernel.output().extents.back() > 0;
}

namespace {

/// How the features of a row are cut: whole vectors where they divide, one short vector where there are few, else
/// vectors of which the last moves back.
struct FeatureCut {
  FeatureCut(int64_t features, const Machine &machine) : vector(machine.vector), tile(std::min(features, vector)) {
    if (features % vector == 0)
      for (int64_t vectors : {4, 3, 2, 1})
        if (features % (vectors * vector) == 0) {
          tile = vectors * vector;
          break;
        }
    cuts = tile < features;
    tail = features % tile == 0 ? Tail::Exact : Tail::ShiftInwards;
  }

  /// Vectorises what is left of a tile of `loop`; gives the loops it becomes, outermost first.
  SmallVector<StringRef> vectorize(StageBuilder &stage, StringRef loop) const {
    if (tile <= vector) {
      stage.vectorize(loop);
      return {loop};
    }
    stage.split(loop, "fv", "fi", vector, Tail::Exact).vectorize("fi").unroll("fv");
    return {"fv", "fi"};
  }

  int64_t vector, tile;
  bool cuts;
  Tail tail;
};

} // namespace

ScheduleAttr scheduleRows(const KernelView &kernel, const Machine &machine) {
  MLIRContext *context = kernel.getContext();
  const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
  FeatureCut cut(out.extents.back(), machine);
  StringRef row = out.loops.front(), feature = out.loops.back();

  StageBuilder last(context, out.name);
  StringRef inner = feature, at = out.loops[out.loops.size() - 2];
  if (cut.cuts) {
    last.split(feature, "fo", "ft", cut.tile, cut.tail);
    inner = "ft";
    at = "fo";
  }
  cut.vectorize(last, inner);
  if (out.extents.front() == 1 && cut.cuts) {
    last.parallel("fo");
  } else {
    last.split(row, "rows", "row", rowsTogether, Tail::Predicate).parallel("rows");
    if (at == row)
      at = "row";
  }

  StageBuilder stage(context, sum.name);
  stage.computeAt(out.name, at).boundExtent(feature, cut.tile);
  cut.vectorize(stage, feature);
  stage.onUpdate();
  SmallVector<StringRef> order = refs(sum.reduction);
  order.append(cut.vectorize(stage, feature));
  stage.reorder(order);
  return ScheduleAttr::get(context, {stage.get(), last.get()});
}

} // namespace weft
