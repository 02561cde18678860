// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Channels in another order, or joined, cut or padded inside blocks: blocks of a result are unrolled, so that each lane's
// source is a place known when the kernel is compiled. A vector is then put together from whole blocks (`Permute` in
// compiler/Emit/Halide), not element by element.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Blocks of a result, each of which has code of its own.
constexpr int64_t mostBlocks = 72;

class Permutation final : public Family {
public:
  StringRef name() const override { return "permutation"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isa<ChannelShuffleOp, ConcatOp, SliceOp, PadOp>(head))
      return;
    auto y = cast<RankedTensorType>(head->getResult(0).getType());
    if (!isBlocked(y) || !y.hasStaticShape() || llvm::divideCeil(y.getDimSize(1), machine.vector) > mostBlocks)
      return;
    Choice choice;
    choice.block = machine.vector;
    choice.cycles = double(y.getNumElements()) / machine.vector;
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  /// Threads share rows, whose pixels run inside the blocks.
  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    if (!isNest(kernel) || kernel.onlyReduction())
      return scheduleAnything(kernel, machine);
    const StageView &out = kernel.output();
    StageBuilder stage(kernel.getContext(), out.name);
    SmallVector<StringRef> loops = refs(out.loops), order;
    StringRef fused = "n";
    for (StringRef loop : ArrayRef(loops).drop_front(2).drop_back(loops.size() > 4 ? 2 : 1)) {
      StringRef both = loop == "y" ? "t" : "tz";
      stage.fuse(fused, loop, both);
      fused = both;
    }
    order = {fused, "cb"};
    if (loops.size() > 4)
      order.push_back(loops[loops.size() - 2]);
    order.push_back("c");
    stage.reorder(order).vectorize("c").unroll("cb").parallel(fused);
    return ScheduleAttr::get(kernel.getContext(), {stage.get()});
  }
};

} // namespace

const Family &permutationFamily() {
  static const Permutation family;
  return family;
}

} // namespace weft
