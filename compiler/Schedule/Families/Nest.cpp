// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How the shared loop nest is written as directives.
#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

static SmallVector<StringRef> refs(ArrayRef<std::string> names) { return SmallVector<StringRef>(names.begin(), names.end()); }

/// The name of the innermost spatial loop; empty if there is none.
static StringRef rowLoop(const StageView &stage) {
  size_t count = stage.loops.size();
  return count > 3 ? StringRef(stage.loops[count - 2]) : StringRef();
}

bool isNest(const KernelView &kernel) {
  if (kernel.stages.empty())
    return false;
  unsigned reductions = llvm::count_if(kernel.stages, [](const StageView &stage) { return stage.isReduction(); });
  const StageView &out = kernel.output();
  return reductions <= 1 && !out.isReduction() && out.loops.size() >= 3 && out.loops.front() == "n" &&
         out.has("cb") && out.loops.back() == "c";
}

int64_t samplesTogether(int64_t batch) {
  for (int64_t together : {8, 7, 6, 5, 4, 3, 2})
    if (batch % together == 0)
      return together;
  return 1;
}

//===-- tiles ------------------------------------------------------------------------------------------------------===//

/// The output stage, and the loop of it inside which one tile lies.
static std::pair<StageAttr, std::string> outputStage(const KernelView &kernel, const Nest &nest) {
  const StageView &out = kernel.output();
  StageBuilder stage(kernel.getContext(), out.name);
  StringRef x = rowLoop(out);
  bool cutsRow = nest.x > 1 && !x.empty(), cutsBlocks = nest.cb > 1;
  StringRef blocks = cutsBlocks ? "cbo" : "cb", row = cutsRow ? "xo" : x;
  if (cutsBlocks)
    stage.split("cb", "cbo", "cbi", nest.cb, Tail::ShiftInwards);
  if (cutsRow)
    stage.split(x, "xo", "xi", nest.x, Tail::ShiftInwards);

  StringRef samples = nest.n > 1 ? "no" : "n";
  if (nest.n > 1)
    stage.split("n", "no", "ni", nest.n, Tail::Exact);

  SmallVector<StringRef> outer; // all that lies outside a row of tiles
  bool shares = nest.samplesInside || nest.n > 1;
  if (shares)
    outer = {blocks, samples};
  else if (out.extentOf("n") != 1)
    outer = {samples, blocks};
  else
    outer = {blocks};
  for (StringRef loop : refs(out.loops))
    if (loop != "n" && loop != "cb" && loop != "c" && loop != x)
      outer.push_back(loop);

  SmallVector<StringRef> order, inner;
  if (!llvm::is_contained(outer, samples))
    order.push_back(samples);
  order.append(outer);
  if (!x.empty())
    order.push_back(row);
  if (cutsBlocks)
    inner.push_back("cbi");
  if (nest.n > 1)
    inner.push_back("ni");
  if (cutsRow)
    inner.push_back("xi");
  order.append(inner);
  order.push_back("c");
  stage.reorder(order).vectorize("c");
  for (StringRef loop : llvm::reverse(inner))
    stage.unroll(loop);

  std::string fused = outer.front().str();
  for (auto [index, loop] : llvm::enumerate(ArrayRef(outer).drop_front())) {
    std::string both = "t" + std::to_string(index);
    stage.fuse(fused, loop, both);
    fused = both;
  }
  stage.parallel(fused);
  return {stage.get(), x.empty() ? fused : row.str()};
}

static StageAttr reductionStage(const KernelView &kernel, const StageView &reduction, const Nest &nest, StringRef at) {
  StageBuilder stage(kernel.getContext(), reduction.name);
  SmallVector<StringRef> tile;
  if (nest.cb > 1)
    tile.push_back("cb");
  if (nest.n > 1)
    tile.push_back("n");
  if (nest.x > 1 && !rowLoop(reduction).empty())
    tile.push_back(rowLoop(reduction));
  stage.computeAt(kernel.output().name, at).vectorize("c");
  for (StringRef loop : tile)
    stage.unroll(loop);

  stage.onUpdate();
  SmallVector<StringRef> order;
  for (StringRef loop : refs(reduction.reduction)) {
    if (loop == nest.splitReduction) {
      stage.split(loop, "ro", "ri", nest.splitFactor, Tail::Exact);
      order.append({"ro", "ri"});
    } else {
      order.push_back(loop);
    }
  }
  order.append(tile);
  order.push_back("c");
  stage.reorder(order).vectorize("c");
  for (StringRef loop : tile)
    stage.unroll(loop);
  if (!nest.splitReduction.empty())
    stage.unroll("ri");
  for (StringRef loop : refs(nest.unrollReduction))
    stage.unroll(loop);
  return stage.get();
}

ScheduleAttr scheduleNest(const KernelView &kernel, const Nest &nest) {
  auto [out, at] = outputStage(kernel, nest);
  SmallVector<StageAttr> stages;
  if (const StageView *reduction = kernel.onlyReduction())
    stages.push_back(reductionStage(kernel, *reduction, nest, at));
  stages.push_back(out);
  return ScheduleAttr::get(kernel.getContext(), stages);
}

//===-- rows -------------------------------------------------------------------------------------------------------===//

/// Rows a thread takes at a time.
constexpr int64_t rowsTogether = 64;

bool isRows(const KernelView &kernel) {
  const StageView *sum = kernel.onlyReduction();
  if (!sum || kernel.output().isReduction() || kernel.output().loops.size() < 2)
    return false;
  return sum->loops == kernel.output().loops && sum->extents.back() > 0 && kernel.output().extents.back() > 0;
}

namespace {

/// How the features of a row are cut: whole vectors where they divide, one short vector where there are few, else vectors
/// of which the last moves back.
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
  last.split(row, "rows", "row", rowsTogether, Tail::Predicate).parallel("rows");
  if (at == row)
    at = "row";

  StageBuilder stage(context, sum.name);
  stage.computeAt(out.name, at).boundExtent(feature, cut.tile);
  cut.vectorize(stage, feature);
  stage.onUpdate();
  SmallVector<StringRef> order = refs(sum.reduction);
  order.append(cut.vectorize(stage, feature));
  stage.reorder(order);
  return ScheduleAttr::get(context, {stage.get(), last.get()});
}

//===-- anything ---------------------------------------------------------------------------------------------------===//

/// Vectorises the innermost loop of a stage: whole if it is one vector, else in vectors with a predicated end. Gives the
/// names of the loops left outside.
static SmallVector<StringRef> vectorizeInnermost(StageBuilder &stage, const StageView &view, const Machine &machine) {
  SmallVector<StringRef> outer = refs(view.loops);
  if (outer.empty())
    return outer;
  StringRef inner = outer.pop_back_val();
  int64_t extent = view.extents.back();
  if (extent == machine.vector) {
    stage.vectorize(inner);
    return outer;
  }
  stage.split(inner, "vo", "vi", machine.vector, Tail::Predicate).vectorize("vi");
  outer.push_back("vo");
  return outer;
}

/// A reduction over whole rows of its reader: neighbouring sums side by side in a vector, the reduction around them.
static void vectorizeSum(StageBuilder &stage, const StageView &view, const Machine &machine) {
  StringRef inner = view.loops.back();
  stage.split(inner, "so", "si", machine.vector, Tail::Predicate).vectorize("si");
  stage.onUpdate().split(inner, "so", "si", machine.vector, Tail::Predicate);
  SmallVector<StringRef> order{"so"};
  order.append(refs(view.reduction));
  order.push_back("si");
  stage.reorder(order).vectorize("si");
}

/// Whether `stage` has an element for each one of `out`: their loops differ in name at most.
static bool matches(const StageView &out, const StageView &stage) {
  return out.loops.size() >= 2 && stage.extents == out.extents;
}

/// The innermost loop of `out` outside which everything `stage` needs is the same: they share a prefix of loops.
static StringRef commonLoop(const StageView &out, const StageView &stage, ArrayRef<StringRef> loops) {
  if (matches(out, stage))
    return out.loops[out.loops.size() - 2];
  StringRef common;
  for (auto [a, b] : llvm::zip(loops, stage.loops)) {
    if (a != b)
      break;
    common = a;
  }
  return common;
}

ScheduleAttr scheduleAnything(const KernelView &kernel, const Machine &machine) {
  MLIRContext *context = kernel.getContext();
  SmallVector<StageAttr> stages;
  const StageView &out = kernel.output();
  StageBuilder last(context, out.name);
  SmallVector<StringRef> outer = vectorizeInnermost(last, out, machine);
  auto outside = ArrayRef(out.loops).drop_back(out.loops.empty() ? 0 : 1);
  auto shared = llvm::find_if(outside, [&](StringRef loop) { return out.extentOf(loop) != 1; });
  if (shared != outside.end())
    last.parallel(*shared);
  for (const StageView &view : ArrayRef(kernel.stages).drop_back()) {
    if (!view.isReduction())
      continue; // inlined
    StageBuilder stage(context, view.name);
    StringRef at = commonLoop(out, view, outer);
    if (at.empty())
      stage.computeRoot();
    else
      stage.computeAt(out.name, at);
    if (matches(out, view))
      vectorizeSum(stage, view, machine);
    stages.push_back(stage.get());
  }
  stages.push_back(last.get());
  return ScheduleAttr::get(context, stages);
}

} // namespace weft
