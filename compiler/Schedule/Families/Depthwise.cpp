// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Depthwise convolution: each channel its own window, so nothing is shared between channel blocks and memory decides. Groups of few
// channels, which lie in one block, likewise.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;

namespace weft {
namespace {

/// Window times tile, in multiply-adds unrolled.
constexpr int64_t unrolledLimit = 256;

/// Rows of so many pixels hide the latency of multiply-adds.
constexpr int64_t fewestPixels = 7;

/// Tiles of several rows leave registers for the weights of a window.
TileLimits limitsOf(const ConvShape &shape, const Machine &machine) {
  TileLimits limits = TileLimits::unrolled(machine);
  if (int64_t rows = rowsOfTile(shape); rows > 1 && shape.width < fewestPixels) {
    limits.sums = std::min<int64_t>(limits.sums, 14);
    limits.rows = rows;
  }
  return limits;
}

/// Few rows of a window are too little for a loop of another length each time.
bool trimsRows(const ConvShape &shape, Tile tile) {
  constexpr int64_t fewestTaps = 5;
  constexpr double mostMet = 0.93;
  return tile.y == 1 && shape.met <= mostMet && shape.kernel.end()[-2] >= fewestTaps;
}

/// Whether threads share channel blocks in 1x1 convolutions around it, whose weights outweigh planes: each finds in its own cache what
/// it wrote. Measured where those run over lines of pixels.
bool followsPlanes(const ConvShape &shape, const Machine &machine) {
  return machine.joinsRows && shape.batch == 1 && shape.outputs > shape.pixels;
}

class Depthwise final : public Family {
public:
  StringRef name() const override { return "depthwise"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape())
      return;
    ConvShape shape(conv);
    bool permutes = permutesLanes(conv, machine.vector);
    if (!shape.isDepthwise() && !permutes)
      return;
    constexpr double permutation = 1.3; // what permuting pixels adds to multiply-adds
    double products = permutes ? permutation * shape.inputs / shape.groups : 1;
    int64_t blocks = llvm::divideCeil(shape.outputs, machine.vector);
    Tile tile = chooseTile(shape.width, 1, machine, limitsOf(shape, machine));
    Choice choice;
    choice.algorithm = permutes ? Algorithm::Grouped : Algorithm::Depthwise;
    choice.block = machine.vector;
    choice.weightBytes = blocks * machine.vector * shape.inputs / shape.groups * shape.window * 4;
    bool trims = trimsRows(shape, tile);
    if (trims)
      products *= shape.met;
    double bytes = double(shape.batch) * shape.pixels * blocks * machine.vector * 8;
    choice.cycles =
        std::max(double(shape.batch) * shape.pixels * blocks * shape.window * products * tile.waste / machine.fmaPerCycle,
                 bytes / (4 * machine.bytesPerCycle));
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}};
    if (tile.y > 1)
      values.push_back({"y", tile.y});
    bool enoughPlanes = shape.kernel.size() == 2 && tile.y == 1 && shape.batch * blocks >= enoughTasks;
    int64_t rows = enoughPlanes && followsPlanes(shape, machine) ? 0 : sharedRows(head, machine);
    if (rows > 0)
      values.push_back({"rows", rows});
    else if (enoughPlanes) // a row is too little for a task
      values.push_back({"planes", 1});
    if (trims)
      values.push_back({"trim", 1});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest(choice);
    if (reduction->has("ic")) // how lanes are permuted is known in straight code only
      nest.unrollReduction = {reduction->reduction.back(), "ic"};
    else
      unrollInnermost(*reduction, unrolledLimit, nest);
    return scheduleNest(kernel, nest, machine);
  }
};

} // namespace

const Family &depthwiseFamily() {
  static const Depthwise family;
  return family;
}

} // namespace weft
