// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The first convolution of a network: few input channels, read as they come. Packing them into blocks would multiply
// work.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Strips.h"

using namespace mlir;

namespace weft {
namespace {

/// The unrolled innermost window loop times the tile: more would not fit the instruction cache.
constexpr int64_t unrolledLimit = 160;

/// What a strip of the padded image may take: it stays in the first-level cache.
constexpr int64_t stripBytes = 48 << 10;

class First final : public Family {
public:
  StringRef name() const override { return "first"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape())
      return;
    ConvShape shape(conv);
    bool packed = conv.getAlgorithm() == Algorithm::First;
    if (!shape.isDense() || (!packed && (isBlocked(conv.getX().getType()) || shape.inputs > machine.vector / 2)))
      return;
    int64_t outBlocks = llvm::divideCeil(shape.outputs, machine.vector);
    Tile tile = chooseTile(shape.width, outBlocks, machine, limitsOf(shape, machine));
    Choice choice;
    choice.algorithm = Algorithm::First;
    choice.block = machine.vector;
    choice.weightBytes = outBlocks * machine.vector * shape.inputs * shape.window * 4;
    double vectors = double(shape.batch) * shape.pixels * outBlocks * shape.inputs * shape.window * tile.waste;
    choice.cycles = streamingCycles(vectors, choice.weightBytes, machine);
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}, {"cb", tile.cb}};
    if (hasPrologue(conv))
      appendStrips(conv, shape, 4 * shape.inputs, choice.weightBytes, stripBytes, values);
    else if (int64_t rows = rowsOf(shape, llvm::divideCeil(outBlocks, tile.cb))) {
      values.push_back({"rows", rows});
      if (int64_t lines = rows > 1 ? imageLines(shape, tile, machine) : 0)
        values.push_back({"ahead", lines});
    }
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest(choice);
    if (holdsPixels(machine) && llvm::is_contained(unrollable(*reduction, nest.x * nest.cb, unrolledLimit), "kx"))
      nest.unrollReduction.push_back("kx");
    if (std::optional<Strips> strips = stripsOf(kernel, choice))
      return scheduleStrips(kernel, nest, *strips, machine);
    return scheduleNest(kernel, nest, machine);
  }

private:
  /// Straight code keeps the pixels that taps share in registers; of sixteen, sums leave none.
  static bool holdsPixels(const Machine &machine) { return !machine.hasFewRegisters(); }

  static TileLimits limitsOf(const ConvShape &shape, const Machine &machine) {
    int64_t taps = shape.kernel.back();
    bool unrolls = holdsPixels(machine) && taps * fewestExactAccumulators <= unrolledLimit;
    return unrolls ? TileLimits::unrolledRow(machine, shape.window, taps, shape.stride.back())
                   : TileLimits::striding(machine, shape.window);
  }

  /// Cache lines that a tile reads of a row of the image, where that comes from memory: its rows are too short for the processor to
  /// foresee them. In larger windows arithmetic takes longer than their way.
  static int64_t imageLines(const ConvShape &shape, Tile tile, const Machine &machine) {
    constexpr int64_t smallImageBytes = 512 << 10, mostTaps = 9;
    int64_t imageBytes = shape.pixels * shape.inputs * 4;
    for (int64_t step : shape.stride)
      imageBytes *= step;
    bool pays = machine.fetchesFirst && shape.kernel.size() == 2 && shape.kernel.front() > 1;
    return pays && shape.window <= mostTaps && imageBytes > smallImageBytes ? linesOfRow(tile.x, shape.stride.back()) : 0;
  }
  static int64_t rowsOf(const ConvShape &shape, int64_t blockTasks) {
    bool isPlane = shape.batch == 1 && shape.kernel.size() == 2;
    return isPlane ? sharedRows(shape.height, shape.width * shape.stride.front() * shape.inputs * 4, blockTasks) : 0;
  }
};

} // namespace

const Family &firstFamily() {
  static const First family;
  return family;
}

} // namespace weft
