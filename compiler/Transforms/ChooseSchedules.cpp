// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse: while shapes are still known, the family of each group decides how it will run. Kernels that can do
// with less memory to work in (Winograd, in narrower bands) are told how much there is beside the tensors alive then, so
// that the network needs no more, or little more, than its tensors do anyway.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"
#include "compiler/Transforms/Chains/Liveness.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_CHOOSESCHEDULES
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// By group: the bytes it may work in. An estimate, before buffers exist.
llvm::DenseMap<Operation *, int64_t> roomsOf(func::FuncOp network, const Machine &machine, bool small) {
  Liveness liveness(network);
  int64_t peak = 0;
  for (unsigned group = 0; group < liveness.groups().size(); ++group)
    peak = std::max(peak, liveness.bytesWhile(group, group));
  int64_t allowed = small ? peak : machine.allowedBytes(peak, samplesOf(network));
  llvm::DenseMap<Operation *, int64_t> rooms;
  for (auto [group, op] : llvm::enumerate(liveness.groups()))
    rooms[op] = std::max<int64_t>(allowed - liveness.bytesWhile(group, group), 1);
  return rooms;
}

struct ChooseSchedules : impl::ChooseSchedulesBase<ChooseSchedules> {
  using ChooseSchedulesBase::ChooseSchedulesBase;

  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    llvm::DenseMap<Operation *, int64_t> rooms;
    for (auto network : getOperation().getOps<func::FuncOp>())
      if (network->hasAttr("weft.net"))
        rooms.insert_range(roomsOf(network, machine, memory == "small"));
    constexpr int64_t anything = std::numeric_limits<int64_t>::max();
    getOperation().walk([&](GroupOp group) {
      auto room = rooms.find(group);
      machine.roomBytes = room == rooms.end() ? anything : room->second;
      machine.tradesWeights = memory != "small" && group->getParentOp()->hasAttr(tradesWeightsAttr);
      if (isChainGroup(group))
        return; // weighed when it was formed
      if (std::optional<Choice> choice = choiceOf(group, machine)) {
        group->setAttr("choice", choice->parameters);
        ++numChosen;
      }
    });
  }
};

} // namespace
} // namespace weft
