// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements put or added where an index says. Terms come in the order of the text, whoever computes them: threads share the
// columns of a row, or the lines that stand outside of it, and each goes through all terms.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/Family.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Vectors of a row that a thread takes at least.
constexpr int64_t fewestVectors = 2;

class Scatter final : public Family {
public:
  StringRef name() const override { return "scatter"; }

  void candidates(Operation *head, const Machine &, SmallVectorImpl<Choice> &choices) const override {
    if (!isa<ScatterOp>(head))
      return;
    Choice choice;
    choice.cycles = 1e6;
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr, const Machine &machine) const override {
    const StageView &out = kernel.output(), &sum = *kernel.onlyReduction();
    auto op = cast<ScatterReduceOp>(sum.op);
    size_t axis = op.getAxis();
    bool hasColumns = axis + 1 < out.loops.size();
    bool movesRows = hasColumns && !op.getMaps()[0].isFunctionOfDim(out.loops.size() - 1); // else columns go to different ones
    int64_t width = hasColumns ? out.extents.back() : 1;
    auto shared = [&](size_t from, size_t to) -> StringRef { // the first loop that threads can share
      for (size_t l = from; l < to; ++l)
        if (out.extents[l] != 1)
          return out.loops[l];
      return {};
    };
    StageBuilder last(kernel.getContext(), out.name), stage(kernel.getContext(), sum.name);
    SmallVector<StringRef> inner = vectorize(last, out.loops.back(), width, machine);
    if (StringRef line = shared(0, axis); !line.empty()) {
      last.parallel(line);
      stage.computeAt(out.name, out.loops[axis - 1]);
    } else if (StringRef column = hasColumns ? shared(axis + 1, out.loops.size() - 1) : StringRef(); !column.empty()) {
      SmallVector<StringRef> order{column};
      for (StringRef loop : refs(ArrayRef(out.loops).drop_back()))
        if (loop != column)
          order.push_back(loop);
      order.append(inner);
      last.reorder(order).parallel(column);
      stage.computeAt(out.name, column);
    } else if (width >= 2 * fewestVectors * machine.vector) {
      SmallVector<StringRef> order{"s"};
      order.append(refs(ArrayRef(out.loops).drop_back()));
      order.append({"vs", "vi"});
      last.strips("vo", "s", "vs", fewestVectors).reorder(order).parallel("s");
      stage.computeAt(out.name, "s");
    } else {
      stage.computeRoot();
    }
    vectorize(stage, sum.loops.back(), width, machine);
    stage.onUpdate();
    SmallVector<StringRef> order = refs(sum.reduction);
    order.append(refs(ArrayRef(sum.loops).drop_front(axis + 1)));
    if (movesRows) {
      order.pop_back();
      order.append(vectorize(stage, sum.loops.back(), width, machine));
    }
    stage.reorder(order);
    return ScheduleAttr::get(kernel.getContext(), {stage.get(), last.get()});
  }

private:
  /// Vectors of the columns, where there are some; gives the loops they become.
  static SmallVector<StringRef> vectorize(StageBuilder &stage, StringRef loop, int64_t width, const Machine &machine) {
    if (width <= machine.vector) {
      if (width > 1)
        stage.vectorize(loop);
      return {loop};
    }
    stage.split(loop, "vo", "vi", machine.vector, Tail::Predicate).vectorize("vi");
    return {"vo", "vi"};
  }
};

} // namespace

const Family &scatterFamily() {
  static const Scatter family;
  return family;
}

} // namespace weft
