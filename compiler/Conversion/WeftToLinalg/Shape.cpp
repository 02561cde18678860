// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that move elements, where a view cannot say it: each is one stage that reads somewhere else. What only
// says how elements are addressed (reshape, concat, slices) comes here only inside a chain, see `isViewOp`.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

using Builder = ImplicitLocOpBuilder;

Value same(Builder &, ValueRange elements) { return elements[0]; }

/// Index arithmetic inside a stage.
struct Indices {
  Builder &b;
  Value number(int64_t value) const { return arith::ConstantIndexOp::create(b, value); }
  Value loop(unsigned position) const { return linalg::IndexOp::create(b, position); }
  Value add(Value x, Value y) const { return arith::AddIOp::create(b, x, y); }
  Value add(Value x, int64_t y) const { return y == 0 ? x : add(x, number(y)); }
  Value sub(Value x, Value y) const { return arith::SubIOp::create(b, x, y); }
  Value mul(Value x, int64_t y) const { return y == 1 ? x : arith::MulIOp::create(b, x, number(y)); }
  Value div(Value x, int64_t y) const { return arith::DivUIOp::create(b, x, number(y)); }
  Value rem(Value x, int64_t y) const { return arith::RemUIOp::create(b, x, number(y)); }
  Value min(Value x, int64_t y) const { return arith::MinSIOp::create(b, x, number(y)); }
  Value max(Value x, int64_t y) const { return arith::MaxSIOp::create(b, x, number(y)); }
  /// Of logical indices, those of the stored tensor.
  SmallVector<Value> stored(const Layout &layout, SmallVector<Value> logical) const {
    if (!layout.isBlocked())
      return logical;
    Value &channel = logical[layout.channelDim()];
    logical.push_back(rem(channel, layout.block));
    logical[layout.channelDim()] = div(channel, layout.block);
    return logical;
  }
  /// The logical indices at a point of a stage over a tensor of this layout. Rounded-up lanes count as the last
  /// channel.
  SmallVector<Value> logical(const Layout &layout) const {
    SmallVector<Value> at;
    for (unsigned d = 0; d < layout.rank; ++d)
      at.push_back(loop(d));
    if (layout.isBlocked()) {
      Value &channel = at[layout.channelDim()];
      channel = add(mul(channel, layout.block), loop(layout.rank));
      if (!layout.isWhole())
        channel = min(channel, layout.channels() - 1);
    }
    return at;
  }
};

/// A stage over `result` that reads `x` at logical indices made from the logical indices of the result.
using Remap = llvm::function_ref<SmallVector<Value>(const Indices &, SmallVector<Value>)>;
Value remapped(StringRef name, Value x, Value y, KernelBuilder &kernel, Remap remap) {
  Layout from(cast<RankedTensorType>(x.getType())), to(cast<RankedTensorType>(y.getType()));
  kernel.keepExtents();
  Value source = kernel.read(x, "x");
  return kernel.map(name, loopsOver(to), {}, to.stored(), [&](Builder &b, ValueRange) -> Value {
    Indices indices{b};
    SmallVector<Value> at = indices.stored(from, remap(indices, indices.logical(to)));
    return tensor::ExtractOp::create(b, source, at);
  });
}

LogicalResult lowerTranspose(TransposeOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(cast<RankedTensorType>(op.getY().getType()));
  kernel.setHead("transpose");
  if (x.isBlocked() || y.isBlocked()) {
    kernel.define(op.getY(),
                  remapped("transpose", op.getX(), op.getY(), kernel, [&](const Indices &, SmallVector<Value> at) {
                    SmallVector<Value> from(at.size());
                    for (auto [d, source] : llvm::enumerate(op.getPerm()))
                      from[source] = at[d];
                    return from;
                  }));
    return success();
  }
  SmallVector<AffineExpr> at(x.rank);
  for (auto [d, source] : llvm::enumerate(op.getPerm()))
    at[source] = kernel.dim(d);
  kernel.define(op.getY(), kernel.map("transpose", loopsOver(y),
                                      {{kernel.read(op.getX(), "x"), AffineMap::get(y.rank, 0, at, op.getContext())}},
                                      y.stored(), same));
  return success();
}

LogicalResult lowerExpand(ExpandOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(cast<RankedTensorType>(op.getY().getType()));
  AffineMap map = broadcastMap(x, y, op.getContext());
  if (!map)
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  kernel.setHead("expand");
  kernel.define(op.getY(), kernel.map("expand", loopsOver(y), {{kernel.read(op.getX(), "x"), map}}, y.stored(), same));
  return success();
}

/// Negative indices count from the end.
Value fromFront(Builder &b, Value index, Value extent) {
  Value at = arith::IndexCastOp::create(b, b.getIndexType(), index);
  Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, arith::ConstantIndexOp::create(b, 0));
  return arith::SelectOp::create(b, isNegative, arith::AddIOp::create(b, at, extent), at);
}

/// What lies outside is brought inside: indices may come from a user, and nothing else is read.
Value insideIndex(Builder &b, Value index, Value rows, unsigned axis) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value extent = tensor::DimOp::create(b, rows, axis);
  Value at = fromFront(b, index, extent);
  at = arith::MinSIOp::create(b, at, arith::SubIOp::create(b, extent, one));
  return arith::MaxSIOp::create(b, at, zero);
}

LogicalResult lowerGather(GatherOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(cast<RankedTensorType>(op.getY().getType()));
  Layout indices(cast<RankedTensorType>(op.getIndices().getType()));
  if (x.isBlocked() || y.isBlocked() || indices.isBlocked())
    return op.emitError("no kernel for blocked operands");
  kernel.setHead("gather");
  unsigned axis = op.getAxis();
  SmallVector<AffineExpr> indexAt;
  for (unsigned d = 0; d < indices.rank; ++d)
    indexAt.push_back(kernel.dim(axis + d));
  Value rows = kernel.read(op.getX(), "x");
  Value stage =
      kernel.map("gather", loopsOver(y),
                 {{kernel.read(op.getIndices(), "indices"), AffineMap::get(y.rank, 0, indexAt, op.getContext())}},
                 y.stored(), [&](Builder &b, ValueRange v) -> Value {
                   SmallVector<Value> at;
                   for (unsigned d = 0; d < axis; ++d)
                     at.push_back(linalg::IndexOp::create(b, d));
                   at.push_back(insideIndex(b, v[0], rows, axis));
                   for (unsigned d = axis + indices.rank; d < y.rank; ++d)
                     at.push_back(linalg::IndexOp::create(b, d));
                   return tensor::ExtractOp::create(b, rows, at);
                 });
  kernel.define(op.getY(), stage);
  return success();
}

/// Where `indices`, which may be the same along a dimension, are read at a point of a stage of `rank` loops.
AffineMap lineMap(RankedTensorType indices, KernelBuilder &kernel, unsigned axis) {
  SmallVector<AffineExpr> at;
  for (auto [dim, extent] : llvm::enumerate(indices.getShape()))
    at.push_back(extent == 1 && dim != axis ? kernel.constant(0) : kernel.dim(dim));
  return AffineMap::get(indices.getRank(), 0, at, indices.getContext());
}

LogicalResult lowerGatherElements(GatherElementsOp op, KernelBuilder &kernel) {
  Layout y(cast<RankedTensorType>(op.getY().getType()));
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  if (isBlocked(op.getX().getType()) || y.isBlocked() || isBlocked(indices))
    return op.emitError("no kernel for blocked operands");
  kernel.setHead("gather_elements");
  unsigned axis = op.getAxis();
  Value x = kernel.read(op.getX(), "x");
  Source index{kernel.read(op.getIndices(), "indices"), lineMap(indices, kernel, axis)};
  kernel.define(op.getY(), kernel.map("gather", loopsOver(y), index, y.stored(), [&](Builder &b, ValueRange v) -> Value {
    SmallVector<Value> at;
    for (unsigned d = 0; d < y.rank; ++d)
      at.push_back(d == axis ? insideIndex(b, v[0], x, axis) : Value(linalg::IndexOp::create(b, d)));
    return tensor::ExtractOp::create(b, x, at);
  }));
  return success();
}

Value scattered(Builder &b, ScatterKind kind, Value present, Value update) {
  switch (kind) {
  case ScatterKind::Put:
    return update;
  case ScatterKind::Add:
    return addOf(b, present, update);
  case ScatterKind::Mul:
    return mulOf(b, present, update);
  case ScatterKind::Max:
    return maxOf(b, present, update);
  case ScatterKind::Min:
    return minOf(b, present, update);
  }
  llvm_unreachable("all kinds are above");
}

/// Begins with a copy, where `x` is not one number everywhere.
LogicalResult lowerScatter(ScatterOp op, KernelBuilder &kernel) {
  Layout y(cast<RankedTensorType>(op.getY().getType()));
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  if (y.isBlocked() || isBlocked(op.getX().getType()) || isBlocked(op.getUpdates().getType()) || isBlocked(indices))
    return op.emitError("no kernel for blocked operands");
  kernel.setHead(("scatter_" + stringifyScatterKind(op.getKind())).str());
  kernel.keepExtents();
  AffineMap identity = kernel.builder.getMultiDimIdentityMap(y.rank);
  TypedAttr splat = kernel.splat(op.getX());
  Value begin = splat ? kernel.filled(y.stored(), splat)
                      : kernel.map("begin", loopsOver(y), {{kernel.read(op.getX(), "x"), identity}}, y.stored(), same);
  int64_t extent = y.type.getDimSize(op.getAxis());
  Source sources[] = {{kernel.read(op.getIndices(), "indices"), lineMap(indices, kernel, op.getAxis())},
                      {kernel.read(op.getUpdates(), "updates"), identity}};
  kernel.define(op.getY(), kernel.scatter("scatter", sources, op.getAxis(), begin, [&](Builder &b, ValueRange v) {
    Value rows = ShapedType::isDynamic(extent) ? Value(tensor::DimOp::create(b, begin, op.getAxis())) : arith::ConstantIndexOp::create(b, extent);
    Value place = fromFront(b, v[0], rows);
    return std::pair(Value(arith::IndexCastOp::create(b, b.getI32Type(), place)), scattered(b, op.getKind(), v[2], v[1]));
  }));
  return success();
}

/// A product for each row of the tables; places of the picture are the same for all channels, be they packed or not.
LogicalResult lowerResample(ResampleOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  if (x.block != y.block)
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  kernel.setHead("resample");
  kernel.keepExtents();
  unsigned axis = op.getAxis(), rank = y.storedRank();
  Value planes = kernel.read(op.getX(), "x"), indices = kernel.read(op.getIndices(), "indices"),
        weights = kernel.read(op.getWeights(), "weights");
  SmallVector<Source> sources;
  int64_t count = op.getIndices().getType().getDimSize(0);
  for (int64_t k = 0; k < count; ++k) {
    AffineExpr row = getAffineConstantExpr(k, op.getContext());
    AffineMap at = AffineMap::get(rank, 0, {row, kernel.dim(axis)}, op.getContext());
    sources.append({{indices, at}, {weights, at}});
  }
  kernel.define(op.getY(), kernel.map("resample", loopsOver(y), sources, y.stored(), [&](Builder &b, ValueRange v) {
    SmallVector<Value> at;
    for (unsigned d = 0; d < rank; ++d)
      at.push_back(linalg::IndexOp::create(b, d));
    Value sum;
    for (int64_t k = 0; k < count; ++k) {
      at[axis] = insideIndex(b, v[2 * k], planes, axis);
      Value product = mulOf(b, tensor::ExtractOp::create(b, planes, at), v[2 * k + 1]);
      sum = sum ? addOf(b, sum, product) : product;
    }
    return sum;
  }));
  return success();
}

/// Channel c of the result is channel (c mod groups) * (C / groups) + c / groups of the input.
LogicalResult lowerShuffle(ChannelShuffleOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType()));
  int64_t groups = op.getGroups(), size = x.channels() / groups;
  std::optional<ArrayRef<int64_t>> stored = op.getStored();
  int64_t last = 0; ///< place of the input that the last one of a part would be read from
  if (stored)
    last = (groups - 1) * size + ((*stored)[0] - (*stored)[0] / (*stored)[1] + (*stored)[2] - 1) / groups;
  kernel.setHead("channel_shuffle");
  kernel.define(op.getY(),
                remapped("shuffle", op.getX(), op.getY(), kernel, [&](const Indices &i, SmallVector<Value> at) {
                  if (stored) {
                    int64_t perPart = (*stored)[0] / (*stored)[1], part = (*stored)[2];
                    Value inPart = i.rem(at[1], part);
                    if (last >= x.stored().getDimSize(1) * std::max<int64_t>(x.block, 1)) // behind the channels of a part
                      inPart = i.min(inPart, perPart - 1);
                    at[1] = i.add(i.mul(i.div(at[1], part), perPart), inPart);
                  }
                  at[1] = i.add(i.mul(i.rem(at[1], groups), size), i.div(at[1], groups));
                  return at;
                }));
  return success();
}

LogicalResult lowerDepthToSpace(DepthToSpaceOp op, KernelBuilder &kernel) {
  auto y = cast<RankedTensorType>(op.getY().getType());
  ArrayRef<int64_t> block = op.getBlock();
  int64_t channels = y.getDimSize(1), together = op.getX().getType().getDimSize(1) / channels;
  bool dcr = op.getMode() == DepthMode::DCR;
  kernel.setHead("depth_to_space");
  kernel.define(op.getY(),
                remapped("depth_to_space", op.getX(), op.getY(), kernel, [&](const Indices &i, SmallVector<Value> at) {
                  Value square = i.rem(at[2], block[0]);
                  for (int64_t d = 3; d < y.getRank(); ++d)
                    square = i.add(i.mul(square, block[d - 2]), i.rem(at[d], block[d - 2]));
                  at[1] = dcr ? i.add(i.mul(square, channels), at[1]) : i.add(i.mul(at[1], together), square);
                  for (int64_t d = 2; d < y.getRank(); ++d)
                    at[d] = i.div(at[d], block[d - 2]);
                  return at;
                }));
  return success();
}

/// Where an element of a padded dimension comes from: `edge` stops at the ends, `reflect` turns round there. It is
/// clamped even so: Halide replaces a vector of computed indices by one load of everything between the least and the
/// largest, and of `max(x, -x)` it does not see that it is never negative.
Value padSource(const Indices &i, Value at, int64_t low, int64_t extent, PadMode mode) {
  Value position = i.add(at, -low);
  if (mode == PadMode::Reflect) {
    Value turned = arith::MaxSIOp::create(i.b, position, i.sub(i.number(0), position));
    position = arith::MinSIOp::create(i.b, turned, i.sub(i.number(2 * (extent - 1)), turned));
  }
  return i.min(i.max(position, 0), extent - 1);
}

LogicalResult lowerPad(PadOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType()));
  kernel.setHead("pad");
  PadMode mode = op.getMode();
  Value source = kernel.read(op.getX(), "x");
  Layout y(cast<RankedTensorType>(op.getY().getType()));
  kernel.keepExtents();
  Value stage = kernel.map("pad", loopsOver(y), {}, y.stored(), [&](Builder &b, ValueRange) -> Value {
    Indices i{b};
    SmallVector<Value> at = i.logical(y), from;
    Value inside;
    for (auto [d, position] : llvm::enumerate(at)) {
      int64_t low = op.getLow()[d], high = op.getHigh()[d], extent = x.type.getDimSize(d);
      if (!low && !high) {
        from.push_back(position);
        continue;
      }
      from.push_back(padSource(i, position, low, extent, mode));
      Value behindLow = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, position, i.number(low));
      Value beforeHigh = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, i.number(low + extent));
      Value both = arith::AndIOp::create(b, behindLow, beforeHigh);
      inside = inside ? Value(arith::AndIOp::create(b, inside, both)) : both;
    }
    Value element = tensor::ExtractOp::create(b, source, i.stored(x, from));
    if (mode != PadMode::Constant || !inside)
      return element;
    return arith::SelectOp::create(b, inside, element, constantLike(b, element, op.getValue().convertToDouble()));
  });
  kernel.define(op.getY(), stage);
  return success();
}

/// Backward steps, and channels from inside a block on (others are views).
LogicalResult lowerSlice(SliceOp op, KernelBuilder &kernel) {
  kernel.setHead("slice");
  kernel.define(op.getY(),
                remapped("slice", op.getX(), op.getY(), kernel, [&](const Indices &i, SmallVector<Value> at) {
                  for (auto [d, position] : llvm::enumerate(at)) {
                    int64_t step = op.getStep()[d];
                    position = step > 0 ? i.add(i.mul(position, step), op.getStart()[d])
                                        : i.sub(i.number(op.getStart()[d]), i.mul(position, -step));
                  }
                  return at;
                }));
  return success();
}

/// Members one behind the other in whole blocks. Positions beside a member read its edge, which is then not taken.
Value joinedBlocks(ConcatOp op, const Layout &y, KernelBuilder &kernel) {
  SmallVector<Value> members;
  SmallVector<int64_t> blocks;
  for (Value x : op.getXs()) {
    members.push_back(kernel.read(x, "x"));
    blocks.push_back(Layout(cast<RankedTensorType>(x.getType())).channels() / y.block);
  }
  return kernel.map("concat", loopsOver(y), {}, y.stored(), [&](Builder &b, ValueRange) -> Value {
    Indices indices{b};
    SmallVector<Value> at;
    for (unsigned d = 0; d < y.storedRank(); ++d)
      at.push_back(indices.loop(d));
    Value block = at[1], result;
    int64_t end = y.channels() / y.block;
    for (auto [member, count] : llvm::reverse(llvm::zip_equal(members, blocks))) {
      int64_t begin = end - count;
      at[1] = indices.max(indices.min(begin == 0 ? block : indices.sub(block, indices.number(begin)), count - 1), 0);
      Value element = tensor::ExtractOp::create(b, member, at);
      if (result) {
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, block, indices.number(end));
        element = arith::SelectOp::create(b, inside, element, result);
      }
      result = element;
      end = begin;
    }
    return result;
  });
}

/// Members that begin inside blocks: the same, channel by channel.
Value joinedChannels(ConcatOp op, const Layout &y, KernelBuilder &kernel) {
  kernel.keepExtents();
  SmallVector<Value> members;
  for (Value x : op.getXs())
    members.push_back(kernel.read(x, "x"));
  return kernel.map("concat", loopsOver(y), {}, y.stored(), [&](Builder &b, ValueRange) -> Value {
    Indices indices{b};
    SmallVector<Value> at = indices.logical(y);
    Value channel = at[1], result;
    int64_t end = y.channels();
    for (auto [x, member] : llvm::reverse(llvm::zip_equal(op.getXs(), members))) {
      Layout layout(cast<RankedTensorType>(x.getType()));
      int64_t begin = end - layout.channels();
      at[1] = indices.max(indices.min(indices.add(channel, -begin), layout.channels() - 1), 0);
      Value element = tensor::ExtractOp::create(b, member, indices.stored(layout, at));
      if (result) {
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, channel, indices.number(end));
        element = arith::SelectOp::create(b, inside, element, result);
      }
      result = element;
      end = begin;
    }
    return result;
  });
}

LogicalResult lowerConcat(ConcatOp op, KernelBuilder &kernel) {
  Layout y(cast<RankedTensorType>(op.getY().getType()));
  bool whole = true;
  for (Value x : op.getXs()) {
    Layout layout(cast<RankedTensorType>(x.getType()));
    if (op.getAxis() != 1 || !y.isBlocked() || layout.block != y.block)
      return op.emitError("no kernel joins ") << x.getType() << " into " << y.type;
    whole &= layout.isWhole();
  }
  kernel.addName("concat");
  kernel.define(op.getY(), whole ? joinedBlocks(op, y, kernel) : joinedChannels(op, y, kernel));
  return success();
}

/// Channels into blocks, out of them, or from one block size to another. Lanes that are no channels hold 0.
LogicalResult lowerRelayout(RelayoutOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(cast<RankedTensorType>(op.getY().getType()));
  kernel.setHead(y.isBlocked() ? ("pack_b" + Twine(y.block)).str() : ("unpack_b" + Twine(x.block)).str());
  if (x.block == y.block) {
    kernel.define(op.getY(),
                  kernel.map("copy", loopsOver(y),
                             {{kernel.read(op.getX(), "x"), kernel.builder.getMultiDimIdentityMap(y.storedRank())}},
                             y.stored(), same));
    return success();
  }
  if (!y.isWhole()) {
    kernel.keepExtents();
    Value source = kernel.read(op.getX(), "x");
    Value stage = kernel.map("relayout", loopsOver(y), {}, y.stored(), [&](Builder &b, ValueRange) -> Value {
      Indices i{b};
      Value element = tensor::ExtractOp::create(b, source, i.stored(x, i.logical(y)));
      Value channel = i.add(i.mul(i.loop(y.channelDim()), y.block), i.loop(y.rank));
      Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, channel, i.number(y.channels()));
      return arith::SelectOp::create(b, exists, element, constantLike(b, element, 0));
    });
    kernel.define(op.getY(), stage);
    return success();
  }
  AffineExpr channel = y.channel(op.getContext());
  SmallVector<AffineExpr> at;
  for (unsigned d = 0; d < x.rank; ++d)
    at.push_back(kernel.dim(d));
  at[x.channelDim()] = x.isBlocked() ? channel.floorDiv(x.block) : channel;
  if (x.isBlocked())
    at.push_back(channel % x.block);
  kernel.define(op.getY(),
                kernel.map("relayout", loopsOver(y),
                           {{kernel.read(op.getX(), "x"), AffineMap::get(y.storedRank(), 0, at, op.getContext())}},
                           y.stored(), same));
  return success();
}

//===-- pictures
//----------------------------------------------------------------------------------------------------===//

/// One dimension of a resized and cropped picture: the two samples at result position p, and the weight of the second.
struct Sampling {
  int64_t extent, resized, cropBegin;
};

/// (p + crop + 1/2) * extent / resized - 1/2, cut off at both ends, in whole multiples of 1 / (2 resized).
std::tuple<Value, Value, Value> sample(const Indices &i, Value p, Sampling s, Type element) {
  int64_t unit = 2 * s.resized;
  Value doubled = i.add(i.mul(i.add(p, s.cropBegin), 2), 1);
  Value position = i.add(i.mul(doubled, s.extent), -s.resized);
  Value cut = i.min(i.max(position, 0), (s.extent - 1) * unit);
  Value first = i.div(cut, unit);
  Value rest = arith::IndexCastOp::create(i.b, i.b.getI32Type(), i.rem(cut, unit));
  Value asFloat = arith::SIToFPOp::create(i.b, element, rest);
  Value weight = arith::DivFOp::create(i.b, asFloat, constantLike(i.b, asFloat, unit));
  return {first, i.min(i.add(first, 1), s.extent - 1), weight};
}

/// The extents after `resize`: as given, or the shorter side and the other in proportion.
std::pair<int64_t, int64_t> resizedExtents(ImageInputOp op, int64_t height, int64_t width) {
  auto resize = op.getResize();
  if (!resize)
    return {height, width};
  if (resize->size() == 2)
    return {(*resize)[0], (*resize)[1]};
  int64_t shorter = (*resize)[0];
  return height <= width ? std::pair(shorter, shorter * width / height) : std::pair(shorter * height / width, shorter);
}

LogicalResult lowerImageInput(ImageInputOp op, KernelBuilder &kernel) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(op.getY().getType());
  if (y.isBlocked())
    return op.emitError("no kernel for a result of type ") << y.type;
  kernel.setHead("image_input");
  kernel.keepExtents();
  int64_t height = x.type.getDimSize(1), width = x.type.getDimSize(2);
  auto [resizedHeight, resizedWidth] = resizedExtents(op, height, width);
  Sampling rows{height, resizedHeight, (resizedHeight - y.type.getDimSize(2)) / 2};
  Sampling columns{width, resizedWidth, (resizedWidth - y.type.getDimSize(3)) / 2};
  bool exact = resizedHeight == height && resizedWidth == width;
  auto channelTable = [&](ArrayRef<double> values, StringRef name) -> Source {
    SmallVector<float> floats(values.begin(), values.end());
    auto type = RankedTensorType::get({int64_t(floats.size())}, Float32Type::get(op.getContext()));
    AffineExpr at = values.size() == 1 ? kernel.constant(0) : kernel.dim(1);
    return {kernel.table(DenseElementsAttr::get(type, ArrayRef(floats)), name),
            AffineMap::get(4, 0, {at}, op.getContext())};
  };
  Value picture = kernel.read(op.getX(), "x");
  Type element = y.type.getElementType();
  Source sources[] = {channelTable(op.getMean(), "mean"), channelTable(op.getStd(), "std")};
  Value stage = kernel.map("image_input", loopsOver(y), sources, y.stored(), [&](Builder &b, ValueRange v) -> Value {
    Indices i{b};
    Value n = i.loop(0), c = i.loop(1);
    auto pixel = [&](Value row, Value column) -> Value {
      Value byte = tensor::ExtractOp::create(b, picture, ValueRange{n, row, column, c});
      return arith::UIToFPOp::create(b, element, signless(b, byte));
    };
    auto blend = [&](Value low, Value high, Value weight) {
      return addOf(b, low, mulOf(b, arith::SubFOp::create(b, high, low), weight));
    };
    Value value;
    if (exact) {
      value = pixel(i.add(i.loop(2), rows.cropBegin), i.add(i.loop(3), columns.cropBegin));
    } else {
      auto [top, bottom, down] = sample(i, i.loop(2), rows, element);
      auto [left, right, across] = sample(i, i.loop(3), columns, element);
      Value upper = blend(pixel(top, left), pixel(top, right), across);
      Value lower = blend(pixel(bottom, left), pixel(bottom, right), across);
      value = blend(upper, lower, down);
    }
    Value unit = arith::DivFOp::create(b, value, constantLike(b, value, 255));
    return arith::DivFOp::create(b, arith::SubFOp::create(b, unit, v[0]), v[1]);
  });
  kernel.define(op.getY(), stage);
  return success();
}

} // namespace

void addShape(LoweringTable &table) {
  table.add<TransposeOp>(lowerTranspose);
  table.add<ExpandOp>(lowerExpand);
  table.add<GatherOp>(lowerGather);
  table.add<GatherElementsOp>(lowerGatherElements);
  table.add<ScatterOp>(lowerScatter);
  table.add<ResampleOp>(lowerResample);
  table.add<ChannelShuffleOp>(lowerShuffle);
  table.add<DepthToSpaceOp>(lowerDepthToSpace);
  table.add<PadOp>(lowerPad);
  table.add<SliceOp>(lowerSlice);
  table.add<RelayoutOp>(lowerRelayout);
  table.add<ConcatOp>(lowerConcat);
  table.add<ImageInputOp>(lowerImageInput);
}

} // namespace weft
