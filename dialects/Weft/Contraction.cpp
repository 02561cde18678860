// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Contractions: inference from logical shapes, packed weights or not.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

/// The logical shape of the weight: `filter_shape` once phase layout has packed it, else that of its type.
template <typename OpOrAdaptor> static Extents filterOf(OpOrAdaptor op) {
  if (DenseI64ArrayAttr shape = op.getFilterShapeAttr())
    return Extents(shape.asArrayRef());
  return Extents(tensorOf(op.getWeight()).getShape());
}

SmallVector<int64_t> ConvOp::getFilter() { return filterOf(*this); }
SmallVector<int64_t> ConvTransposeOp::getFilter() { return filterOf(*this); }
SmallVector<int64_t> LinearOp::getFilter() { return filterOf(*this); }

static bool isPacked(DenseI64ArrayAttr filterShape) { return static_cast<bool>(filterShape); }

/// A bias is `[O]` as long as it is not packed together with the weight.
template <typename Adaptor> static LogicalResult checkBias(Where where, Adaptor adaptor, int64_t outputs) {
  if (isPacked(adaptor.getFilterShapeAttr()))
    return success();
  return checkShape(where, "bias", adaptor.getBias(), outputs);
}

static LogicalResult checkFilterRank(Where where, RankedTensorType x, ArrayRef<int64_t> filter, StringRef form) {
  if (static_cast<int64_t>(filter.size()) == x.getRank())
    return success();
  return emitOptionalError(where, "`weight` has shape ", spell(filter), ", expected ", form, " of rank ", x.getRank(),
                           " as `x` ", spell(x));
}

static LogicalResult checkGroups(Where where, int64_t groups, int64_t channels, StringRef what) {
  if (groups < 1)
    return emitOptionalError(where, "`groups` cannot be ", groups, "; the least is 1");
  if (!ShapedType::isDynamic(channels) && channels % groups != 0)
    return emitOptionalError(where, "`groups` ", groups, " does not divide the ", channels, " ", what, " channels");
  return success();
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  Extents filter = filterOf(adaptor);
  int64_t groups = adaptor.getGroups();
  FailureOr<unsigned> spatial = spatialRank(where, x);
  if (failed(spatial) || failed(checkFilterRank(where, x, filter, "[O, C / groups, kernel...]")) ||
      failed(checkGroups(where, groups, x.getDimSize(1), "input")) ||
      failed(checkGroups(where, groups, filter[0], "output")))
    return failure();
  if (!ShapedType::isDynamic(x.getDimSize(1)) && filter[1] * groups != x.getDimSize(1))
    return emitOptionalError(where, "`weight` ", spell(filter), " reads ", filter[1], " channels a group, but ",
                             spell(x), " has ", x.getDimSize(1) / groups);
  Window window{ArrayRef(filter).drop_front(2), adaptor.getStride(), adaptor.getPad(), adaptor.getDilation()};
  Extents result{x.getDimSize(0), filter[0]};
  if (failed(window.check(where, *spatial)) || failed(window.slide(where, x.getShape(), result)) ||
      failed(checkBias(where, adaptor, filter[0])))
    return failure();
  return succeedWith(types, result, x.getElementType());
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  Extents filter = filterOf(adaptor);
  int64_t groups = adaptor.getGroups();
  FailureOr<unsigned> spatial = spatialRank(where, x);
  if (failed(spatial) || failed(checkFilterRank(where, x, filter, "[C, O / groups, kernel...]")) ||
      failed(checkGroups(where, groups, x.getDimSize(1), "input")))
    return failure();
  if (!agree(filter[0], x.getDimSize(1)))
    return emitOptionalError(where, "`weight` ", spell(filter), " is for ", filter[0], " input channels, but ",
                             spell(x), " has ", x.getDimSize(1));
  Window window{ArrayRef(filter).drop_front(2), adaptor.getStride(), adaptor.getPad(), adaptor.getDilation()};
  ArrayRef<int64_t> extra = adaptor.getOutputPad();
  if (failed(window.check(where, *spatial)) || failed(checkList(where, "output_pad", extra, *spatial, 0)))
    return failure();
  Extents result{x.getDimSize(0), filter[1] * groups};
  for (unsigned dim = 0; dim < *spatial; ++dim) {
    int64_t extent = x.getDimSize(dim + 2);
    if (extra[dim] >= std::max(window.stride[dim], window.dilation[dim]))
      return emitOptionalError(where, "`output_pad` ", extra[dim], " is not below the stride ", window.stride[dim],
                               " or the dilation ", window.dilation[dim]);
    if (!ShapedType::isDynamic(extent))
      extent =
          (extent - 1) * window.stride[dim] - window.low(dim) - window.high(dim) + window.dilated(dim) + extra[dim];
    if (!ShapedType::isDynamic(extent) && extent < 1)
      return emitOptionalError(where, "nothing is left of dimension ", dimensionName(x.getRank(), dim + 2),
                               ": its extent would be ", extent);
    result.push_back(extent);
  }
  if (failed(checkBias(where, adaptor, result[1])))
    return failure();
  return succeedWith(types, result, x.getElementType());
}

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  Extents filter = filterOf(adaptor);
  if (x.getRank() < 1)
    return emitOptionalError(where, "expected at least one dimension, not ", spell(x));
  if (filter.size() != 2)
    return emitOptionalError(where, "`weight` has shape ", spell(filter), ", expected [O, I]");
  if (!agree(filter[1], x.getShape().back()))
    return emitOptionalError(where, "`weight` ", spell(filter), " reads ", filter[1],
                             " values, but the last dimension of ", spell(x), " is ", x.getShape().back());
  Extents result(x.getShape());
  result.back() = filter[0];
  if (failed(checkBias(where, adaptor, filter[0])))
    return failure();
  return succeedWith(types, result, x.getElementType());
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), y = tensorOf(adaptor.getY());
  auto attempt = [&] { return "cannot multiply the matrices " + spell(x) + " and " + spell(y) + ": "; };
  if (x.getRank() < 1 || y.getRank() < 1)
    return emitOptionalError(where, attempt(), "a scalar is no matrix");
  if (x.getElementType() != y.getElementType())
    return emitOptionalError(where, attempt(), "element types differ");
  bool row = x.getRank() == 1, column = y.getRank() == 1;
  int64_t left = x.getShape().back(), right = column ? y.getDimSize(0) : y.getDimSize(y.getRank() - 2);
  if (!agree(left, right))
    return emitOptionalError(where, attempt(), left, " columns against ", right, " rows");
  auto batch = broadcast(x.getShape().drop_back(row ? 1 : 2), y.getShape().drop_back(column ? 1 : 2));
  if (auto *dim = std::get_if<unsigned>(&batch))
    return emitOptionalError(where, attempt(), "batch dimension ", *dim, " differs");
  Extents result = std::get<Extents>(batch);
  if (!row)
    result.push_back(x.getDimSize(x.getRank() - 2));
  if (!column)
    result.push_back(y.getShape().back());
  return succeedWith(types, result, x.getElementType());
}

namespace {
/// In another shape, of which one dimension may be open.
Value reshaped(OpBuilder &builder, Location loc, Value x, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> entries(shape);
  llvm::replace(entries, ShapedType::kDynamic, int64_t(-1));
  auto type = RankedTensorType::get(shape, tensorOf(x).getElementType());
  return ReshapeOp::create(builder, loc, type, x, entries);
}

/// A vector is a matrix of one row on the left, of one column on the right.
struct VectorsAsMatrices : OpRewritePattern<MatmulOp> {
  using OpRewritePattern<MatmulOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    RankedTensorType x = tensorOf(op.getX()), y = tensorOf(op.getY()), z = tensorOf(op.getZ());
    bool isRow = x.getRank() == 1, isColumn = y.getRank() == 1;
    if ((!isRow && !isColumn) || llvm::count_if(z.getShape(), ShapedType::isDynamic) > 1)
      return failure();
    Location loc = op.getLoc();
    Value left = isRow ? reshaped(rewriter, loc, op.getX(), {1, x.getDimSize(0)}) : op.getX();
    Value right = isColumn ? reshaped(rewriter, loc, op.getY(), {y.getDimSize(0), 1}) : op.getY();
    Value product = MatmulOp::create(rewriter, loc, left, right, op.getAlgorithmAttr());
    rewriter.replaceOp(op, reshaped(rewriter, loc, product, z.getShape()));
    return success();
  }
};

/// The last two dimensions change places, no others do.
bool turnsMatrix(TransposeOp op) {
  ArrayRef<int64_t> order = op.getPerm();
  size_t rank = order.size();
  auto isPlain = [&](size_t d) { return order[d] == int64_t(d); };
  return rank >= 2 && llvm::all_of(llvm::seq(rank - 2), isPlain) && order[rank - 2] == int64_t(rank - 1);
}

Value turned(OpBuilder &builder, Location loc, Value x) {
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(tensorOf(x).getRank()));
  std::swap(order.end()[-1], order.end()[-2]);
  return TransposeOp::create(builder, loc, x, order);
}

/// `x y^T` is `(y x^T)^T`: turns the first matrix and the result where both are far smaller than the second, as in attention over channels
/// first, where few features meet the weights of all places for all places.
struct TurnSmallerMatrices : OpRewritePattern<MatmulOp> {
  using OpRewritePattern<MatmulOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto turn = op.getY().getDefiningOp<TransposeOp>();
    RankedTensorType x = tensorOf(op.getX()), y = tensorOf(op.getY()), z = tensorOf(op.getZ());
    if (!turn || !turn->hasOneUse() || !turnsMatrix(turn) || x.getRank() != y.getRank() || op.getAlgorithm() || !turn.getX().getDefiningOp() ||
        !x.hasStaticShape() || !y.hasStaticShape() || 2 * (x.getNumElements() + z.getNumElements()) > y.getNumElements() || isRecipe(turn.getX()))
      return failure();
    Location loc = op.getLoc();
    Value product = MatmulOp::create(rewriter, loc, turn.getX(), turned(rewriter, loc, op.getX()), op.getAlgorithmAttr());
    rewriter.replaceOp(op, turned(rewriter, loc, product));
    return success();
  }
};

/// As one row.
struct VectorAsRow : OpRewritePattern<LinearOp> {
  using OpRewritePattern<LinearOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op, PatternRewriter &rewriter) const override {
    RankedTensorType x = tensorOf(op.getX()), y = tensorOf(op.getResult());
    if (x.getRank() != 1)
      return failure();
    Value row = reshaped(rewriter, op.getLoc(), op.getX(), {1, x.getDimSize(0)});
    auto type = RankedTensorType::get({1, y.getDimSize(0)}, y.getElementType());
    SmallVector<Value> operands(op->getOperands());
    operands.front() = row;
    Value product = LinearOp::create(rewriter, op.getLoc(), TypeRange(type), operands, op->getAttrs());
    rewriter.replaceOp(op, reshaped(rewriter, op.getLoc(), product, y.getShape()));
    return success();
  }
};
} // namespace

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<VectorsAsMatrices, TurnSmallerMatrices>(context);
}

void LinearOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<VectorAsRow>(context);
}
