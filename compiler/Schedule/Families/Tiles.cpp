// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Convolutions on a matrix unit (AMX): both sides are split in three bf16 parts, a strip of rows once for all channel blocks, the
// filter of a few blocks for each strip by the runtime's micro-kernel, of which the sum is a call.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/Families/TileCosts.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// A convolution in strips of rows, of a part of the only row (`columns`, else 0), or of whole samples.
struct Strip {
  int64_t rows = 1, columns = 0, samples = 1;
  bool forThreads = false; ///< else they share channel blocks
  double cycles = 0; ///< half for one thread, half for two: a way that is no faster for two is not taken for one
};

/// The cheapest strips of a convolution.
class StripSearch final {
public:
  StripSearch(ConvOp conv, const Machine &machine)
      : shape(conv), roomBytes(machine.roomBytes), blocks(llvm::divideCeil(shape.outputs, machine.vector)),
        steps(llvm::divideCeil(shape.inputs, termsOfStep)) {
    inputWidth = shape.window == 1 ? shape.width : cast<RankedTensorType>(conv.getX().getType()).getShape().back() + shape.kernel.back() - 1;
    weightBytes = 4.0 * shape.outputs * shape.inputs * shape.window;
    cacheBytes = machine.bandBytes;
  }

  std::optional<Strip> best() const {
    if (4.0 * together() * lanesOfTile * steps * termsOfStep * shape.window > filterBytes)
      return std::nullopt;
    std::optional<Strip> least;
    auto consider = [&](int64_t rows, int64_t columns) {
      for (bool forThreads : {true, false})
        if (std::optional<Strip> strip = with(rows, columns, forThreads); strip && (!least || strip->cycles < least->cycles))
          least = strip;
    };
    for (int64_t rows = 1; rows <= shape.height; ++rows)
      consider(rows, shape.width);
    for (int64_t parts = 2; shape.height == 1 && parts * lanesOfTile <= shape.width; ++parts)
      if (shape.width % parts == 0)
        consider(1, shape.width / parts);
    return least;
  }

  int64_t together() const { return blocksTogether(blocks, std::min<int64_t>(blocks, 2)); }

private:
  /// Rows of the input that `rows` of the output see.
  int64_t seen(int64_t rows) const {
    return shape.window == 1 ? rows : (rows - 1) * shape.stride.front() + (shape.kernel.front() - 1) * shape.dilation.front() + 1;
  }

  /// Columns of the input that `columns` of the output see.
  int64_t across(int64_t columns) const {
    return columns == shape.width ? inputWidth
                                  : (columns - 1) * shape.stride.back() + (shape.kernel.back() - 1) * shape.dilation.back() + 1;
  }

  std::optional<Strip> with(int64_t rows, int64_t columns, bool forThreads) const {
    bool isPart = columns < shape.width;
    double bytes = double(seen(rows)) * across(columns) * steps * termsOfStep * bytesOfParts;
    double sums = 4.0 * together() * lanesOfTile * rows * columns;
    if ((rows > 1 || isPart) && bytes > stripBytes)
      return std::nullopt;
    if (bytes + sums > std::max(roomBytes, neverTooMuch))
      return std::nullopt;
    Strip strip{rows, isPart ? columns : 0, 1, forThreads};
    if (rows == shape.height && !isPart)
      for (int64_t samples = shape.batch; samples > 1 && strip.samples == 1; --samples)
        if (shape.batch % samples == 0 && samples * bytes <= stripBytes)
          strip.samples = samples;
    int64_t ofRow = shape.width / columns, ofPlane = llvm::divideCeil(shape.height, rows) * ofRow;
    int64_t strips = ofPlane * shape.batch / strip.samples;
    double tiles = ofRow * (shape.window == 1 ? tilesOf(rows * columns) * shape.height / rows : shape.height * tilesOf(columns));
    double computed = llvm::alignTo(blocks, together());
    double products = shape.batch * tiles * computed * steps * shape.window * cyclesOfProducts;
    double pixels = double(shape.batch) * ofPlane * seen(rows) * across(columns) * steps * cyclesOfPixel;
    double filter = double(strips) * blocks * lanesOfTile * steps * shape.window * cyclesOfColumn;
    double results = double(shape.batch) * shape.pixels * blocks * cyclesOfResult;
    double again = bytes > againBytes ? bytes * strips * (llvm::divideCeil(blocks, together()) - 1) * cyclesOfAgain : 0;
    if (weightBytes > cacheBytes) // and so does a filter for each strip of pixels
      again += weightBytes * (strips - 1) * cyclesOfAgain;
    double work = products + filter + results + again + weightBytes * cyclesOfByte;
    int64_t tasks = forThreads ? strips : llvm::divideCeil(blocks, together());
    double longest = double(llvm::divideCeil(tasks, 2)) / tasks; // of two threads, in parts of all
    double ofTwo = forThreads ? (work + pixels) * longest
                              : work * longest + pixels / 2 + shape.batch * ofPlane * bytes / 2 * cyclesOfOthers;
    strip.cycles = (work + pixels) / 2 + ofTwo;
    return strip;
  }

  ConvShape shape;
  int64_t roomBytes, blocks, steps, inputWidth;
  double weightBytes, cacheBytes;
};

/// Whether the filter is packed already, for input channels in halves or quarters of blocks; in tiles whole blocks are read.
bool readsPartsOfBlocks(ConvOp conv, const Machine &machine) {
  ArrayRef<int64_t> packed = cast<RankedTensorType>(conv.getWeight().getType()).getShape();
  return packed.size() > conv.getFilter().size() && packed[packed.size() - 2] != machine.vector;
}

class Tiles final : public Family {
public:
  StringRef name() const override { return "tiles"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!machine.tiles || !conv || !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape())
      return;
    ConvShape shape(conv);
    if (!shape.isDense() || shape.kernel.size() != 2 || shape.batch * shape.pixels < fewestPixels || readsPartsOfBlocks(conv, machine))
      return;
    StripSearch strips(conv, machine);
    std::optional<Strip> strip = strips.best();
    if (!strip)
      return;
    Choice choice;
    choice.algorithm = Algorithm::Direct;
    choice.block = machine.vector;
    choice.wholeBlocks = true;
    choice.weightBytes =
        llvm::alignTo(shape.outputs, machine.vector) * llvm::alignTo(shape.inputs, machine.vector) * shape.window * 4;
    choice.cycles = strip->cycles;
    SmallVector<std::pair<StringRef, int64_t>> values{{"cb", strips.together()}, {"rows", strip->rows}};
    if (strip->columns)
      values.push_back({"x", strip->columns});
    if (strip->samples > 1)
      values.push_back({"samples", strip->samples});
    if (strip->forThreads)
      values.push_back({"threads_take_rows", 1});
    values.push_back({"tiles", 1});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *sum = kernel.onlyReduction();
    if (!isNest(kernel) || !sum)
      return scheduleAnything(kernel, machine);
    MLIRContext *context = kernel.getContext();
    const StageView &out = kernel.output();
    int64_t samples = parameter(choice, "samples", 1);
    bool forThreads = parameter(choice, "threads_take_rows");

    StageBuilder stage(context, out.name);
    int64_t columns = parameter(choice, "x");
    if (columns)
      stage.split("x", "strip", "column", columns, Tail::Exact);
    else
      stage.split("y", "strip", "row", parameter(choice, "rows", 1), Tail::Predicate);
    stage.split("cb", "cbo", "cbi", parameter(choice, "cb", 1), Tail::ShiftInwards);
    stage.split("n", "no", "ni", samples, Tail::Exact);
    stage.reorder({"no", "strip", "cbo", "ni", "cbi", columns ? "y" : "row", columns ? "column" : "x", "c"}).vectorize("c");
    stage.fuse("no", "strip", "t0").parallel(forThreads ? "t0" : "cbo");

    StageBuilder pixels(context, sum->name + kernel::sideA);
    pixels.computeAt(out.name, "t0").reorder({"n", "ib", "y", "x", "part", "word"}).vectorize("word").unroll("part");
    if (!forThreads)
      pixels.parallel("ib");
    StageBuilder product(context, sum->name);
    product.computeAt(out.name, "cbo").vectorize("c");
    return ScheduleAttr::get(context, {pixels.get(), product.get(), stage.get()});
  }
};

} // namespace

const Family &tilesFamily() {
  static const Tiles family;
  return family;
}

} // namespace weft
