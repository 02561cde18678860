// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Logical values of the network function as stored tensors. Everything here only says where elements lie; phase plan
// turns nearly all of it into offsets and strides.

#include "compiler/Transforms/NetworkViews.h"
#include "compiler/Schedule/OpKinds.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;

namespace weft {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Static sizes, or those of `source` where they are known at run time only.
SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, Location loc, Value source, ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> result;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (ShapedType::isDynamic(size))
      result.push_back(tensor::DimOp::create(builder, loc, source, dim).getResult());
    else
      result.push_back(builder.getIndexAttr(size));
  }
  return result;
}

Value extract(OpBuilder &builder, Location loc, Value source, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
              ArrayRef<int64_t> steps = {}) {
  bool whole = llvm::all_of(offsets, [](int64_t offset) { return offset == 0; }) &&
               typeOf(source).getShape() == sizes && llvm::all_of(steps, [](int64_t step) { return step == 1; });
  if (whole)
    return source;
  if (isRecipe(source)) { // what is computed of weights is written down, not seen in part
    SmallVector<int64_t> stop(offsets), ones(offsets.size(), 1);
    ArrayRef<int64_t> step = steps.empty() ? ArrayRef<int64_t>(ones) : steps;
    for (auto [end, size, by] : llvm::zip_equal(stop, sizes, step))
      end += (size - 1) * by + 1;
    return SliceOp::create(builder, loc, RankedTensorType::get(sizes, typeOf(source).getElementType()), source, offsets, stop, step);
  }
  SmallVector<OpFoldResult> starts, strides;
  for (unsigned d = 0; d < offsets.size(); ++d) {
    starts.push_back(builder.getIndexAttr(offsets[d]));
    strides.push_back(builder.getIndexAttr(steps.empty() ? 1 : steps[d]));
  }
  return tensor::ExtractSliceOp::create(builder, loc, source, starts, sizesOf(builder, loc, source, sizes), strides);
}

/// `source` with `fill` around it.
Value padded(OpBuilder &builder, Location loc, Value source, ArrayRef<int64_t> low, ArrayRef<int64_t> high, double fill) {
  if (!isRecipe(source))
    return padWith(builder, loc, source, low, high, fill);
  SmallVector<int64_t> shape(typeOf(source).getShape());
  for (auto [extent, before, behind] : llvm::zip_equal(shape, low, high))
    extent += before + behind;
  return PadOp::create(builder, loc, RankedTensorType::get(shape, typeOf(source).getElementType()), source, builder.getDenseI64ArrayAttr(low),
                       builder.getDenseI64ArrayAttr(high), PadModeAttr::get(builder.getContext(), PadMode::Constant), builder.getF64FloatAttr(fill));
}

bool fillServes(double have, double want, Value source) {
  return have == want || (want == -std::numeric_limits<double>::infinity() && have == 0 && isNonNegative(source));
}

/// A border, in the dimensions of a stored tensor.
struct BorderExtents {
  SmallVector<int64_t> low, high;
};

BorderExtents borderExtents(BlockedAttr layout, unsigned rank) {
  BorderExtents extents{SmallVector<int64_t>(rank, 0), SmallVector<int64_t>(rank, 0)};
  for (unsigned d = 2; d + 1 < rank; ++d) {
    extents.low[d] = layout.getLow(d - 2);
    extents.high[d] = layout.getHigh(d - 2);
  }
  return extents;
}

} // namespace

//===-- stored tensors
//------------------------------------------------------------------------------------------------===//

Value NetworkViews::stored(Value logical) {
  if (Value known = values.lookup(logical))
    return known;
  if (BlockedAttr layout = getBlocked(logical.getType()))
    return values[logical] = storedRecipe(logical, layout);
  return logical;
}

/// A weight through `relayout`, said with operations on plain tensors: pad, cut the channels, move the block innermost, add the
/// border.
Value NetworkViews::storedRecipe(Value logical, BlockedAttr layout) {
  // Every other blocked value was defined before its use; recipes know no other blocked operation (`isRecipe`).
  auto relayout = logical.getDefiningOp<RelayoutOp>();
  if (!relayout) {
    emitError(logical.getLoc(), "compiler bug: no stored tensor for a value of type ") << logical.getType();
    return UnrealizedConversionCastOp::create(builder, logical.getLoc(), physicalType(typeOf(logical)), logical)
        .getResult(0);
  }
  Location loc = relayout.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(relayout);
  Value x = relayout.getX();
  RankedTensorType type = withoutEncoding(typeOf(logical)), physical = physicalType(typeOf(logical));
  unsigned rank = type.getRank(), channel = rank == 1 ? 0 : 1;
  int64_t block = layout.getBlock(), missing = (block - type.getDimSize(channel) % block) % block;
  SmallVector<int64_t> low(rank, 0), high(rank, 0), shape(type.getShape());
  if (missing) {
    high[channel] = missing;
    shape[channel] += missing;
    x = PadOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType()), x,
                      builder.getDenseI64ArrayAttr(low), builder.getDenseI64ArrayAttr(high),
                      PadModeAttr::get(builder.getContext(), PadMode::Constant), builder.getF64FloatAttr(0));
  }
  shape[channel] /= block;
  shape.insert(shape.begin() + channel + 1, block);
  x = ReshapeOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType()), x,
                        builder.getDenseI64ArrayAttr(shape));
  SmallVector<int64_t> perm;
  for (unsigned d = 0; d <= rank; ++d)
    if (d != channel + 1)
      perm.push_back(d);
  perm.push_back(channel + 1);
  x = TransposeOp::create(builder, loc, storedInterior(typeOf(logical)), x, builder.getDenseI64ArrayAttr(perm));
  if (!layout.hasBorder())
    return x;
  // It stands beside others in a buffer that a window reads.
  BorderExtents border = borderExtents(layout, physical.getRank());
  return padded(builder, loc, x, border.low, border.high, layout.getFill());
}

Value NetworkViews::interior(Value logical) {
  Value whole = stored(logical);
  BlockedAttr layout = getBlocked(logical.getType());
  if (!layout || !layout.hasBorder())
    return whole;
  RankedTensorType inside = storedInterior(typeOf(logical));
  SmallVector<int64_t> offsets(inside.getRank(), 0);
  for (int64_t d = 2; d < inside.getRank() - 1; ++d)
    offsets[d] = layout.getLow(d - 2);
  return extract(builder, logical.getLoc(), whole, offsets, inside.getShape());
}

Value NetworkViews::box(Value logical, const Box &box) {
  if (box.isWhole())
    return interior(logical);
  BlockedAttr layout = getBlocked(logical.getType());
  RankedTensorType inside = storedInterior(typeOf(logical));
  unsigned rank = inside.getRank(), spatial = box.low.size();
  SmallVector<int64_t> offsets(rank, 0), sizes(inside.getShape()), cutOffsets(rank, 0), cutSizes(sizes), low(rank, 0),
      high(rank, 0);
  bool serves =
      !box.leavesTensor() || (layout && layout.hasBorder() && fillServes(layout.getFill(), box.fill, logical));
  for (unsigned d = 0; d < spatial; ++d) {
    int64_t have = layout ? layout.getLow(d) : 0, haveBehind = layout ? layout.getHigh(d) : 0;
    serves &= box.low[d] <= have && box.high[d] <= haveBehind;
    offsets[2 + d] = have - box.low[d];
    sizes[2 + d] += box.low[d] + box.high[d];
    // what a padded copy is made of: the part of the interior inside the box
    cutOffsets[2 + d] = std::max<int64_t>(-box.low[d], 0);
    cutSizes[2 + d] += std::min<int64_t>(box.low[d], 0) + std::min<int64_t>(box.high[d], 0);
    low[2 + d] = std::max<int64_t>(box.low[d], 0);
    high[2 + d] = std::max<int64_t>(box.high[d], 0);
  }
  Location loc = builder.getInsertionPoint()->getLoc();
  if (serves)
    return extract(builder, loc, stored(logical), offsets, sizes);
  return padded(builder, loc, extract(builder, loc, interior(logical), cutOffsets, cutSizes), low, high, box.fill);
}

void NetworkViews::define(Value result, Value value) {
  BlockedAttr layout = getBlocked(result.getType());
  if (layout && layout.hasBorder() && value.getType() != physicalType(typeOf(result))) {
    BorderExtents border = borderExtents(layout, typeOf(value).getRank());
    value = padded(builder, result.getLoc(), value, border.low, border.high, layout.getFill());
  }
  values[result] = value;
}

//===-- view operations
//-------------------------------------------------------------------------------------------------===//

LogicalResult NetworkViews::convert(Operation *view) {
  if (isa<ReshapeOp, FlattenOp>(view))
    return reshape(view);
  if (isa<ConcatOp>(view))
    return concat(view);
  if (isa<PadOp>(view))
    return pad(view), success();
  if (auto op = dyn_cast<SliceOp>(view))
    return slice(op, op.getX(), op.getY(), op.getStart(), op.getStep());
  auto split = cast<SplitOp>(view);
  unsigned rank = typeOf(split.getX()).getRank();
  SmallVector<int64_t> start(rank, 0), step(rank, 1);
  for (auto [piece, size] : llvm::zip_equal(split.getYs(), split.getSizes())) {
    if (failed(slice(split, split.getX(), piece, start, step)))
      return failure();
    start[split.getAxis()] += size;
  }
  return success();
}

/// Whether the same lies around both tensors: something before and behind the first `leading` dimensions, nothing around the others.
static bool haveSameBorder(BlockedAttr x, BlockedAttr y, unsigned leading) {
  if (!x || !y || !x.hasBorder() || !y.hasBorder() || x.getFill() != y.getFill())
    return false;
  auto isEmpty = [&](BlockedAttr layout) {
    for (unsigned d = leading; d < layout.getBorder().size() / 2; ++d)
      if (layout.getLow(d) || layout.getHigh(d))
        return false;
    return true;
  };
  for (unsigned d = 0; d < leading; ++d)
    if (x.getLow(d) != y.getLow(d) || x.getHigh(d) != y.getHigh(d))
      return false;
  return isEmpty(x) && isEmpty(y);
}

/// Plain to plain in row-major order; or blocked to blocked or plain where there is one pixel, which is the same bytes, or where pixels
/// are joined.
LogicalResult NetworkViews::reshape(Operation *op) {
  Value x = op->getOperand(0), y = op->getResult(0), from = interior(x);
  RankedTensorType to = storedInterior(typeOf(y));
  BlockedAttr layout = getBlocked(x.getType()), after = getBlocked(y.getType());
  if (layout || after) {
    bool onePixel = llvm::all_of(typeOf(x).getShape().drop_front(2), [](int64_t extent) { return extent == 1; }) &&
                    typeOf(x).getRank() >= 2 && typeOf(y).getRank() >= 2 &&
                    typeOf(x).getShape().take_front(2) == typeOf(y).getShape().take_front(2);
    bool sameBlocks =
        layout && (after ? layout.getBlock() == after.getBlock() : typeOf(x).getDimSize(1) % layout.getBlock() == 0);
    bool joins = after && joinsPixels(op);
    if (joins && haveSameBorder(layout, after, std::min(typeOf(x).getRank(), typeOf(y).getRank()) - 3)) {
      from = stored(x);
      to = physicalType(typeOf(y));
    }
    if ((!onePixel && !joins) || !sameBlocks)
      return op->emitError("a view cannot make ") << y.getType() << " of " << x.getType();
  }
  if (typeOf(from) == to)
    return define(y, from), success();
  std::optional<SmallVector<ReassociationIndices>> direct = getReassociationIndicesForReshape(typeOf(from), to);
  if (direct && typeOf(from).getRank() > to.getRank()) {
    define(y, tensor::CollapseShapeOp::create(builder, op->getLoc(), to, from, *direct));
  } else if (direct && typeOf(from).getRank() < to.getRank()) {
    define(y, tensor::ExpandShapeOp::create(builder, op->getLoc(), to, from, *direct));
  } else if (typeOf(from).hasStaticShape()) {
    auto all = [](unsigned rank) {
      SmallVector<ReassociationIndices> one;
      if (rank)
        one.push_back(llvm::to_vector(llvm::seq<int64_t>(rank)));
      return one;
    };
    auto flat = RankedTensorType::get({to.getNumElements()}, to.getElementType());
    Value line = typeOf(from).getRank() == 1
                     ? from
                     : tensor::CollapseShapeOp::create(builder, op->getLoc(), flat, from, all(typeOf(from).getRank()));
    define(y, to.getRank() == 1
                  ? line
                  : tensor::ExpandShapeOp::create(builder, op->getLoc(), to, line, all(to.getRank())).getResult());
  } else {
    return op->emitError("cannot reshape ")
           << x.getType() << " to " << y.getType() << ": more than one extent is a run-time size";
  }
  return success();
}

/// Members that have the border of the whole keep it; a blocked channel dimension is joined in whole blocks, or it is no view.
LogicalResult NetworkViews::concat(Operation *op) {
  auto join = cast<ConcatOp>(op);
  Value y = join.getY();
  int64_t axis = join.getAxis();
  BlockedAttr layout = getBlocked(y.getType());
  bool bordered = layout && layout.hasBorder() && axis < 2;
  for (Value member : join.getXs()) {
    BlockedAttr own = getBlocked(member.getType());
    if (bool(own) != bool(layout) || (own && own.getBlock() != layout.getBlock()))
      return op->emitError("cannot join ") << member.getType() << " into " << y.getType();
    bordered &= own == layout;
  }
  SmallVector<Value> members;
  for (Value member : join.getXs())
    members.push_back(bordered ? stored(member) : interior(member));
  if (members.size() == 1)
    return define(y, members[0]), success();
  define(y, tensor::ConcatOp::create(builder, op->getLoc(), axis, members));
  return success();
}

LogicalResult NetworkViews::slice(Operation *op, Value x, Value y, ArrayRef<int64_t> start, ArrayRef<int64_t> step) {
  BlockedAttr layout = getBlocked(x.getType()), after = getBlocked(y.getType());
  if (bool(layout) != bool(after) || (layout && layout.getBlock() != after.getBlock()))
    return op->emitError("a view cannot make ") << y.getType() << " of " << x.getType();
  bool planesWhole = true;
  for (int64_t d = 2; d < typeOf(x).getRank(); ++d)
    planesWhole &= start[d] == 0 && typeOf(x).getDimSize(d) == typeOf(y).getDimSize(d);
  bool bordered = layout && layout.hasBorder() && planesWhole && layout.getBorder() == after.getBorder() &&
                  layout.getFill() == after.getFill();
  SmallVector<int64_t> offsets(start), steps(step);
  SmallVector<int64_t> sizes((bordered ? physicalType(typeOf(y)) : storedInterior(typeOf(y))).getShape());
  if (layout) {
    if (start[1] % layout.getBlock() != 0 || step[1] != 1)
      return op->emitError("cannot cut channels from ") << start[1] << " on out of " << x.getType();
    offsets[1] /= layout.getBlock();
    offsets.push_back(0);
    steps.push_back(1);
  }
  define(y, extract(builder, op->getLoc(), bordered ? stored(x) : interior(x), offsets, sizes, steps));
  return success();
}

void NetworkViews::pad(Operation *op) {
  auto pad = cast<PadOp>(op);
  SmallVector<int64_t> low(pad.getLow()), high(pad.getHigh());
  if (getBlocked(pad.getX().getType())) {
    low.push_back(0);
    high.push_back(0);
  }
  define(pad.getY(), padded(builder, op->getLoc(), interior(pad.getX()), low, high, pad.getValue().convertToDouble()));
}

} // namespace weft
