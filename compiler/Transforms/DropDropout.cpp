// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: `dropout` and `stochastic_depth` do nothing at inference, or scale by a constant.
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_DROPDROPOUT
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The factor of the paper's rule, a scalar of the branch's element type.
Value survivalFactor(RewriterBase &rewriter, StochasticDepthOp op) {
  Type elementType = tensorOf(op.getX()).getElementType();
  auto type = RankedTensorType::get({}, elementType);
  auto value = rewriter.getFloatAttr(elementType, op.getSurvive().convertToDouble());
  return ConstantOp::create(rewriter, op.getLoc(), type, DenseElementsAttr::get(type, value));
}

class DropDropoutPass : public impl::DropDropoutBase<DropDropoutPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](Operation *op) {
      rewriter.setInsertionPoint(op);
      if (isa<DropoutOp>(op))
        replace(rewriter, op, op->getOperand(0));
      else if (auto depth = dyn_cast<StochasticDepthOp>(op))
        replace(rewriter, op, inference(rewriter, depth));
    });
  }

  Value inference(RewriterBase &rewriter, StochasticDepthOp op) {
    if (op.getRule() == SurviveRule::Identity)
      return op.getX();
    return MulOp::create(rewriter, op.getLoc(), op.getType(), op.getX(), survivalFactor(rewriter, op));
  }

  void replace(RewriterBase &rewriter, Operation *op, Value with) {
    rewriter.replaceOp(op, with);
    ++numDropped;
  }
};

} // namespace
} // namespace weft
