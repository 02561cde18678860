// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elementwise operations: checks and what folds away. Most inference is written once in Elementwise.td.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

//===- Inference and checks --------------------------------------------------------------------------------------===//

LogicalResult PreluOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), slope = tensorOf(adaptor.getSlope());
  bool single = slope.getRank() == 1 && slope.getDimSize(0) == 1;
  if (!single && x.getRank() < 2)
    return emitOptionalError(where, "`slope` is ", spell(slope), ", expected one element as ", spell(x),
                             " has no channels");
  if (!single && failed(checkPerChannel(where, "slope", adaptor.getSlope(), x)))
    return failure();
  return inferSameShape(adaptor.getX(), types);
}

LogicalResult WhereOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  SmallVector<Type> both;
  if (failed(inferBroadcast(where, "choose between", adaptor.getX(), adaptor.getY(), both)))
    return failure();
  auto chosen = cast<RankedTensorType>(both.front());
  return inferBroadcast(where, "choose by", tensorOf(adaptor.getCondition()), chosen, types);
}

LogicalResult CastOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  if (!adaptor.getTo().isIntOrFloat())
    return emitOptionalError(where, "cannot cast to ", adaptor.getTo(), ": not a float or integer type");
  return succeedWith(types, tensorOf(adaptor.getX()).getShape(), adaptor.getTo());
}

LogicalResult ClipOp::verify() {
  if (getMin() && getMax() && *getMin() > *getMax())
    return emitOpError() << "`min` " << getMin()->convertToDouble() << " is above `max` "
                         << getMax()->convertToDouble();
  return success();
}

LogicalResult DropoutOp::verify() {
  double p = getP().convertToDouble();
  if (!(p >= 0 && p < 1))
    return emitOpError() << "`p` is a probability below 1, not " << p;
  return success();
}

LogicalResult StochasticDepthOp::verify() {
  double survive = getSurvive().convertToDouble();
  if (!(survive > 0 && survive <= 1))
    return emitOpError() << "`survive` is a probability above 0, not " << survive;
  return success();
}

//===- Folding ---------------------------------------------------------------------------------------------------===//

/// f(f(x)) = f(x).
template <typename Op> static OpFoldResult foldTwice(Op op) {
  if (op.getX().template getDefiningOp<Op>() && op.getX().getType() == op.getType())
    return op.getX();
  return {};
}

OpFoldResult ReluOp::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult Relu6Op::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult AbsOp::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult FloorOp::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult CeilOp::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult RoundOp::fold(FoldAdaptor) { return foldTwice(*this); }
OpFoldResult SignOp::fold(FoldAdaptor) { return foldTwice(*this); }

OpFoldResult NegOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<NegOp>();
  return inner && inner.getX().getType() == getType() ? inner.getX() : Value();
}

OpFoldResult ClipOp::fold(FoldAdaptor) {
  return !getMin() && !getMax() && getX().getType() == getType() ? getX() : Value();
}

OpFoldResult CastOp::fold(FoldAdaptor) { return getX().getType() == getType() ? getX() : Value(); }

/// Whether `attribute` is a tensor of one value everywhere, and that is `value`.
static bool isSplatOf(Attribute attribute, double value) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(attribute);
  if (!splat)
    return false;
  if (isa<FloatType>(splat.getElementType()))
    return splat.getSplatValue<APFloat>().convertToDouble() == value;
  return splat.getSplatValue<APInt>().getSExtValue() == value;
}

/// The operand left over when the other one is neutral, if nothing has to be broadcast.
template <typename Op>
static OpFoldResult foldNeutral(Op op, Attribute x, Attribute y, double neutral, bool bothSides) {
  if (isSplatOf(y, neutral) && op.getX().getType() == op.getType())
    return op.getX();
  if (bothSides && isSplatOf(x, neutral) && op.getY().getType() == op.getType())
    return op.getY();
  return {};
}

OpFoldResult AddOp::fold(FoldAdaptor a) { return foldNeutral(*this, a.getX(), a.getY(), 0, true); }
OpFoldResult SubOp::fold(FoldAdaptor a) { return foldNeutral(*this, a.getX(), a.getY(), 0, false); }
OpFoldResult MulOp::fold(FoldAdaptor a) { return foldNeutral(*this, a.getX(), a.getY(), 1, true); }
OpFoldResult DivOp::fold(FoldAdaptor a) { return foldNeutral(*this, a.getX(), a.getY(), 1, false); }
OpFoldResult PowOp::fold(FoldAdaptor a) { return foldNeutral(*this, a.getX(), a.getY(), 1, false); }

namespace {
/// x * tanh(softplus(x)), as exporters write it, is one operation, of one exponential.
struct ProductAsMish : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (auto [x, gate] : {std::pair(op.getX(), op.getY()), {op.getY(), op.getX()}}) {
      auto tanh = gate.getDefiningOp<TanhOp>();
      auto softplus = tanh ? tanh.getX().getDefiningOp<SoftplusOp>() : SoftplusOp();
      if (!softplus || softplus.getX() != x)
        continue;
      rewriter.replaceOpWithNewOp<MishOp>(op, x);
      return success();
    }
    return failure();
  }
};
} // namespace

void MulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<ProductAsMish>(context); }

/// min(x, x) = max(x, x) = x.
template <typename Op> static OpFoldResult foldEqual(Op op) {
  return op.getX() == op.getY() && op.getX().getType() == op.getType() ? op.getX() : Value();
}

OpFoldResult MinimumOp::fold(FoldAdaptor) { return foldEqual(*this); }
OpFoldResult MaximumOp::fold(FoldAdaptor) { return foldEqual(*this); }
