// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Windows that slide over planes (pooling), and reductions of whole planes to one value.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/OpKinds.h"

using namespace mlir;

namespace weft {
namespace {

constexpr int64_t unrolledLimit = 128;

class Pooling final : public Family {
public:
  StringRef name() const override { return "pooling"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isWindow(head) && !sumsPlanes(head))
      return;
    auto x = cast<RankedTensorType>(head->getOperand(0).getType());
    auto y = cast<RankedTensorType>(head->getResult(0).getType());
    if (!x.hasStaticShape() || !y.hasStaticShape())
      return;
    int64_t blocks = llvm::divideCeil(y.getDimSize(1), machine.vector);
    Tile tile = chooseTile(y.getShape().back(), 1, machine, TileLimits::unrolled(machine));
    // A whole plane is one sum: blocks side by side keep the adders busy.
    int64_t together = y.getShape().back() == 1 ? (blocks % 4 == 0 ? 4 : blocks % 2 == 0 ? 2 : 1) : 1;
    Choice choice;
    choice.block = isBlocked(x) ? machine.vector : 0;
    choice.cycles = double(x.getNumElements()) / machine.vector;
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", std::min<int64_t>(tile.x, 8)}, {"cb", together}};
    if (int64_t rows = sharedRows(head, machine))
      values.push_back({"rows", rows});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest(choice);
    unrollInnermost(*reduction, unrolledLimit, nest);
    return scheduleNest(kernel, nest, machine);
  }
};

} // namespace

const Family &poolingFamily() {
  static const Pooling family;
  return family;
}

} // namespace weft
