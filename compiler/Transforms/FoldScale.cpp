// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: factors for what a contraction computes go into its weight and bias, sums into its bias; so does what scales and shifts
// the channels a convolution reads.
//
// Residual branches are often scaled, by one number (Inception-ResNet, stochastic depth at inference) or by one a channel (layer
// scale); exporters write a bias as a sum. In the weight and the bias this costs nothing when the network runs, and layers that
// differ in nothing else share a kernel.
#include "compiler/Transforms/Channelwise.h"
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

bool isFactor(Value value) { return isParameter(value) && tensorOf(value).getNumElements() == 1; }

/// Whether `value` has one element an output channel of `contraction`, whose weight has those in dimension 0.
bool isChannelwise(Value value, Operation *contraction) {
  RankedTensorType type = tensorOf(value), result = tensorOf(contraction->getResult(0));
  if (!isParameter(value) || isa<ConvTransposeOp>(contraction) || type.getRank() > result.getRank())
    return false;
  int64_t channels = isa<LinearOp>(contraction) ? result.getRank() - 1 : 1;
  int64_t at = channels - (result.getRank() - type.getRank());
  return at >= 0 && type.getNumElements() == result.getDimSize(channels) && type.getDimSize(at) == type.getNumElements();
}

/// `contraction` with other parameters, in place of itself and `last`.
void replace(RewriterBase &rewriter, Operation *last, Operation *contraction, ArrayRef<Value> operands) {
  OperationState state(contraction->getLoc(), contraction->getName(), operands, last->getResultTypes(),
                       contraction->getAttrs());
  rewriter.replaceOp(last, rewriter.create(state));
  if (contraction != last)
    rewriter.eraseOp(contraction);
}

Value reshaped(RewriterBase &rewriter, Value value, ArrayRef<int64_t> shape) {
  return tensorOf(value).getShape() == shape ? value : ReshapeOp::create(rewriter, value.getLoc(), value, shape).getY();
}

/// Scales weight and bias of `contraction`; its result then is that of `product`.
void scale(RewriterBase &rewriter, MulOp product, Operation *contraction, Value factor) {
  SmallVector<Value> operands{contraction->getOperand(0)};
  bool isOne = isFactor(factor);
  for (Value parameter : contraction->getOperands().drop_front()) {
    SmallVector<int64_t> shape;
    if (!isOne) {
      shape.assign(tensorOf(parameter).getRank(), 1);
      shape[0] = tensorOf(factor).getNumElements();
    }
    operands.push_back(MulOp::create(rewriter, product.getLoc(), parameter, reshaped(rewriter, factor, shape)));
  }
  replace(rewriter, product, contraction, operands);
}

/// Adds to the bias of `contraction`; its result then is that of `sum`.
void shift(RewriterBase &rewriter, AddOp sum, Operation *contraction, Value terms) {
  SmallVector<Value> operands(contraction->getOperands());
  Value vector = reshaped(rewriter, terms, {tensorOf(terms).getNumElements()});
  if (operands.size() > 2)
    operands.back() = AddOp::create(rewriter, sum.getLoc(), operands.back(), vector);
  else
    operands.push_back(vector);
  replace(rewriter, sum, contraction, operands);
}

//===-- before a convolution --------------------------------------------------------------------------------------===//

/// conv(x * s + t) without padding is a convolution of x: of weight W * s, its bias W * t more.
bool foldBefore(RewriterBase &rewriter, ConvOp conv) {
  bool isFree = !conv.getAlgorithm() && conv.getGroups() == 1 && llvm::all_of(conv->getOperands().drop_front(), isRecipe) &&
                llvm::all_of(conv.getPad(), [](int64_t pad) { return pad == 0; });
  auto [shifted, shift] =
      isFree && conv.getX().hasOneUse() ? channelwise<AddOp>(conv.getX()) : std::pair<Value, Value>();
  auto [x, factor] = shift && shifted.hasOneUse() ? channelwise<MulOp>(shifted) : std::pair<Value, Value>();
  if (!x)
    return false;
  rewriter.setInsertionPoint(conv);
  Location loc = conv.getLoc();
  SmallVector<int64_t> shape(tensorOf(conv.getWeight()).getRank(), 1), summed;
  shape[1] = tensorOf(factor).getNumElements();
  llvm::append_range(summed, llvm::seq<int64_t>(1, shape.size()));
  Value moved = MulOp::create(rewriter, loc, conv.getWeight(), reshaped(rewriter, shift, shape));
  Value bias = ReduceSumOp::create(rewriter, loc, moved, summed, false);
  if (conv.getBias())
    bias = AddOp::create(rewriter, loc, conv.getBias(), bias);
  Value weight = MulOp::create(rewriter, loc, conv.getWeight(), reshaped(rewriter, factor, shape));
  replace(rewriter, conv, conv, {x, weight, bias});
  return true;
}

class FoldScalePass : public impl::FoldScaleBase<FoldScalePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    auto fold = [&](auto op, auto isFoldable, auto foldInto) {
      for (auto [x, parameter] : {std::pair(op.getX(), op.getY()), std::pair(op.getY(), op.getX())}) {
        Operation *contraction = ownContraction(x);
        if (!contraction || x.getType() != op.getType() || !isFoldable(parameter, contraction))
          continue;
        rewriter.setInsertionPoint(op);
        foldInto(rewriter, op, contraction, parameter);
        ++numFolded;
        return;
      }
    };
    getOperation().walk([&](Operation *op) { // in program order: what one leaves another may take
      if (auto product = dyn_cast<MulOp>(op))
        fold(product, [](Value v, Operation *c) { return isFactor(v) || isChannelwise(v, c); }, scale);
      else if (auto sum = dyn_cast<AddOp>(op))
        fold(sum, isChannelwise, shift);
      else if (auto conv = dyn_cast<ConvOp>(op))
        numFolded += foldBefore(rewriter, conv);
    });
  }
};

} // namespace
} // namespace weft
