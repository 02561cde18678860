// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a product on a matrix unit is written as directives, and what it costs.
#include "compiler/Schedule/Families/TiledProduct.h"

#include "compiler/Schedule/Families/TileCosts.h"
#include "dialects/Sched/Sched.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

std::optional<TiledProduct> tiledProduct(int64_t rows, int64_t sum, int64_t columns, const Machine &machine) {
  int64_t blocks = columns / lanesOfTile, steps = llvm::divideCeil(sum, termsOfStep), step = steps * termsOfStep * bytesOfParts;
  TiledProduct form{blocksTogether(blocks, 1)};
  bool areWhole = machine.vector == lanesOfTile && columns % lanesOfTile == 0 && sum % lanesOfTile == 0;
  int64_t bytes = rows * step, ofColumns = form.together * lanesOfTile * (step + 4 * rows);
  if (!areWhole || rows < fewestPixels || bytes > stripBytes || ofColumns > filterBytes || bytes + ofColumns > std::max(machine.roomBytes, neverTooMuch))
    return std::nullopt;
  form.cycles = tilesOf(rows) * blocks * steps * cyclesOfProducts + double(rows) * steps * cyclesOfPixel +
                double(columns) * steps * cyclesOfColumn + double(rows) * blocks * cyclesOfResult + 4.0 * sum * columns * cyclesOfByte;
  return form;
}

ScheduleAttr scheduleTiledProduct(const KernelView &kernel, int64_t together, const Machine &machine) {
  MLIRContext *context = kernel.getContext();
  const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
  StringRef column = out.loops.back(), k = sum.reduction.front();
  SmallVector<StringRef> order{"strip"}, ofRows;
  for (const std::string &loop : ArrayRef(out.loops).drop_back())
    order.push_back(loop);
  order.append({"vectors", "lane"});
  StageBuilder last(context, out.name);
  last.split(column, "strip", "columns", machine.vector * together, Tail::Exact);
  last.split("columns", "vectors", "lane", machine.vector, Tail::Exact);
  last.reorder(order).vectorize("lane").unroll("vectors").parallel("strip");

  for (const std::string &loop : ArrayRef(sum.loops).drop_back(2))
    ofRows.push_back(loop);
  StringRef shared = ofRows.back();
  ofRows.append({k, "part", "word"});
  StageBuilder rows(context, sum.name + kernel::sideA);
  rows.computeRoot().reorder(ofRows).vectorize("word").unroll("part").parallel(shared);
  StageBuilder weight(context, sum.name + kernel::sideB);
  weight.computeAt(out.name, "strip").reorder({"cb", k, "word", "part", "c"}).vectorize("c").unroll("part");
  StageBuilder product(context, sum.name);
  product.computeAt(out.name, "strip").vectorize("c");
  return ScheduleAttr::get(context, {rows.get(), weight.get(), product.get(), last.get()});
}

} // namespace weft
