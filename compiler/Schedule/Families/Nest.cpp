// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How the shared loop nest is written as directives.
#include "compiler/Schedule/Families/Nest.h"

#include "compiler/Kernel/PartialSums.h"
#include "compiler/Schedule/ConvShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

Nest::Nest(DictionaryAttr choice)
    : x(parameter(choice, "x", 1)), y(parameter(choice, "y", 1)), cb(parameter(choice, "cb", 1)),
      dividesBlocks(parameter(choice, "divides")), n(parameter(choice, "n", 1)), prefetchLines(parameter(choice, "prefetch")),
      inputLines(parameter(choice, "ahead")), streams(parameter(choice, "stream")), rows(parameter(choice, "rows")),
      band(parameter(choice, "band")), planes(parameter(choice, "planes")), columns(parameter(choice, "columns")),
      chunks(parameter(choice, "chunks")), width(parameter(choice, "width")), samples(parameter(choice, "samples", 1)) {}

/// The name of the innermost spatial loop; empty if there is none.
static StringRef rowLoop(const StageView &stage) {
  size_t count = stage.loops.size();
  return count > 3 ? StringRef(stage.loops[count - 2]) : StringRef();
}

static bool isPlane(const StageView &stage) { return stage.loops.size() == 5 && stage.loops[2] == "y"; }
static bool isVolume(const StageView &stage) { return stage.loops.size() == 6 && stage.loops[2] == "z" && stage.loops[3] == "y"; }

bool isNest(const KernelView &kernel) {
  if (kernel.stages.empty())
    return false;
  unsigned reductions = llvm::count_if(kernel.stages, [](const StageView &stage) { return stage.isReduction(); });
  const StageView &out = kernel.output();
  return reductions <= 1 && !out.isReduction() && out.loops.size() >= 3 && out.loops.front() == "n" && out.has("cb") &&
         out.loops.back() == "c";
}

/// Channel blocks of one or more rows that are summed together, each a stream of weights.
constexpr int64_t fetchedStreams = 2;

int64_t samplesTogether(int64_t batch, const Machine &machine) {
  const int64_t most = machine.hasFewRegisters() ? 6 : 8;
  int64_t best = 1;
  auto costOf = [&](int64_t together) { return llvm::divideCeil(batch, together) * (together + 1); }; // weights count as a row
  for (int64_t together = 2; together <= std::min(most, batch); ++together)
    if (costOf(together) <= costOf(best))
      best = together;
  return best;
}

bool streamsWeights(double weightBytes, const Machine &machine) { return weightBytes > machine.bandBytes; }

SmallVector<std::pair<StringRef, int64_t>> rowParameters(int64_t blocks, int64_t batch, double weightBytes,
                                                         const Machine &machine) {
  bool ownFetch = batch == 1 && machine.ownStreams > 0;
  SmallVector<std::pair<StringRef, int64_t>> values{{"cb", std::min(blocks, ownFetch ? machine.ownStreams : fetchedStreams)}};
  if (batch > 1)
    values.push_back({"n", samplesTogether(batch, machine)});
  if (machine.fetchesAhead && !ownFetch && streamsWeights(weightBytes, machine))
    values.push_back({"stream", 1});
  return values;
}

void orderTile(SmallVectorImpl<StringRef> &tile, int64_t pixels, int64_t cb, const Machine &machine) {
  if (weightsStay(pixels, cb, machine))
    std::reverse(tile.begin(), tile.end());
}

SmallVector<std::string> unrollable(const StageView &reduction, int64_t tile, int64_t limit) {
  SmallVector<std::string> loops;
  bool isStraight = true, multiplies = false;
  reduction.op->walk([&](arith::MulFOp) { multiplies = true; });
  size_t outermost = 0; // of those unrolled that run more than once
  for (const std::string &loop : llvm::reverse(reduction.reduction)) {
    int64_t extent = reduction.turnsOf(loop);
    if (extent <= 0 || (tile *= extent) > limit) {
      isStraight &= extent == 1;
      tile = limit + 1;
      continue;
    }
    outermost = extent > 1 ? loops.size() : outermost;
    loops.push_back(loop);
  }
  if (multiplies && isStraight && !loops.empty())
    loops.erase(loops.begin() + outermost);
  return loops;
}

bool pairsPixels(const StageView &reduction, int64_t pixels, int64_t cb, const Machine &machine) {
  if (!machine.pairsPixels || pixels < 2 || cb != reduction.extentOf("cb") || !reduction.cutLoop.empty())
    return false;
  auto function = reduction.op->getParentOfType<func::FuncOp>();
  return llvm::any_of(reduction.op->getOperands(), [&](Value operand) {
    auto argument = dyn_cast<BlockArgument>(operand);
    auto filled = argument ? function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "weft.filled") : IntegerAttr();
    return filled && filled.getInt() == cb * machine.vector - machine.vector / 2;
  });
}

void unrollInnermost(const StageView &reduction, int64_t limit, Nest &nest) {
  nest.unrollReduction = unrollable(reduction, nest.x * nest.y * nest.cb, limit);
}

//===-- strips ----------------------------------------------------------------------------------------------------===//
//
// Which core made a tensor's part decides how fast another gets it. Where threads share channel blocks, the next dense
// layer reads half of everything from the other core; where they share rows, at most the rows around a window, but each
// reads all weights. So rows are shared where the input is larger than the weights, and by all between such layers.

/// A strip stays in the second-level cache while the weights pass, and in the first beside them where it is small.
constexpr int64_t mostRows = 8, mostStripBytes = 512 << 10;

int64_t rowsOfTile(const ConvShape &shape) {
  return shape.kernel.size() == 2 && shape.height < fewestRows ? shape.height : 1;
}

int64_t sharedRows(int64_t height, int64_t rowBytes, int64_t blockTasks) {
  if (height < fewestRows)
    return 0;
  int64_t most = std::clamp<int64_t>(mostStripBytes / std::max<int64_t>(rowBytes, 1), 1, mostRows);
  for (int64_t rows = most; rows > 1; --rows) {
    int64_t strips = llvm::divideCeil(height, rows);
    bool even = (strips * rows - height) * 16 <= height;
    if (even && strips * blockTasks >= enoughTasks)
      return rows;
  }
  return 1;
}

int64_t sharedRows(Operation *op, const Machine &machine) {
  auto x = cast<RankedTensorType>(op->getOperand(0).getType()), y = cast<RankedTensorType>(op->getResult(0).getType());
  if (y.getRank() != 4 || x.getRank() != 4 || !y.hasStaticShape() || y.getDimSize(0) != 1 || !isBlocked(y))
    return 0;
  int64_t block = machine.vector, blocks = llvm::divideCeil(y.getDimSize(1), block);
  return sharedRows(y.getDimSize(2), x.getNumElements() / std::max<int64_t>(y.getDimSize(2), 1) * 4, blocks);
}

void writeTile(StageBuilder &stage, SmallVectorImpl<StringRef> &order, ArrayRef<StringRef> inner) {
  order.append(inner.begin(), inner.end());
  order.push_back("c");
  stage.reorder(order).vectorize("c");
  for (StringRef loop : llvm::reverse(inner))
    stage.unroll(loop);
}

//===-- tiles -----------------------------------------------------------------------------------------------------===//

/// The output stage, and the loop of it inside which one tile lies.
static std::pair<StageAttr, std::string> outputStage(const KernelView &kernel, const Nest &nest) {
  const StageView &out = kernel.output();
  StageBuilder stage(kernel.getContext(), out.name);
  StringRef x = rowLoop(out);
  bool cutsRow = nest.x > 1 && !x.empty(), cutsBlocks = nest.cb > 1, cutsPlane = nest.y > 1 && isPlane(out);
  StringRef blocks = cutsBlocks ? "cbo" : "cb", row = cutsRow ? "xo" : x;
  if (cutsBlocks)
    stage.split("cb", "cbo", "cbi", nest.cb, nest.dividesBlocks ? Tail::Exact : Tail::ShiftInwards);
  if (cutsRow)
    stage.split(x, "xo", "xi", nest.x, Tail::ShiftInwards);
  if (cutsPlane)
    stage.split("y", "yo", "yi", nest.y, Tail::ShiftInwards);

  int64_t batch = out.extentOf("n");
  bool shares = nest.samples > 1 || nest.n > 1, cutsSamples = nest.samples > 1 && nest.samples < batch;
  StringRef samples = nest.n > 1 ? "no" : cutsSamples ? "ni" : "n";
  if (int64_t together = std::max(nest.n, nest.samples); nest.n > 1 || cutsSamples)
    stage.split("n", "no", "ni", together, batch > 0 && batch % together == 0 ? Tail::Exact : Tail::ShiftInwards);

  SmallVector<StringRef> outer; // all that lies outside a row of tiles
  if (cutsSamples)
    outer = {"no", blocks, samples};
  else if (shares)
    outer = {blocks, samples};
  else if (batch != 1)
    outer = {samples, blocks};
  else
    outer = {blocks};
  bool strips = nest.rows > 0 && (isPlane(out) || isVolume(out)) && !shares, cutsStrips = strips && nest.rows > 1;
  if (cutsStrips)
    stage.split("y", "strip", "row", nest.rows, Tail::Predicate);
  if (strips)
    outer.insert(outer.end() - 1, cutsStrips ? "strip" : "y");
  if (strips && isVolume(out)) // the planes of a window lie near, but the next one
    outer.insert(outer.end() - 1, "z");
  bool bands = nest.band > 0 && cutsRow && !shares && !strips;
  SmallVector<StringRef> within; // a plane, or a strip of channel blocks that runs through one partial sum after the other
  if (nest.chunks && shares)
    within.push_back(outer.pop_back_val());
  bool sharesTiles = nest.columns > 0 && cutsRow && batch == 1 && !nest.chunks && nest.prefetchLines == 0;
  int64_t tilesOfPart = bands ? nest.band : sharesTiles ? nest.columns : 0;
  StringRef part = row;
  if (tilesOfPart > 1) {
    stage.split("xo", "part", "tile", tilesOfPart, Tail::Predicate);
    part = "part";
    row = "tile";
  }
  if (bands)
    outer.insert(outer.end() - 1, part);
  SmallVector<StringRef> order, inner;
  for (StringRef loop : refs(out.loops))
    if (!strips && loop != "n" && loop != "cb" && loop != "c" && loop != x)
      (tilesOfPart > 0 ? order : nest.chunks || nest.planes ? within : outer).push_back(cutsPlane && loop == "y" ? "yo" : loop);

  if (sharesTiles && !bands)
    outer.push_back(part);
  if (!llvm::is_contained(outer, samples) && !llvm::is_contained(within, samples))
    order.push_back(samples);
  order.append(outer);
  order.append(within);
  if (cutsStrips)
    order.push_back("row");
  if (!x.empty() && tilesOfPart != 1)
    order.push_back(row);
  if (cutsBlocks)
    inner.push_back("cbi");
  if (nest.n > 1)
    inner.push_back("ni");
  if (cutsPlane)
    inner.push_back("yi");
  if (cutsRow)
    inner.push_back("xi");
  writeTile(stage, order, inner);

  // Of four loops in one Halide no longer sees which part of the reduction a tile reads, and makes more of it: samples follow each other then.
  constexpr size_t mostFused = 3;
  bool isLong = isVolume(out) && outer.size() > mostFused && outer.front() == samples && !nest.chunks && tilesOfPart == 0;
  ArrayRef<StringRef> together = ArrayRef(outer).drop_front(isLong ? 1 : 0);
  std::string fused = together.front().str();
  if (nest.prefetchLines > 0 && !nest.chunks) { // what is fetched next is known where channel blocks have a loop of their own
    stage.parallel(fused);
    return {stage.get(), x.empty() ? outer.back().str() : row.str()};
  }
  for (auto [index, loop] : llvm::enumerate(together.drop_front())) {
    std::string both = "t" + std::to_string(index);
    stage.fuse(fused, loop, both);
    fused = both;
  }
  stage.parallel(fused);
  return {stage.get(), x.empty() || nest.chunks || tilesOfPart == 1 ? fused : row.str()};
}

/// The innermost loop of the window that is a loop; blocks of input channels where the window has one element.
static StringRef turnOf(const StageView &reduction) {
  StringRef turn = "ib";
  for (auto [loop, extent] : llvm::zip_equal(reduction.reduction, reduction.reductionExtents))
    if (loop.front() == 'k' && extent != 1)
      turn = loop;
  return turn;
}

/// Points of a loop above which a kernel may not say that it is unrolled.
static constexpr int64_t mostUnrolled = 256;

/// Loops that run through all tiles in each turn of the loop `cut`: what is not in one, but the row.
static SmallVector<StringRef> loopsOfTiles(const StageView &reduction, const Nest &nest) {
  SmallVector<StringRef> loops;
  for (StringRef loop : refs(reduction.loops))
    if (loop != "cb" && loop != "c" && loop != rowLoop(reduction) && (loop != "n" || nest.samples > 1))
      loops.push_back(loop);
  return loops;
}

/// Tiles of the row of a stage whose sums wait in memory: none may add what another did.
static void cutRow(StageBuilder &stage, StringRef row, const Nest &nest) {
  stage.split(row, "xo", "xi", nest.x, nest.width ? Tail::Predicate : Tail::Exact);
  if (nest.width)
    stage.unroll("xo");
}

StageAttr scheduleReduction(const KernelView &kernel, const StageView &reduction, const Nest &nest, StringRef at,
                            const Machine &machine) {
  StageBuilder stage(kernel.getContext(), reduction.name);
  StringRef row = rowLoop(reduction), pixels = nest.chunks ? "xi" : row;
  SmallVector<StringRef> tile;
  if (nest.cb > 1)
    tile.push_back("cb");
  if (nest.n > 1)
    tile.push_back("n");
  if (nest.y > 1 && isPlane(reduction))
    tile.push_back("y");
  if (nest.x > 1 && !row.empty())
    tile.push_back(pixels);
  stage.computeAt(kernel.output().name, at);
  if (nest.n > 1) // a batch is a constant, so its whole size would count as unrolled
    stage.boundExtent("n", nest.n);
  if (llvm::is_contained(tile, "y"))
    stage.boundExtent("y", nest.y);
  if (!nest.chunks && nest.x > 1 && !row.empty() && reduction.extentOf(row) > mostUnrolled)
    stage.boundExtent(row, nest.x); // likewise a row, where the kernel is for one width
  if (nest.chunks && nest.width)
    stage.boundExtent(row, nest.width);
  if (nest.chunks)
    cutRow(stage, row, nest);
  stage.vectorize("c");
  for (StringRef loop : tile)
    stage.unroll(loop);

  stage.onUpdate();
  SmallVector<StringRef> order;
  if (nest.chunks)
    cutRow(stage, row, nest);
  for (StringRef loop : refs(reduction.reduction)) {
    if (loop == nest.splitReduction) {
      stage.split(loop, "ro", "ri", nest.splitFactor, Tail::Exact);
      order.append({"ro", "ri"});
    } else {
      order.push_back(loop);
    }
    if (nest.chunks && loop == reduction.cutLoop) {
      order.append(loopsOfTiles(reduction, nest));
      order.push_back("xo");
    }
  }
  orderTile(tile, nest.x * nest.y * nest.n, nest.cb, machine);
  order.append(tile);
  order.push_back("c");
  stage.reorder(order).vectorize("c");
  for (StringRef loop : tile)
    stage.unroll(loop);
  if (!nest.splitReduction.empty())
    stage.unroll("ri");
  for (StringRef loop : refs(nest.unrollReduction))
    stage.unroll(loop);
  if (!nest.chunks && pairsPixels(reduction, row.empty() ? 1 : nest.x, nest.cb, machine))
    stage.pair("cb", row);
  if (nest.streams && !nest.splitReduction.empty())
    stage.prefetch("filter", "ro", turnOf(reduction), linesOf(nest.splitFactor, machine));
  else if (nest.prefetchLines > 0)
    stage.prefetch("filter", turnOf(reduction), nest.chunks ? kernel::partialSums : nest.cb > 1 ? "cbo" : "cb",
                   nest.prefetchLines);
  if (nest.inputLines > 0 && reduction.has("ib"))
    stage.prefetch("x", "ib", "ib", nest.inputLines);
  else if (nest.inputLines > 0)
    stage.prefetch("x", "ky", "row", nest.inputLines);
  return stage.get();
}

ScheduleAttr scheduleNest(const KernelView &kernel, const Nest &nest, const Machine &machine) {
  auto [out, at] = outputStage(kernel, nest);
  SmallVector<StageAttr> stages;
  if (const StageView *reduction = kernel.onlyReduction())
    stages.push_back(scheduleReduction(kernel, *reduction, nest, at, machine));
  stages.push_back(out);
  return ScheduleAttr::get(kernel.getContext(), stages);
}

} // namespace weft
