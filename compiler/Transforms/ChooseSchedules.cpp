// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, last pass: while shapes are still known, the family of each group decides how it will run.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_CHOOSESCHEDULES
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The first operation that is more than element-wise or padding, else the first.
Operation *headOf(GroupOp group) {
  Block &body = group.getBody().front();
  for (Operation &op : body.without_terminator())
    if (!isPointwise(&op) && !isa<PadOp>(op))
      return &op;
  return &body.front();
}

/// The cheapest way that keeps the algorithm phase layout has decided on.
std::optional<Choice> choose(Operation *head, const Machine &machine) {
  auto decided = head->getAttrOfType<AlgorithmAttr>("algorithm");
  for (Choice &choice : candidates(head, machine))
    if (!decided || choice.algorithm == decided.getValue())
      return choice;
  return std::nullopt;
}

struct ChooseSchedules : impl::ChooseSchedulesBase<ChooseSchedules> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    getOperation().walk([&](GroupOp group) {
      if (isChainGroup(group))
        return; // weighed when it was formed
      Operation *head = headOf(group);
      if (std::optional<Choice> choice = choose(head, machine)) {
        group->setAttr("choice", choice->parameters);
        ++numChosen;
      }
    });
  }
};

} // namespace
} // namespace weft
