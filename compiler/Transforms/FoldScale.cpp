// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: one factor for all that a contraction computes goes into its weight and bias.
//
// Residual branches are often scaled (Inception-ResNet, stochastic depth at inference). As a factor in the weight this
// costs nothing when the network runs, and layers that differ in nothing but their factor share a kernel.
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FOLDSCALE
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The contraction that makes `value` if it may be changed: only `value`'s one reader sees it, its parameters are recipes.
Operation *ownContraction(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<ConvOp, ConvTransposeOp, LinearOp>(op) || !op->hasOneUse() || op->hasAttr("algorithm"))
    return nullptr;
  return llvm::all_of(op->getOperands().drop_front(), isRecipe) ? op : nullptr;
}

bool isFactor(Value value) {
  RankedTensorType type = tensorOf(value);
  return type.hasStaticShape() && type.getNumElements() == 1 && type.getElementType().isF32() && isRecipe(value);
}

/// Scales weight and bias of `contraction`; its result then is that of `product`.
void foldInto(RewriterBase &rewriter, MulOp product, Operation *contraction, Value factor) {
  Location loc = product.getLoc();
  if (tensorOf(factor).getRank() != 0)
    factor = ReshapeOp::create(rewriter, loc, factor, ArrayRef<int64_t>{});
  SmallVector<Value> operands{contraction->getOperand(0)};
  for (Value parameter : contraction->getOperands().drop_front())
    operands.push_back(MulOp::create(rewriter, loc, parameter, factor));
  OperationState state(contraction->getLoc(), contraction->getName(), operands, product->getResultTypes(),
                       contraction->getAttrs());
  rewriter.replaceOp(product, rewriter.create(state));
  rewriter.eraseOp(contraction);
}

class FoldScalePass : public impl::FoldScaleBase<FoldScalePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](MulOp product) {
      for (auto [x, factor] : {std::pair(product.getX(), product.getY()), std::pair(product.getY(), product.getX())}) {
        Operation *contraction = isFactor(factor) ? ownContraction(x) : nullptr;
        if (!contraction || x.getType() != product.getType())
          continue;
        rewriter.setInsertionPoint(product);
        foldInto(rewriter, product, contraction, factor);
        ++numFolded;
        return;
      }
    });
  }
};

} // namespace
} // namespace weft
