// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums over the edges of each vertex: features are the vector, a row's accumulators stay in registers while its edges pass.
#include "compiler/Schedule/Families/Nest.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Vectors of one row kept in registers.
constexpr int64_t vectorsTogether = 4;

class Segment final : public Family {
public:
  StringRef name() const override { return "segment"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isa<AggregateOp>(head))
      return;
    Choice choice;
    choice.cycles = 1e6;
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *sum = kernel.onlyReduction();
    if (!sum || sum->loops.size() < 2 || kernel.output().isReduction() || kernel.output().loops.size() != sum->loops.size() ||
        sum->extents.back() % machine.vector != 0)
      return scheduleAnything(kernel, machine);
    return scheduleRows(kernel, *sum, machine);
  }

private:
  static ScheduleAttr scheduleRows(const KernelView &kernel, const StageView &sum, const Machine &machine) {
    MLIRContext *context = kernel.getContext();
    const StageView &out = kernel.output();
    int64_t features = sum.extents.back();
    int64_t together = vectorsTogether;
    while (features % (together * machine.vector) != 0)
      --together;
    StringRef f = out.loops.back(), rows = out.loops.front();
    StageBuilder last(context, out.name);
    last.split(f, "fo", "ft", together * machine.vector, Tail::Exact)
        .split("ft", "fv", "fi", machine.vector, Tail::Exact)
        .vectorize("fi")
        .unroll("fv")
        .parallel(rows);
    StageBuilder stage(context, sum.name);
    StringRef g = sum.loops.back();
    stage.computeAt(out.name, "fo")
        .split(g, "gv", "gi", machine.vector, Tail::Exact)
        .vectorize("gi")
        .unroll("gv")
        .boundExtent(g, together * machine.vector)
        .onUpdate()
        .split(g, "gv", "gi", machine.vector, Tail::Exact)
        .reorder({sum.reduction.front(), "gv", "gi"})
        .vectorize("gi")
        .unroll("gv");
    return ScheduleAttr::get(context, {stage.get(), last.get()});
  }
};

} // namespace

const Family &segmentFamily() {
  static const Segment family;
  return family;
}

} // namespace weft
