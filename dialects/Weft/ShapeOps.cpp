// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that move elements: inference, checks and what folds away.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

//===- Joining and cutting ---------------------------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  if (adaptor.getXs().empty())
    return emitOptionalError(where, "nothing to concatenate");
  RankedTensorType first = tensorOf(adaptor.getXs().front());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, first.getRank())))
    return failure();
  Extents result(first.getShape());
  for (Value next : adaptor.getXs().drop_front()) {
    RankedTensorType type = tensorOf(next);
    auto attempt = [&] { return "cannot concatenate " + spell(first) + " and " + spell(type); };
    if (type.getElementType() != first.getElementType())
      return emitOptionalError(where, attempt(), ": element types differ");
    if (type.getRank() != first.getRank())
      return emitOptionalError(where, attempt(), ": ranks differ");
    for (int64_t dim = 0; dim < first.getRank(); ++dim) {
      int64_t extent = type.getDimSize(dim);
      if (dim == axis)
        result[dim] = ShapedType::isDynamic(result[dim]) || ShapedType::isDynamic(extent) ? ShapedType::kDynamic
                                                                                          : result[dim] + extent;
      else if (!agree(result[dim], extent))
        return emitOptionalError(where, attempt(), " along dimension ", axis, ": dimension ",
                                 dimensionName(first.getRank(), dim), " differs");
      else if (ShapedType::isDynamic(result[dim]))
        result[dim] = extent;
    }
  }
  return succeedWith(types, result, first.getElementType());
}

LogicalResult SplitOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  int64_t axis = adaptor.getAxis(), sum = 0;
  ArrayRef<int64_t> sizes = adaptor.getSizes();
  if (failed(checkAxis(where, axis, x.getRank())))
    return failure();
  if (sizes.empty())
    return emitOptionalError(where, "`sizes` is empty");
  if (failed(checkList(where, "sizes", sizes, sizes.size(), 1)))
    return failure();
  for (int64_t size : sizes) {
    sum += size;
    Extents piece(x.getShape());
    piece[axis] = size;
    types.push_back(RankedTensorType::get(piece, x.getElementType()));
  }
  if (!agree(sum, x.getDimSize(axis)))
    return emitOptionalError(where, "`sizes` ", spell(sizes), " add up to ", sum, ", but dimension ", axis, " of ",
                             spell(x), " is ", x.getDimSize(axis));
  return success();
}

/// How many elements of a dimension a slice takes; nullopt if it leaves the dimension.
static std::optional<int64_t> sliceExtent(int64_t extent, int64_t start, int64_t stop, int64_t step) {
  if (ShapedType::isDynamic(extent)) {
    bool whole = start == 0 && stop == std::numeric_limits<int64_t>::max() && step == 1;
    return whole ? std::optional(extent) : std::nullopt;
  }
  if (step > 0 && 0 <= start && start <= stop && stop <= extent)
    return llvm::divideCeilSigned(stop - start, step);
  if (step < 0 && -1 <= stop && stop <= start && start < extent)
    return llvm::divideCeilSigned(stop - start, step);
  return std::nullopt;
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  size_t rank = x.getRank();
  ArrayRef<int64_t> start = adaptor.getStart(), stop = adaptor.getStop(), step = adaptor.getStep();
  constexpr int64_t any = std::numeric_limits<int64_t>::min();
  if (failed(checkList(where, "start", start, rank, any)) || failed(checkList(where, "stop", stop, rank, any)) ||
      failed(checkList(where, "step", step, rank, any)))
    return failure();
  Extents result;
  for (size_t dim = 0; dim < rank; ++dim) {
    std::optional<int64_t> extent = sliceExtent(x.getDimSize(dim), start[dim], stop[dim], step[dim]);
    if (!extent)
      return emitOptionalError(where, "cannot take ", start[dim], " to ", stop[dim], " in steps of ", step[dim],
                               " from dimension ", dim, " of ", spell(x));
    result.push_back(*extent);
  }
  return succeedWith(types, result, x.getElementType());
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, x.getRank())))
    return failure();
  Extents result(x.getShape().take_front(axis));
  llvm::append_range(result, tensorOf(adaptor.getIndices()).getShape());
  llvm::append_range(result, x.getShape().drop_front(axis + 1));
  return succeedWith(types, result, x.getElementType());
}

/// `indices` name elements along `axis` of lines of `x`: one for each of `count` places, or any number where that is -1.
static LogicalResult checkLineIndices(Where where, RankedTensorType x, RankedTensorType indices, int64_t axis, int64_t count) {
  if (failed(checkAxis(where, axis, x.getRank())))
    return failure();
  bool fits = indices.getRank() == x.getRank() && (count < 0 || agree(indices.getDimSize(axis), count));
  for (int64_t dim = 0; fits && dim < x.getRank(); ++dim)
    fits &= dim == axis || indices.getDimSize(dim) == 1 || agree(indices.getDimSize(dim), x.getDimSize(dim));
  if (!fits)
    return emitOptionalError(where, "`indices` ", spell(indices), " do not fit ", spell(x), " along dimension ", axis,
                             ": other dimensions have extent 1, or that of the tensor");
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (failed(checkLineIndices(where, x, indices, axis, -1)))
    return failure();
  Extents result(x.getShape());
  result[axis] = indices.getDimSize(axis);
  return succeedWith(types, result, x.getElementType());
}

LogicalResult ScatterOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), updates = tensorOf(adaptor.getUpdates());
  int64_t axis = adaptor.getAxis();
  bool fits = updates.getRank() == x.getRank() && updates.getElementType() == x.getElementType();
  for (int64_t dim = 0; fits && dim < x.getRank(); ++dim)
    fits &= dim == axis || agree(updates.getDimSize(dim), x.getDimSize(dim));
  if (failed(checkLineIndices(where, x, tensorOf(adaptor.getIndices()), axis, fits ? updates.getDimSize(axis) : -1)))
    return failure();
  if (!fits)
    return emitOptionalError(where, "`updates` ", spell(updates), " differ from ", spell(x), " in more than dimension ", axis);
  return inferSameShape(adaptor.getX(), types);
}

LogicalResult ResampleOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices()), weights = tensorOf(adaptor.getWeights());
  int64_t axis = adaptor.getAxis();
  if (x.getRank() < 3 || x.getRank() > 5)
    return emitOptionalError(where, "expected [N, C, spatial...] with one to three spatial dimensions, not ", spell(x));
  if (axis < 2 || axis >= x.getRank())
    return emitOptionalError(where, "`axis` cannot be ", axis, ": the spatial dimensions of ", spell(x), " are 2 to ", x.getRank() - 1);
  if (indices.getRank() != 2 || indices.getShape() != weights.getShape() || !indices.hasStaticShape() ||
      indices.getNumElements() == 0)
    return emitOptionalError(where, "`indices` ", spell(indices), " and `weights` ", spell(weights),
                             " are not of one shape of two dimensions");
  if (!indices.getElementType().isInteger(32) || weights.getElementType() != x.getElementType())
    return emitOptionalError(where, "`indices` ", spell(indices), " and `weights` ", spell(weights), " are not i32 and ", x.getElementType());
  Extents result(x.getShape());
  result[axis] = indices.getDimSize(1);
  return succeedWith(types, result, x.getElementType());
}

//===- The same elements in another form -------------------------------------------------------------------------===//

/// Product of the known extents, and how many are unknown.
static std::pair<int64_t, int64_t> measure(ArrayRef<int64_t> extents, int64_t unknown) {
  int64_t product = 1, holes = 0;
  for (int64_t extent : extents)
    if (extent == unknown)
      ++holes;
    else
      product *= extent;
  return {product, holes};
}

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  Extents shape(adaptor.getShape());
  auto attempt = [&] { return "cannot reshape " + spell(x) + " to " + spell(shape); };
  auto [have, unknown] = measure(x.getShape(), ShapedType::kDynamic);
  auto [want, open] = measure(shape, -1);
  if (open > 1)
    return emitOptionalError(where, attempt(), ": only one extent may be -1");
  for (int64_t extent : shape)
    if (extent < -1 || extent == 0)
      return emitOptionalError(where, attempt(), ": an extent cannot be ", extent);
  if (unknown > 1 || (unknown == 1 && open == 0 && unknown != 0))
    return emitOptionalError(where, attempt(), ": a run-time extent needs one -1");
  if (open == 0 && have != want)
    return emitOptionalError(where, attempt(), ": ", have, " elements are not ", want);
  if (open == 1 && have % want != 0)
    return emitOptionalError(where, attempt(), ": ", have, " elements do not divide by ", want);
  // A run-time extent stays one of its own only where nothing else has to be folded into it.
  for (int64_t &extent : shape)
    if (extent == -1)
      extent = unknown ? ShapedType::kDynamic : have / want;
  return succeedWith(types, shape, x.getElementType());
}

/// The product of extents, unknown if one is.
static int64_t product(ArrayRef<int64_t> extents) {
  int64_t result = 1;
  for (int64_t extent : extents) {
    if (ShapedType::isDynamic(extent))
      return extent;
    result *= extent;
  }
  return result;
}

LogicalResult FlattenOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, x.getRank() + 1)))
    return failure();
  return succeedWith(types, {product(x.getShape().take_front(axis)), product(x.getShape().drop_front(axis))},
                     x.getElementType());
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  ArrayRef<int64_t> perm = adaptor.getPerm();
  SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, x.getRank())))
    return emitOptionalError(where, "`perm` ", spell(perm), " is not a permutation of the dimensions of ", spell(x));
  Extents result;
  for (int64_t dim : perm)
    result.push_back(x.getDimSize(dim));
  return succeedWith(types, result, x.getElementType());
}

LogicalResult ExpandOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  Extents shape(adaptor.getShape());
  auto attempt = [&] { return "cannot expand " + spell(x) + " to " + spell(shape); };
  int64_t fresh = static_cast<int64_t>(shape.size()) - x.getRank();
  if (fresh < 0)
    return emitOptionalError(where, attempt(), ": it has ", x.getRank(), " dimensions already");
  for (auto [dim, extent] : llvm::enumerate(shape)) {
    int64_t have = static_cast<int64_t>(dim) < fresh ? 1 : x.getDimSize(dim - fresh);
    if (extent == -1)
      extent = have;
    else if (extent < 1)
      return emitOptionalError(where, attempt(), ": an extent cannot be ", extent);
    else if (have != 1 && !agree(have, extent))
      return emitOptionalError(where, attempt(), ": dimension ", dim, " is ", have, ", neither 1 nor ", extent);
  }
  return succeedWith(types, shape, x.getElementType());
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  size_t rank = x.getRank();
  ArrayRef<int64_t> low = adaptor.getLow(), high = adaptor.getHigh();
  if (failed(checkList(where, "low", low, rank, 0)) || failed(checkList(where, "high", high, rank, 0)))
    return failure();
  Extents result(x.getShape());
  for (size_t dim = 0; dim < rank; ++dim) {
    if (ShapedType::isDynamic(result[dim])) {
      if (low[dim] + high[dim] > 0)
        return emitOptionalError(where, "cannot pad dimension ", dim, " of ", spell(x), ": it is a run-time size");
      continue;
    }
    if (adaptor.getMode() == PadMode::Reflect && std::max(low[dim], high[dim]) >= std::max<int64_t>(result[dim], 1))
      return emitOptionalError(where, "cannot mirror ", std::max(low[dim], high[dim]), " elements of dimension ", dim,
                               " of ", spell(x), ": there are only ", result[dim] - 1, " beside the outermost");
    result[dim] += low[dim] + high[dim];
  }
  return succeedWith(types, result, x.getElementType());
}

LogicalResult ChannelShuffleOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  int64_t groups = adaptor.getGroups();
  if (x.getRank() < 2)
    return emitOptionalError(where, "expected [N, C, ...], not ", spell(x));
  if (groups < 1 || (!x.isDynamicDim(1) && x.getDimSize(1) % groups != 0))
    return emitOptionalError(where, "`groups` ", groups, " does not divide the ", x.getDimSize(1), " channels");
  std::optional<ArrayRef<int64_t>> stored = adaptor.getStored();
  if (!stored)
    return inferSameShape(adaptor.getX(), types);
  if (stored->size() != 3)
    return emitOptionalError(where, "`stored` has three entries (channels, parts, places of a part), not ", stored->size());
  int64_t channels = (*stored)[0], parts = (*stored)[1], part = (*stored)[2];
  if (channels < 1 || parts < 1 || channels % groups != 0 || channels % parts != 0 || part < channels / parts ||
      x.isDynamicDim(1) || x.getDimSize(1) < channels)
    return emitOptionalError(where, channels, " channels of ", groups, " groups in ", parts, " parts of ", part,
                             " places are none that ", spell(x), " can hold");
  Extents result(x.getShape());
  result[1] = parts * part;
  return succeedWith(types, result, x.getElementType());
}

LogicalResult DepthToSpaceOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  ArrayRef<int64_t> block = adaptor.getBlock();
  int64_t rank = x.getRank();
  if (rank < 3 || rank > 5 || !x.hasStaticShape())
    return emitOptionalError(where, "expected [N, C, spatial...] with one to three spatial dimensions, not ", spell(x));
  if (int64_t(block.size()) != rank - 2)
    return emitOptionalError(where, "`block` has ", block.size(), " entries for ", rank - 2, " spatial dimensions");
  Extents extents(x.getShape());
  int64_t together = 1;
  for (auto [d, factor] : llvm::enumerate(block)) {
    if (factor < 1 || factor > 1024)
      return emitOptionalError(where, "`block` ", factor, " is not from 1 to 1024");
    together *= factor;
    extents[2 + d] *= factor;
  }
  if (extents[1] % together != 0)
    return emitOptionalError(where, "`block` [", block, "] makes ", together, " elements, which does not divide the ",
                             extents[1], " channels");
  extents[1] /= together;
  return succeedWith(types, extents, x.getElementType());
}

//===- Pictures --------------------------------------------------------------------------------------------------===//

/// Height and width after `resize`.
static Extents resized(ArrayRef<int64_t> picture, ArrayRef<int64_t> resize) {
  if (resize.size() == 2)
    return Extents(resize);
  int64_t height = picture[0], width = picture[1], side = resize[0];
  return height <= width ? Extents{side, side * width / height} : Extents{side * height / width, side};
}

LogicalResult ImageInputOp::inferReturnTypes(MLIRContext *context, Where where, Adaptor adaptor, Types &types) {
  RankedTensorType x = tensorOf(adaptor.getX());
  if (x.getRank() != 4 || !x.hasStaticShape() || !x.getElementType().isInteger(8) || x.getNumElements() == 0)
    return emitOptionalError(where, "expected pictures u8[N, H, W, C], not ", spell(x));
  int64_t channels = x.getDimSize(3);
  for (auto [name, values] : {std::pair("mean", adaptor.getMean()), std::pair("std", adaptor.getStd())})
    if (values.size() != 1 && static_cast<int64_t>(values.size()) != channels)
      return emitOptionalError(where, "`", name, "` has ", values.size(), " entries, expected 1 or ", channels);
  if (llvm::is_contained(adaptor.getStd(), 0.0))
    return emitOptionalError(where, "`std` cannot be 0");
  Extents picture(x.getShape().slice(1, 2));
  if (DenseI64ArrayAttr resize = adaptor.getResizeAttr()) {
    if (failed(checkList(where, "resize", resize, resize.size() == 1 ? 1 : 2, 1)))
      return failure();
    picture = resized(picture, resize);
  }
  if (DenseI64ArrayAttr crop = adaptor.getCropAttr()) {
    if (failed(checkList(where, "crop", crop, 2, 1)))
      return failure();
    if (crop[0] > picture[0] || crop[1] > picture[1])
      return emitOptionalError(where, "`crop` ", spell(crop), " is larger than the picture ", spell(picture));
    picture = Extents(crop.asArrayRef());
  }
  return succeedWith(types, {x.getDimSize(0), channels, picture[0], picture[1]}, Float32Type::get(context));
}

//===- Folding ---------------------------------------------------------------------------------------------------===//

/// The operand, where the operation changes nothing.
template <typename Op> static OpFoldResult foldIdentity(Op op, bool identity = true) {
  return identity && op.getX().getType() == op.getType() ? op.getX() : Value();
}

static bool isZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 0; });
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getXs().size() == 1 && getXs().front().getType() == getType() ? getXs().front() : Value();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return foldIdentity(*this, llvm::all_of(getStep(), [](int64_t step) { return step == 1; }));
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) { return foldIdentity(*this, getType().getNumDynamicDims() <= 1); }
OpFoldResult FlattenOp::fold(FoldAdaptor) { return foldIdentity(*this); }
OpFoldResult ExpandOp::fold(FoldAdaptor) { return foldIdentity(*this); }
OpFoldResult PadOp::fold(FoldAdaptor) { return foldIdentity(*this, isZero(getLow()) && isZero(getHigh())); }

OpFoldResult ChannelShuffleOp::fold(FoldAdaptor) {
  int64_t groups = getGroups();
  return foldIdentity(*this, !getStored() && (groups == 1 || groups == getType().getDimSize(1)));
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPerm(), llvm::seq<int64_t>(0, getPerm().size())))
    return foldIdentity(*this);
  // A transpose of a transpose is one, unless it is none.
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner || inner.getX().getType() != getType())
    return {};
  for (auto [i, dim] : llvm::enumerate(getPerm()))
    if (inner.getPerm()[dim] != static_cast<int64_t>(i))
      return {};
  return inner.getX();
}

namespace {
/// reshape(reshape(x)) and reshape(flatten(x)) are one reshape.
template <typename Inner> struct MergeReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().template getDefiningOp<Inner>();
    if (!inner || !op.getType().hasStaticShape() || !tensorOf(inner.getX()).hasStaticShape())
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getX(), op.getType().getShape());
    return success();
  }
};

/// A transpose that moves dimensions of one element alone, undone by a reshape.
struct DropTurnedOnes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto turn = op.getX().getDefiningOp<TransposeOp>();
    if (!turn || turn.getX().getType() != op.getType() || !op.getType().hasStaticShape())
      return failure();
    ArrayRef<int64_t> shape = op.getType().getShape();
    SmallVector<int64_t> longer(turn.getPerm());
    llvm::erase_if(longer, [&](int64_t dim) { return shape[dim] == 1; });
    if (!llvm::is_sorted(longer))
      return failure();
    rewriter.replaceOp(op, turn.getX());
    return success();
  }
};

/// Channels as a matrix of groups, turned, and as channels again: how frameworks without the operation write `channel_shuffle`.
struct ShuffleOfTranspose : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto turn = op.getX().getDefiningOp<TransposeOp>();
    auto matrix = turn ? turn.getX().getDefiningOp<ReshapeOp>() : ReshapeOp();
    if (!matrix || matrix.getX().getType() != op.getType() || !op.getType().hasStaticShape() || op.getType().getRank() < 2)
      return failure();
    ArrayRef<int64_t> from = op.getType().getShape(), groups = matrix.getType().getShape();
    bool areChannels = groups.size() >= 3 && groups[0] == from[0] && groups[1] * groups[2] == from[1];
    if (!areChannels || !swapsSecondAndThird(turn.getPerm()))
      return failure();
    rewriter.replaceOpWithNewOp<ChannelShuffleOp>(op, op.getType(), matrix.getX(), groups[1], DenseI64ArrayAttr());
    return success();
  }

  static bool swapsSecondAndThird(ArrayRef<int64_t> perm) {
    SmallVector<int64_t> swapped = llvm::to_vector(llvm::seq<int64_t>(0, perm.size()));
    std::swap(swapped[1], swapped[2]);
    return perm == ArrayRef(swapped);
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeReshape<ReshapeOp>, MergeReshape<FlattenOp>, DropTurnedOnes, ShuffleOfTranspose>(context);
}
