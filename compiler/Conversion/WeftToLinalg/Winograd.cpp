// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd's minimal filtering F(m x m, 3 x 3), Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
// 2016. Tiles of m x m results read (m + 2) x (m + 2) elements; in five stages and the epilogue's
//
//   rows      B^T d        n ib ty tx u v i    transforms the rows of each tile
//   columns   (B^T d) B    n ib ty tx u v i
//   product   M            n u v cb ty tx c, ib i    one matrix product a point, with the transformed filter
//   back_rows A^T M        n cb ty tx p v c
//   back      (A^T M) A    n cb ty tx p q c
//   tiles                  n cb y x c          results where they belong, the bias and what follows
//
// Which row of a matrix applies depends on a loop index (u, v, p, q); schedules unroll it, so the selection costs
// nothing.

#include "compiler/Conversion/WeftToLinalg/Winograd.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"
#include "compiler/Kernel/Winograd.h"

using namespace mlir;

namespace weft {

std::optional<int64_t> winogradTile(std::optional<Algorithm> algorithm) {
  if (algorithm == Algorithm::Winograd2)
    return 2;
  if (algorithm == Algorithm::Winograd4)
    return 4;
  if (algorithm == Algorithm::Winograd6)
    return 6;
  return std::nullopt;
}

namespace {

using Builder = ImplicitLocOpBuilder;

/// Sums of products with constants, without those by 0 and 1.
class Sum {
public:
  explicit Sum(Builder &builder) : b(builder) {}
  void add(double factor, Value value) {
    if (factor == 0)
      return;
    double size = std::abs(factor);
    Value term = size == 1 ? value : mulOf(b, value, constantLike(b, value, size));
    if (!sum)
      sum = factor < 0 ? Value(arith::NegFOp::create(b, term)) : term;
    else
      sum = factor < 0 ? Value(arith::SubFOp::create(b, sum, term)) : addOf(b, sum, term);
  }
  Value get(Value like) { return sum ? sum : constantLike(b, like, 0); }

private:
  Builder &b;
  Value sum;
};

/// B^T times a vector. The rows of points p and -p have entries that agree and entries of opposite sign: the two
/// partial sums are shared.
SmallVector<Value> transformTile(Builder &b, const kernel::Winograd &matrices, ValueRange taps) {
  int points = matrices.points;
  SmallVector<Value> results(points);
  auto whole = [&](int row) {
    Sum sum(b);
    for (int k = 0; k < points; ++k)
      sum.add(matrices.bt[row][k], taps[k]);
    return sum.get(taps[0]);
  };
  results[0] = whole(0);
  results[points - 1] = whole(points - 1);
  for (int row = 1; row + 1 < points; row += 2) {
    Sum alike(b), opposite(b);
    for (int k = 0; k < points; ++k) {
      double here = matrices.bt[row][k], there = matrices.bt[row + 1][k];
      (here == there ? alike : opposite).add(here, taps[k]);
    }
    Value first = alike.get(taps[0]), second = opposite.get(taps[0]);
    results[row] = addOf(b, first, second);
    results[row + 1] = arith::SubFOp::create(b, first, second);
  }
  return results;
}

/// A^T times a vector: sums and differences of the points p and -p serve all rows.
SmallVector<Value> transformBack(Builder &b, const kernel::Winograd &matrices, ValueRange taps) {
  int points = matrices.points;
  SmallVector<Value> sums(points), differences(points), results;
  for (int p = 1; p + 1 < points; p += 2) {
    sums[p] = addOf(b, taps[p], taps[p + 1]);
    differences[p] = arith::SubFOp::create(b, taps[p], taps[p + 1]);
  }
  for (int row = 0; row < matrices.m; ++row) {
    Sum sum(b);
    sum.add(matrices.at[row][0], taps[0]);
    for (int p = 1; p + 1 < points; p += 2)
      sum.add(matrices.at[row][p], matrices.at[row][p] == matrices.at[row][p + 1] ? sums[p] : differences[p]);
    sum.add(matrices.at[row][points - 1], taps[points - 1]);
    results.push_back(sum.get(taps[0]));
  }
  return results;
}

/// `values[index of loop]`, as a chain of selections.
Value pick(Builder &b, unsigned loop, ArrayRef<Value> values) {
  Value index = linalg::IndexOp::create(b, loop), result = values.back();
  for (size_t i = values.size() - 1; i-- > 0;) {
    Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index, arith::ConstantIndexOp::create(b, i));
    result = arith::SelectOp::create(b, here, values[i], result);
  }
  return result;
}

/// The five stages of one convolution.
class Stages {
public:
  Stages(ConvOp op, int64_t m, KernelBuilder &kernel)
      : op(op), kernel(kernel), context(op.getContext()), x(op.getX().getType()), y(op.getY().getType()), matrices(m),
        m(m), points(m + 2), down(llvm::divideCeilSigned(y.type.getDimSize(2), m)),
        across(llvm::divideCeilSigned(y.type.getDimSize(3), m)), batch(y.type.getDimSize(0)),
        inBlocks(x.stored().getDimSize(1)), outBlocks(y.stored().getDimSize(1)) {}

  Value run() {
    kernel.keepPlanes();
    Value columns = transformColumns(transformRows());
    return place(backColumns(backRows(product(columns))));
  }

private:
  AffineExpr d(unsigned position) const { return kernel.dim(position); }
  AffineExpr c(int64_t value) const { return kernel.constant(value); }
  RankedTensorType tensor(ArrayRef<int64_t> shape) const {
    return RankedTensorType::get(shape, y.type.getElementType());
  }
  static StageLoops loops(ArrayRef<StringRef> names) {
    StageLoops result;
    for (StringRef name : names)
      result.names.push_back(name.str());
    result.parallel = names.size();
    return result;
  }
  /// One source a tap: `at(k)` says where tap k is read.
  SmallVector<Source> tapsOf(Value value, llvm::function_ref<SmallVector<AffineExpr>(int64_t)> at) const {
    SmallVector<Source> sources;
    for (int64_t k = 0; k < points; ++k)
      sources.push_back({value, AffineMap::get(7, 0, at(k), context)});
    return sources;
  }

  Value transformRows() {
    Box box;
    int64_t touched[] = {down * m + 2, across * m + 2};
    for (unsigned s = 0; s < 2; ++s) {
      box.low.push_back(op.getPad()[s]);
      box.high.push_back(touched[s] - op.getPad()[s] - x.type.getDimSize(2 + s));
    }
    Value input = kernel.read(op.getX(), box, "x");
    auto taps = tapsOf(input, [&](int64_t k) -> SmallVector<AffineExpr> {
      return {d(0), d(1), d(2) * m + k, d(3) * m + d(5), d(6)};
    });
    return kernel.map("rows", loops({"n", "ib", "ty", "tx", "u", "v", "i"}), taps, inputTiles(),
                      [&](Builder &b, ValueRange v) { return pick(b, 4, transformTile(b, matrices, v.drop_back(1))); });
  }

  Value transformColumns(Value rows) {
    auto taps =
        tapsOf(rows, [&](int64_t k) -> SmallVector<AffineExpr> { return {d(0), d(1), d(2), d(3), d(4), c(k), d(6)}; });
    return kernel.map("columns", loops({"n", "ib", "ty", "tx", "u", "v", "i"}), taps, inputTiles(),
                      [&](Builder &b, ValueRange v) { return pick(b, 5, transformTile(b, matrices, v.drop_back(1))); });
  }

  Value product(Value columns) {
    StageLoops nest = loops({"n", "u", "v", "cb", "ty", "tx", "c"});
    nest.names.append({"ib", "i"});
    nest.reductionExtents = {-1, -1};
    AffineMap tile = AffineMap::get(9, 0, {d(0), d(7), d(4), d(5), d(1), d(2), d(8)}, context);
    AffineMap filter = AffineMap::get(9, 0, {d(1) * points + d(2), d(3), d(7), d(8), d(6)}, context);
    return kernel.reduce("product", nest, {{columns, tile}, {kernel.read(op.getWeight(), "filter"), filter}},
                         tensor({batch, points, points, outBlocks, down, across, y.block}),
                         FloatAttr::get(y.type.getElementType(), 0.0),
                         [](Builder &b, ValueRange v) { return addOf(b, v[2], mulOf(b, v[0], v[1])); });
  }

  Value backRows(Value product) {
    auto taps = tapsOf(
        product, [&](int64_t k) -> SmallVector<AffineExpr> { return {d(0), c(k), d(5), d(1), d(2), d(3), d(6)}; });
    return kernel.map("back_rows", loops({"n", "cb", "ty", "tx", "p", "v", "c"}), taps,
                      tensor({batch, outBlocks, down, across, m, points, y.block}),
                      [&](Builder &b, ValueRange v) { return pick(b, 4, transformBack(b, matrices, v.drop_back(1))); });
  }

  Value backColumns(Value rows) {
    auto taps =
        tapsOf(rows, [&](int64_t k) -> SmallVector<AffineExpr> { return {d(0), d(1), d(2), d(3), d(4), c(k), d(6)}; });
    return kernel.map("back", loops({"n", "cb", "ty", "tx", "p", "q", "c"}), taps,
                      tensor({batch, outBlocks, down, across, m, m, y.block}),
                      [&](Builder &b, ValueRange v) { return pick(b, 5, transformBack(b, matrices, v.drop_back(1))); });
  }

  Value place(Value tiles) {
    AffineMap at =
        AffineMap::get(5, 0, {d(0), d(1), d(2).floorDiv(m), d(3).floorDiv(m), d(2) % m, d(3) % m, d(4)}, context);
    return kernel.map("tiles", loopsOver(y), {{tiles, at}}, y.stored(), [](Builder &, ValueRange v) { return v[0]; });
  }

  RankedTensorType inputTiles() const { return tensor({batch, inBlocks, down, across, points, points, x.block}); }

  ConvOp op;
  KernelBuilder &kernel;
  MLIRContext *context;
  Layout x, y;
  kernel::Winograd matrices;
  int64_t m, points, down, across, batch, inBlocks, outBlocks;
};

} // namespace

FailureOr<Value> lowerWinograd(ConvOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  auto isOne = [](int64_t value) { return value == 1; };
  bool fits = x.isBlocked() && y.isBlocked() && op.getSpatialRank() == 2 && op.getGroups() == 1 &&
              op.getKernel() == SmallVector<int64_t>{3, 3} && llvm::all_of(op.getStride(), isOne) &&
              llvm::all_of(op.getDilation(), isOne);
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  int64_t m = *winogradTile(op.getAlgorithm());
  if (!fits || weight.getRank() != 5 || weight.getDimSize(0) != (m + 2) * (m + 2) || weight.getDimSize(3) != x.block ||
      weight.getDimSize(4) != y.block)
    return op.emitError("no Winograd kernel for an input of type ")
               << x.type << ", a weight of type " << weight << " and a result of type " << y.type,
           failure();
  return Stages(op, m, kernel).run();
}

} // namespace weft
