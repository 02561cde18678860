// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that read a window of each plane: pooling, local response normalisation, upsampling.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

using Builder = ImplicitLocOpBuilder;

TypedAttr floatOf(RankedTensorType type, double value) { return FloatAttr::get(type.getElementType(), value); }

//===-- pooling ---------------------------------------------------------------------------------------------------===//

/// The window of a pooling operation, whichever op it came from.
struct Pool {
  Value x, y;
  SmallVector<int64_t> kernel, stride, dilation, pad;
  std::string name;
};

template <typename Op> Pool poolOf(Op op, StringRef name) {
  return {op.getX(),
          op.getY(),
          SmallVector<int64_t>(op.getKernel()),
          SmallVector<int64_t>(op.getStride()),
          SmallVector<int64_t>(op.getDilation()),
          SmallVector<int64_t>(op.getPad()),
          name.str()};
}

/// A whole plane, or windows that tile it.
template <typename Op> Pool planePool(Op op, ArrayRef<int64_t> count, StringRef name) {
  Pool pool{op.getX(), op.getY(), {}, {}, {}, {}, name.str()};
  for (auto [extent, windows] : llvm::zip_equal(op.getX().getType().getShape().drop_front(2), count)) {
    pool.kernel.push_back(extent / windows);
    pool.stride.push_back(extent / windows);
  }
  pool.dilation.assign(count.size(), 1);
  pool.pad.assign(2 * count.size(), 0);
  return pool;
}

ArrayRef<int64_t> spatialShape(Value value) { return cast<RankedTensorType>(value.getType()).getShape().drop_front(2); }

/// "maxpool3x3s2_b16"
void nameAfter(const Pool &pool, const Layout &layout, KernelBuilder &kernel) {
  std::string head;
  llvm::raw_string_ostream os(head);
  os << pool.name;
  llvm::interleave(pool.kernel, os, "x");
  if (llvm::any_of(pool.stride, [](int64_t s) { return s != 1; }) && pool.stride != pool.kernel) {
    os << 's';
    if (llvm::all_equal(pool.stride))
      os << pool.stride[0];
    else
      llvm::interleave(pool.stride, os, "x");
  }
  if (layout.isBlocked())
    os << "_b" << layout.block;
  kernel.setHead(head);
}

/// Gathers each window with `body`, beginning at `init`; outside the plane `init` is read.
Value gatherWindow(const Pool &pool, double init, KernelBuilder &kernel,
                   llvm::function_ref<Value(Builder &, Value, Value)> body) {
  Layout x(cast<RankedTensorType>(pool.x.getType())), y(cast<RankedTensorType>(pool.y.getType()));
  unsigned spatial = y.spatialRank();
  StageLoops loops = loopsOver(y);
  llvm::append_range(loops.names, spatialNames(spatial, "k"));
  loops.reductionExtents = pool.kernel;
  SmallVector<AffineExpr> at = {kernel.dim(0), kernel.dim(1)};
  for (unsigned d = 0; d < spatial; ++d)
    at.push_back(kernel.dim(2 + d) * pool.stride[d] + kernel.dim(loops.parallel + d) * pool.dilation[d]);
  if (y.isBlocked())
    at.push_back(kernel.dim(loops.parallel - 1));
  Box window = slidingWindow(spatialShape(pool.x), spatialShape(pool.y), pool.kernel, pool.stride, pool.dilation,
                             pool.pad, init);
  return kernel.reduce(
      pool.name, loops,
      {{kernel.read(pool.x, window, "x"), AffineMap::get(loops.names.size(), 0, at, kernel.getContext())}}, y.stored(),
      floatOf(y.type, init), [&](Builder &builder, ValueRange args) { return body(builder, args[0], args[1]); });
}

LogicalResult checkLayouts(Operation *op, Value x, Value y) {
  Layout from(cast<RankedTensorType>(x.getType())), to(cast<RankedTensorType>(y.getType()));
  if (from.block != to.block)
    return op->emitError("no kernel for an input of type ") << from.type << " and a result of type " << to.type;
  return success();
}

LogicalResult lowerMax(Operation *op, const Pool &pool, KernelBuilder &kernel) {
  if (failed(checkLayouts(op, pool.x, pool.y)))
    return failure();
  nameAfter(pool, Layout(cast<RankedTensorType>(pool.y.getType())), kernel);
  kernel.define(pool.y, gatherWindow(pool, -std::numeric_limits<double>::infinity(), kernel, maxOf));
  return success();
}

/// How many elements of `extent` (padding counted if asked for) each window of dimension `d` covers.
SmallVector<float> countsOf(const Pool &pool, unsigned d, bool countPadding) {
  unsigned spatial = pool.kernel.size();
  int64_t extent = spatialShape(pool.x)[d], windows = spatialShape(pool.y)[d];
  int64_t first = countPadding ? -pool.pad[d] : 0, end = extent + (countPadding ? pool.pad[spatial + d] : 0);
  SmallVector<float> counts;
  for (int64_t p = 0; p < windows; ++p) {
    int64_t count = 0;
    for (int64_t k = 0; k < pool.kernel[d]; ++k) {
      int64_t at = p * pool.stride[d] - pool.pad[d] + k * pool.dilation[d];
      count += at >= first && at < end;
    }
    counts.push_back(static_cast<float>(count));
  }
  return counts;
}

/// Divides sums by the size of their windows: a constant, or where windows are cut off a product of one count a
/// dimension.
Value divideByCount(const Pool &pool, Value sum, bool countPadding, KernelBuilder &kernel) {
  Layout y(cast<RankedTensorType>(pool.y.getType()));
  StageLoops loops = loopsOver(y);
  SmallVector<Source> sources = {{sum, kernel.builder.getMultiDimIdentityMap(loops.parallel)}};
  double constant = 1;
  for (unsigned d = 0; d < y.spatialRank(); ++d) {
    SmallVector<float> counts = countsOf(pool, d, countPadding);
    if (llvm::all_equal(counts)) {
      constant *= counts[0];
      continue;
    }
    auto type = RankedTensorType::get({int64_t(counts.size())}, Float32Type::get(kernel.getContext()));
    sources.push_back({kernel.table(DenseElementsAttr::get(type, ArrayRef(counts)), "count"),
                       AffineMap::get(loops.parallel, 0, {kernel.dim(2 + d)}, kernel.getContext())});
  }
  return kernel.map("mean", loops, sources, y.stored(), [&](Builder &builder, ValueRange args) -> Value {
    Value count = constantLike(builder, args[0], constant);
    for (Value other : args.drop_front(1).drop_back(1))
      count = arith::MulFOp::create(builder, count, other);
    return arith::DivFOp::create(builder, args[0], count);
  });
}

LogicalResult lowerMean(Operation *op, const Pool &pool, bool countPadding, KernelBuilder &kernel) {
  if (failed(checkLayouts(op, pool.x, pool.y)))
    return failure();
  nameAfter(pool, Layout(cast<RankedTensorType>(pool.y.getType())), kernel);
  Value sum = gatherWindow(pool, 0, kernel, addOf);
  kernel.define(pool.y, divideByCount(pool, sum, countPadding, kernel));
  return success();
}

/// The maximum of windows made in the same kernel, tile by tile: one expression.
LogicalResult lowerMaxOfTile(MaxpoolOp op, KernelBuilder &kernel) {
  Pool pool = poolOf(op, "maxpool");
  Layout y(op.getY().getType());
  StageLoops loops = loopsOver(y);
  Value x = kernel.read(op.getX());
  SmallVector<Source> sources;
  for (int64_t row = 0; row < pool.kernel[0]; ++row)
    for (int64_t column = 0; column < pool.kernel[1]; ++column)
      sources.push_back({x, AffineMap::get(loops.parallel, 0,
                                           {kernel.dim(0), kernel.dim(1), kernel.dim(2) * pool.stride[0] + row,
                                            kernel.dim(3) * pool.stride[1] + column, kernel.dim(4)},
                                           kernel.getContext())});
  nameAfter(pool, y, kernel);
  kernel.define(op.getY(), kernel.map(pool.name, loops, sources, y.stored(), [](Builder &b, ValueRange taps) {
    Value most = taps.front();
    for (Value tap : taps.drop_front().drop_back())
      most = maxOf(b, most, tap);
    return most;
  }));
  return success();
}

LogicalResult lowerMaxpool(MaxpoolOp op, KernelBuilder &kernel) {
  return kernel.poolsTiles(op.getX()) ? lowerMaxOfTile(op, kernel) : lowerMax(op, poolOf(op, "maxpool"), kernel);
}
LogicalResult lowerAvgpool(AvgpoolOp op, KernelBuilder &kernel) {
  return lowerMean(op, poolOf(op, "avgpool"), op.getCountIncludePad(), kernel);
}
LogicalResult lowerGlobalAvgpool(GlobalAvgpoolOp op, KernelBuilder &kernel) {
  SmallVector<int64_t> ones(op.getX().getType().getRank() - 2, 1);
  return lowerMean(op, planePool(op, ones, "avgpool"), false, kernel);
}
LogicalResult lowerGlobalMaxpool(GlobalMaxpoolOp op, KernelBuilder &kernel) {
  SmallVector<int64_t> ones(op.getX().getType().getRank() - 2, 1);
  return lowerMax(op, planePool(op, ones, "maxpool"), kernel);
}

//===-- adaptive pooling ------------------------------------------------------------------------------------------===//

/// Window i is from floor(i * extent / out) to ceil((i + 1) * extent / out).
int64_t unevenCount(int64_t i, int64_t extent, int64_t out) {
  return ((i + 1) * extent + out - 1) / out - i * extent / out;
}

/// Windows of unequal size, as long as the longest, elements behind the end skipped. Extents are constants of the code.
LogicalResult lowerUneven(AdaptiveAvgpoolOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  unsigned spatial = y.spatialRank();
  kernel.setHead("adaptive_avgpool");
  kernel.keepExtents();
  StageLoops loops = loopsOver(y);
  llvm::append_range(loops.names, spatialNames(spatial, "k"));
  for (unsigned d = 0; d < spatial; ++d) {
    int64_t extent = x.type.getDimSize(2 + d), out = y.type.getDimSize(2 + d), longest = 0;
    for (int64_t i = 0; i < out; ++i)
      longest = std::max(longest, unevenCount(i, extent, out));
    loops.reductionExtents.push_back(longest);
  }
  Value plane = kernel.read(op.getX(), "x");
  auto body = [&](Builder &b, ValueRange args) -> Value {
    auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
    auto index = [&](unsigned loop) -> Value { return linalg::IndexOp::create(b, loop); };
    SmallVector<Value> at = {index(0), index(1)};
    Value inside = arith::ConstantOp::create(b, b.getBoolAttr(true));
    for (unsigned d = 0; d < spatial; ++d) {
      int64_t extent = x.type.getDimSize(2 + d), out = y.type.getDimSize(2 + d);
      Value scaled = arith::MulIOp::create(b, index(2 + d), number(extent));
      Value begin = arith::DivUIOp::create(b, scaled, number(out));
      Value end = arith::DivUIOp::create(b, arith::AddIOp::create(b, scaled, number(extent + out - 1)), number(out));
      Value position = arith::AddIOp::create(b, begin, index(loops.parallel + d));
      inside = arith::AndIOp::create(b, inside, arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, end));
      at.push_back(arith::MinSIOp::create(b, position, number(extent - 1)));
    }
    if (y.isBlocked())
      at.push_back(index(loops.parallel - 1));
    Value sum = addOf(b, args[0], tensor::ExtractOp::create(b, plane, at));
    return arith::SelectOp::create(b, inside, sum, args[0]);
  };
  Value sum = kernel.reduce("avgpool", loops, {}, y.stored(), floatOf(y.type, 0), body);
  SmallVector<Source> sources = {{sum, kernel.builder.getMultiDimIdentityMap(loops.parallel)}};
  for (unsigned d = 0; d < spatial; ++d) {
    SmallVector<float> counts;
    int64_t extent = x.type.getDimSize(2 + d), out = y.type.getDimSize(2 + d);
    for (int64_t i = 0; i < out; ++i)
      counts.push_back(static_cast<float>(unevenCount(i, extent, out)));
    auto type = RankedTensorType::get({out}, Float32Type::get(kernel.getContext()));
    sources.push_back({kernel.table(DenseElementsAttr::get(type, ArrayRef(counts)), "count"),
                       AffineMap::get(loops.parallel, 0, {kernel.dim(2 + d)}, kernel.getContext())});
  }
  kernel.define(op.getY(),
                kernel.map("mean", loopsOver(y), sources, y.stored(), [&](Builder &b, ValueRange args) -> Value {
                  Value count = args[1];
                  for (Value other : args.drop_front(2).drop_back(1))
                    count = arith::MulFOp::create(b, count, other);
                  return arith::DivFOp::create(b, args[0], count);
                }));
  return success();
}

LogicalResult lowerAdaptive(AdaptiveAvgpoolOp op, KernelBuilder &kernel) {
  if (failed(checkLayouts(op, op.getX(), op.getY())))
    return failure();
  bool even = llvm::all_of(llvm::zip_equal(spatialShape(op.getX()), op.getOut()),
                           [](auto pair) { return std::get<0>(pair) % std::get<1>(pair) == 0; });
  return even ? lowerMean(op, planePool(op, op.getOut(), "avgpool"), false, kernel) : lowerUneven(op, kernel);
}

//===-- local response normalisation
//--------------------------------------------------------------------------------===//

/// The channel `offset` away from the one at a stored position: where it is stored, and whether there is one.
struct Neighbour {
  SmallVector<Value> at;
  Value exists;
};
Neighbour neighbourAt(Builder &b, const Layout &layout, Value offset) {
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
  unsigned rank = layout.storedRank();
  Neighbour result;
  for (unsigned d = 0; d < rank; ++d)
    result.at.push_back(linalg::IndexOp::create(b, d));
  Value channel = result.at[1];
  if (layout.isBlocked())
    channel = arith::AddIOp::create(b, arith::MulIOp::create(b, channel, number(layout.block)), result.at[rank - 1]);
  Value other = arith::AddIOp::create(b, channel, offset);
  Value from = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, other, number(0));
  Value to = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, other, number(layout.channels()));
  result.exists = arith::AndIOp::create(b, from, to);
  Value inside = arith::MinSIOp::create(b, arith::MaxSIOp::create(b, other, number(0)), number(layout.channels() - 1));
  result.at[1] = inside;
  if (layout.isBlocked()) {
    result.at[1] = arith::DivUIOp::create(b, inside, number(layout.block));
    result.at[rank - 1] = arith::RemUIOp::create(b, inside, number(layout.block));
  }
  return result;
}

/// Sums of squares around each channel, channels row-major: neighbours are `kc` channels away.
Value plainSquares(LrnOp op, const Layout &layout, StageLoops loops, int64_t before, Value x, KernelBuilder &kernel) {
  return kernel.reduce(
      "squares", loops, {}, layout.stored(), floatOf(layout.type, 0), [&](Builder &b, ValueRange args) -> Value {
        Value tap = linalg::IndexOp::create(b, loops.parallel);
        Value offset = arith::SubIOp::create(b, tap, arith::ConstantIndexOp::create(b, before));
        Neighbour neighbour = neighbourAt(b, layout, offset);
        Value element = tensor::ExtractOp::create(b, x, neighbour.at);
        Value sum = addOf(b, args[0], mulOf(b, element, element));
        return arith::SelectOp::create(b, neighbour.exists, sum, args[0]);
      });
}

/// The squares of a pixel's channels side by side, whole blocks of zeros before and behind, so that sums over
/// neighbouring channels of a block are sums of vectors.
Value lineUpSquares(const Layout &layout, int64_t blocksAround, Value x, KernelBuilder &kernel) {
  RankedTensorType stored = layout.stored();
  int64_t block = layout.block, blocks = stored.getDimSize(1);
  SmallVector<int64_t> shape{stored.getDimSize(0)};
  llvm::append_range(shape, stored.getShape().drop_front(2).drop_back());
  shape.push_back((blocks + 2 * blocksAround) * block);
  StageLoops loops;
  loops.names = {"n"};
  llvm::append_range(loops.names, spatialNames(layout.spatialRank()));
  loops.names.push_back("ch");
  loops.parallel = loops.names.size();
  auto type = RankedTensorType::get(shape, stored.getElementType());
  return kernel.map("line", loops, {}, type, [&](Builder &b, ValueRange) -> Value {
    auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
    auto index = [&](unsigned loop) -> Value { return linalg::IndexOp::create(b, loop); };
    Value channel = index(loops.parallel - 1);
    Value shifted = arith::SubIOp::create(b, arith::DivUIOp::create(b, channel, number(block)), number(blocksAround));
    Value inside = arith::MinSIOp::create(b, arith::MaxSIOp::create(b, shifted, number(0)), number(blocks - 1));
    SmallVector<Value> at{index(0), inside};
    for (unsigned d = 0; d < layout.spatialRank(); ++d)
      at.push_back(index(1 + d));
    at.push_back(arith::RemUIOp::create(b, channel, number(block)));
    Value element = tensor::ExtractOp::create(b, x, at);
    Value from = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, channel, number(blocksAround * block));
    Value to = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, channel,
                                     number(blocksAround * block + layout.channels()));
    Value exists = arith::AndIOp::create(b, from, to);
    return arith::SelectOp::create(b, exists, mulOf(b, element, element), constantLike(b, element, 0));
  });
}

Value blockedSquares(LrnOp op, const Layout &layout, StageLoops loops, int64_t before, Value x, KernelBuilder &kernel) {
  int64_t around = llvm::divideCeil(std::max<int64_t>(before, int64_t(op.getSize()) - 1 - before), layout.block);
  Value line = lineUpSquares(layout, around, x, kernel);
  unsigned lane = layout.storedRank() - 1;
  SmallVector<AffineExpr> at{kernel.dim(0)};
  for (unsigned d = 0; d < layout.spatialRank(); ++d)
    at.push_back(kernel.dim(2 + d));
  at.push_back(kernel.dim(1) * layout.block + kernel.dim(lane) + kernel.dim(loops.parallel) +
               (around * layout.block - before));
  return kernel.reduce("squares", loops, {{line, AffineMap::get(loops.names.size(), 0, at, kernel.getContext())}},
                       layout.stored(), floatOf(layout.type, 0),
                       [](Builder &b, ValueRange args) { return addOf(b, args[1], args[0]); });
}

/// base ^ beta. The exponent of the papers, 3/4, is two square roots: many times faster.
Value powerOf(Builder &b, Value base, double beta) {
  if (beta == 0.75) {
    Value root = math::SqrtOp::create(b, base);
    return mulOf(b, root, math::SqrtOp::create(b, root));
  }
  return math::PowFOp::create(b, base, constantLike(b, base, beta));
}

LogicalResult lowerLrn(LrnOp op, KernelBuilder &kernel) {
  if (failed(checkLayouts(op, op.getX(), op.getY())))
    return failure();
  Layout layout(cast<RankedTensorType>(op.getY().getType()));
  kernel.setHead(layout.isBlocked() ? ("lrn_b" + Twine(layout.block)).str() : "lrn");
  kernel.keepExtents();
  StageLoops loops = loopsOver(layout);
  loops.names.push_back("kc");
  loops.reductionExtents = {static_cast<int64_t>(op.getSize())};
  Value x = kernel.read(op.getX(), "x");
  int64_t before = (op.getSize() - 1) / 2;
  Value squares = (layout.isBlocked() ? blockedSquares : plainSquares)(op, layout, loops, before, x, kernel);
  AffineMap same = kernel.builder.getMultiDimIdentityMap(loops.parallel);
  double alpha = op.getAlpha().convertToDouble() / op.getSize(), k = op.getK().convertToDouble();
  kernel.define(op.getY(), kernel.map("lrn", loopsOver(layout), {{x, same}, {squares, same}}, layout.stored(),
                                      [&](Builder &b, ValueRange args) -> Value {
                                        Value scaled = mulOf(b, args[1], constantLike(b, args[1], alpha));
                                        Value base = addOf(b, scaled, constantLike(b, args[1], k));
                                        Value power = powerOf(b, base, op.getBeta().convertToDouble());
                                        return arith::DivFOp::create(b, args[0], power);
                                      }));
  return success();
}

//===-- upsampling ------------------------------------------------------------------------------------------------===//

void upsampleNearest(UpsampleOp op, const Layout &y, KernelBuilder &kernel) {
  SmallVector<AffineExpr> at = {kernel.dim(0), kernel.dim(1)};
  for (auto [d, scale] : llvm::enumerate(op.getScale()))
    at.push_back(kernel.dim(2 + d).floorDiv(scale));
  if (y.isBlocked())
    at.push_back(kernel.dim(y.storedRank() - 1));
  kernel.define(op.getY(),
                kernel.map("upsample", loopsOver(y),
                           {{kernel.read(op.getX(), "x"), AffineMap::get(y.storedRank(), 0, at, op.getContext())}},
                           y.stored(), [](Builder &, ValueRange args) { return args[0]; }));
}

/// The two samples position `p` of a dimension lies between, and how far it is from the first.
struct Between {
  Value first, second, weight;
};
Between between(Builder &b, Value p, int64_t scale, int64_t extent, Type element) {
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
  // (p + 1/2) / scale - 1/2 = (2 p + 1 - scale) / (2 scale), cut off at both ends; whole numbers until the last
  // division
  Value doubled = arith::AddIOp::create(b, arith::MulIOp::create(b, p, number(2)), number(1 - scale));
  Value above = arith::MaxSIOp::create(b, doubled, number(0));
  Value cut = arith::MinSIOp::create(b, above, number((extent - 1) * 2 * scale));
  Value first = arith::DivUIOp::create(b, cut, number(2 * scale));
  Value rest = arith::RemUIOp::create(b, cut, number(2 * scale));
  Value asInteger = arith::IndexCastOp::create(b, b.getI32Type(), rest);
  Value asFloat = arith::SIToFPOp::create(b, element, asInteger);
  Value weight = arith::DivFOp::create(b, asFloat, constantLike(b, asFloat, 2 * scale));
  Value next = arith::AddIOp::create(b, first, number(1));
  return {first, arith::MinSIOp::create(b, next, number(extent - 1)), weight};
}

void upsampleLinear(UpsampleOp op, const Layout &x, const Layout &y, KernelBuilder &kernel) {
  kernel.keepExtents();
  Value plane = kernel.read(op.getX(), "x");
  unsigned spatial = y.spatialRank();
  auto body = [&](Builder &b, ValueRange) -> Value {
    SmallVector<Value> at;
    for (unsigned d = 0; d < y.storedRank(); ++d)
      at.push_back(linalg::IndexOp::create(b, d));
    SmallVector<Between> sides;
    for (unsigned d = 0; d < spatial; ++d)
      sides.push_back(between(b, at[2 + d], op.getScale()[d], x.type.getDimSize(2 + d), y.type.getElementType()));
    // the innermost dimension first: corners in pairs until one value is left
    std::function<Value(unsigned)> blend = [&](unsigned d) -> Value {
      if (d == spatial)
        return tensor::ExtractOp::create(b, plane, at);
      at[2 + d] = sides[d].first;
      Value low = blend(d + 1);
      at[2 + d] = sides[d].second;
      Value high = blend(d + 1);
      Value step = arith::MulFOp::create(b, arith::SubFOp::create(b, high, low), sides[d].weight);
      return addOf(b, low, step);
    };
    return blend(0);
  };
  kernel.define(op.getY(), kernel.map("upsample", loopsOver(y), {}, y.stored(), body));
}

LogicalResult lowerUpsample(UpsampleOp op, KernelBuilder &kernel) {
  if (failed(checkLayouts(op, op.getX(), op.getY())))
    return failure();
  Layout x(op.getX().getType()), y(op.getY().getType());
  kernel.setHead("upsample");
  if (op.getMode() == Interpolation::Nearest)
    upsampleNearest(op, y, kernel);
  else
    upsampleLinear(op, x, y, kernel);
  return success();
}

} // namespace

void addWindow(LoweringTable &table) {
  table.add<MaxpoolOp>(lowerMaxpool);
  table.add<AvgpoolOp>(lowerAvgpool);
  table.add<GlobalAvgpoolOp>(lowerGlobalAvgpool);
  table.add<GlobalMaxpoolOp>(lowerGlobalMaxpool);
  table.add<AdaptiveAvgpoolOp>(lowerAdaptive);
  table.add<LrnOp>(lowerLrn);
  table.add<UpsampleOp>(lowerUpsample);
}

} // namespace weft
