// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Chains of element-wise operations: memory decides, so one vector at a time is enough, and nothing is computed twice,
// which lets results take over the memory of operands.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/OpKinds.h"

using namespace mlir;

namespace weft {
namespace {

class Pointwise final : public Family {
public:
  StringRef name() const override { return "pointwise"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isPointwise(head))
      return;
    auto type = cast<RankedTensorType>(head->getResult(0).getType());
    Choice choice;
    choice.block = isBlocked(type) ? machine.vector : 0;
    choice.cycles = type.hasStaticShape() ? double(type.getNumElements()) / machine.vector : 1e6;
    SmallVector<std::pair<StringRef, int64_t>> values;
    if (int64_t rows = sharedRows(head, machine))
      values.push_back({"rows", rows});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    if (!isNest(kernel) || kernel.onlyReduction())
      return scheduleAnything(kernel, machine);
    return scheduleNest(kernel, Nest(choice), machine);
  }
};

} // namespace

const Family &pointwiseFamily() {
  static const Pointwise family;
  return family;
}

} // namespace weft
