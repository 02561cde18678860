// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd's minimal filtering F(m, r) in both dimensions or in one, Lavin and Gray, Fast Algorithms for Convolutional
// Neural Networks, 2016. Tiles of m x m results read (m + r - 1) x (m + r - 1) elements; a dimension without taps has
// tiles of one element. In six stages and the epilogue's
//
//   rows      B^T d        n ib t u v i    transforms the rows of each tile
//   columns   (B^T d) B    n ib t u v i
//   product   M            n u v cb t c, ib i    one matrix product a point, with the transformed filter; in each group one
//   products  M            n u v cb t c
//   back_rows A^T M        n cb ty tx p v c
//   back      (A^T M) A    n cb ty tx p q c
//   tiles                  n cb y x c          results where they belong, the bias and what follows
//
// Up to the products tiles are numbered row by row (t), so that a register tile is any run of them.
//
// Filters come transformed, or packed as for a direct kernel; then two stages more transform them here
//
//   filter_rows     G g          u cb ib kx i c
//   filter_columns  (G g) G^T    u v cb ib i c
//
// In three dimensions each slice is transformed by itself, with a loop z behind ib and cb; the product adds those a
// window touches, with a loop kz behind ib.
//
// A plane under a window of dilation d is d planes each way, of every d-th row and column, which know nothing of each
// other. A tile takes its elements d apart from one of them; tiles that lie in each other, one of each, are neighbours
// in ty and tx, so a row of them reads and writes neighbouring columns.
//
// The last row and column of tiles may be ragged: of fewer results and so of fewer points, the first ones of the others, since a
// transformed filter is that of its points whatever the tile. Transforms stay as they are: a ragged tile's input goes on, behind what
// it reads, so that it is 0 at the points it has not (`endTile`). Its products with those are left out, in whole register tiles; or
// the points that as many tiles have are a part (`Part`), with a product of its own.
//
// Which row of a matrix applies depends on a loop index (u, v, p, q); schedules unroll it, so the selection costs
// nothing.

#include "compiler/Conversion/WeftToLinalg/Winograd.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"
#include "compiler/Kernel/Winograd.h"

using namespace mlir;

namespace weft {

namespace {

using Builder = ImplicitLocOpBuilder;

/// The tiles of one dimension: m results each, `dilation` apart; single elements where the window has one tap. A `ragged` last
/// tile has no more results than are left, and as many of the points, the first ones, as those take.
struct Tiling {
  Tiling(const kernel::Winograd &matrices, int64_t extent, int64_t apart, bool ragged)
      : m(matrices.m), points(matrices.points), dilation(points == 1 ? 1 : apart),
        count(llvm::divideCeilSigned(extent, m * dilation) * dilation),
        pointsOfLast(ragged && extent % m ? points - m + extent % m : points) {}
  /// The element that a tile reads first, and writes.
  AffineExpr first(AffineExpr tile) const { return tile.floorDiv(dilation) * (m * dilation) + tile % dilation; }
  AffineExpr tap(AffineExpr tile, AffineExpr k) const { return first(tile) + k * dilation; }
  /// Of which tile an element is, and which of it.
  AffineExpr tileOf(AffineExpr element) const { return element.floorDiv(m * dilation) * dilation + element % dilation; }
  AffineExpr placeOf(AffineExpr element) const { return element.floorDiv(dilation) % m; }
  /// Elements that all of them read, each `points`.
  int64_t touched() const { return count * m + (points - m) * dilation; }

  int64_t m, points, dilation, count, pointsOfLast;
};

/// Sums of products with constants, without those by 0 and 1. A term that is not multiplied comes first: then each of the others is a
/// multiply-add.
class Sum {
public:
  explicit Sum(Builder &builder) : b(builder) {}
  void add(double factor, Value value) {
    if (factor != 0)
      terms.push_back({factor, value});
  }
  Value get(Value like) {
    if (terms.empty())
      return constantLike(b, like, 0);
    auto *first = llvm::find_if(terms, [](const auto &term) { return term.first == 1; });
    if (first != terms.end())
      std::rotate(terms.begin(), first, first + 1);
    Value sum;
    for (auto [factor, value] : terms) {
      double size = std::abs(factor);
      Value term = size == 1 ? value : mulOf(b, value, constantLike(b, value, size));
      if (!sum)
        sum = factor < 0 ? Value(arith::NegFOp::create(b, term)) : term;
      else
        sum = factor < 0 ? Value(arith::SubFOp::create(b, sum, term)) : addOf(b, sum, term);
    }
    return sum;
  }

private:
  Builder &b;
  SmallVector<std::pair<double, Value>> terms;
};

/// Whether the finite points are 0 and each p before its -p: of an odd number of points the last p is alone, and rows have
/// nothing in common.
bool isSymmetric(const kernel::Winograd &matrices) { return matrices.points % 2 == 0; }

/// B^T times a vector. Of symmetric points the rows of p and -p have entries that agree, and entries of opposite sign that are p times
/// what does not depend on its sign: the two partial sums are shared.
SmallVector<Value> transformTile(Builder &b, const kernel::Winograd &matrices, ValueRange taps) {
  int points = matrices.points;
  SmallVector<Value> results(points);
  auto whole = [&](int row) {
    Sum sum(b);
    for (int k = 0; k < points; ++k)
      sum.add(matrices.bt[row][k], taps[k]);
    return sum.get(taps[0]);
  };
  for (int row = 0; row < points; row += isSymmetric(matrices) ? points - 1 : 1)
    results[row] = whole(row);
  for (int row = 1; isSymmetric(matrices) && row + 1 < points; row += 2) {
    Sum alike(b), opposite(b);
    for (int k = 0; k < points; ++k) {
      double here = matrices.bt[row][k], there = matrices.bt[row + 1][k];
      here == there ? alike.add(here, taps[k]) : opposite.add(here / matrices.point(row), taps[k]);
    }
    Value first = alike.get(taps[0]), second = opposite.get(taps[0]);
    if (double point = matrices.point(row); point != 1)
      second = mulOf(b, second, constantLike(b, second, point));
    results[row] = addOf(b, first, second);
    results[row + 1] = arith::SubFOp::create(b, first, second);
  }
  return results;
}

Value compare(Builder &b, arith::CmpIPredicate predicate, Value value, int64_t other) {
  return arith::CmpIOp::create(b, predicate, value, number(b, other));
}

/// What a tile reads, of which `isLast` says whether it is the last one. Of that, elements behind its own continue them so that
/// the transform is 0 at the points it has not: for the polynomial whose roots are those it has, the sum of its coefficients times
/// elements that follow each other is 0. The last element counts for the point at infinity alone, which no result of such a tile has.
SmallVector<Value> endTile(Builder &b, const kernel::Winograd &matrices, const Tiling &tiling,
                           llvm::function_ref<Value()> isLast, ValueRange taps) {
  SmallVector<Value> elements(taps), ended(taps);
  int64_t own = tiling.pointsOfLast;
  if (own + 1 >= tiling.points)
    return elements;
  auto roots = matrices.roots(own);
  Value condition = isLast();
  for (int64_t k = own; k + 1 < tiling.points; ++k) {
    Sum sum(b);
    for (int64_t l = 0; l < own; ++l)
      sum.add(-roots[l], ended[k - own + l]);
    ended[k] = sum.get(taps[0]);
    elements[k] = arith::SelectOp::create(b, condition, ended[k], taps[k]);
  }
  return elements;
}

/// G times a vector. Of symmetric points the rows of p and -p differ in the sign of odd taps: the sums of even taps and of odd ones are shared.
SmallVector<Value> transformFilter(Builder &b, const kernel::Winograd &matrices, ValueRange taps) {
  SmallVector<Value> results(matrices.points);
  auto sumOf = [&](int row, int first, int step) {
    Sum sum(b);
    for (int k = first; k < matrices.r; k += step)
      sum.add(matrices.g[row][k], taps[k]);
    return sum.get(taps[0]);
  };
  for (int row = 0; row < matrices.points; row += isSymmetric(matrices) ? matrices.points - 1 : 1)
    results[row] = sumOf(row, 0, 1);
  for (int row = 1; isSymmetric(matrices) && row + 1 < matrices.points; row += 2) {
    Value even = sumOf(row, 0, 2), odd = sumOf(row, 1, 2);
    results[row] = addOf(b, even, odd);
    results[row + 1] = arith::SubFOp::create(b, even, odd);
  }
  return results;
}

/// A^T times a vector: sums and differences of the points p and -p serve all rows.
SmallVector<Value> transformBack(Builder &b, const kernel::Winograd &matrices, ValueRange taps) {
  int points = matrices.points;
  SmallVector<Value> sums(points), differences(points), results;
  for (int p = 1; p + 2 < points; p += 2) {
    sums[p] = addOf(b, taps[p], taps[p + 1]);
    differences[p] = arith::SubFOp::create(b, taps[p], taps[p + 1]);
  }
  for (int row = 0; row < matrices.m; ++row) {
    Sum sum(b);
    sum.add(matrices.at[row][0], taps[0]);
    for (int p = 1; p + 2 < points; p += 2)
      sum.add(matrices.at[row][p], matrices.at[row][p] == matrices.at[row][p + 1] ? sums[p] : differences[p]);
    if (points > 1 && !isSymmetric(matrices))
      sum.add(matrices.at[row][points - 2], taps[points - 2]);
    if (points > 1)
      sum.add(matrices.at[row][points - 1], taps[points - 1]);
    results.push_back(sum.get(taps[0]));
  }
  return results;
}

/// The six stages of one convolution.
class Stages {
public:
  Stages(ConvOp op, int64_t m, KernelBuilder &kernel)
      : op(op), kernel(kernel), context(op.getContext()), x(op.getX().getType()), y(op.getY().getType()),
        z(op.getSpatialRank() - 2), vertical(kernel::Winograd::along(m, op.getKernel()[z])),
        horizontal(kernel::Winograd::along(m, op.getKernel()[1 + z])),
        rx(kernel.parameter("ragged") ? kernel.parameter("rx") : 0), inParts(kernel.parameter("lower") || kernel.parameter("right")),
        down(vertical, y.type.getDimSize(2 + z), op.getDilation()[z], rx > 0 || inParts),
        across(horizontal, y.type.getDimSize(3 + z), op.getDilation()[1 + z], rx > 0 || inParts), batch(y.type.getDimSize(0)),
        inBlocks(x.stored().getDimSize(1)), outBlocks(y.stored().getDimSize(1)), groups(op.getGroups()),
        lanes(cast<RankedTensorType>(op.getWeight().getType()).getShape().end()[-2]), filterBlocks(inBlocks * (x.block / lanes)),
        transformsFilter(cast<RankedTensorType>(op.getWeight().getType()).getRank() == op.getSpatialRank() + 4) {
    if (groups == 1)
      filterBlocks = llvm::divideCeil(op.getFilter()[1], lanes);
    for (unsigned d = 0; d < z; ++d) {
      slicesOut.push_back(y.type.getDimSize(2 + d));
      slicesIn.push_back((slicesOut[d] - 1) * op.getStride()[d] + (op.getKernel()[d] - 1) * op.getDilation()[d] + 1);
    }
  }

  Value run() {
    kernel.keepPlanes();
    Value made = transformsFilter ? filterColumns(filterRows()) : Value(), columns = transformColumns(transformRows());
    Value filter = made ? made : kernel.read(op.getWeight(), "filter");
    if (inParts)
      return place(backColumns(backOfParts(productsOfParts(columns, filter))));
    return place(backColumns(backRows(rx ? raggedProducts(raggedProduct(columns, filter)) : products(product(columns, filter)))));
  }

private:
  AffineExpr d(unsigned position) const { return kernel.dim(position); }
  AffineExpr c(int64_t value) const { return kernel.constant(value); }
  RankedTensorType tensor(ArrayRef<int64_t> shape) const {
    return RankedTensorType::get(shape, y.type.getElementType());
  }
  /// Of a group, which the output block `cb` tells, the input block that has block `ib` of the filter, which may be of fewer channels.
  AffineExpr inputBlock(AffineExpr cb, AffineExpr ib) const {
    return groups == 1 ? ib.floorDiv(x.block / lanes) : cb.floorDiv(outBlocks / groups) * (inBlocks / groups) + ib;
  }
  Value inputBlock(Builder &b, Value cb, Value ib) const {
    if (groups == 1)
      return lanes == x.block ? ib : Value(arith::DivUIOp::create(b, ib, number(b, x.block / lanes)));
    return scaled(b, arith::DivUIOp::create(b, cb, number(b, outBlocks / groups)), inBlocks / groups, ib);
  }
  /// Where in that block channel `i` of the filter's is.
  AffineExpr inputLane(AffineExpr ib, AffineExpr i) const { return ib % (x.block / lanes) * lanes + i; }
  Value inputLane(Builder &b, Value ib, Value i) const {
    return lanes == x.block ? i : scaled(b, arith::RemUIOp::create(b, ib, number(b, x.block / lanes)), lanes, i);
  }
  /// `names`, and in three dimensions z before the tiles.
  StageLoops loops(ArrayRef<StringRef> names) const {
    StageLoops result;
    for (StringRef name : names) {
      if (z && (name == "ty" || name == "t"))
        result.names.push_back("z");
      result.names.push_back(name.str());
    }
    result.parallel = result.names.size();
    return result;
  }
  /// Indices or extents, with those of the slices at `position`.
  template <typename T> SmallVector<T> with(ArrayRef<T> slices, size_t position, SmallVector<T> rest) const {
    rest.insert(rest.begin() + position, slices.begin(), slices.end());
    return rest;
  }
  SmallVector<AffineExpr> slice(unsigned position) const {
    return z ? SmallVector<AffineExpr>{d(position)} : SmallVector<AffineExpr>();
  }
  /// One source a tap: `at(k)` says where tap k is read by a stage of `loops` loops.
  SmallVector<Source> tapsOf(Value value, int64_t points, unsigned loops,
                             llvm::function_ref<SmallVector<AffineExpr>(int64_t)> at) const {
    SmallVector<Source> sources;
    for (int64_t k = 0; k < points; ++k)
      sources.push_back({value, AffineMap::get(loops, 0, at(k), context)});
    return sources;
  }

  static Value isLast(Builder &b, Value tile, const Tiling &tiling) {
    return compare(b, arith::CmpIPredicate::eq, tile, tiling.count - 1);
  }

  Value transformRows() {
    Box box;
    int64_t touched[] = {z ? slicesIn[0] : 0, down.touched(), across.touched()};
    for (unsigned s = 0; s < z + 2; ++s) {
      box.low.push_back(op.getPad()[s]);
      box.high.push_back(touched[1 - z + s] - op.getPad()[s] - x.type.getDimSize(2 + s));
    }
    Value input = kernel.read(op.getX(), box, "x");
    AffineExpr row = d(2 + z).floorDiv(across.count), column = d(2 + z) % across.count;
    auto taps = tapsOf(input, down.points, 6 + z, [&](int64_t k) {
      return with<AffineExpr>(slice(2), 2,
                              {d(0), d(1), down.tap(row, c(k)), across.tap(column, d(4 + z)), d(5 + z)});
    });
    return kernel.map(
        "rows", loops({"n", "ib", "t", "u", "v", "i"}), taps, inputTiles(),
        [&](Builder &b, ValueRange v) {
          auto isLower = [&] { return isLast(b, arith::DivUIOp::create(b, indexOf(b, 2), number(b, across.count)), down); };
          return pick(b, 3 + z, transformTile(b, vertical, endTile(b, vertical, down, isLower, v.drop_back(1))));
        });
  }

  Value transformColumns(Value rows) {
    auto taps = tapsOf(rows, across.points, 6 + z, [&](int64_t k) {
      return with<AffineExpr>(slice(2), 2, {d(0), d(1), d(2 + z), d(3 + z), c(k), d(5 + z)});
    });
    return kernel.map(
        "columns", loops({"n", "ib", "t", "u", "v", "i"}), taps, inputTiles(),
        [&](Builder &b, ValueRange v) {
          auto isRight = [&] { return isLast(b, arith::RemUIOp::create(b, indexOf(b, 2), number(b, across.count)), across); };
          return pick(b, 4 + z, transformTile(b, horizontal, endTile(b, horizontal, across, isRight, v.drop_back(1))));
        });
  }

  /// A row of G comes from a table: which one depends on a loop that is not unrolled, as each pass of it makes the filters of as many
  /// points as fit a cache.
  Value filterRows() {
    SmallVector<float> factors;
    for (int64_t u = 0; u < vertical.points; ++u)
      for (int64_t k = 0; k < vertical.r; ++k)
        factors.push_back(float(vertical.g[u][k]));
    auto type = RankedTensorType::get({vertical.points, vertical.r}, y.type.getElementType());
    Value table = kernel.table(DenseElementsAttr::get(type, ArrayRef(factors)), "factors");
    auto sources = tapsOf(kernel.read(op.getWeight(), "filter"), vertical.r, 6, [&](int64_t k) {
      return SmallVector<AffineExpr>{d(1), d(2), c(k), d(3), d(4), d(5)};
    });
    sources.append(tapsOf(table, vertical.r, 6, [&](int64_t k) { return SmallVector<AffineExpr>{d(0), c(k)}; }));
    return kernel.map("filter_rows", loops({"u", "cb", "ib", "kx", "i", "c"}), sources,
                      tensor({vertical.points, outBlocks, filterBlocks, horizontal.r, lanes, y.block}),
                      [&](Builder &b, ValueRange v) {
                        Value sum = mulOf(b, v[0], v[vertical.r]);
                        for (int64_t k = 1; k < vertical.r; ++k)
                          sum = addOf(b, sum, mulOf(b, v[k], v[vertical.r + k]));
                        return sum;
                      });
  }

  Value filterColumns(Value rows) {
    auto taps = tapsOf(rows, horizontal.r, 6, [&](int64_t k) {
      return SmallVector<AffineExpr>{d(0), d(2), d(3), c(k), d(4), d(5)};
    });
    return kernel.map("filter_columns", loops({"u", "v", "cb", "ib", "i", "c"}), taps,
                      tensor({vertical.points, horizontal.points, outBlocks, filterBlocks, lanes, y.block}),
                      [&](Builder &b, ValueRange v) { return pick(b, 1, transformFilter(b, horizontal, v.drop_back(1))); });
  }

  Value product(Value columns, Value transformed) {
    StageLoops nest = loops({"n", "u", "v", "cb", "t", "c"});
    unsigned ib = 6 + z, i = 7 + 2 * z;
    SmallVector<AffineExpr> tap, slices;
    nest.names.push_back("ib");
    if (z) {
      nest.names.push_back("kz");
      tap.push_back(d(ib + 1));
      slices.push_back(d(4) * op.getStride()[0] + d(ib + 1) * op.getDilation()[0]);
    }
    nest.names.push_back("i");
    nest.reductionExtents.assign(2 + z, -1);
    AffineMap tile = AffineMap::get(
        i + 1, 0, with<AffineExpr>(slices, 2, {d(0), inputBlock(d(3), d(ib)), d(4 + z), d(1), d(2), inputLane(d(ib), d(i))}), context);
    SmallVector<AffineExpr> point{d(1) * across.points + d(2)};
    if (transformsFilter)
      point = {d(1), d(2)};
    SmallVector<AffineExpr> block{d(3), d(ib), d(i), d(5 + z)};
    block.insert(block.begin() + 2, tap.begin(), tap.end());
    AffineMap filter = AffineMap::get(i + 1, 0, llvm::to_vector(llvm::concat<AffineExpr>(point, block)), context);
    return kernel.reduce("product", nest, {{columns, tile}, {transformed, filter}},
                         outputPoints(), FloatAttr::get(y.type.getElementType(), 0.0),
                         [](Builder &b, ValueRange v) { return addOf(b, v[2], mulOf(b, v[0], v[1])); });
  }

  /// Whether all columns of tiles have the point v. Where they have, tiles are numbered row by row, else column by column: those that
  /// have a point (u, v) come first, but for some in the lower row where neither is one of all.
  Value isOfAllColumns(Builder &b, Value v) const { return compare(b, arith::CmpIPredicate::slt, v, across.pointsOfLast); }

  RankedTensorType raggedPoints() const {
    return tensor({batch, down.points, across.points, outBlocks, down.count * across.count / rx, rx, y.block});
  }

  /// Register tiles (to) are `rx` tiles (ti) of one row or column, at one distance.
  Value raggedProduct(Value columns, Value transformed) {
    StageLoops nest = loops({"n", "u", "v", "cb", "to", "ti", "c", "ib", "i"});
    nest.parallel = 7;
    nest.reductionExtents.assign(2, -1);
    SmallVector<AffineExpr> at{d(1) * across.points + d(2)};
    if (transformsFilter)
      at = {d(1), d(2)};
    at.append({d(3), d(7), d(8), d(6)});
    auto body = [&](Builder &b, ValueRange v) {
      Value byRows = isOfAllColumns(b, indexOf(b, 2)), place = arith::MulIOp::create(b, indexOf(b, 4), number(b, rx));
      Value column = arith::DivUIOp::create(b, place, number(b, down.count)), row = arith::RemUIOp::create(b, place, number(b, down.count));
      Value first = arith::SelectOp::create(b, byRows, place, scaled(b, row, across.count, column));
      Value step = arith::SelectOp::create(b, byRows, number(b, 1), number(b, across.count));
      Value tile = arith::AddIOp::create(b, first, arith::MulIOp::create(b, indexOf(b, 5), step));
      SmallVector<Value> from{indexOf(b, 0), inputBlock(b, indexOf(b, 3), indexOf(b, 7)), tile, indexOf(b, 1), indexOf(b, 2), inputLane(b, indexOf(b, 7), indexOf(b, 8))};
      return addOf(b, v[1], mulOf(b, tensor::ExtractOp::create(b, columns, from), v[0]));
    };
    return kernel.reduce("product", nest, {{transformed, AffineMap::get(9, 0, at, context)}}, raggedPoints(),
                         FloatAttr::get(y.type.getElementType(), 0.0), body);
  }

  /// Of register tiles without the point no products are asked for: they are 0.
  Value raggedProducts(Value product) {
    auto body = [&](Builder &b, ValueRange v) -> Value {
      auto ends = [&](int64_t rows, int64_t columns) { return number(b, rows * columns / rx); };
      Value isOfAllRows = compare(b, arith::CmpIPredicate::slt, indexOf(b, 1), down.pointsOfLast);
      Value ofRows = arith::SelectOp::create(b, isOfAllRows, ends(down.count, across.count), ends(down.count - 1, across.count));
      Value end = arith::SelectOp::create(b, isOfAllColumns(b, indexOf(b, 2)), ofRows, ends(down.count, across.count - 1));
      Value counts = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, indexOf(b, 4), end);
      return arith::SelectOp::create(b, counts, v[0], constantLike(b, v[0], 0));
    };
    return kernel.map("products", loops({"n", "u", "v", "cb", "to", "ti", "c"}),
                      {{product, AffineMap::getMultiDimIdentityMap(7, context)}}, raggedPoints(), body);
  }

  /// The products of all points u of a tile and one v.
  SmallVector<Value> raggedTaps(Builder &b, Value products) const {
    Value v = indexOf(b, 5), ty = indexOf(b, 2), tx = indexOf(b, 3);
    Value byRows = scaled(b, ty, across.count, tx), byColumns = scaled(b, tx, down.count, ty);
    Value tile = arith::SelectOp::create(b, isOfAllColumns(b, v), byRows, byColumns);
    Value to = arith::DivUIOp::create(b, tile, number(b, rx)), ti = arith::RemUIOp::create(b, tile, number(b, rx));
    SmallVector<Value> taps;
    for (int64_t u = 0; u < down.points; ++u)
      taps.push_back(tensor::ExtractOp::create(b, products, ValueRange{indexOf(b, 0), number(b, u), v, indexOf(b, 1), to, ti, indexOf(b, 6)}));
    return taps;
  }

  /// Some of the points, which as many tiles have: all of them, all but the lower row, or all but the right column. Those of the last
  /// are numbered column by column.
  struct Part {
    StringRef suffix;
    int64_t firstRow, rows, firstColumn, columns, tiles; ///< rows and columns of points
    bool byColumns;
  };

  SmallVector<Part, 3> parts() const {
    int64_t allRows = down.pointsOfLast, allColumns = across.pointsOfLast;
    SmallVector<Part, 3> parts{{"", 0, allRows, 0, allColumns, down.count * across.count, false}};
    if (allRows < down.points)
      parts.push_back({"_lower", allRows, down.points - allRows, 0, across.points, (down.count - 1) * across.count, false});
    if (allColumns < across.points)
      parts.push_back({"_right", 0, allRows, allColumns, across.points - allColumns, down.count * (across.count - 1), true});
    return parts;
  }

  /// The products of each part, from its own first point on.
  SmallVector<Value> productsOfParts(Value columns, Value transformed) {
    SmallVector<Value> results;
    for (const Part &part : parts()) {
      StageLoops nest = loops({"n", "u", "v", "cb", "t", "c", "ib", "i"});
      nest.parallel = 6;
      nest.reductionExtents.assign(2, -1);
      AffineExpr point = (d(1) + part.firstRow) * across.points + d(2) + part.firstColumn;
      AffineMap filter = AffineMap::get(8, 0, {point, d(3), d(6), d(7), d(5)}, context);
      RankedTensorType type = tensor({batch, part.rows, part.columns, outBlocks, part.tiles, y.block});
      auto body = [&](Builder &b, ValueRange v) {
        Value t = indexOf(b, 4), tile = t;
        if (part.byColumns)
          tile = scaled(b, arith::RemUIOp::create(b, t, number(b, down.count)), across.count, arith::DivUIOp::create(b, t, number(b, down.count)));
        Value row = arith::AddIOp::create(b, indexOf(b, 1), number(b, part.firstRow)), column = arith::AddIOp::create(b, indexOf(b, 2), number(b, part.firstColumn));
        Value input = tensor::ExtractOp::create(b, columns, ValueRange{indexOf(b, 0), inputBlock(b, indexOf(b, 3), indexOf(b, 6)), tile, row, column, inputLane(b, indexOf(b, 6), indexOf(b, 7))});
        return addOf(b, v[1], mulOf(b, input, v[0]));
      };
      Value product = kernel.reduce("product" + part.suffix.str(), nest, {{transformed, filter}}, type,
                                    FloatAttr::get(y.type.getElementType(), 0.0), body);
      results.push_back(kernel.map("products" + part.suffix.str(), loops({"n", "u", "v", "cb", "t", "c"}),
                                   {{product, AffineMap::getMultiDimIdentityMap(6, context)}}, type,
                                   [](Builder &, ValueRange v) { return v[0]; }));
    }
    return results;
  }

  /// The product of tile (ty, tx) at a point (u, v), of which u is a number; 0 where the tile does not have it.
  Value productAt(Builder &b, ArrayRef<Value> products, int64_t u) {
    Value ty = indexOf(b, 2), tx = indexOf(b, 3), v = indexOf(b, 5), result;
    for (auto [part, values] : llvm::zip_equal(parts(), products)) {
      if (u < part.firstRow || u >= part.firstRow + part.rows)
        continue;
      Value last = part.tiles < down.count * across.count ? number(b, part.tiles - 1) : Value();
      Value tile = part.byColumns ? scaled(b, tx, down.count, ty) : scaled(b, ty, across.count, tx);
      Value column = part.firstColumn ? Value(arith::SubIOp::create(b, v, number(b, part.firstColumn))) : v;
      column = arith::MaxSIOp::create(b, arith::MinSIOp::create(b, column, number(b, part.columns - 1)), number(b, 0));
      Value at = last ? Value(arith::MinSIOp::create(b, tile, last)) : tile;
      Value here = tensor::ExtractOp::create(b, values, ValueRange{indexOf(b, 0), number(b, u - part.firstRow), column, indexOf(b, 1), at, indexOf(b, 6)});
      if (last)
        here = arith::SelectOp::create(b, arith::CmpIOp::create(b, arith::CmpIPredicate::sle, tile, last), here, constantLike(b, here, 0));
      result = result ? Value(arith::SelectOp::create(b, isOfAllColumns(b, v), result, here)) : here;
    }
    return result;
  }

  Value backOfParts(ArrayRef<Value> products) {
    auto body = [&](Builder &b, ValueRange) {
      SmallVector<Value> points;
      for (int64_t u = 0; u < down.points; ++u)
        points.push_back(productAt(b, products, u));
      return pick(b, 4, transformBack(b, vertical, points));
    };
    return kernel.map("back_rows", loops({"n", "cb", "ty", "tx", "p", "v", "c"}), {},
                      tensor({batch, outBlocks, down.count, across.count, down.m, across.points, y.block}), body);
  }

  /// Sums stay in registers until they are whole.
  Value products(Value product) {
    return kernel.map("products", loops({"n", "u", "v", "cb", "t", "c"}),
                      {{product, AffineMap::getMultiDimIdentityMap(6 + z, context)}}, outputPoints(),
                      [](Builder &, ValueRange v) { return v[0]; });
  }

  Value backRows(Value products) {
    auto taps = tapsOf(products, down.points, 7 + z, [&](int64_t k) {
      return with<AffineExpr>(slice(2), 4, {d(0), c(k), d(5 + z), d(1), d(2 + z) * across.count + d(3 + z), d(6 + z)});
    });
    auto body = [&](Builder &b, ValueRange v) {
      SmallVector<Value> points = rx ? raggedTaps(b, products) : SmallVector<Value>(v.drop_back(1));
      return pick(b, 4 + z, transformBack(b, vertical, points));
    };
    return kernel.map(
        "back_rows", loops({"n", "cb", "ty", "tx", "p", "v", "c"}), rx ? ArrayRef<Source>() : ArrayRef(taps),
        tensor(
            with<int64_t>(slicesOut, 2, {batch, outBlocks, down.count, across.count, down.m, across.points, y.block})),
        body);
  }

  Value backColumns(Value rows) {
    auto taps = tapsOf(rows, across.points, 7 + z, [&](int64_t k) {
      return with<AffineExpr>(slice(2), 2, {d(0), d(1), d(2 + z), d(3 + z), d(4 + z), c(k), d(6 + z)});
    });
    return kernel.map(
        "back", loops({"n", "cb", "ty", "tx", "p", "q", "c"}), taps,
        tensor(with<int64_t>(slicesOut, 2, {batch, outBlocks, down.count, across.count, down.m, across.m, y.block})),
        [&](Builder &b, ValueRange v) { return pick(b, 5 + z, transformBack(b, horizontal, v.drop_back(1))); });
  }

  Value place(Value tiles) {
    AffineExpr row = d(2 + z), column = d(3 + z);
    AffineMap at = AffineMap::get(5 + z, 0,
                                  with<AffineExpr>(slice(2), 2,
                                                   {d(0), d(1), down.tileOf(row), across.tileOf(column),
                                                    down.placeOf(row), across.placeOf(column), d(4 + z)}),
                                  context);
    return kernel.map("tiles", loopsOver(y), {{tiles, at}}, y.stored(), [](Builder &, ValueRange v) { return v[0]; });
  }

  RankedTensorType outputPoints() const {
    return tensor(
        with<int64_t>(slicesOut, 4, {batch, down.points, across.points, outBlocks, down.count * across.count, y.block}));
  }

  RankedTensorType inputTiles() const {
    return tensor(
        with<int64_t>(slicesIn, 2, {batch, inBlocks, down.count * across.count, down.points, across.points, x.block}));
  }

  ConvOp op;
  KernelBuilder &kernel;
  MLIRContext *context;
  Layout x, y;
  unsigned z; ///< 1 where there are slices, 0 in a plane
  kernel::Winograd vertical, horizontal;
  int64_t rx;   ///< tiles of a register tile where last tiles are ragged, else 0
  bool inParts; ///< whether they are, and each part of the points has products of its own
  Tiling down, across;
  int64_t batch, inBlocks, outBlocks, groups;
  int64_t lanes, filterBlocks; ///< channels of a block of the filter's, and how many blocks
  bool transformsFilter; ///< which is packed as for a direct kernel
  SmallVector<int64_t> slicesIn, slicesOut; ///< how many; none in a plane
};

} // namespace

FailureOr<Value> lowerWinograd(ConvOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  int64_t groups = op.getGroups();
  bool fits = x.isBlocked() && y.isBlocked() && (groups == 1 || (x.channels() % (groups * x.block) == 0 && y.channels() % (groups * y.block) == 0));
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  int64_t m = *winogradTile(op.getAlgorithm()), rank = weight.getRank();
  SmallVector<int64_t> window = op.getKernel();
  fits &= (window.size() == 2 || window.size() == 3) &&
          llvm::all_of(op.getStride().take_back(2), [](int64_t step) { return step == 1; });
  bool isTransformed = rank == op.getSpatialRank() + 3 && winogradPoints(window, m) == weight.getDimSize(0);
  bool isPlain = rank == op.getSpatialRank() + 4 && groups == 1 && window.size() == 2 && winogradPoints(window, m);
  const int64_t lanes = rank > 1 ? weight.getDimSize(rank - 2) : 0;
  const bool fitsLanes = groups == 1 ? lanes > 0 && x.block % lanes == 0 : lanes == x.block;
  if (!fits || (!isTransformed && !isPlain) || !fitsLanes || weight.getDimSize(rank - 1) != y.block)
    return op.emitError("no Winograd kernel for an input of type ")
               << x.type << ", a weight of type " << weight << " and a result of type " << y.type,
           failure();
  return Stages(op, m, kernel).run();
}

} // namespace weft
