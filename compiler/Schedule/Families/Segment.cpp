// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums over the edges of each vertex: features are the vector, a row's accumulators stay in registers while its edges
// pass. Places of a sorted line are counted in the same way: its elements are the features, and all pass.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Rows.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

class Segment final : public Family {
public:
  StringRef name() const override { return "segment"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isa<AggregateOp, ReadoutOp, OrdinalRankOp>(head))
      return;
    Choice choice;
    choice.cycles = 1e6;
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    return isRows(kernel) ? scheduleRows(kernel, machine) : scheduleAnything(kernel, machine);
  }
};

} // namespace

const Family &segmentFamily() {
  static const Segment family;
  return family;
}

} // namespace weft
