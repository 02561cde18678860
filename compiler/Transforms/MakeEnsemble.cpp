// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: one network becomes several that read the same inputs, each with weights of its own, and their mean.
#include "compiler/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_MAKEENSEMBLE
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// One network function on its way.
class Ensemble {
public:
  Ensemble(func::FuncOp network, unsigned members) : network(network), builder(network.getContext()), members(members) {}

  LogicalResult run() {
    Block &body = network.getBody().front();
    auto end = cast<func::ReturnOp>(body.getTerminator());
    for (Value result : end.getOperands())
      if (!tensorOf(result).getElementType().isF32() || tensorOf(result).getRank() == 0)
        return end.emitError("an ensemble averages probabilities; a result is ") << spell(tensorOf(result));
    SmallVector<Operation *> single;
    for (Operation &op : body.without_terminator())
      single.push_back(&op);
    builder.setInsertionPoint(end);
    SmallVector<SmallVector<Value>> votes(end.getNumOperands());
    for (unsigned member = 0; member < members; ++member)
      addMember(single, member, end, votes);
    for (auto [operand, values] : llvm::zip_equal(end->getOpOperands(), votes))
      operand.set(mean(values));
    for (Operation *op : llvm::reverse(single))
      op->erase();
    return success();
  }

private:
  void addMember(ArrayRef<Operation *> single, unsigned member, func::ReturnOp end,
                 SmallVectorImpl<SmallVector<Value>> &votes) {
    std::string prefix = "ensemble." + std::to_string(member) + ".";
    IRMapping mapping;
    for (Operation *op : single)
      builder.clone(*op, mapping)->walk([&](Operation *inner) { rename(inner, prefix); });
    for (auto [result, values] : llvm::zip_equal(end.getOperands(), votes))
      values.push_back(probabilities(mapping.lookupOrDefault(result), prefix));
  }

  void rename(Operation *op, StringRef prefix) {
    if (auto weight = dyn_cast<WeightOp>(op))
      weight.setPath((prefix + weight.getPath()).str());
    if (auto name = dyn_cast<NameLoc>(op->getLoc()))
      op->setLoc(NameLoc::get(builder.getStringAttr(prefix + name.getName().getValue()), name.getChildLoc()));
  }

  Location locOf(const Twine &path) {
    auto place = dyn_cast<NameLoc>(network.getLoc());
    return NameLoc::get(builder.getStringAttr(path), place ? place.getChildLoc() : network.getLoc());
  }

  /// A softmax is there, or comes behind: over the channels of `[N, C, ...]`, the only dimension of a vector. What a
  /// log_softmax reads gets one instead.
  Value probabilities(Value result, StringRef prefix) {
    if (auto softmax = result.getDefiningOp<SoftmaxOp>())
      return softmax;
    int64_t axis = tensorOf(result).getRank() == 1 ? 0 : 1;
    if (auto logarithm = result.getDefiningOp<LogSoftmaxOp>()) {
      axis = logarithm.getAxis();
      result = logarithm.getX();
      if (logarithm->use_empty())
        logarithm->erase();
    }
    return SoftmaxOp::create(builder, locOf(prefix + "softmax"), result, axis);
  }

  Value mean(ArrayRef<Value> values) {
    Value sum = values.front();
    for (Value value : values.drop_front())
      sum = AddOp::create(builder, locOf("ensemble.add"), sum, value);
    auto type = RankedTensorType::get({}, builder.getF32Type());
    auto part = DenseElementsAttr::get(type, builder.getF32FloatAttr(1.0f / float(values.size())));
    Value factor = ConstantOp::create(builder, locOf("ensemble.mean"), type, part);
    return MulOp::create(builder, locOf("ensemble.mean"), sum, factor);
  }

  func::FuncOp network;
  OpBuilder builder;
  unsigned members;
};

struct MakeEnsemblePass : impl::MakeEnsembleBase<MakeEnsemblePass> {
  using MakeEnsembleBase::MakeEnsembleBase;
  void runOnOperation() override {
    for (auto network : getOperation().getOps<func::FuncOp>()) {
      if (!network->hasAttr("weft.net"))
        continue;
      if (failed(Ensemble(network, members).run()))
        return signalPassFailure();
      numMembers += members;
    }
  }
};

} // namespace
} // namespace weft
