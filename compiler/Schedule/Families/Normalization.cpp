// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Planes on blocks, normalised alone or in groups of channels: the statistics of a few channel blocks are taken lane by
// lane and used while their planes are still in the second-level cache.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/OpKinds.h"

#include <numeric>

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Sums of so many channel blocks side by side hide the latency of an addition.
constexpr int64_t mostTogether = 4;

class Normalization final : public Family {
public:
  StringRef name() const override { return "normalization"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (!isChannelNorm(head) || !isBlocked(head->getOperand(0).getType()))
      return;
    auto y = cast<RankedTensorType>(head->getResult(0).getType());
    if (!y.hasStaticShape())
      return;
    Choice choice;
    choice.block = machine.vector;
    choice.cycles = double(y.getNumElements());
    choice.parameters = makeParameters(head->getContext(), name(), {{"cb", together(head, y, machine)}});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView &out = kernel.output();
    if (kernel.stages.size() < 3 || out.isReduction() || out.loops.size() < 4 || out.loops.back() != "c")
      return scheduleAnything(kernel, machine);
    return Writer(kernel, parameter(choice, "cb")).run();
  }

private:
  /// Channel blocks worked on at once: whole groups, as many as stay in the cache; 0 where a group does not.
  static int64_t together(Operation *head, RankedTensorType y, const Machine &machine) {
    int64_t blocks = llvm::divideCeil(y.getDimSize(1), machine.vector), perGroup = 1;
    if (auto groups = dyn_cast<GroupnormOp>(head))
      perGroup = y.getDimSize(1) / groups.getGroups();
    int64_t planeBytes = 4 * machine.vector;
    for (int64_t extent : y.getShape().drop_front(2))
      planeBytes *= extent;
    int64_t least = std::lcm(perGroup, machine.vector) / machine.vector, best = least;
    for (int64_t cb = least; cb <= std::min(blocks, mostTogether); cb += least)
      if (blocks % cb == 0 && cb * planeBytes <= machine.bandBytes / 2)
        best = cb;
    return best <= mostTogether ? best : 0;
  }

  class Writer {
  public:
    Writer(const KernelView &kernel, int64_t cb) : kernel(kernel), out(kernel.output()), cb(cb) {}

    ScheduleAttr run() {
      std::string level = "cb";
      StageAttr last = output(level);
      SmallVector<StageAttr> stages;
      for (const StageView &view : ArrayRef(kernel.stages).drop_back())
        if (std::optional<StageAttr> stage = statistic(view, level))
          stages.push_back(*stage);
      stages.push_back(last);
      return ScheduleAttr::get(kernel.getContext(), stages);
    }

  private:
    StageAttr output(std::string &level) const {
      StageBuilder stage(kernel.getContext(), out.name);
      if (cb > 1) {
        stage.split("cb", "cbo", "cbi", cb, Tail::Exact);
        level = "cbo";
      }
      stage.vectorize("c");
      if (out.extentOf("n") != 1) {
        stage.fuse("n", level, "t");
        level = "t";
      }
      return stage.parallel(level).get();
    }

    /// Sums lane by lane, with channel blocks side by side inside, and what is made of them; those of groups are few.
    std::optional<StageAttr> statistic(const StageView &view, StringRef level) const {
      bool lanes = view.loops.back() == "c" && view.loops.size() == 3;
      if (!lanes && !view.isReduction())
        return std::nullopt;
      StageBuilder stage(kernel.getContext(), view.name);
      if (cb == 0)
        stage.computeRoot();
      else
        stage.computeAt(out.name, level);
      if (!lanes)
        return stage.get();
      if (cb > 1)
        stage.boundExtent("cb", cb);
      stage.vectorize("c");
      if (cb == 0)
        stage.parallel("cb");
      if (!view.isReduction())
        return stage.get();
      SmallVector<StringRef> order;
      if (cb == 0)
        order.push_back("cb");
      order.append(refs(view.reduction));
      if (cb != 0)
        order.push_back("cb");
      order.push_back("c");
      stage.onUpdate().reorder(order).vectorize("c");
      if (cb == 0)
        stage.parallel("cb");
      else
        stage.unroll("cb");
      return stage.get();
    }

    const KernelView &kernel;
    const StageView &out;
    int64_t cb; ///< 0: statistics of all channels before the first result
  };
};

} // namespace

const Family &normalizationFamily() {
  static const Normalization family;
  return family;
}

} // namespace weft
