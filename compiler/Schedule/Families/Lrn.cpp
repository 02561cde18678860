// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Local response normalisation on blocks: the squares of a row of pixels are lined up channel by channel in memory of the
// kernel's own, then each element is divided. As a row is read whole before any of it is written, the result may take
// over the memory of the operand.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Sums of up to this many channels are unrolled.
constexpr int64_t unrolledLimit = 16;

class Lrn final : public Family {
public:
  StringRef name() const override { return "lrn"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isa<LrnOp>(head) || !isBlocked(head->getOperand(0).getType()))
      return;
    Choice choice;
    choice.block = machine.vector;
    choice.cycles = double(cast<RankedTensorType>(head->getResult(0).getType()).getNumElements());
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *sum = kernel.onlyReduction();
    if (!isNest(kernel) || !sum || kernel.stages.size() != 3 || kernel.output().loops.size() < 4)
      return scheduleAnything(kernel, machine);
    const StageView &out = kernel.output(), &line = kernel.stages.front();
    StringRef row = out.loops[out.loops.size() - 2];
    StageBuilder last(kernel.getContext(), out.name);
    SmallVector<StringRef> order{"n"};
    for (StringRef loop : refs(out.loops))
      if (loop != "n" && loop != "cb" && loop != "c" && loop != row)
        order.push_back(loop);
    SmallVector<StringRef> outer(order);
    order.append({"cb", row, "c"});
    last.reorder(order).vectorize("c");
    std::string level = "n";
    for (auto [index, loop] : llvm::enumerate(ArrayRef(outer).drop_front())) {
      std::string both = "t" + std::to_string(index);
      last.fuse(level, loop, both);
      level = both;
    }
    last.parallel(level);

    StageBuilder before(kernel.getContext(), line.name);
    before.computeAt(out.name, level).split("ch", "cho", "chi", machine.vector, Tail::Exact).vectorize("chi");
    StageBuilder sums(kernel.getContext(), sum->name);
    sums.computeAt(out.name, row).vectorize("c").onUpdate().reorder({"kc", "c"}).vectorize("c");
    if (sum->reductionExtents.back() <= unrolledLimit)
      sums.unroll("kc");
    return ScheduleAttr::get(kernel.getContext(), {before.get(), sums.get(), last.get()});
  }
};

} // namespace

const Family &lrnFamily() {
  static const Lrn family;
  return family;
}

} // namespace weft
