// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// 1x1 convolutions by one level of Strassen's algorithm on packed channels (compiler/Conversion/WeftToLinalg/Strassen.cpp): the sums of
// the input are made once, then for each strip of channel blocks the seven products, which stay in the second-level cache until they
// are added.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

constexpr int64_t products = 7;

/// What a kernel works in stays in the third-level cache beside the filters, and for a tenth of the time a network may take a quarter
/// more memory: about twice the room.
constexpr double mostBytes = 6 << 20, exceeded = 2;

/// What part of the filters' way from memory shows for each sample, as they are 1.75 times as large; measured from 7x7 to 19x19 pixels.
constexpr double exposedFilters = 0.5;

/// Halves of the blocks of a convolution's channels, and of its pixels.
struct Halves {
  Halves(const ConvShape &shape, const Machine &machine)
      : inputs(llvm::divideCeil(shape.inputs, 2 * machine.vector)), outputs(llvm::divideCeil(shape.outputs, 2 * machine.vector)),
        pixels(llvm::divideCeil(shape.pixels, 2)) {}
  int64_t inputs, outputs, pixels;
};

class Strassen final : public Family {
public:
  StringRef name() const override { return "strassen"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || !mayTake(conv, machine))
      return;
    ConvShape shape(conv);
    Halves halves(shape, machine);
    TileLimits limits = TileLimits::wide(machine, 1);
    limits.many = limits.three;
    limits.wholeBlocks = true;
    Tile tile = chooseTile(halves.pixels, halves.outputs, machine, limits);
    int64_t strips = halves.outputs / tile.cb;
    int64_t bytes = products * machine.vector * 4 * halves.pixels * (halves.inputs + 2 * tile.cb);
    if (!conv.getAlgorithm() && bytes > std::min(mostBytes, exceeded * machine.roomBytes))
      return;
    Choice choice;
    choice.algorithm = Algorithm::Strassen;
    choice.block = machine.vector;
    choice.weightBytes = products * halves.inputs * halves.outputs * machine.vector * machine.vector * 4;
    int64_t rows = rowsOfTask(shape, tile, strips);
    double vectors = double(products) * halves.pixels * halves.inputs * machine.vector * halves.outputs * tile.waste;
    double sums = 2.0 * shape.pixels * (halves.inputs * machine.strassenInput + halves.outputs * machine.strassenOutput);
    double filters = exposedFilters * choice.weightBytes / machine.bytesPerCycle;
    choice.cycles = shape.batch * (streamingCycles(vectors, choice.weightBytes, machine) + sums + filters);
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}, {"cb", tile.cb}};
    if (rows > 0)
      values.push_back({"rows", rows});
    if (machine.fetchesAhead)
      values.push_back({"prefetch", llvm::divideCeil(linesOf(machine.vector, machine), halves.pixels / tile.x)});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    static constexpr StringLiteral names[] = {"sums", "product", "products", "back"};
    ArrayRef<StageView> stages(kernel.stages);
    auto isNamed = [](auto pair) { return std::get<0>(pair).name == std::get<1>(pair); };
    if (stages.size() != std::size(names) + 1 || !llvm::all_of(llvm::zip(stages, names), isNamed) || kernel.output().isReduction())
      return scheduleAnything(kernel, machine);
    return Writer(kernel, choice, machine).run();
  }

private:
  /// Half of the rows where strips are an odd number, so that two threads share an even one, unless that takes more tiles than a
  /// strip; 0: all.
  static int64_t rowsOfTask(const ConvShape &shape, const Tile &tile, int64_t strips) {
    auto tilesOf = [&](int64_t rows) { return llvm::divideCeil(llvm::divideCeil(rows * shape.width, 2), tile.x); };
    int64_t half = llvm::divideCeil(shape.height, 2), more = tilesOf(half) + tilesOf(shape.height - half) - tilesOf(shape.height);
    return strips % 2 == 1 && shape.height > 1 && more * strips <= int64_t(tilesOf(shape.height)) ? half : 0;
  }

  static bool mayTake(ConvOp conv, const Machine &machine) {
    if (conv.getAlgorithm())
      return conv.getAlgorithm() == Algorithm::Strassen;
    auto type = cast<RankedTensorType>(conv.getX().getType());
    if (machine.strassenInput == 0 || !type.hasStaticShape() || conv.getSpatialRank() != 2)
      return false;
    ConvShape shape(conv);
    auto isOne = [](int64_t stride) { return stride == 1; };
    auto isZero = [](int64_t pad) { return pad == 0; };
    return shape.isDense() && shape.window == 1 && llvm::all_of(shape.stride, isOne) && llvm::all_of(conv.getPad(), isZero) &&
           shape.inputs >= 2 * machine.vector && shape.outputs >= 2 * machine.vector && shape.pixels > 1;
  }

  class Writer {
  public:
    Writer(const KernelView &kernel, DictionaryAttr choice, const Machine &machine)
        : kernel(kernel), machine(machine), context(kernel.getContext()), out(kernel.output().name), x(parameter(choice, "x", 1)),
          cb(parameter(choice, "cb", 1)), prefetchLines(parameter(choice, "prefetch")), rows(parameter(choice, "rows")) {}

    ScheduleAttr run() { return ScheduleAttr::get(context, {sums(), product(), allProducts(), back(), result()}); }

  private:
    /// Pixel by pixel, so that where a pair lies is found once for all channels, and a tile's sums come one after the other.
    StageAttr sums() {
      StageBuilder stage(context, "sums");
      stage.computeAt(out, "n").boundExtent("u", products).reorder({"n", "t", "ib", "u", "i"});
      return stage.vectorize("i").unroll("u").parallel("t").get();
    }

    /// The sums of one register tile.
    StageAttr product() {
      StageBuilder stage(context, "product");
      stage.computeAt("products", "to").boundExtent("cb", cb).boundExtent("t", x).vectorize("c").unroll("cb").unroll("t");
      SmallVector<StringRef> tile{"cb", "t"}, order{"ib", "io", "ii"};
      orderTile(tile, x, cb, machine);
      order.append(tile);
      order.push_back("c");
      stage.onUpdate().split("i", "io", "ii", channelUnroll, Tail::Exact);
      stage.reorder(order).vectorize("c").unroll("cb").unroll("t").unroll("ii");
      if (prefetchLines > 0)
        stage.prefetch("filter", "ib", "u", prefetchLines);
      return stage.get();
    }

    StageAttr allProducts() {
      StageBuilder stage(context, "products");
      stage.computeAt(out, rows ? "task" : "cbo").boundExtent("cb", cb).boundExtent("u", products);
      stage.split("t", "to", "ti", x, Tail::ShiftInwards).reorder({"n", "u", "to", "ti", "cb", "c"});
      return stage.vectorize("c").unroll("cb").unroll("ti").get();
    }

    /// Two blocks of results, in the first-level cache until they are where they belong: pairs of pixels do not divide rows.
    StageAttr back() {
      StageBuilder stage(context, "back");
      stage.computeAt(out, "cbi").boundExtent("h", 2).boundExtent("g", 2).boundExtent("cb", 1);
      return stage.reorder({"n", "cb", "t", "h", "g", "c"}).vectorize("c").unroll("h").unroll("g").get();
    }

    static Tail tailOf(int64_t extent) { return extent % 2 == 0 ? Tail::Exact : Tail::Predicate; }

    StageAttr result() {
      StageBuilder stage(context, out);
      Tail tail = tailOf(kernel.output().extentOf("cb"));
      stage.split("cb", "cbs", "h", 2, tail).split("cbs", "cbo", "cbi", cb, tail);
      if (!rows)
        return stage.reorder({"n", "cbo", "cbi", "h", "y", "x", "c"}).vectorize("c").parallel("cbo").get();
      stage.split("y", "part", "row", rows, Tail::Predicate).reorder({"n", "cbo", "part", "cbi", "h", "row", "x", "c"});
      return stage.vectorize("c").fuse("cbo", "part", "task").parallel("task").get();
    }

    const KernelView &kernel;
    const Machine &machine;
    MLIRContext *context;
    StringRef out;
    int64_t x, cb, prefetchLines, rows; ///< x: pairs of pixels; cb: pairs of channel blocks; rows: of a task, 0 where it has all
  };
};

} // namespace

const Family &strassenFamily() {
  static const Strassen family;
  return family;
}

} // namespace weft
