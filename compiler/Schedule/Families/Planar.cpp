// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Convolutions of a few channels, all row-major: blocks would be zeros for the most part. Vectors run along rows, so every
// lane is a pixel; a tile of some vectors by the outputs of a group is summed in registers.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Strips.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Window times tile, in multiply-adds unrolled.
constexpr int64_t unrolledLimit = 192;

/// What a strip of the padded input may take: it stays in the first-level cache.
constexpr int64_t stripBytes = 32 << 10;

/// Registers for what is loaded beside the sums.
constexpr int64_t loaded = 6;

class Planar final : public Family {
public:
  StringRef name() const override { return "planar"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || conv.getSpatialRank() != 2 || isBlocked(conv.getX().getType()) ||
        !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape())
      return;
    ConvShape shape(conv);
    if (std::max(shape.inputs, shape.outputs) > machine.mostPlanes() || shape.stride.back() != 1 || shape.width < machine.vector)
      return;
    int64_t perGroup = shape.inputs / shape.groups;
    Sums sums = chooseSums(shape, machine);
    Choice choice;
    choice.algorithm = Algorithm::Planar;
    choice.weightBytes = 4 * shape.outputs * perGroup * shape.window;
    double lanes = double(shape.batch) * shape.pixels / machine.vector;
    choice.cycles = streamingCycles(lanes * sums.cost * shape.outputs * perGroup * shape.window, choice.weightBytes, machine);
    int64_t rowBytes = 4 * shape.inputs * (shape.width + (shape.kernel.back() - 1) * shape.dilation.back());
    int64_t window = (shape.kernel.front() - 1) * shape.dilation.front() + 1;
    int64_t mostRows = std::max<int64_t>(fewestOfStrip, (stripBytes / rowBytes - window) / shape.stride.front() + 1);
    choice.parameters = makeParameters(head->getContext(), name(),
                                       {{"x", sums.vectors}, {"ch", sums.channels}, {"rows", std::min(mostRows, evenPart(shape.height))}});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *sum = kernel.onlyReduction();
    const StageView &out = kernel.output();
    auto isPlanes = [](const StageView &stage) { return refs(stage.loops) == SmallVector<StringRef>{"n", "ch", "y", "x"}; };
    if (!sum || out.isReduction() || !isPlanes(out) || !isPlanes(*sum))
      return scheduleAnything(kernel, machine);
    const int64_t channels = parameter(choice, "ch", 1), vectors = parameter(choice, "x", 1), pixels = vectors * machine.vector;
    SmallVector<StageAttr> stages;
    StageBuilder last(kernel.getContext(), out.name);
    last.split("y", "strip", "row", parameter(choice, "rows", 1), Tail::Predicate);
    last.split("x", "xo", "xt", pixels, Tail::ShiftInwards).split("xt", "xv", "xl", machine.vector, Tail::Exact);
    SmallVector<StringRef> order{"n", "strip", "ch", "row", "xo"};
    if (channels > 1) {
      last.split("ch", "co", "ci", channels, Tail::Exact);
      order[2] = "co";
      order.push_back("ci");
    }
    order.append({"xv", "xl"});
    last.reorder(order).vectorize("xl").unroll("xv");
    if (channels > 1)
      last.unroll("ci");
    StringRef level = "strip";
    if (out.extentOf("n") != 1) {
      last.fuse("n", "strip", "t0");
      level = "t0";
    }
    last.parallel(level);
    if (sum != &kernel.stages.front()) { // its padding; what stands before that is part of it
      StageBuilder before(kernel.getContext(), (sum - 1)->name);
      stages.push_back(before.computeAt(out.name, level).split("x", "xv", "xl", machine.vector, tailOfPlainRow).vectorize("xl").get());
    }
    stages.push_back(reduction(*sum, out, channels, vectors, machine));
    stages.push_back(last.get());
    return ScheduleAttr::get(kernel.getContext(), stages);
  }

private:
  static constexpr int64_t fewestOfStrip = 4, strips = 8;

  /// Rows of which there are some strips for threads.
  static int64_t evenPart(int64_t height) { return std::max<int64_t>(1, llvm::divideCeil(height, strips)); }

  /// What is summed together, and its cost in parts of that of a row without remainder: the last tile moves back, few sums wait for
  /// each other.
  struct Sums {
    int64_t vectors = 1, channels = 1;
    double cost = 0;
  };

  static Sums chooseSums(const ConvShape &shape, const Machine &machine) {
    constexpr int64_t mostVectors = 6, hidesLatency = 8;
    const int64_t ofGroup = shape.outputs / shape.groups;
    Sums best;
    for (int64_t channels = 1; channels <= shape.outputs; ++channels) {
      if (shape.outputs % channels != 0 || (channels % ofGroup != 0 && ofGroup % channels != 0))
        continue;
      for (int64_t vectors = 1; vectors <= mostVectors; ++vectors) {
        int64_t pixels = vectors * machine.vector, sums = vectors * channels;
        if (sums > 1 && (pixels > std::max(shape.width, machine.vector) || sums > machine.registers - loaded))
          break;
        double waste = double(llvm::divideCeil(shape.width, pixels) * pixels) / shape.width;
        // Outputs of a group share what is loaded, vectors their weight.
        double loads = 1.0 / std::min(channels, ofGroup) + 1.0 / vectors;
        double cost = waste * std::max({1.0, double(hidesLatency) / sums, loads});
        if (best.cost == 0 || cost < best.cost || (cost == best.cost && sums > best.vectors * best.channels))
          best = {vectors, channels, cost};
      }
    }
    return best;
  }

  static StageAttr reduction(const StageView &sum, const StageView &out, int64_t channels, int64_t vectors, const Machine &machine) {
    StageBuilder stage(out.op->getContext(), sum.name);
    stage.computeAt(out.name, "xo").boundExtent("x", vectors * machine.vector);
    if (channels > 1)
      stage.boundExtent("ch", channels);
    stage.split("x", "xv", "xl", machine.vector, Tail::Exact).vectorize("xl").unroll("xv");
    if (channels > 1)
      stage.unroll("ch");
    stage.onUpdate();
    stage.split("x", "xv", "xl", machine.vector, Tail::Exact);
    SmallVector<StringRef> order = refs(sum.reduction);
    if (channels > 1)
      order.push_back("ch");
    order.append({"xv", "xl"});
    stage.reorder(order).vectorize("xl").unroll("xv");
    if (channels > 1)
      stage.unroll("ch");
    for (const std::string &loop : unrollable(sum, channels * vectors, unrolledLimit))
      stage.unroll(loop);
    return stage.get();
  }
};

} // namespace

const Family &planarFamily() {
  static const Planar family;
  return family;
}

} // namespace weft
