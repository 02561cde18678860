// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd's minimal filtering F(m x m, 3 x 3) as linalg: with d a tile of the input, U the transformed filter,
// Y = A^T [ U * (B^T d B) ] A (Lavin and Gray 2016). Each transform is two stages, one a dimension:
//
//   rows       n ib ty tx u v i    B^T down the columns of a tile
//   columns    n ib ty tx u v i    and along its rows
//   product    n cb ty tx u v c    a matrix product over channels for each of the (m + 2)^2 points u v
//   back_rows  n cb ty tx p v c    A^T down the columns
//   back       n cb ty tx p q c    and along the rows: m x m results a tile
//   tiles      n cb y x c          results in their places
//
// A transform's row is chosen by the loop index among expressions of constant coefficients: once a schedule has unrolled
// that loop, only its own additions are left.

#include "compiler/Conversion/WeftToLinalg/Winograd.h"
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

//===-- one row of a transform --------------------------------------------------------------------------------------===//

Value scaled(ImplicitLocOpBuilder &builder, Value value, double factor) {
  if (factor == 1)
    return value;
  if (factor == -1)
    return arith::NegFOp::create(builder, value);
  Value constant = arith::ConstantOp::create(builder, builder.getFloatAttr(value.getType(), factor));
  return arith::MulFOp::create(builder, value, constant);
}

/// The sum of factors times values, without those that are 0; null if there are none.
Value combination(ImplicitLocOpBuilder &builder, ArrayRef<double> factors, ArrayRef<Value> values) {
  Value sum;
  for (auto [factor, value] : llvm::zip_equal(factors, values)) {
    if (factor == 0)
      continue;
    if (!sum)
      sum = scaled(builder, value, factor);
    else if (factor < 0)
      sum = arith::SubFOp::create(builder, sum, scaled(builder, value, -factor));
    else
      sum = arith::AddFOp::create(builder, sum, scaled(builder, value, factor));
  }
  return sum;
}

/// `even + odd`, or their difference where the odd part begins with a negative factor: the rows of points p and -p then
/// share both parts.
Value evenAndOdd(ImplicitLocOpBuilder &builder, ArrayRef<double> factors, ArrayRef<Value> values) {
  SmallVector<double> even(factors), odd(factors);
  double sign = 0;
  for (size_t k = 0; k < factors.size(); ++k) {
    (k % 2 ? even : odd)[k] = 0;
    if (k % 2 && sign == 0 && factors[k] != 0)
      sign = factors[k] < 0 ? -1 : 1;
  }
  for (double &factor : odd)
    factor *= sign;
  Value a = combination(builder, even, values), b = combination(builder, odd, values);
  if (!b)
    return a;
  if (!a)
    return scaled(builder, b, sign);
  if (sign < 0)
    return arith::SubFOp::create(builder, a, b);
  return arith::AddFOp::create(builder, a, b);
}

/// Points p and -p (1 and 2, 3 and 4, ...) have factors of one size: sums and differences of such pairs are shared by rows.
Value pairs(ImplicitLocOpBuilder &builder, ArrayRef<double> factors, ArrayRef<Value> values) {
  SmallVector<double> combined{factors.front()};
  SmallVector<Value> terms{values.front()};
  for (size_t k = 1; k + 1 < factors.size(); k += 2) {
    combined.push_back(factors[k]);
    if (factors[k] == factors[k + 1])
      terms.push_back(arith::AddFOp::create(builder, values[k], values[k + 1]));
    else
      terms.push_back(arith::SubFOp::create(builder, values[k], values[k + 1]));
  }
  combined.push_back(factors.back());
  terms.push_back(values.back());
  return combination(builder, combined, terms);
}

/// values[index].
Value pick(ImplicitLocOpBuilder &builder, Value index, ArrayRef<Value> values) {
  Value picked = values.back();
  for (size_t k = values.size() - 1; k-- > 0;) {
    Value number = arith::ConstantIndexOp::create(builder, k);
    Value here = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, index, number);
    picked = arith::SelectOp::create(builder, here, values[k], picked);
  }
  return picked;
}

//===-- stages ------------------------------------------------------------------------------------------------------===//

class WinogradBuilder {
public:
  WinogradBuilder(ConvOp op, int64_t m, KernelBuilder &kernel)
      : op(op), kernel(kernel), matrices(m), m(m), points(m + 2), y(op.getY().getType()) {
    ArrayRef<int64_t> shape = y.stored().getShape();
    batch = shape[0];
    tilesDown = llvm::divideCeil(shape[2], m);
    tilesAcross = llvm::divideCeil(shape[3], m);
  }

  Value run() {
    Value image = kernel.read(op.getX(), touched(), "x");
    auto rank = cast<RankedTensorType>(image.getType());
    Value rows = transform("rows", {"n", "ib", "ty", "tx", "u", "v", "i"}, stored(rank.getDimSize(1), points, points), 4,
                           image, [&](int64_t k) { return imageMap(k); }, Side::Input);
    Value columns = transform("columns", {"n", "ib", "ty", "tx", "u", "v", "i"},
                              stored(rank.getDimSize(1), points, points), 5, rows,
                              [&](int64_t k) { return tileMap(5, k); }, Side::Input);
    Value product = multiply(columns, kernel.read(op.getWeight(), "filter"));
    int64_t blocks = y.stored().getDimSize(1);
    Value backRows = transform("back_rows", {"n", "cb", "ty", "tx", "p", "v", "c"}, stored(blocks, m, points), 4, product,
                               [&](int64_t k) { return tileMap(4, k); }, Side::Output);
    Value back = transform("back", {"n", "cb", "ty", "tx", "p", "q", "c"}, stored(blocks, m, m), 5, backRows,
                           [&](int64_t k) { return tileMap(5, k); }, Side::Output);
    return place(back);
  }

private:
  enum class Side { Input, Output };

  /// All tiles are read whole: the last ones past the end of the image.
  Box touched() {
    Box window;
    ArrayRef<int64_t> extents = cast<RankedTensorType>(op.getX().getType()).getShape().drop_front(2);
    int64_t tiles[] = {tilesDown, tilesAcross};
    for (unsigned d = 0; d < 2; ++d) {
      window.low.push_back(op.getPad()[d]);
      window.high.push_back(tiles[d] * m + 2 - op.getPad()[d] - extents[d]);
    }
    return window;
  }

  RankedTensorType stored(int64_t blocks, int64_t down, int64_t across) {
    return RankedTensorType::get({batch, blocks, tilesDown, tilesAcross, down, across, y.block},
                                 y.stored().getElementType());
  }
  AffineMap mapOf(ArrayRef<AffineExpr> at, unsigned loops) { return AffineMap::get(loops, 0, at, op.getContext()); }
  AffineExpr d(unsigned loop) { return kernel.dim(loop); }

  /// Row k of the tile's column v, in the image.
  AffineMap imageMap(int64_t k) { return mapOf({d(0), d(1), d(2) * m + k, d(3) * m + d(5), d(6)}, 7); }
  /// Entry k along dimension `along` of the same tile.
  AffineMap tileMap(unsigned along, int64_t k) {
    SmallVector<AffineExpr> at;
    for (unsigned loop = 0; loop < 7; ++loop)
      at.push_back(loop == along ? kernel.constant(k) : d(loop));
    return mapOf(at, 7);
  }

  /// Loop `chosen` says which row of the matrix; `source` is read at as many places as the matrix has columns.
  Value transform(StringRef name, ArrayRef<StringRef> loops, RankedTensorType result, unsigned chosen, Value source,
                  llvm::function_ref<AffineMap(int64_t)> mapAt, Side side) {
    StageLoops names;
    names.names.assign(loops.begin(), loops.end());
    names.parallel = loops.size();
    SmallVector<Source> sources;
    for (int64_t k = 0; k < points; ++k)
      sources.push_back({source, mapAt(k)});
    return kernel.map(name, names, sources, result, [&](ImplicitLocOpBuilder &builder, ValueRange args) -> Value {
      SmallVector<Value> values(args.take_front(points)), results;
      for (int64_t row = 0; row < (side == Side::Input ? points : m); ++row)
        results.push_back(side == Side::Input
                              ? evenAndOdd(builder, ArrayRef(matrices.bt[row].data(), points), values)
                              : pairs(builder, ArrayRef(matrices.at[row].data(), points), values));
      return pick(builder, linalg::IndexOp::create(builder, chosen), results);
    });
  }

  Value multiply(Value tiles, Value filter) {
    StageLoops loops;
    loops.names = {"n", "cb", "ty", "tx", "u", "v", "c", "ib", "i"};
    loops.parallel = 7;
    loops.reductionExtents = {-1, -1};
    AffineMap tileAt = mapOf({d(0), d(7), d(2), d(3), d(4), d(5), d(8)}, 9);
    AffineMap filterAt = mapOf({d(4) * points + d(5), d(1), d(7), d(8), d(6)}, 9);
    RankedTensorType result = stored(y.stored().getDimSize(1), points, points);
    return kernel.reduce("product", loops, {{tiles, tileAt}, {filter, filterAt}}, result,
                         FloatAttr::get(result.getElementType(), 0.0), [](ImplicitLocOpBuilder &builder, ValueRange args) -> Value {
                           Value product = arith::MulFOp::create(builder, args[0], args[1]);
                           return arith::AddFOp::create(builder, args[2], product);
                         });
  }

  Value place(Value tiles) {
    AffineMap at = mapOf({d(0), d(1), d(2).floorDiv(m), d(3).floorDiv(m), d(2) % m, d(3) % m, d(4)}, 5);
    return kernel.map("tiles", loopsOver(y), {{tiles, at}}, y.stored(),
                      [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
  }

  ConvOp op;
  KernelBuilder &kernel;
  const kernel::Winograd matrices;
  int64_t m, points, batch, tilesDown, tilesAcross;
  Layout y;
};

} // namespace

FailureOr<Value> lowerWinograd(ConvOp op, KernelBuilder &kernel) {
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  if (!isBlocked(op.getX().getType()) || !isBlocked(op.getY().getType()) || weight.getRank() != 5)
    return op.emitError("no kernel for an input of type ")
               << op.getX().getType() << ", a weight of type " << weight << " and a result of type " << op.getY().getType(),
           failure();
  return WinogradBuilder(op, *winogradTile(op.getAlgorithm()), kernel).run();
}

} // namespace weft
