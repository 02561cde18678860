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

/// What pass align-parts left in the channels of `value`; null where all of them are there.
DenseI64ArrayAttr partsOf(Value value) {
  Operation *op = value.getDefiningOp();
  return op ? op->getAttrOfType<DenseI64ArrayAttr>("weft.parts") : DenseI64ArrayAttr();
}

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
      for (auto [result, value] : llvm::zip_equal(group.getResults(), group.getYield().getValues()))
        results.push_back(fieldAttr(tensorOf(result), partsOf(value), fields.of(result)));
      group->setAttr("fields", ArrayAttr::get(&getContext(), results));
      numTraced += llvm::any_of(group.getResults(), [&](Value result) { return !fields.of(result).axes.empty(); });
    }
  }
};

} // namespace
} // namespace weft
