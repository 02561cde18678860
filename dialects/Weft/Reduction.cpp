// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations and softmax: inference and checks. Reductions are inferred in Shapes.cpp.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

/// [N, C, ...] with one value a channel in each of `vectors`.
static LogicalResult inferChannelwise(Where where, Value value, int64_t leastRank,
                                      ArrayRef<std::pair<StringRef, Value>> vectors, Types &types) {
  RankedTensorType x = tensorOf(value);
  if (x.getRank() < leastRank)
    return emitOptionalError(where, "expected [N, C", leastRank > 2 ? ", spatial" : "", "...], not ", spell(x));
  for (auto [name, vector] : vectors)
    if (failed(checkPerChannel(where, name, vector, x)))
      return failure();
  return inferSameShape(value, types);
}

LogicalResult BatchnormOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferChannelwise(where, adaptor.getX(), 2,
                          {{"gamma", adaptor.getGamma()},
                           {"beta", adaptor.getBeta()},
                           {"mean", adaptor.getMean()},
                           {"var", adaptor.getVar()}},
                          types);
}

LogicalResult GroupnormOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  int64_t groups = adaptor.getGroups();
  RankedTensorType x = tensorOf(adaptor.getX());
  if (groups < 1)
    return emitOptionalError(where, "`groups` cannot be ", groups, "; the least is 1");
  if (x.getRank() >= 2 && !x.isDynamicDim(1) && x.getDimSize(1) % groups != 0)
    return emitOptionalError(where, "`groups` ", groups, " does not divide the ", x.getDimSize(1), " channels");
  return inferChannelwise(where, adaptor.getX(), 2, {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                          types);
}

LogicalResult InstancenormOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferChannelwise(where, adaptor.getX(), 3, {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                          types);
}

LogicalResult ChannelnormOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferChannelwise(where, adaptor.getX(), 3, {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                          types);
}

LogicalResult LayernormOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, x.getRank())) ||
      failed(checkShape(where, "gamma", adaptor.getGamma(), x.getShape().drop_front(axis))) ||
      failed(checkShape(where, "beta", adaptor.getBeta(), x.getShape().drop_front(axis))))
    return failure();
  return inferSameShape(adaptor.getX(), types);
}

template <typename Adaptor> static LogicalResult inferAlongAxis(Where where, Adaptor adaptor, Types &types) {
  if (failed(checkAxis(where, adaptor.getAxis(), tensorOf(adaptor.getX()).getRank())))
    return failure();
  return inferSameShape(adaptor.getX(), types);
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferAlongAxis(where, adaptor, types);
}

LogicalResult LogSoftmaxOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferAlongAxis(where, adaptor, types);
}

LogicalResult OrdinalRankOp::inferReturnTypes(MLIRContext *context, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  if (failed(checkAxis(where, adaptor.getAxis(), x.getRank())))
    return failure();
  return succeedWith(types, x.getShape(), IntegerType::get(context, 32));
}

namespace {
/// Groups of one element each are planes of one pixel.
struct GroupsOfOne : OpRewritePattern<GroupnormOp> {
  using OpRewritePattern<GroupnormOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(GroupnormOp op, PatternRewriter &rewriter) const override {
    RankedTensorType y = tensorOf(op.getY());
    if (y.getRank() != 2 || !y.hasStaticShape() || int64_t(op.getGroups()) != y.getDimSize(1))
      return failure();
    SmallVector<int64_t> shape{y.getDimSize(0), y.getDimSize(1), 1};
    auto planes = RankedTensorType::get(shape, y.getElementType());
    SmallVector<Value> operands(op->getOperands());
    operands.front() = ReshapeOp::create(rewriter, op.getLoc(), planes, op.getX(), shape);
    Value normalised = GroupnormOp::create(rewriter, op.getLoc(), TypeRange(planes), operands, op->getAttrs());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, y, normalised, y.getShape());
    return success();
  }
};
} // namespace

void GroupnormOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<GroupsOfOne>(context);
}
