// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations, softmax and reductions: several stages in one kernel, a reduction each, then one over all elements.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

using Builder = ImplicitLocOpBuilder;

TypedAttr attrOf(Type element, double value) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, value);
  return IntegerAttr::get(element, static_cast<int64_t>(value));
}

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The largest (or least) value of a type, from which a minimum (maximum) begins.
TypedAttr limitOf(Type element, bool largest) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, largest ? infinity : -infinity);
  unsigned bits = element.getIntOrFloatBitWidth();
  return IntegerAttr::get(element, largest ? APInt::getSignedMaxValue(bits) : APInt::getSignedMinValue(bits));
}

//===-- batch normalisation ---------------------------------------------------------------------------------------===//

LogicalResult lowerBatchnorm(BatchnormOp op, KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(op.getY().getType()));
  SmallVector<Source> sources = {
      {kernel.read(op.getX(), "x"), kernel.builder.getMultiDimIdentityMap(layout.storedRank())}};
  std::pair<Value, StringRef> vectors[] = {
      {op.getGamma(), "gamma"}, {op.getBeta(), "beta"}, {op.getMean(), "mean"}, {op.getVar(), "var"}};
  for (auto [vector, name] : vectors) {
    AffineMap map = channelVectorMap(cast<RankedTensorType>(vector.getType()), layout, op.getContext());
    if (!map)
      return op.emitError("a vector of type ") << vector.getType() << " does not fit " << layout.type;
    sources.push_back({kernel.read(vector, name), map});
  }
  kernel.addName("batchnorm");
  kernel.define(
      op.getY(),
      kernel.map("batchnorm", loopsOver(layout), sources, layout.stored(), [&](Builder &b, ValueRange v) -> Value {
        Value variance = addOf(b, v[4], constantLike(b, v[4], op.getEps().convertToDouble()));
        Value centred = arith::SubFOp::create(b, v[0], v[3]);
        Value unit = arith::DivFOp::create(b, centred, math::SqrtOp::create(b, variance));
        return addOf(b, mulOf(b, unit, v[1]), v[2]);
      }));
  return success();
}

//===-- layer, group and instance normalisation
//---------------------------------------------------------------------===//

/// The lanes of a blocked tensor that hold channels, where some do not: at these loops of its statistics.
struct RealChannels {
  unsigned blockLoop = 0, laneLoop = 0;
  int64_t block = 0, channels = 0; ///< block 0: all lanes hold some

  /// `term` where there is a channel, else 0.
  Value only(Builder &b, Value term) const {
    if (!block)
      return term;
    Value first = arith::MulIOp::create(b, linalg::IndexOp::create(b, blockLoop), arith::ConstantIndexOp::create(b, block));
    Value channel = arith::AddIOp::create(b, first, linalg::IndexOp::create(b, laneLoop));
    Value isReal = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, channel, arith::ConstantIndexOp::create(b, channels));
    return arith::SelectOp::create(b, isReal, term, constantLike(b, term, 0));
  }
};

/// A tensor in parts that are normalised each by itself: the loops of a part's statistics, how an element is read
/// there, and which statistics an element needs.
struct Parts {
  StageLoops loops;      ///< of the statistics
  RankedTensorType type; ///< of the statistics
  AffineMap element;     ///< from those loops to the stored tensor
  AffineMap statistics;  ///< from the stored tensor's loops to a part
  int64_t count;         ///< elements in a part
  /// Packed channels have statistics of their own, lane by lane: those of so many make a group's, which each of them gets.
  int64_t together = 1;
  RealChannels real = {};
};

/// What each part divides by its count: its sum, or that of its group of packed channels.
Source sumOfPart(Value sums, StringRef name, const Parts &parts, TypedAttr zero, KernelBuilder &kernel) {
  if (parts.together == 1)
    return {sums, kernel.builder.getMultiDimIdentityMap(parts.loops.parallel)};
  ArrayRef<int64_t> shape = parts.type.getShape(); // samples, channel blocks, lanes
  int64_t block = shape[2];
  AffineExpr channel = kernel.dim(1) * parts.together + kernel.dim(2), own = kernel.dim(1) * block + kernel.dim(2);
  AffineMap lane = AffineMap::get(3, 0, {kernel.dim(0), channel.floorDiv(block), channel % block}, kernel.getContext());
  auto type = RankedTensorType::get({shape[0], shape[1] * block / parts.together}, parts.type.getElementType());
  Value totals = kernel.reduce(name, {{"n", "g", "gc"}, 2, {parts.together}}, {{sums, lane}}, type, zero,
                               [](Builder &b, ValueRange v) { return addOf(b, v[1], v[0]); });
  return {totals, AffineMap::get(3, 0, {kernel.dim(0), own.floorDiv(parts.together)}, kernel.getContext())};
}

/// Mean, variance, and their use, with optional gain and shift. The division by the deviation is one of each part.
void normalize(Operation *op, Value x, Value y, const Parts &parts, Source gamma, Source beta, double eps,
               KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(y.getType()));
  AffineMap same = kernel.builder.getMultiDimIdentityMap(layout.storedRank());
  AffineMap own = firstLoops(parts.loops.parallel, parts.loops.names.size(), op->getContext());
  StageLoops perPart{
      {parts.loops.names.begin(), parts.loops.names.begin() + parts.loops.parallel}, parts.loops.parallel, {}};
  Value input = kernel.read(x, "x");
  auto divide = [&](Builder &b, ValueRange v) -> Value {
    return arith::DivFOp::create(b, v[0], constantLike(b, v[0], parts.count));
  };
  TypedAttr zero = attrOf(layout.type.getElementType(), 0);
  Value sum = kernel.reduce("sum", parts.loops, {{input, parts.element}}, parts.type, zero,
                            [&](Builder &b, ValueRange v) { return addOf(b, v[1], parts.real.only(b, v[0])); });
  Value mean = kernel.map("mean", perPart, {sumOfPart(sum, "group_sum", parts, zero, kernel)}, parts.type, divide);
  Value squares = kernel.reduce("squares", parts.loops, {{input, parts.element}, {mean, own}}, parts.type, zero,
                                [&](Builder &b, ValueRange v) {
                                  Value centred = parts.real.only(b, arith::SubFOp::create(b, v[0], v[1]));
                                  return addOf(b, v[2], mulOf(b, centred, centred));
                                });
  Value scale = kernel.map("scale", perPart, {sumOfPart(squares, "group_squares", parts, zero, kernel)}, parts.type,
                           [&](Builder &b, ValueRange v) -> Value {
                             Value variance = divide(b, v);
                             Value safe = addOf(b, variance, constantLike(b, variance, eps));
                             return arith::DivFOp::create(b, constantLike(b, safe, 1), math::SqrtOp::create(b, safe));
                           });
  SmallVector<Source> sources = {{input, same}, {mean, parts.statistics}, {scale, parts.statistics}};
  if (gamma.value)
    sources.push_back(gamma);
  if (beta.value)
    sources.push_back(beta);
  kernel.define(
      y, kernel.map("normalize", loopsOver(layout), sources, layout.stored(), [&](Builder &b, ValueRange v) -> Value {
        Value result = mulOf(b, arith::SubFOp::create(b, v[0], v[1]), v[2]);
        unsigned next = 3;
        if (gamma.value)
          result = mulOf(b, result, v[next++]);
        if (beta.value)
          result = addOf(b, result, v[next]);
        return result;
      }));
}

LogicalResult lowerLayernorm(LayernormOp op, KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(op.getY().getType()));
  if (layout.isBlocked())
    return op.emitError("no kernel for a blocked input");
  unsigned axis = op.getAxis(), rank = layout.rank;
  Parts parts;
  parts.loops = loopsOver(layout);
  parts.loops.parallel = axis;
  parts.loops.reductionExtents.assign(rank - axis, -1);
  parts.type = RankedTensorType::get(layout.type.getShape().take_front(axis), layout.type.getElementType());
  parts.element = kernel.builder.getMultiDimIdentityMap(rank);
  parts.statistics = AffineMap::getMultiDimIdentityMap(rank, op.getContext());
  SmallVector<AffineExpr> outer, inner;
  for (unsigned d = 0; d < rank; ++d)
    (d < axis ? outer : inner).push_back(kernel.dim(d));
  parts.statistics = AffineMap::get(rank, 0, outer, op.getContext());
  parts.count = 1;
  for (int64_t extent : layout.type.getShape().drop_front(axis))
    parts.count *= extent;
  kernel.keepExtents(); // the divisor is a constant of the code
  AffineMap vector = AffineMap::get(rank, 0, inner, op.getContext());
  auto parameter = [&](Value value, StringRef name) {
    return value ? Source{kernel.read(value, name), vector} : Source{Value(), vector};
  };
  kernel.setHead("layernorm");
  normalize(op, op.getX(), op.getY(), parts, parameter(op.getGamma(), "gamma"), parameter(op.getBeta(), "beta"),
            op.getEps().convertToDouble(), kernel);
  return success();
}

/// With a gain and a shift a channel, where given.
LogicalResult normalizeWith(Operation *op, Value x, Value y, const Parts &parts, Value gamma, Value beta, double eps,
                            KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(y.getType()));
  kernel.keepExtents();
  auto parameter = [&](Value value, StringRef name) -> FailureOr<Source> {
    if (!value)
      return Source{};
    AffineMap map = channelVectorMap(cast<RankedTensorType>(value.getType()), layout, op->getContext());
    if (!map)
      return op->emitError("a vector of type ") << value.getType() << " does not fit " << layout.type;
    return Source{kernel.read(value, name), map};
  };
  FailureOr<Source> gain = parameter(gamma, "gamma"), shift = parameter(beta, "beta");
  if (failed(gain) || failed(shift))
    return failure();
  normalize(op, x, y, parts, *gain, *shift, eps, kernel);
  return success();
}

/// Plain or blocked [N, C, ...] in groups of `perGroup` channels. Loops: n, then the channel or group [and lane], then the sum
/// [over channels of the group and] over space.
LogicalResult normalizeChannels(Operation *op, Value x, Value y, Value gamma, Value beta, int64_t perGroup, double eps,
                                KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(y.getType()));
  int64_t block = layout.block;
  bool single = block || perGroup == 1;
  if (block && perGroup > 1 && !layout.isWhole())
    return op->emitError("no kernel for groups of ") << perGroup << " channels in " << layout.type;
  unsigned spatial = layout.spatialRank(), rank = layout.storedRank();
  Parts parts;
  parts.count = perGroup;
  for (int64_t extent : layout.type.getShape().drop_front(2))
    parts.count *= extent;
  parts.together = block ? perGroup : 1;
  parts.loops.names = {"n", block ? "cb" : single ? "ch" : "g"};
  if (block)
    parts.loops.names.push_back("c");
  parts.loops.parallel = parts.loops.names.size();
  auto reduction = [&](StringRef name, int64_t extent) {
    parts.loops.names.push_back(name.str());
    parts.loops.reductionExtents.push_back(extent);
    return kernel.dim(parts.loops.names.size() - 1);
  };
  SmallVector<AffineExpr> at = {kernel.dim(0), kernel.dim(1)}, statistics = at;
  SmallVector<int64_t> shape(layout.stored().getShape().take_front(2));
  if (!single) {
    at[1] = kernel.dim(1) * perGroup + reduction("gc", perGroup);
    statistics[1] = kernel.dim(1).floorDiv(perGroup);
    shape[1] /= perGroup;
  }
  for (const std::string &name : spatialNames(spatial))
    at.push_back(reduction(name, -1));
  if (block) {
    at.push_back(kernel.dim(2));
    shape.push_back(block);
    statistics.push_back(kernel.dim(rank - 1));
  }
  parts.element = AffineMap::get(parts.loops.names.size(), 0, at, op->getContext());
  parts.type = RankedTensorType::get(shape, layout.type.getElementType());
  parts.statistics = AffineMap::get(rank, 0, statistics, op->getContext());
  return normalizeWith(op, x, y, parts, gamma, beta, eps, kernel);
}

/// The channels of each pixel, plain or blocked.
LogicalResult lowerChannelnorm(ChannelnormOp op, KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(op.getY().getType()));
  unsigned spatial = layout.spatialRank();
  Parts parts;
  parts.count = layout.channels();
  parts.loops.names = {"n"};
  llvm::append_range(parts.loops.names, spatialNames(spatial));
  parts.loops.parallel = 1 + spatial;
  SmallVector<AffineExpr> at{kernel.dim(0), kernel.dim(1 + spatial)}, statistics{kernel.dim(0)};
  SmallVector<int64_t> shape{layout.type.getDimSize(0)};
  for (unsigned d = 0; d < spatial; ++d) {
    at.push_back(kernel.dim(1 + d));
    statistics.push_back(kernel.dim(2 + d));
    shape.push_back(layout.type.getDimSize(2 + d));
  }
  parts.loops.names.push_back(layout.isBlocked() ? "cb" : "ch");
  if (layout.isBlocked()) {
    at.push_back(kernel.dim(2 + spatial));
    parts.loops.names.push_back("c");
    if (!layout.isWhole())
      parts.real = {1 + spatial, 2 + spatial, layout.block, layout.channels()};
  }
  parts.loops.reductionExtents.assign(parts.loops.names.size() - parts.loops.parallel, -1);
  parts.type = RankedTensorType::get(shape, layout.type.getElementType());
  parts.element = AffineMap::get(parts.loops.names.size(), 0, at, op.getContext());
  parts.statistics = AffineMap::get(layout.storedRank(), 0, statistics, op.getContext());
  kernel.setHead("channelnorm");
  return normalizeWith(op, op.getX(), op.getY(), parts, op.getGamma(), op.getBeta(), op.getEps().convertToDouble(), kernel);
}

LogicalResult lowerGroupnorm(GroupnormOp op, KernelBuilder &kernel) {
  kernel.setHead("groupnorm");
  int64_t perGroup = Layout(cast<RankedTensorType>(op.getY().getType())).channels() / int64_t(op.getGroups());
  return normalizeChannels(op, op.getX(), op.getY(), op.getGamma(), op.getBeta(), perGroup,
                           op.getEps().convertToDouble(), kernel);
}
LogicalResult lowerInstancenorm(InstancenormOp op, KernelBuilder &kernel) {
  kernel.setHead("instancenorm");
  return normalizeChannels(op, op.getX(), op.getY(), op.getGamma(), op.getBeta(), 1, op.getEps().convertToDouble(),
                           kernel);
}

//===-- reductions over axes
//----------------------------------------------------------------------------------------===//

/// The loops that reduce stored dimensions `reduced` of a tensor: those kept first, then those reduced, each in order.
/// With `keepdims` a loop of extent 1 stands where a reduced dimension was.
struct AxisLoops {
  StageLoops loops;
  AffineMap input;
  RankedTensorType type;
};
AxisLoops axisLoops(const Layout &x, ArrayRef<unsigned> reduced, bool keepdims, KernelBuilder &kernel) {
  AxisLoops result;
  SmallVector<std::string> names = x.loops();
  RankedTensorType stored = x.stored();
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> at(names.size());
  for (auto [d, name] : llvm::enumerate(names)) {
    bool gone = llvm::is_contained(reduced, d);
    if (gone && !keepdims)
      continue;
    if (!gone)
      at[d] = kernel.dim(result.loops.names.size());
    shape.push_back(gone ? 1 : stored.getDimSize(d));
    result.loops.names.push_back(gone ? "one_" + name : name);
  }
  result.loops.parallel = result.loops.names.size();
  for (unsigned d : reduced) {
    at[d] = kernel.dim(result.loops.names.size());
    result.loops.names.push_back(names[d]);
    result.loops.reductionExtents.push_back(-1);
  }
  result.input = AffineMap::get(result.loops.names.size(), 0, at, kernel.getContext());
  result.type = RankedTensorType::get(shape, stored.getElementType());
  return result;
}

/// The stored dimensions of logical axes; blocked channels are two. Fails where a block holds lanes that are no
/// channels.
FailureOr<SmallVector<unsigned>> storedAxes(Operation *op, const Layout &x, ArrayRef<int64_t> axes) {
  SmallVector<unsigned> result;
  for (int64_t axis : axes)
    result.push_back(axis);
  if (axes.empty())
    for (unsigned d = 0; d < x.rank; ++d)
      result.push_back(d);
  llvm::sort(result);
  if (x.isBlocked() && llvm::is_contained(result, x.channelDim())) {
    if (!x.isWhole())
      return op->emitError("no kernel that reduces the channels of ") << x.type << ", which do not fill their blocks";
    result.push_back(x.rank);
  }
  return result;
}

/// How many elements a reduction takes together; ShapedType::kDynamic where that is a run-time size.
int64_t countTogether(RankedTensorType x, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  for (auto [axis, extent] : llvm::enumerate(x.getShape())) {
    if (!axes.empty() && !llvm::is_contained(axes, int64_t(axis)))
      continue;
    if (ShapedType::isDynamic(extent))
      return extent;
    count *= extent;
  }
  return count;
}

template <typename Op>
LogicalResult lowerReduce(Op op, KernelBuilder &kernel, StringRef name, llvm::function_ref<TypedAttr(Type)> init,
                          llvm::function_ref<Value(Builder &, Value, Value)> combine, bool mean = false) {
  Layout x(cast<RankedTensorType>(op.getX().getType())), y(cast<RankedTensorType>(op.getY().getType()));
  FailureOr<SmallVector<unsigned>> axes = storedAxes(op, x, op.getAxes());
  if (failed(axes))
    return failure();
  bool channelsGone = llvm::is_contained(*axes, x.channelDim());
  if (x.isBlocked() && !channelsGone && (y.block != x.block || !op.getKeepdims()))
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  if (x.isBlocked() && channelsGone && y.isBlocked())
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  AxisLoops axis = axisLoops(x, *axes, op.getKeepdims(), kernel);
  // A blocked tensor reduced over its channels has one loop too many where dimensions are kept.
  if (axis.type.getRank() != y.stored().getRank()) {
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  }
  kernel.setHead(op->getName().stripDialect());
  Value stage =
      kernel.reduce(name, axis.loops, {{kernel.read(op.getX(), "x"), axis.input}}, axis.type,
                    init(x.type.getElementType()), [&](Builder &b, ValueRange v) { return combine(b, v[1], v[0]); });
  if (mean) {
    kernel.keepExtents();
    int64_t count = countTogether(x.type, op.getAxes());
    StageLoops perResult{
        {axis.loops.names.begin(), axis.loops.names.begin() + axis.loops.parallel}, axis.loops.parallel, {}};
    stage = kernel.map("mean", perResult, {{stage, kernel.builder.getMultiDimIdentityMap(axis.loops.parallel)}},
                       axis.type, [&](Builder &b, ValueRange v) -> Value {
                         Value divisor = constantLike(b, v[0], count);
                         if (isa<FloatType>(v[0].getType()))
                           return arith::DivFOp::create(b, v[0], divisor);
                         return arith::DivSIOp::create(b, v[0], divisor);
                       });
  }
  kernel.define(op.getY(), stage);
  return success();
}

LogicalResult lowerSum(ReduceSumOp op, KernelBuilder &kernel) {
  return lowerReduce(
      op, kernel, "sum", [](Type type) { return attrOf(type, 0); }, addOf);
}
LogicalResult lowerMean(ReduceMeanOp op, KernelBuilder &kernel) {
  if (ShapedType::isDynamic(countTogether(cast<RankedTensorType>(op.getX().getType()), op.getAxes())))
    return op.emitError("no kernel for a mean over a run-time size");
  return lowerReduce(
      op, kernel, "sum", [](Type type) { return attrOf(type, 0); }, addOf, true);
}
LogicalResult lowerMax(ReduceMaxOp op, KernelBuilder &kernel) {
  return lowerReduce(
      op, kernel, "max", [](Type type) { return limitOf(type, false); }, maxOf);
}
LogicalResult lowerMin(ReduceMinOp op, KernelBuilder &kernel) {
  return lowerReduce(
      op, kernel, "min", [](Type type) { return limitOf(type, true); }, minOf);
}

//===-- softmax
//-----------------------------------------------------------------------------------------------------===//

/// Below, an exponential is no normal f32: processors take a hundred times as long to multiply by one, and masked attention has
/// many. Beside the largest, which is 1, it counts as 0.
constexpr double leastExponent = -87;

Value shiftedExp(Builder &b, Value x, Value max) {
  Value shifted = arith::SubFOp::create(b, x, max);
  Value least = constantLike(b, shifted, leastExponent), zero = constantLike(b, shifted, 0);
  Value isNothing = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, shifted, least);
  Value normal = minOf(b, maxOf(b, shifted, least), zero); // says to whoever spells exp that no denormal and no infinity come of it
  return arith::SelectOp::create(b, isNothing, zero, math::ExpOp::create(b, normal));
}

/// max, exp(x - max), sum, and the product with its inverse; for the logarithm x - max - log(sum), of each sum one.
LogicalResult lowerSoftmaxOf(Operation *op, Value x, Value y, int64_t axis, bool logarithm, KernelBuilder &kernel) {
  Layout layout(cast<RankedTensorType>(y.getType()));
  FailureOr<SmallVector<unsigned>> axes = storedAxes(op, layout, {axis});
  if (failed(axes))
    return failure();
  AxisLoops reduced = axisLoops(layout, *axes, false, kernel);
  kernel.setHead(op->getName().stripDialect());
  AffineMap same = kernel.builder.getMultiDimIdentityMap(layout.storedRank());
  SmallVector<AffineExpr> kept;
  for (unsigned d = 0; d < layout.storedRank(); ++d)
    if (!llvm::is_contained(*axes, d))
      kept.push_back(kernel.dim(d));
  AffineMap part = AffineMap::get(layout.storedRank(), 0, kept, op->getContext());
  Type element = layout.type.getElementType();
  kernel.keepExtents();
  Value input = kernel.read(x, "x");
  if (auto product = input.getDefiningOp<linalg::GenericOp>(); product && product.getNumReductionLoops() > 0)
    input = kernel.map("scores", loopsOver(layout), {{input, same}}, layout.stored(), // whose sums stay in registers
                       [](Builder &, ValueRange v) { return v[0]; });
  Value max = kernel.reduce("max", reduced.loops, {{input, reduced.input}}, reduced.type, limitOf(element, false),
                            [](Builder &b, ValueRange v) { return maxOf(b, v[1], v[0]); });
  Value exponentials = kernel.map(
      "exp", loopsOver(layout), {{input, same}, {max, part}}, layout.stored(),
      [](Builder &b, ValueRange v) -> Value { return shiftedExp(b, v[0], v[1]); });
  Value sum = kernel.reduce("sum", reduced.loops, {{exponentials, reduced.input}}, reduced.type, attrOf(element, 0),
                            [](Builder &b, ValueRange v) { return addOf(b, v[1], v[0]); });
  StageLoops perSum = reduced.loops;
  perSum.names.resize(perSum.parallel);
  perSum.reductionExtents.clear();
  auto ofSum = [&](StringRef name, llvm::function_ref<Value(Builder &, Value)> body) {
    return kernel.map(name, perSum, {{sum, kernel.builder.getMultiDimIdentityMap(perSum.parallel)}}, reduced.type,
                      [&](Builder &b, ValueRange v) { return body(b, v[0]); });
  };
  Value result;
  if (logarithm) {
    Value log = ofSum("log", [](Builder &b, Value v) -> Value { return math::LogOp::create(b, v); });
    result = kernel.map("log_softmax", loopsOver(layout), {{input, same}, {max, part}, {log, part}}, layout.stored(),
                        [](Builder &b, ValueRange v) -> Value {
                          return arith::SubFOp::create(b, arith::SubFOp::create(b, v[0], v[1]), v[2]);
                        });
  } else {
    Value inverse =
        ofSum("inverse", [](Builder &b, Value v) -> Value { return arith::DivFOp::create(b, constantLike(b, v, 1), v); });
    result = kernel.map("softmax", loopsOver(layout), {{exponentials, same}, {inverse, part}}, layout.stored(),
                        [](Builder &b, ValueRange v) -> Value { return mulOf(b, v[0], v[1]); });
  }
  kernel.define(y, result);
  return success();
}

LogicalResult lowerSoftmax(SoftmaxOp op, KernelBuilder &kernel) {
  return lowerSoftmaxOf(op, op.getX(), op.getY(), op.getAxis(), false, kernel);
}
LogicalResult lowerLogSoftmax(LogSoftmaxOp op, KernelBuilder &kernel) {
  return lowerSoftmaxOf(op, op.getX(), op.getY(), op.getAxis(), true, kernel);
}

/// Every element of a line is compared with every other: no order of a sort is hidden in it, and it runs in vectors.
LogicalResult lowerOrdinalRank(OrdinalRankOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType());
  if (x.isBlocked())
    return op.emitError("no kernel for blocked operands");
  kernel.setHead("ordinal_rank");
  unsigned axis = op.getAxis(), term = x.rank;
  StageLoops loops = loopsOver(x);
  loops.names.push_back("r");
  loops.reductionExtents = {-1};
  SmallVector<AffineExpr> own, other;
  for (unsigned d = 0; d < x.rank; ++d) {
    own.push_back(kernel.dim(d));
    other.push_back(kernel.dim(d == axis ? term : d));
  }
  Value line = kernel.read(op.getX(), "x");
  auto map = [&](ArrayRef<AffineExpr> at) { return AffineMap::get(term + 1, 0, at, op.getContext()); };
  auto type = cast<RankedTensorType>(op.getY().getType());
  kernel.define(op.getY(), kernel.reduce("rank", loops, {{line, map(own)}, {line, map(other)}}, type, attrOf(type.getElementType(), 0),
                                         [&](Builder &b, ValueRange v) -> Value {
    auto beyond = op.getLargest() ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
    Value isBeyond = arith::CmpFOp::create(b, beyond, v[1], v[0]);
    Value isEqual = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, v[1], v[0]);
    Value isEarlier = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, linalg::IndexOp::create(b, term), linalg::IndexOp::create(b, axis));
    Value before = arith::OrIOp::create(b, isBeyond, arith::AndIOp::create(b, isEqual, isEarlier));
    return addOf(b, v[2], arith::SelectOp::create(b, before, constantLike(b, v[2], 1), constantLike(b, v[2], 0)));
  }));
  return success();
}

} // namespace

void addReduction(LoweringTable &table) {
  table.add<BatchnormOp>(lowerBatchnorm);
  table.add<GroupnormOp>(lowerGroupnorm);
  table.add<InstancenormOp>(lowerInstancenorm);
  table.add<ChannelnormOp>(lowerChannelnorm);
  table.add<LayernormOp>(lowerLayernorm);
  table.add<SoftmaxOp>(lowerSoftmax);
  table.add<LogSoftmaxOp>(lowerLogSoftmax);
  table.add<ReduceSumOp>(lowerSum);
  table.add<ReduceMeanOp>(lowerMean);
  table.add<ReduceMaxOp>(lowerMax);
  table.add<ReduceMinOp>(lowerMin);
  table.add<OrdinalRankOp>(lowerOrdinalRank);
}

} // namespace weft
