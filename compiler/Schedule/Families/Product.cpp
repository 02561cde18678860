// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a product of matrices is written as directives.
#include "compiler/Schedule/Families/Product.h"

#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

bool isProduct(const KernelView &kernel) {
  const StageView *sum = kernel.onlyReduction();
  if (!sum || kernel.output().isReduction() || kernel.output().loops.size() < 2 || sum->reduction.size() != 1)
    return false;
  return sum->extents == kernel.output().extents; // names may differ
}

/// The outermost loop that is worth sharing out.
static StringRef sharedLoop(const StageView &out, ArrayRef<StringRef> order) {
  for (StringRef loop : order)
    if (!llvm::is_contained(out.loops, loop) || out.extentOf(loop) != 1)
      return loop;
  return order.front();
}

ScheduleAttr scheduleProduct(const KernelView &kernel, const ProductForm &form, const Machine &machine) {
  const Tile tile = form.tile;
  MLIRContext *context = kernel.getContext();
  const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
  StringRef row = out.loops[out.loops.size() - 2], column = out.loops.back();
  int64_t width = form.width ? form.width : machine.vector, wide = width * tile.cb;

  StageBuilder last(context, out.name);
  last.split(column, "strip", "columns", wide, Tail::ShiftInwards).split("columns", "vectors", "lane", width, Tail::Exact);
  last.split(row, "rows", "row", tile.x, Tail::ShiftInwards);
  SmallVector<StringRef> outer = refs(out.loops);
  outer.truncate(outer.size() - 2);
  outer.push_back("rows");
  outer.insert(form.rowsOutside ? outer.end() : outer.begin(), "strip");
  SmallVector<StringRef> order = outer;
  order.append({"vectors", "row", "lane"});
  last.reorder(order).vectorize("lane").unroll("row").unroll("vectors").parallel(sharedLoop(out, outer));

  StringRef sumRow = sum.loops[sum.loops.size() - 2], sumColumn = sum.loops.back();
  StageBuilder stage(context, sum.name);
  stage.computeAt(out.name, outer.back()).boundExtent(sumColumn, wide).boundExtent(sumRow, tile.x);
  stage.split(sumColumn, "vectors", "lane", width, Tail::Exact).vectorize("lane").unroll("vectors").unroll(sumRow);
  stage.onUpdate();
  stage.split(sumColumn, "vectors", "lane", width, Tail::Exact);
  SmallVector<StringRef> inside{"vectors", sumRow}, around{sum.reduction.front()};
  if (int64_t extent = sum.reductionExtents.front(); extent > sumUnroll && extent % sumUnroll == 0) {
    stage.split(sum.reduction.front(), "ko", "ki", sumUnroll, Tail::Exact);
    around = {"ko", "ki"};
  }
  orderTile(inside, tile.x, tile.cb, machine);
  SmallVector<StringRef> sumOrder = around;
  sumOrder.append(inside);
  sumOrder.push_back("lane");
  stage.reorder(sumOrder).vectorize("lane").unroll("vectors").unroll(sumRow);
  if (around.size() > 1)
    stage.unroll("ki");
  if (form.prefetchLines > 0)
    stage.prefetch("filter", around.front(), "strip", form.prefetchLines);
  return ScheduleAttr::get(context, {stage.get(), last.get()});
}

} // namespace weft
