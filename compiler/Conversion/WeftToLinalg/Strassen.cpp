// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Strassen, Gaussian Elimination is not Optimal, 1969, in the form of Winograd, On Multiplication of 2 x 2 Matrices, 1971, which has
// the fewest sums: one level, of a filter of outputs by inputs and a matrix of inputs by pixels. Halves are even and odd blocks of
// channels, and even and odd pixels of the plane, counted row by row. In four stages and the epilogue's
//
//   sums      of input      n u t ib i          seven of each four blocks (t: two pixels, ib: two blocks)
//   product   M             n u cb t c, ib i    one matrix product each, with the seven filters
//   products  M             n u cb t c
//   back      of products   n cb t h g c        four results: h of two blocks, g of two pixels
//   result                  n cb y x c          results where they belong, the bias and what follows
//
// Of an odd number of blocks or pixels the last stands for the one that is missing; the filter of such a block is 0, and results at
// such a pixel are not stored.
#include "compiler/Conversion/WeftToLinalg/Strassen.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

using Builder = ImplicitLocOpBuilder;

Value subOf(Builder &b, Value x, Value y) { return arith::SubFOp::create(b, x, y); }

/// What the seven filters of `weft.strassen_filter` are multiplied with; `x` has two blocks by two pixels.
SmallVector<Value> sumsOf(Builder &b, ArrayRef<Value> x) {
  Value first = subOf(b, x[1], x[0]), second = subOf(b, x[3], first);
  return {x[0], x[2], x[3], subOf(b, second, x[2]), first, second, subOf(b, x[3], x[1])};
}

/// Two blocks by two pixels of the result, of the seven products `m`.
SmallVector<Value> resultsOf(Builder &b, ValueRange m) {
  Value both = addOf(b, m[0], m[5]), lower = addOf(b, both, m[6]);
  return {addOf(b, m[0], m[1]), addOf(b, addOf(b, both, m[4]), m[2]), subOf(b, lower, m[3]), addOf(b, lower, m[4])};
}

class Stages {
public:
  Stages(ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), context(op.getContext()), x(op.getX().getType()), y(op.getY().getType()),
        batch(y.type.getDimSize(0)), width(y.type.getDimSize(3)), pixels(y.type.getDimSize(2) * width),
        inBlocks(x.stored().getDimSize(1)), inPairs(llvm::divideCeilSigned(inBlocks, 2)),
        outPairs(llvm::divideCeilSigned(y.stored().getDimSize(1), 2)), pairs(llvm::divideCeilSigned(pixels, 2)) {}

  Value run() {
    kernel.keepExtents();
    return place(back(products(product(sums()))));
  }

private:
  AffineExpr d(unsigned position) const { return kernel.dim(position); }
  RankedTensorType tensor(ArrayRef<int64_t> shape) const { return RankedTensorType::get(shape, y.type.getElementType()); }
  static StageLoops loops(ArrayRef<StringRef> names, unsigned reductions = 0) {
    StageLoops result;
    for (StringRef name : names)
      result.names.push_back(name.str());
    result.parallel = names.size() - reductions;
    result.reductionExtents.assign(reductions, -1);
    return result;
  }
  AffineMap map(unsigned loops, ArrayRef<AffineExpr> at) const { return AffineMap::get(loops, 0, at, context); }
  RankedTensorType productType() const { return tensor({batch, 7, outPairs, pairs, y.block}); }

  /// Element `which` of pair `pair`; the last there is where it has none.
  static Value ofPair(Builder &b, Value pair, int64_t which, int64_t extent) {
    Value at = scaled(b, pair, 2, number(b, which));
    return which == 1 && extent % 2 == 1 ? Value(arith::MinSIOp::create(b, at, number(b, extent - 1))) : at;
  }

  Value sums() {
    Value input = kernel.read(op.getX(), "x");
    auto body = [&](Builder &b, ValueRange) -> Value {
      SmallVector<Value> quarters;
      for (int64_t q = 0; q < 4; ++q) {
        Value block = ofPair(b, indexOf(b, 3), q / 2, inBlocks), pixel = ofPair(b, indexOf(b, 2), q % 2, pixels);
        Value row = arith::DivUIOp::create(b, pixel, number(b, width)), column = arith::RemUIOp::create(b, pixel, number(b, width));
        quarters.push_back(tensor::ExtractOp::create(b, input, ValueRange{indexOf(b, 0), block, row, column, indexOf(b, 4)}));
      }
      return pick(b, 1, sumsOf(b, quarters));
    };
    return kernel.map("sums", loops({"n", "u", "t", "ib", "i"}), {}, tensor({batch, 7, pairs, inPairs, x.block}), body);
  }

  Value product(Value sums) {
    Value filter = kernel.read(op.getWeight(), "filter");
    return kernel.reduce("product", loops({"n", "u", "cb", "t", "c", "ib", "i"}, 2),
                         {{sums, map(7, {d(0), d(1), d(3), d(5), d(6)})}, {filter, map(7, {d(1), d(2), d(5), d(6), d(4)})}},
                         productType(), FloatAttr::get(y.type.getElementType(), 0.0),
                         [](Builder &b, ValueRange v) { return addOf(b, v[2], mulOf(b, v[0], v[1])); });
  }

  /// Sums stay in registers until they are whole.
  Value products(Value product) {
    return kernel.map("products", loops({"n", "u", "cb", "t", "c"}), {{product, AffineMap::getMultiDimIdentityMap(5, context)}},
                      productType(), [](Builder &, ValueRange v) { return v[0]; });
  }

  Value back(Value products) {
    SmallVector<Source> sources;
    for (int64_t u = 0; u < 7; ++u)
      sources.push_back({products, map(6, {d(0), kernel.constant(u), d(1), d(2), d(5)})});
    auto body = [](Builder &b, ValueRange v) {
      SmallVector<Value> results = resultsOf(b, v);
      Value upper = pick(b, 4, ArrayRef(results).take_front(2)), lower = pick(b, 4, ArrayRef(results).take_back(2));
      return pick(b, 3, {upper, lower});
    };
    return kernel.map("back", loops({"n", "cb", "t", "h", "g", "c"}), sources, tensor({batch, outPairs, pairs, 2, 2, y.block}), body);
  }

  Value place(Value results) {
    AffineExpr pixel = d(2) * width + d(3);
    AffineMap at = map(5, {d(0), d(1).floorDiv(2), pixel.floorDiv(2), d(1) % 2, pixel % 2, d(4)});
    return kernel.map("result", loopsOver(y), {{results, at}}, y.stored(), [](Builder &, ValueRange v) { return v[0]; });
  }

  ConvOp op;
  KernelBuilder &kernel;
  MLIRContext *context;
  Layout x, y;
  int64_t batch, width, pixels, inBlocks;
  int64_t inPairs, outPairs, pairs; ///< of blocks, and of pixels
};

} // namespace

FailureOr<Value> lowerStrassen(ConvOp op, KernelBuilder &kernel) {
  Layout x(op.getX().getType()), y(op.getY().getType());
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  auto are = [](ArrayRef<int64_t> values, int64_t value) { return llvm::all_of(values, [=](int64_t v) { return v == value; }); };
  bool fits = x.isBlocked() && y.isBlocked() && op.getGroups() == 1 && op.getSpatialRank() == 2 && are(op.getKernel(), 1) &&
              are(op.getStride(), 1) && are(op.getPad(), 0) && weight.getRank() == 5 && weight.getDimSize(3) == x.block &&
              weight.getDimSize(4) == y.block;
  if (!fits)
    return op.emitError("no kernel of Strassen's algorithm for an input of type ")
               << x.type << ", a weight of type " << weight << " and a result of type " << y.type,
           failure();
  return Stages(op, kernel).run();
}

} // namespace weft
