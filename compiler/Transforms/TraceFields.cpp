// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, last pass: what results of groups are to somebody outside, while the operations behind them still stand.
// Before layouts it would be simpler, but a group's result is what a person can look at, and groups stand only now.
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/ReceptiveField.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_TRACEFIELDS
#include "compiler/Transforms/Passes.h.inc"

namespace {

struct TraceFields : impl::TraceFieldsBase<TraceFields> {
  void runOnOperation() override {
    for (auto network : getOperation().getOps<func::FuncOp>())
      if (network->hasAttr("weft.net"))
        trace(network);
  }

  void trace(func::FuncOp network) {
    const ReceptiveFields fields(network.front());
    for (auto group : network.getOps<GroupOp>()) {
      SmallVector<Attribute> results;
      for (Value result : group.getResults())
        results.push_back(fieldAttr(tensorOf(result), fields.of(result)));
      group->setAttr("fields", ArrayAttr::get(&getContext(), results));
      numTraced += llvm::any_of(group.getResults(), [&](Value result) { return !fields.of(result).axes.empty(); });
    }
  }
};

} // namespace
} // namespace weft
