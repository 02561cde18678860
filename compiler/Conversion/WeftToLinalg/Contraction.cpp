// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Convolutions and matrix products. Each form of the table in compiler/README.md is the same loop nest with other index
// expressions: accumulators begin at zero, the bias is added by the stage behind, which is where activations end up
// too.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"
#include "compiler/Conversion/WeftToLinalg/Strassen.h"
#include "compiler/Conversion/WeftToLinalg/Winograd.h"
#include "compiler/Kernel/TileProduct.h"

using namespace mlir;

namespace weft {
namespace {

TypedAttr zeroOf(RankedTensorType type) { return FloatAttr::get(type.getElementType(), 0.0); }

Value multiplyAdd(ImplicitLocOpBuilder &builder, ValueRange args) {
  Value product = arith::MulFOp::create(builder, args[0], args[1]);
  return arith::AddFOp::create(builder, args[2], product);
}

void appendNames(StageLoops &loops, ArrayRef<std::string> names) { loops.names.append(names.begin(), names.end()); }

/// Adds a value a channel, or returns the sum as it is.
FailureOr<Value> addBias(Operation *op, Value bias, Value sum, const Layout &result, KernelBuilder &kernel) {
  if (!bias)
    return sum;
  auto type = cast<RankedTensorType>(bias.getType());
  // The last dimension is what a linear's bias is for, the channels a convolution's.
  bool last = isa<LinearOp>(op) && !result.isBlocked();
  AffineMap map =
      last ? broadcastMap(Layout(type), result, op->getContext()) : channelVectorMap(type, result, op->getContext());
  if (!map)
    return op->emitError("bias of type ") << type << " does not fit a result of type " << result.type;
  unsigned rank = result.storedRank();
  return kernel.map("add_bias", loopsOver(result),
                    {{sum, kernel.builder.getMultiDimIdentityMap(rank)}, {kernel.read(bias, "bias"), map}},
                    result.stored(), [](ImplicitLocOpBuilder &builder, ValueRange args) -> Value {
                      return arith::AddFOp::create(builder, args[0], args[1]);
                    });
}

/// The result of `op`: the sum, with its bias if it has one.
template <typename Op> LogicalResult defineWithBias(Op op, Value sum, const Layout &result, KernelBuilder &kernel) {
  FailureOr<Value> biased = addBias(op, op.getBias(), sum, result, kernel);
  if (failed(biased))
    return failure();
  kernel.define(op.getY(), *biased);
  return success();
}

//===-- convolution -----------------------------------------------------------------------------------------------===//

/// The index expressions of one convolution: positions of its loops, and how operands are read.
struct ConvLoops {
  ConvLoops(ConvOp op, const Layout &x, const Layout &y, KernelBuilder &kernel)
      : op(op), x(x), y(y), kernel(kernel), spatial(op.getSpatialRank()) {
    appendNames(loops, y.loops());
    loops.parallel = loops.names.size();
  }

  unsigned addReduction(StringRef name, int64_t extent = -1) {
    loops.names.push_back(name.str());
    loops.reductionExtents.push_back(extent);
    return loops.names.size() - 1;
  }
  void addWindow() {
    for (const std::string &name : spatialNames(spatial, "k"))
      window.push_back(addReduction(name));
  }
  AffineExpr dim(unsigned loop) const { return kernel.dim(loop); }
  AffineExpr lane() const { return dim(y.storedRank() - 1); }
  /// y * S + ky * D for spatial dimension `d`.
  AffineExpr pixel(unsigned d) const { return dim(2 + d) * op.getStride()[d] + dim(window[d]) * op.getDilation()[d]; }
  void appendPixels(SmallVector<AffineExpr> &at) const {
    for (unsigned d = 0; d < spatial; ++d)
      at.push_back(pixel(d));
  }
  void appendWindow(SmallVector<AffineExpr> &at) const {
    for (unsigned loop : window)
      at.push_back(dim(loop));
  }
  AffineMap map(ArrayRef<AffineExpr> at) const { return AffineMap::get(loops.names.size(), 0, at, op.getContext()); }

  mutable ConvOp op;
  Layout x, y;
  KernelBuilder &kernel;
  unsigned spatial;
  StageLoops loops;
  SmallVector<unsigned> window;
  SmallVector<AffineExpr> input, filter;
};

/// n cb y x c, ib ky kx i: both blocked, weight [O/b, I/u, k..., u, b]; u divides the input's block, so that some of a last
/// block need not be read.
void directLoops(ConvLoops &l, int64_t lanes) {
  unsigned ib = l.addReduction("ib");
  l.addWindow();
  unsigned i = l.addReduction("i");
  int64_t parts = l.x.block / lanes;
  l.input = {l.dim(0), l.dim(ib).floorDiv(parts)};
  l.appendPixels(l.input);
  l.input.push_back(l.dim(ib) % parts * lanes + l.dim(i));
  l.filter = {l.dim(1), l.dim(ib)};
  l.appendWindow(l.filter);
  l.filter.append({l.dim(i), l.lane()});
}

/// n cb y x c, ic ky kx: plain input of few channels, weight [O/b, I, k..., b].
void firstLoops(ConvLoops &l) {
  unsigned ic = l.addReduction("ic");
  l.addWindow();
  l.input = {l.dim(0), l.dim(ic)};
  l.appendPixels(l.input);
  l.filter = {l.dim(1), l.dim(ic)};
  l.appendWindow(l.filter);
  l.filter.push_back(l.lane());
}

/// n cb y x c, ky kx: each channel its own filter, weight [C/b, k..., b].
void depthwiseLoops(ConvLoops &l) {
  l.addWindow();
  l.input = {l.dim(0), l.dim(1)};
  l.appendPixels(l.input);
  l.input.push_back(l.lane());
  l.filter = {l.dim(1)};
  l.appendWindow(l.filter);
  l.filter.push_back(l.lane());
}

/// n cb y x c, ib ky kx i: whole blocks of outputs in each group, weight [G, O/G/b, I/G/u, k..., u, b]; u divides the input's block.
void groupedLoops(ConvLoops &l, RankedTensorType weight, int64_t lanes) {
  unsigned ib = l.addReduction("ib");
  l.addWindow();
  unsigned i = l.addReduction("i");
  int64_t outBlocks = weight.getDimSize(1), inBlocks = weight.getDimSize(2);
  int64_t parts = l.x.block / lanes;
  AffineExpr group = l.dim(1).floorDiv(outBlocks), part = group * inBlocks + l.dim(ib);
  l.input = {l.dim(0), part.floorDiv(parts)};
  l.appendPixels(l.input);
  l.input.push_back(part % parts * lanes + l.dim(i));
  l.filter = {group, l.dim(1) % outBlocks, l.dim(ib)};
  l.appendWindow(l.filter);
  l.filter.append({l.dim(i), l.lane()});
}

/// n cb y x c, ky ic kx: few channels in each group, which lie in one block, weight [O/b, I/G, k..., b]. Each lane reads a channel of
/// its own group. Where a group has a multiple of outputs, a block of these reads a part of a block.
void permutedLoops(ConvLoops &l, int64_t inputs) {
  int64_t outputs = l.op.getFilter()[0] / l.op.getGroups(), multiple = outputs / inputs, lanes = l.y.block / multiple;
  SmallVector<std::string> names = spatialNames(l.spatial, "k");
  std::string taps = names.pop_back_val();
  for (const std::string &name : names)
    l.window.push_back(l.addReduction(name));
  unsigned ic = l.addReduction("ic", inputs);
  l.window.push_back(l.addReduction(taps));
  l.input = {l.dim(0), l.dim(1).floorDiv(multiple)};
  l.appendPixels(l.input);
  l.input.push_back(l.dim(1) % multiple * lanes + l.lane().floorDiv(outputs) * inputs + l.dim(ic));
  l.filter = {l.dim(1), l.dim(ic)};
  l.appendWindow(l.filter);
  l.filter.push_back(l.lane());
}

/// n ch y x, ic ky kx: everything as written, any number of groups.
void plainLoops(ConvLoops &l) {
  unsigned ic = l.addReduction("ic");
  l.addWindow();
  int64_t perGroup = l.y.channels() / l.op.getGroups(), inputs = l.op.getFilter()[1];
  AffineExpr channel = l.dim(ic);
  if (l.op.getGroups() > 1)
    channel = l.dim(1).floorDiv(perGroup) * inputs + channel;
  l.input = {l.dim(0), channel};
  l.appendPixels(l.input);
  l.filter = {l.dim(1), l.dim(ic)};
  l.appendWindow(l.filter);
}

/// "conv3x3s2d2_b16", with "dw" or "g32" where there are groups.
std::string convHead(ConvOp op, const Layout &y) {
  std::string head = op.isDepthwise() ? "dwconv" : "conv";
  llvm::raw_string_ostream os(head);
  llvm::interleave(op.getKernel(), os, "x");
  auto alike = [&](char letter, ArrayRef<int64_t> values) {
    if (llvm::all_of(values, [](int64_t value) { return value == 1; }))
      return;
    os << letter;
    if (llvm::all_equal(values))
      os << values[0];
    else
      llvm::interleave(values, os, "x");
  };
  alike('s', op.getStride());
  alike('d', op.getDilation());
  if (op.getGroups() > 1 && !op.isDepthwise())
    os << 'g' << op.getGroups();
  if (op.getAlgorithm() == Algorithm::First)
    os << "_first";
  if (auto m = winogradTile(op.getAlgorithm()))
    os << "_winograd" << *m;
  if (op.getAlgorithm() == Algorithm::Strassen)
    os << "_strassen";
  if (op.getAlgorithm() == Algorithm::Planar)
    os << "_planar";
  if (y.isBlocked())
    os << "_b" << y.block;
  return head;
}

LogicalResult chooseLoops(ConvLoops &l) {
  auto weight = cast<RankedTensorType>(l.op.getWeight().getType());
  int64_t spatial = l.spatial, rank = weight.getRank();
  if (!l.x.isBlocked() && !l.y.isBlocked() && rank == spatial + 2)
    return plainLoops(l), success();
  if (!l.y.isBlocked() || weight.getShape().back() != l.y.block)
    return failure();
  if (!l.x.isBlocked() && l.op.getGroups() == 1 && rank == spatial + 3)
    return firstLoops(l), success();
  if (!l.x.isBlocked())
    return failure();
  if (rank == spatial + 2 && l.x.block == l.y.block)
    return depthwiseLoops(l), success();
  if (rank == spatial + 3 && l.x.block == l.y.block)
    return permutedLoops(l, weight.getDimSize(1)), success();
  int64_t lanes = weight.getDimSize(rank - 2);
  if (rank == spatial + 4 && l.op.getGroups() == 1 && l.x.block % lanes == 0)
    return directLoops(l, lanes), success();
  if (rank == spatial + 5 && l.x.block % lanes == 0)
    return groupedLoops(l, weight, lanes), success();
  return failure();
}

/// Whether a tap's row (and plane) of the window lies in the input, not in what is filled around it; null where all do. The first row of
/// results takes all taps: filters often come from memory then, and what is read in order arrives in time.
Value meetsRows(ImplicitLocOpBuilder &builder, const ConvLoops &l, Value input, const Box &window) {
  Value meets;
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, value); };
  auto scaled = [&](unsigned loop, int64_t by) -> Value {
    Value index = linalg::IndexOp::create(builder, loop);
    return by == 1 ? index : Value(arith::MulIOp::create(builder, index, number(by)));
  };
  auto both = [&](Value a, Value b) { return a ? Value(arith::AndIOp::create(builder, a, b)) : b; };
  Value rows = scaled(2, 1);
  for (unsigned d = 1; d + 1 < l.spatial; ++d)
    rows = arith::AddIOp::create(builder, rows, scaled(2 + d, 1));
  Value isLater = arith::CmpIOp::create(builder, arith::CmpIPredicate::sgt, rows, number(0));
  for (unsigned d = 0; d + 1 < l.spatial; ++d) {
    if (l.op.getKernel()[d] == 1)
      continue;
    Value place = scaled(2 + d, l.op.getStride()[d]), tap = scaled(l.window[d], l.op.getDilation()[d]);
    if (window.low[d] > 0) {
      Value first = arith::SubIOp::create(builder, number(window.low[d]), place);
      Value bound = arith::SelectOp::create(builder, isLater, first, number(0));
      meets = both(meets, arith::CmpIOp::create(builder, arith::CmpIPredicate::sge, tap, bound));
    }
    if (window.high[d] > 0) {
      Value end = arith::SubIOp::create(builder, tensor::DimOp::create(builder, input, 2 + d), number(window.high[d]));
      meets = both(meets, arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, tap, arith::SubIOp::create(builder, end, place)));
    }
  }
  return meets;
}

LogicalResult lowerConv(ConvOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  kernel.setHead(convHead(op, y));
  FailureOr<Value> sum;
  if (winogradTile(op.getAlgorithm())) {
    sum = lowerWinograd(op, kernel);
  } else if (op.getAlgorithm() == Algorithm::Strassen) {
    sum = lowerStrassen(op, kernel);
  } else {
    ConvLoops l(op, x, y, kernel);
    if (failed(chooseLoops(l)))
      return op.emitError("no kernel for an input of type ")
             << x.type << ", a weight of type " << op.getWeight().getType() << " and a result of type " << y.type;
    unsigned spatial = op.getSpatialRank();
    Box window = slidingWindow(x.type.getShape().take_back(spatial), y.type.getShape().take_back(spatial),
                               op.getKernel(), op.getStride(), op.getDilation(), op.getPad(), 0);
    Value input = kernel.read(op.getX(), window, "x");
    bool trims = kernel.parameter("trim") != 0;
    sum = kernel.reduce("conv", l.loops, {{input, l.map(l.input)}, {kernel.read(op.getWeight(), "filter"), l.map(l.filter)}},
                        y.stored(), zeroOf(y.type), [&](ImplicitLocOpBuilder &builder, ValueRange args) {
                          Value added = multiplyAdd(builder, args), meets = trims ? meetsRows(builder, l, input, window) : Value();
                          return meets ? Value(arith::SelectOp::create(builder, meets, added, args.back())) : added;
                        });
  }
  if (failed(sum))
    return failure();
  return defineWithBias(op, *sum, y, kernel);
}

//===-- transposed convolution ------------------------------------------------------------------------------------===//

/// Each result element gathers what the inputs would have scattered to it: the inputs q with q * S = p + low - k * D. A
/// `tensor.extract` under a condition says so for every stride; extents are constants of the code.
LogicalResult lowerConvTranspose(ConvTransposeOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  SmallVector<int64_t> filter = op.getFilter();
  if (x.isBlocked() || y.isBlocked() || cast<RankedTensorType>(op.getWeight().getType()).getShape() != ArrayRef(filter))
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  unsigned spatial = y.spatialRank();
  kernel.setHead("conv_transpose");
  kernel.keepExtents();
  StageLoops loops = loopsOver(y);
  loops.names.push_back("ic");
  llvm::append_range(loops.names, spatialNames(spatial, "k"));
  loops.reductionExtents.assign(1 + spatial, -1);
  loops.reductionExtents[0] = x.channels() / op.getGroups();
  unsigned ic = loops.parallel;
  int64_t outputs = filter[1], inputs = x.channels() / op.getGroups();
  AffineExpr group = kernel.dim(1).floorDiv(outputs);
  SmallVector<AffineExpr> weightAt = {group * inputs + kernel.dim(ic), kernel.dim(1) % outputs};
  for (unsigned d = 0; d < spatial; ++d) {
    weightAt.push_back(kernel.dim(ic + 1 + d));
  }
  Value image = kernel.read(op.getX(), "x");
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    auto index = [&](unsigned loop) -> Value { return linalg::IndexOp::create(b, loop); };
    auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
    Value groupOf = arith::DivUIOp::create(b, index(1), number(outputs));
    Value channel = arith::AddIOp::create(b, arith::MulIOp::create(b, groupOf, number(inputs)), index(ic));
    SmallVector<Value> at = {index(0), channel};
    Value valid = arith::ConstantOp::create(b, b.getBoolAttr(true));
    for (unsigned d = 0; d < spatial; ++d) {
      // p + low - k * D, kept positive by a multiple of the stride so that division rounds down
      int64_t stride = op.getStride()[d], reach = (filter[2 + d] - 1) * op.getDilation()[d];
      int64_t lift = llvm::divideCeil(reach, stride);
      Value tap = arith::MulIOp::create(b, index(ic + 1 + d), number(op.getDilation()[d]));
      Value lifted = arith::AddIOp::create(b, index(2 + d), number(op.getPad()[d] + lift * stride));
      Value from = arith::SubIOp::create(b, lifted, tap);
      Value quotient = arith::SubIOp::create(b, arith::DivUIOp::create(b, from, number(stride)), number(lift));
      Value rest = arith::RemUIOp::create(b, from, number(stride));
      auto both = [&](arith::CmpIPredicate predicate, Value left, Value right) {
        valid = arith::AndIOp::create(b, valid, arith::CmpIOp::create(b, predicate, left, right));
      };
      both(arith::CmpIPredicate::eq, rest, number(0));
      both(arith::CmpIPredicate::sge, quotient, number(0));
      both(arith::CmpIPredicate::slt, quotient, number(x.type.getDimSize(2 + d)));
      Value above = arith::MaxSIOp::create(b, quotient, number(0));
      at.push_back(arith::MinSIOp::create(b, above, number(x.type.getDimSize(2 + d) - 1)));
    }
    Value element = tensor::ExtractOp::create(b, image, at);
    Value product = arith::MulFOp::create(b, element, args[0]);
    Value sum = arith::AddFOp::create(b, args[1], product);
    return arith::SelectOp::create(b, valid, sum, args[1]);
  };
  Value sum = kernel.reduce(
      "conv", loops,
      {{kernel.read(op.getWeight(), "filter"), AffineMap::get(loops.names.size(), 0, weightAt, op.getContext())}},
      y.stored(), zeroOf(y.type), body);
  return defineWithBias(op, sum, y, kernel);
}

//===-- linear ----------------------------------------------------------------------------------------------------===//

/// Blocked result: n cb c, k or n cb c, ib i.
FailureOr<Value> blockedLinear(LinearOp op, const Layout &x, const Layout &y, KernelBuilder &kernel) {
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  bool blockedInput = x.isBlocked();
  if (weight.getRank() != (blockedInput ? 4 : 3) || weight.getShape().back() != y.block || y.rank != 2 || x.rank != 2)
    return op.emitError("no kernel for an input of type ")
           << x.type << ", a weight of type " << weight << " and a result of type " << y.type;
  StageLoops loops = loopsOver(y);
  SmallVector<AffineExpr> input, filter;
  if (blockedInput) {
    loops.names.append({"ib", "i"});
    input = {kernel.dim(0), kernel.dim(3), kernel.dim(4)};
    filter = {kernel.dim(1), kernel.dim(3), kernel.dim(4), kernel.dim(2)};
  } else {
    loops.names.push_back("k");
    input = {kernel.dim(0), kernel.dim(3)};
    filter = {kernel.dim(1), kernel.dim(3), kernel.dim(2)};
  }
  loops.reductionExtents.assign(loops.names.size() - loops.parallel, -1);
  unsigned total = loops.names.size();
  kernel.setHead(("linear_b" + Twine(y.block)).str());
  return kernel.reduce("linear", loops,
                       {{kernel.read(op.getX(), "x"), AffineMap::get(total, 0, input, op.getContext())},
                        {kernel.read(op.getWeight(), "filter"), AffineMap::get(total, 0, filter, op.getContext())}},
                       y.stored(), zeroOf(y.type), multiplyAdd);
}

/// Columns of a product that are part of a vector stay constants: then it is known which lanes hold one.
void keepFewColumns(RankedTensorType product, KernelBuilder &kernel) {
  constexpr int64_t widestVector = 16;
  if (int64_t columns = product.getShape().back(); columns >= 0 && columns < widestVector)
    kernel.keepExtents();
}

/// Plain result of any rank: ... m o, k, with the weight as written [O, I], transposed [I, O] or packed [O/b, I, b].
FailureOr<Value> plainLinear(LinearOp op, const Layout &x, const Layout &y, KernelBuilder &kernel) {
  if (x.isBlocked())
    return op.emitError("no kernel for an input of type ") << x.type << " and a result of type " << y.type;
  StageLoops loops = loopsOver(y);
  unsigned out = loops.parallel - 1, in = loops.parallel;
  loops.names.push_back("k");
  loops.reductionExtents = {-1};
  SmallVector<AffineExpr> input;
  for (unsigned d = 0; d < out; ++d)
    input.push_back(kernel.dim(d));
  input.push_back(kernel.dim(in));
  bool transposed = op.getAlgorithm() == Algorithm::Gemm;
  SmallVector<AffineExpr> filter = {kernel.dim(transposed ? in : out), kernel.dim(transposed ? out : in)};
  if (auto weight = cast<RankedTensorType>(op.getWeight().getType()); weight.getRank() == 3) {
    int64_t block = weight.getShape().back();
    kernel.keepExtents(); // then it is known that columns fill blocks
    filter = {kernel.dim(out).floorDiv(block), kernel.dim(in), kernel.dim(out) % block};
  }
  kernel.keepDistances(op.getX());
  keepFewColumns(y.type, kernel);
  kernel.setHead(transposed ? "linear" : "linear_rows");
  return kernel.reduce("linear", loops,
                       {{kernel.read(op.getX(), "x"), AffineMap::get(in + 1, 0, input, op.getContext())},
                        {kernel.read(op.getWeight(), "filter"), AffineMap::get(in + 1, 0, filter, op.getContext())}},
                       y.stored(), zeroOf(y.type), multiplyAdd);
}

/// The columns of matrices in blocks of a tile's width, [..., N/b, K, b]; where the last is not full, of a copy whose rows end in zeros.
Value inBlocks(Value matrix, int64_t block, KernelBuilder &kernel) {
  auto type = cast<RankedTensorType>(matrix.getType());
  unsigned rank = type.getRank(), k = rank - 2, j = rank - 1;
  int64_t columns = type.getShape().back(), blocks = llvm::divideCeil(columns, block);
  StageLoops loops;
  for (unsigned d = 0; d < k; ++d)
    loops.names.push_back(("b" + Twine(d)).str());
  loops.names.append({"k", "j"});
  loops.parallel = rank;
  SmallVector<int64_t> shape(type.getShape());
  if (columns % block != 0) {
    shape.back() = blocks * block;
    Value source = matrix;
    matrix = kernel.map("pad", loops, {}, RankedTensorType::get(shape, type.getElementType()), [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
      auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(b, value); };
      SmallVector<Value> at;
      for (unsigned d = 0; d < rank; ++d)
        at.push_back(linalg::IndexOp::create(b, d));
      Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at[j], number(columns));
      Value column = arith::MinSIOp::create(b, at[j], number(columns - 1));
      at[j] = arith::MaxSIOp::create(b, column, number(0));
      Value zero = arith::ConstantOp::create(b, zeroOf(type));
      return arith::SelectOp::create(b, exists, tensor::ExtractOp::create(b, source, at), zero);
    });
  }
  SmallVector<AffineExpr> at;
  for (unsigned d = 0; d < k; ++d)
    at.push_back(kernel.dim(d));
  at.append({kernel.dim(k + 1), kernel.dim(k) * block + kernel.dim(k + 2)});
  loops.names.pop_back_n(2);
  loops.names.append({"cb", "k", "c"});
  loops.parallel = rank + 1;
  int64_t terms = shape[k];
  shape.pop_back_n(2);
  shape.append({blocks, terms, block});
  return kernel.map("blocks", loops, {{matrix, AffineMap::get(rank + 1, 0, at, kernel.getContext())}},
                    RankedTensorType::get(shape, type.getElementType()), [](ImplicitLocOpBuilder &, ValueRange v) { return v[0]; });
}

/// Columns of a plain result that was summed in blocks of them.
Value outOfBlocks(Value sum, const Layout &y, KernelBuilder &kernel) {
  StageLoops all = loopsOver(y);
  unsigned out = all.parallel - 1;
  int64_t block = cast<RankedTensorType>(sum.getType()).getShape().back();
  SmallVector<AffineExpr> at;
  for (unsigned d = 0; d < out; ++d)
    at.push_back(kernel.dim(d));
  at.append({kernel.dim(out).floorDiv(block), kernel.dim(out) % block});
  return kernel.map("unpack", all, {{sum, AffineMap::get(out + 1, 0, at, kernel.getContext())}}, y.stored(),
                    [](ImplicitLocOpBuilder &, ValueRange v) { return v[0]; });
}

/// Plain result of a packed weight [O/b, I, b], summed in tiles: ... m cb c, k, since a tile takes whole blocks of columns.
FailureOr<Value> tiledLinear(LinearOp op, const Layout &x, const Layout &y, KernelBuilder &kernel) {
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  if (x.isBlocked() || weight.getRank() != 3)
    return op.emitError("no sum in tiles for an input of type ") << x.type << " and a weight of type " << weight;
  StageLoops loops = loopsOver(y);
  unsigned out = loops.parallel - 1, in = out + 2;
  loops.names.pop_back();
  loops.names.append({"cb", "c", "k"});
  loops.parallel = in;
  loops.reductionExtents = {-1};
  SmallVector<AffineExpr> input;
  for (unsigned d = 0; d < out; ++d)
    input.push_back(kernel.dim(d));
  input.push_back(kernel.dim(in));
  SmallVector<int64_t> shape(y.type.getShape().drop_back());
  shape.append({weight.getDimSize(0), weight.getShape().back()});
  auto filter = AffineMap::get(in + 1, 0, {kernel.dim(out), kernel.dim(in), kernel.dim(out + 1)}, op.getContext());
  kernel.keepExtents();
  kernel.setHead("linear");
  Value sum = kernel.reduce("linear", loops,
                            {{kernel.read(op.getX(), "x"), AffineMap::get(in + 1, 0, input, op.getContext())},
                             {kernel.read(op.getWeight(), "filter"), filter}},
                            RankedTensorType::get(shape, y.type.getElementType()), zeroOf(y.type), multiplyAdd);
  return outOfBlocks(sum, y, kernel);
}

LogicalResult lowerLinear(LinearOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  FailureOr<Value> sum = y.isBlocked()      ? blockedLinear(op, x, y, kernel)
                         : kernel.inTiles() ? tiledLinear(op, x, y, kernel)
                                            : plainLinear(op, x, y, kernel);
  if (failed(sum))
    return failure();
  return defineWithBias(op, *sum, y, kernel);
}

//===-- matmul ----------------------------------------------------------------------------------------------------===//

/// The same sum in tiles: loop j becomes cb and c. `left` and `right` are where the matrices are read in `loops`.
LogicalResult tiledMatmul(MatmulOp op, StageLoops loops, SmallVector<AffineExpr> left, SmallVector<AffineExpr> right, KernelBuilder &kernel) {
  constexpr int64_t block = kernel::lanesOfTile;
  Layout z(op.getZ().getType());
  unsigned j = loops.parallel - 1, k = j + 2;
  loops.names[j] = "cb";
  loops.names.insert(loops.names.begin() + j + 1, "c");
  ++loops.parallel;
  left.back() = kernel.dim(k);
  right.pop_back_n(2);
  right.append({kernel.dim(j), kernel.dim(k), kernel.dim(j + 1)});
  kernel.keepExtents();
  SmallVector<int64_t> shape(z.type.getShape().drop_back());
  shape.append({int64_t(llvm::divideCeil(z.type.getShape().back(), block)), block});
  Value sum = kernel.reduce("matmul", loops,
                            {{kernel.read(op.getX(), "a"), AffineMap::get(k + 1, 0, left, op.getContext())},
                             {inBlocks(kernel.read(op.getY(), "b"), block, kernel), AffineMap::get(k + 1, 0, right, op.getContext())}},
                            RankedTensorType::get(shape, z.type.getElementType()), zeroOf(z.type), multiplyAdd);
  kernel.define(op.getZ(), outOfBlocks(sum, z, kernel));
  return success();
}

/// Batch dimensions b0 b1 ..., then m and j, summed over k; vectors lack m or j.
/// What makes `a` in the same kernel, if that is exponentials times the inverse of each row's sum and nobody else reads it: the few results
/// of the product can be multiplied in its place.
linalg::GenericOp softmaxStage(MatmulOp op, Value a) {
  auto softmax = op.getX().getDefiningOp<SoftmaxOp>();
  auto stage = a.getDefiningOp<linalg::GenericOp>();
  bool alongRows = softmax && int64_t(softmax.getAxis()) == softmax.getX().getType().getRank() - 1 &&
                   softmax.getX().getType().getShape().drop_back() == op.getZ().getType().getShape().drop_back(); // none is repeated
  return alongRows && softmax.getY().hasOneUse() && stage && stage->use_empty() ? stage : linalg::GenericOp();
}

LogicalResult lowerMatmul(MatmulOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType()), z(op.getZ().getType());
  if (x.isBlocked() || y.isBlocked() || z.isBlocked())
    return op.emitError("no kernel for blocked operands");
  bool hasRows = x.rank > 1, hasColumns = y.rank > 1;
  unsigned batch = z.rank - hasRows - hasColumns;
  StageLoops loops;
  for (unsigned d = 0; d < batch; ++d)
    loops.names.push_back(("b" + Twine(d)).str());
  if (hasRows)
    loops.names.push_back("m");
  if (hasColumns)
    loops.names.push_back("j");
  loops.parallel = loops.names.size();
  loops.names.push_back("k");
  loops.reductionExtents = {-1};
  AffineExpr k = kernel.dim(loops.parallel);
  auto batchOf = [&](const Layout &operand, unsigned dims) {
    SmallVector<AffineExpr> at;
    for (unsigned d = 0; d < dims; ++d) {
      unsigned target = batch - dims + d;
      bool repeated = operand.type.getDimSize(d) == 1 && z.type.getDimSize(target) != 1;
      at.push_back(repeated ? kernel.constant(0) : kernel.dim(target));
    }
    return at;
  };
  SmallVector<AffineExpr> left = batchOf(x, hasRows ? x.rank - 2 : 0), right = batchOf(y, hasColumns ? y.rank - 2 : 0);
  if (hasRows)
    left.push_back(kernel.dim(batch));
  left.push_back(k);
  right.push_back(k);
  if (hasColumns)
    right.push_back(kernel.dim(loops.parallel - 1));
  kernel.setHead("matmul");
  if (kernel.inTiles())
    return tiledMatmul(op, loops, left, right, kernel);
  unsigned total = loops.names.size();
  kernel.keepDistances(op.getX());
  if (hasColumns)
    keepFewColumns(z.type, kernel);
  Value a = kernel.read(op.getX(), "a"), inverse;
  if (linalg::GenericOp scaled = hasRows && hasColumns ? softmaxStage(op, a) : linalg::GenericOp()) {
    a = scaled.getInputs()[0];
    inverse = scaled.getInputs()[1];
    scaled.erase();
  }
  Value sums = kernel.reduce("matmul", loops,
                             {{a, AffineMap::get(total, 0, left, op.getContext())},
                              {kernel.read(op.getY(), "b"), AffineMap::get(total, 0, right, op.getContext())}},
                             z.stored(), zeroOf(z.type), multiplyAdd);
  if (inverse) {
    AffineMap same = kernel.builder.getMultiDimIdentityMap(z.rank);
    sums = kernel.map("weighed", loopsOver(z), {{sums, same}, {inverse, same.dropResult(z.rank - 1)}}, z.stored(),
                      [](auto &b, ValueRange v) -> Value { return arith::MulFOp::create(b, v[0], v[1]); });
  }
  kernel.define(op.getZ(), sums);
  return success();
}

} // namespace

void addContraction(LoweringTable &table) {
  table.add<ConvOp>(lowerConv);
  table.add<ConvTransposeOp>(lowerConvTranspose);
  table.add<LinearOp>(lowerLinear);
  table.add<MatmulOp>(lowerMatmul);
}

} // namespace weft
