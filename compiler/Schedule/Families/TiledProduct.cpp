// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How a product on a matrix unit is written as directives, and what it costs.
#include "compiler/Schedule/Families/TiledProduct.h"

#include "compiler/Schedule/Families/TileCosts.h"
#include "dialects/Sched/Sched.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

SmallVector<std::pair<StringRef, int64_t>> TiledProduct::parameters() const {
  SmallVector<std::pair<StringRef, int64_t>> values{{"cb", together}, {"tiles", 1}};
  if (count > 0)
    values.append({{"dim", dim}, {"rows", count}});
  if (steps > 0)
    values.push_back({"steps", steps});
  if (forThreads)
    values.push_back({"threads_take_rows", 1});
  return values;
}

TiledProduct TiledProduct::of(DictionaryAttr choice) {
  return {parameter(choice, "cb", 1), parameter(choice, "dim"), parameter(choice, "rows"), parameter(choice, "steps"),
          parameter(choice, "threads_take_rows") != 0};
}

namespace {

/// A vector of the result: for each chunk of the sum, between which it waits in the second-level cache; where the result of a strip leaves
/// that before its rows are complete.
constexpr double cyclesOfChunk = 6, cyclesOfPieces = 4;

/// Fewer do not hide a weight's way from memory: 64 rows of 768 times 192 take 1.3 times their time with multiply-adds.
constexpr int64_t fewestRows = 96;

/// A byte of rows that come from memory, while nothing is multiplied.
constexpr double cyclesOfMemory = 0.25;

/// Forms of one product, and the cheapest of them.
class FormSearch final {
public:
  FormSearch(ArrayRef<int64_t> rows, int64_t sum, int64_t columns, const Machine &machine)
      : rows(rows), columns(columns), steps(llvm::divideCeil(sum, termsOfStep)), blocks(llvm::divideCeil(columns, lanesOfTile)),
        room(std::max(machine.roomBytes, neverTooMuch)), weightBytes(4.0 * sum * columns), cacheBytes(machine.bandBytes) {
    for (int64_t extent : rows)
      all *= extent;
  }

  std::optional<TiledProduct> best() {
    if (all < fewestRows)
      return std::nullopt;
    considerChunks(0, 0, all, 1);
    int64_t outer = 1, inner = all;
    for (auto [dim, extent] : llvm::enumerate(rows)) {
      inner /= extent;
      for (int64_t strips = dim == 0 ? 2 : 1, last = 0; strips <= extent; ++strips) {
        int64_t count = llvm::divideCeil(extent, strips);
        if (count * inner < fewestPixels)
          break;
        if (std::exchange(last, count) != count)
          considerChunks(dim, count, count * inner, outer * llvm::divideCeil(extent, count));
      }
      outer *= extent;
    }
    return least;
  }

private:
  void considerChunks(int64_t dim, int64_t count, int64_t ofStrip, int64_t strips) {
    for (int64_t chunks = 1; chunks <= steps; ++chunks)
      if (steps % chunks == 0 && fits(ofStrip, chunks)) {
        TiledProduct form{blocksTogether(blocks, 1), dim, count, chunks > 1 ? steps / chunks : 0, strips == 1 && takesRows()};
        form.cycles = cyclesOf(ofStrip, strips, chunks);
        if (!least || form.cycles < least->cycles)
          least = form;
        return; // more are slower
      }
  }

  /// Threads that share rows split all of the weight each, which takes many rows to pay; those that share columns read half of the rows'
  /// parts from the other core.
  bool takesRows() const {
    return all >= 4 * fewestPixels && columns * cyclesOfColumn < all * termsOfStep * bytesOfParts * cyclesOfOthers;
  }

  bool fits(int64_t ofStrip, int64_t chunks) const {
    int64_t step = steps / chunks * termsOfStep * bytesOfParts, parts = ofStrip * step, columnsTogether = blocksTogether(blocks, 1) * lanesOfTile;
    int64_t ofColumns = columnsTogether * step + 4 * ofStrip * columnsTogether, sums = chunks > 1 ? 4 * ofStrip * columns : 0;
    return parts <= stripBytes && ofColumns <= filterBytes && sums <= filterBytes && parts + ofColumns + sums <= room;
  }

  double cyclesOf(int64_t ofStrip, int64_t strips, int64_t chunks) const {
    double products = strips * tilesOf(ofStrip) * blocks * steps * cyclesOfProducts, pixels = double(all) * steps * cyclesOfPixel;
    if (double bytes = double(all) * 4 * steps * termsOfStep; bytes > cacheBytes)
      pixels += bytes * cyclesOfMemory;
    double weights = double(strips) * columns * steps * cyclesOfColumn + weightBytes * cyclesOfByte;
    double strip = double(ofStrip) * (4 * columns + steps / chunks * termsOfStep * bytesOfParts);
    double ofResult = cyclesOfResult + (chunks > 1 ? chunks * cyclesOfChunk : 0) + (strip > cacheBytes ? cyclesOfPieces : 0);
    double results = double(all) * blocks * ofResult;
    double again = weightBytes > cacheBytes ? weightBytes * (strips - 1) * cyclesOfAgain : 0;
    int64_t tasks = strips > 1 ? strips : blocks / blocksTogether(blocks, 1);
    double ofTwo = 2.0 * llvm::divideCeil(tasks, 2) / tasks; // threads, the longer of which is waited for; half for one, half for two
    return (products + pixels + weights + results + again) * (1 + ofTwo) / 2;
  }

  ArrayRef<int64_t> rows;
  int64_t all = 1, columns, steps, blocks, room;
  double weightBytes, cacheBytes;
  std::optional<TiledProduct> least;
};

} // namespace

std::optional<TiledProduct> tiledProduct(ArrayRef<int64_t> rows, int64_t sum, int64_t columns, const Machine &machine) {
  bool fills = machine.vector == lanesOfTile && columns >= lanesOfTile && sum >= termsOfStep;
  return fills ? FormSearch(rows, sum, columns, machine).best() : std::nullopt;
}

ScheduleAttr scheduleTiledProduct(const KernelView &kernel, const TiledProduct &form, const Machine &machine) {
  MLIRContext *context = kernel.getContext();
  const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
  const int64_t wide = machine.vector * form.together;
  const bool inStrips = form.count > 0 || form.forThreads, inChunks = form.steps > 0;
  int64_t dim = form.dim;
  if (form.forThreads) // the outermost that has more than one
    for (dim = 0; dim + 2 < int64_t(out.loops.size()) && out.extents[dim] == 1;)
      ++dim;

  StageBuilder last(context, out.name);
  last.split(out.loops.back(), "strip", "columns", wide, out.extents.back() % wide == 0 ? Tail::Exact : Tail::Predicate);
  last.split("columns", "vectors", "lane", machine.vector, Tail::Exact);
  SmallVector<StringRef> around, order;
  for (auto [index, loop] : llvm::enumerate(ArrayRef(out.loops).drop_back()))
    (inStrips && int64_t(index) < dim ? around : order).push_back(loop);
  if (inStrips) {
    if (form.forThreads)
      last.strips(order.front(), "rows", "row", 1);
    else
      last.split(order.front(), "rows", "row", form.count, Tail::Predicate);
    around.push_back("rows");
    order.front() = "row";
  }
  last.reorder([&] {
    SmallVector<StringRef> loops(around);
    loops.push_back("strip");
    loops.append(order);
    loops.append({"vectors", "lane"});
    return loops;
  }());
  last.vectorize("lane").unroll("vectors");
  std::string shared = inStrips ? around.front().str() : "strip";
  for (auto [index, loop] : llvm::enumerate(ArrayRef(around).drop_front(inStrips))) {
    std::string both = "t" + std::to_string(index);
    last.fuse(shared, loop, both);
    shared = both;
  }
  last.parallel(shared);

  SmallVector<StringRef> ofRows;
  for (const std::string &loop : ArrayRef(sum.loops).drop_back(2))
    ofRows.push_back(loop);
  StringRef k = sum.reduction.front();
  StageBuilder rows(context, sum.name + kernel::sideA), weight(context, sum.name + kernel::sideB), product(context, sum.name);
  if (inChunks) {
    rows.computeAt(sum.name, "chunk");
    weight.computeAt(sum.name, "strip");
    inStrips ? product.computeAt(out.name, shared) : product.computeRoot();
    product.vectorize("c").onUpdate();
    product.split(k, "chunk", "step", form.steps, Tail::Exact).split("cb", "strip", "block", form.together, Tail::Exact);
    SmallVector<StringRef> turns{"chunk", "strip"};
    turns.append(ofRows);
    turns.append({"block", "step", "word", "c"});
    product.reorder(turns);
    if (!inStrips)
      product.parallel("strip");
  } else {
    inStrips ? rows.computeAt(out.name, shared) : rows.computeRoot();
    weight.computeAt(out.name, "strip");
    product.computeAt(out.name, "strip").vectorize("c");
  }
  size_t outermost = 0; // that has more than one
  while (outermost + 1 < ofRows.size() && sum.extents[outermost] == 1)
    ++outermost;
  StringRef sharedRows = ofRows[outermost];
  ofRows.append({k, "part", "word"});
  rows.reorder(ofRows).vectorize("word").unroll("part");
  if (!inStrips)
    rows.parallel(sharedRows);
  weight.reorder({"cb", k, "word", "part", "c"}).vectorize("c").unroll("part");
  SmallVector<StageAttr> stages{rows.get(), weight.get(), product.get(), last.get()};
  for (const StageView &stage : kernel.stages)
    if (stage.name == "pad") { // rows of a matrix whose last block of columns is not full
      StageBuilder pad(context, stage.name);
      pad.computeRoot().peel("j", "inside").split("inside", "vectors", "lane", machine.vector, Tail::Predicate).vectorize("lane").parallel("k");
      stages.insert(stages.begin(), pad.get());
    }
  return ScheduleAttr::get(context, stages);
}

} // namespace weft
