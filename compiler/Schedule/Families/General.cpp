// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What no other family knows: normalisations, softmax, transpositions, contractions that stay as written. Always right,
// seldom fast; an operation that matters gets a family of its own.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/OpKinds.h"

#include "llvm/ADT/bit.h"

using namespace mlir;

namespace weft {
namespace {

/// Far above every packed candidate: taken only where there is no other.
constexpr double lastResort = 1e15;

class General final : public Family {
public:
  StringRef name() const override { return "general"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    Choice choice;
    choice.cycles = lastResort;
    SmallVector<std::pair<StringRef, int64_t>> values;
    if (int64_t elements = gatheredTogether(head, machine))
      values.push_back({"x", elements});
    choice.parameters = makeParameters(head->getContext(), name(), values);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    return scheduleAnything(kernel, machine, parameter(choice, "x"));
  }

private:
  /// Elements of a row that `relayout`, from blocks, or `transpose` gathers as one vector: where rows end in part of a vector,
  /// its elements would be moved one by one.
  static int64_t gatheredTogether(Operation *head, const Machine &machine) {
    if (!isa<RelayoutOp, TransposeOp>(head) || isBlocked(head->getResult(0).getType()))
      return 0;
    int64_t width = cast<RankedTensorType>(head->getResult(0).getType()).getShape().back();
    return width < 2 ? 0 : std::min<int64_t>(llvm::bit_floor(uint64_t(width)), machine.vector);
  }
};

} // namespace

const Family &generalFamily() {
  static const General family;
  return family;
}

} // namespace weft
