// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pooling, local response normalisation, upsampling: inference and checks.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

template <typename Adaptor> static LogicalResult inferPool(Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  FailureOr<unsigned> spatial = spatialRank(where, x);
  Window window{adaptor.getKernel(), adaptor.getStride(), adaptor.getPad(), adaptor.getDilation(),
                adaptor.getCeilMode()};
  if (failed(spatial) || failed(window.check(where, *spatial)))
    return failure();
  for (unsigned dim = 0; dim < *spatial; ++dim)
    if (int64_t pad = std::max(window.low(dim), window.high(dim)); pad >= window.dilated(dim))
      return emitOptionalError(where, "a window of ", window.dilated(dim), " can lie wholly in the padding of ", pad,
                               " in dimension ", dimensionName(x.getRank(), dim + 2));
  Extents result{x.getDimSize(0), x.getDimSize(1)};
  if (failed(window.slide(where, x.getShape(), result)))
    return failure();
  return succeedWith(types, result, x.getElementType());
}

LogicalResult MaxpoolOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferPool(where, adaptor, types);
}

LogicalResult AvgpoolOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferPool(where, adaptor, types);
}

static LogicalResult inferGlobalPool(Where where, Value value, Types &types) {
  RankedTensorType x = tensorOf(value);
  FailureOr<unsigned> spatial = spatialRank(where, x);
  if (failed(spatial))
    return failure();
  Extents result{x.getDimSize(0), x.getDimSize(1)};
  result.append(*spatial, 1);
  return succeedWith(types, result, x.getElementType());
}

LogicalResult GlobalAvgpoolOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferGlobalPool(where, adaptor.getX(), types);
}

LogicalResult GlobalMaxpoolOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  return inferGlobalPool(where, adaptor.getX(), types);
}

LogicalResult AdaptiveAvgpoolOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  FailureOr<unsigned> spatial = spatialRank(where, x);
  if (failed(spatial) || failed(checkList(where, "out", adaptor.getOut(), *spatial, 1)))
    return failure();
  Extents result{x.getDimSize(0), x.getDimSize(1)};
  llvm::append_range(result, adaptor.getOut());
  return succeedWith(types, result, x.getElementType());
}

LogicalResult LrnOp::verify() {
  if (getX().getType().getRank() < 2)
    return emitOpError() << "expected [N, C, ...], not " << spell(getX().getType());
  if (static_cast<int64_t>(getSize()) < 1)
    return emitOpError() << "`size` cannot be " << static_cast<int64_t>(getSize()) << "; the least is 1";
  return success();
}

LogicalResult UpsampleOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  FailureOr<unsigned> spatial = spatialRank(where, x);
  if (failed(spatial) || failed(checkList(where, "scale", adaptor.getScale(), *spatial, 1)))
    return failure();
  Extents result(x.getShape());
  for (auto [dim, scale] : llvm::enumerate(adaptor.getScale()))
    if (!ShapedType::isDynamic(result[dim + 2]))
      result[dim + 2] *= scale;
  return succeedWith(types, result, x.getElementType());
}

//===- Canonical forms -------------------------------------------------------------------------------------------===//

namespace {
/// adaptive_avgpool to one element is global_avgpool; where the windows are all alike it is avgpool.
struct PlainAdaptivePool : OpRewritePattern<AdaptiveAvgpoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AdaptiveAvgpoolOp op, PatternRewriter &rewriter) const override {
    if (llvm::all_of(op.getOut(), [](int64_t extent) { return extent == 1; })) {
      rewriter.replaceOpWithNewOp<GlobalAvgpoolOp>(op, op.getType(), op.getX());
      return success();
    }
    SmallVector<int64_t> kernel;
    for (auto [in, out] : llvm::zip_equal(op.getX().getType().getShape().drop_front(2), op.getOut())) {
      if (ShapedType::isDynamic(in) || in % out != 0)
        return failure();
      kernel.push_back(in / out);
    }
    SmallVector<int64_t> none(2 * kernel.size(), 0), ones(kernel.size(), 1);
    rewriter.replaceOpWithNewOp<AvgpoolOp>(op, op.getType(), op.getX(), kernel, kernel, none, ones,
                                           /*ceil_mode=*/false, /*count_include_pad=*/false);
    return success();
  }
};
} // namespace

void AdaptiveAvgpoolOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<PlainAdaptivePool>(context);
}
