// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Products with a weight (`linear`). With a fixed number of rows the weight is packed and streamed once; with a
// run-time number of rows (vertices of a graph) everything is row-major and output features are the vector.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/Families/Rows.h"

using namespace mlir;

namespace weft {
namespace {

class Gemm final : public Family {
public:
  StringRef name() const override { return "gemm"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto linear = dyn_cast<LinearOp>(head);
    if (!linear)
      return;
    SmallVector<int64_t> filter = linear.getFilter();
    auto x = cast<RankedTensorType>(linear.getX().getType());
    bool packed = x.getRank() == 2 && x.hasStaticShape();
    int64_t blocks = llvm::divideCeil(filter[0], machine.vector);
    double rows = x.hasStaticShape() ? double(x.getNumElements()) / filter[1] : 1e4;
    Choice choice;
    choice.algorithm = Algorithm::Gemm;
    choice.block = packed ? machine.vector : 0;
    choice.weightBytes = (packed ? blocks * machine.vector : filter[0]) * filter[1] * 4;
    choice.cycles = streamingCycles(rows * blocks * filter[1], choice.weightBytes, machine);
    SmallVector<std::pair<StringRef, int64_t>> values{{"cb", blocksTogether(blocks)}};
    if (packed && x.getDimSize(0) > 1)
      values = {{"cb", std::min<int64_t>(blocks, 2)}, {"n", samplesTogether(x.getDimSize(0))}};
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (isRows(kernel) && !isNest(kernel))
      return scheduleRows(kernel, machine);
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest;
    nest.cb = parameter(choice, "cb", 1);
    nest.n = parameter(choice, "n", 1);
    if (reduction->extentOf("i") > 1) {
      nest.splitReduction = "i";
      nest.splitFactor = 4;
    }
    return scheduleNest(kernel, nest);
  }

private:
  /// Independent sums that hide the latency of the multiply-add; as many streams of weights are read at once.
  static int64_t blocksTogether(int64_t blocks) {
    for (int64_t together : {4, 5, 3, 2})
      if (blocks % together == 0)
        return together;
    return std::min<int64_t>(blocks, 4);
  }
};

} // namespace

const Family &gemmFamily() {
  static const Gemm family;
  return family;
}

} // namespace weft
