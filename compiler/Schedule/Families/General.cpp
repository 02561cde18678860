// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What no other family knows: normalisations, softmax, transpositions, contractions that stay as written. Always right,
// seldom fast; an operation that matters gets a family of its own.
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/OpKinds.h"

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
    choice.parameters = makeParameters(head->getContext(), name(), {});
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    return scheduleAnything(kernel, machine);
  }
};

} // namespace

const Family &generalFamily() {
  static const General family;
  return family;
}

} // namespace weft
