// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a product of matrices is written as directives.
#include "compiler/Schedule/Families/Product.h"

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Nest.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

bool isProduct(const KernelView &kernel) {
  const StageView *sum = kernel.onlyReduction();
  if (!sum || kernel.output().isReduction() || kernel.output().loops.size() < 2 || sum->reduction.size() != 1)
    return false;
  return sum->extents == kernel.output().extents; // names may differ
}

/// Loops of tiles, outermost first, with their turns where they are known.
using TileLoops = SmallVector<std::pair<StringRef, int64_t>>;

/// Makes the outermost of `loops` one, as many as give threads enough to share, whatever those have whose turns are not known. The
/// innermost loop is then its result where all of them are part of it.
static std::string shareOut(StageBuilder &stage, const TileLoops &loops) {
  std::string shared = loops.front().first.str();
  auto atLeast = [](int64_t turns) { return std::max<int64_t>(turns, 1); };
  int64_t tasks = atLeast(loops.front().second);
  size_t count = 1;
  for (; count < loops.size() && tasks < enoughTasks; ++count) {
    std::string both = "t" + std::to_string(count);
    stage.fuse(shared, loops[count].first, both);
    shared = both;
    tasks *= atLeast(loops[count].second);
  }
  stage.parallel(shared);
  return count == loops.size() ? shared : loops.back().first.str();
}

/// The outermost loop that runs more than once.
static StringRef sharedLoop(const TileLoops &loops) {
  auto more = llvm::find_if(loops, [](auto &loop) { return loop.second != 1; });
  return (more == loops.end() ? loops.front() : *more).first;
}

/// Whether some steps of the sum are straight code.
static bool isUnrolled(const StageView &sum) {
  int64_t extent = sum.reductionExtents.front();
  return extent > sumUnroll && extent % sumUnroll == 0;
}

std::pair<StringRef, int64_t> turnsOfSum(const StageView &sum) {
  int64_t extent = sum.reductionExtents.front();
  return isUnrolled(sum) ? std::pair<StringRef, int64_t>("ko", extent / sumUnroll) : std::pair<StringRef, int64_t>(sum.reduction.front(), extent);
}

StageBuilder sumOfProduct(const StageView &sum, StringRef reader, StringRef at, Tile tile, int64_t width, const Machine &machine,
                          int64_t outer) {
  StringRef row = sum.loops[sum.loops.size() - 2 - outer], column = sum.loops.back();
  StageBuilder stage(sum.op->getContext(), sum.name);
  stage.computeAt(reader, at).boundExtent(column, width * tile.cb).boundExtent(row, tile.x);
  stage.split(column, "vectors", "lane", width, Tail::Exact).vectorize("lane").unroll("vectors").unroll(row);
  stage.onUpdate();
  stage.split(column, "vectors", "lane", width, Tail::Exact);
  SmallVector<StringRef> inside{"vectors", row}, order{sum.reduction.front()};
  if (isUnrolled(sum)) {
    stage.split(sum.reduction.front(), "ko", "ki", sumUnroll, Tail::Exact);
    order = {"ko", "ki"};
  }
  if (!machine.hasFewRegisters() || weightsStay(tile.x, tile.cb, machine)) // each element of the rows is loaded once
    std::reverse(inside.begin(), inside.end());
  order.append(inside);
  order.push_back("lane");
  stage.reorder(order).vectorize("lane").unroll("vectors").unroll(row);
  if (isUnrolled(sum))
    stage.unroll("ki");
  return stage;
}

/// Blocks of columns of a packed weight where the last one is not full of results; 0 of any other product.
static int64_t raggedBlocks(const StageView &sum) {
  auto product = dyn_cast<linalg::LinalgOp>(sum.op);
  auto weight = product && product.getNumDpsInputs() > 1 ? dyn_cast<RankedTensorType>(product.getDpsInputs()[1].getType()) : RankedTensorType();
  bool isPacked = weight && weight.getRank() == 3 && weight.hasStaticShape() && sum.name == "linear";
  return isPacked && sum.extents.back() % weight.getDimSize(2) != 0 ? weight.getDimSize(0) : 0;
}

ScheduleAttr scheduleProduct(const KernelView &kernel, const ProductForm &form, const Machine &machine) {
  Tile tile = form.tile;
  MLIRContext *context = kernel.getContext();
  const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
  const size_t rowDim = out.loops.size() - 2 - form.outer;
  StringRef row = out.loops[rowDim], column = out.loops.back();
  const int64_t ragged = raggedBlocks(sum);
  while (ragged % tile.cb != 0) // the last strip reads whole blocks
    --tile.cb;
  int64_t width = form.width ? form.width : machine.vector, wide = width * tile.cb;

  StageBuilder last(context, out.name);
  bool isPart = out.extents.back() >= 0 && out.extents.back() < wide; // of a vector
  last.split(column, "strip", "columns", wide, isPart || ragged ? Tail::Predicate : Tail::ShiftInwards);
  last.split("columns", "vectors", "lane", width, Tail::Exact);
  last.split(row, "rows", "row", tile.x, Tail::ShiftInwards);
  TileLoops outer;
  for (auto [dim, loop] : llvm::enumerate(ArrayRef(out.loops).drop_back()))
    if (dim != rowDim)
      outer.push_back({loop, out.extentOf(loop)});
  auto tiles = [](int64_t extent, int64_t tile) { return extent < 0 ? -1 : llvm::divideCeil(extent, tile); };
  outer.push_back({"rows", tiles(out.extentOf(row), tile.x)});
  // Each matrix of a batch of computed ones has columns of its own: only its rows read a strip again.
  auto before = form.rowsOutside ? outer.end() : sum.name == "matmul" ? outer.end() - 1 : outer.begin();
  outer.insert(before, {"strip", tiles(out.extentOf(column), wide)});
  SmallVector<StringRef> order = llvm::map_to_vector(outer, [](auto &loop) { return loop.first; });
  order.append({"vectors", "row", "lane"});
  last.reorder(order).vectorize("lane").unroll("row").unroll("vectors");
  std::string at = outer.back().first.str();
  if (form.prefetchLines > 0) // what is fetched next is known where columns have a loop of their own
    last.parallel(sharedLoop(outer));
  else
    at = shareOut(last, outer);

  StageBuilder stage = sumOfProduct(sum, out.name, at, tile, width, machine, form.outer);
  if (form.prefetchLines > 0)
    stage.prefetch("filter", turnsOfSum(sum).first, "strip", form.prefetchLines);
  return ScheduleAttr::get(context, {stage.get(), last.get()});
}

} // namespace weft
