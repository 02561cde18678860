// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: a convolution whose weight is computed while running becomes a matrix product of that and of what each tap of the window
// reads; of one channel each, a sum over taps. Behind weft-move-factors-out, which leaves no such weight where it can.
//
// Forms with packed weights are made when compiling, also those that are mixed while running (Mixtures.h); filters of one channel each, over
// planes, are packed while running (PackWeights.h). A transposed convolution reads its input with zeros between the elements.
#include "compiler/Transforms/Mixtures.h"
#include "compiler/Transforms/PackWeights.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_MULTIPLYTAPS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Windows of more elements would be networks of their own.
constexpr int64_t mostTaps = 1024;

/// What taps read along one spatial dimension: element `first + tap * apart + stride * i` of the input behind `low` zeros, for result i.
struct Line {
  int64_t taps, first, apart, stride, results;
  int64_t low, high; ///< zeros around the input
};

Line lineOf(ConvOp conv, unsigned d) {
  unsigned rank = conv.getSpatialRank();
  return {conv.getFilter()[2 + d], 0, conv.getDilation()[d], conv.getStride()[d], tensorOf(conv.getY()).getDimSize(2 + d),
          conv.getPad()[d], conv.getPad()[rank + d]};
}

/// Of an input of `extent` elements, zeros between them.
Line lineOf(ConvTransposeOp conv, unsigned d, int64_t extent) {
  int64_t taps = conv.getFilter()[2 + d], apart = conv.getDilation()[d], cut = conv.getPad()[d];
  int64_t results = tensorOf(conv.getY()).getDimSize(2 + d);
  int64_t low = std::max<int64_t>(apart * (taps - 1) - cut, 0), high = std::max<int64_t>(results + cut - extent, 0);
  return {taps, low + cut, -apart, 1, results, low, high};
}

class Product {
public:
  Product(OpBuilder &builder, Location loc, Value x, ArrayRef<Line> lines) : builder(builder), loc(loc), lines(lines), n(extent(x, 0)), c(extent(x, 1)) {
    Extents low(2, 0), high(2, 0);
    for (const Line &line : lines) {
      low.push_back(line.low), high.push_back(line.high);
      out.push_back(line.results);
      count *= line.taps;
    }
    Value padded = PadOp::create(builder, loc, x, low, high, PadMode::Constant, APFloat(0.0));
    for (int64_t tap = 0; tap < count; ++tap)
      taps.push_back(read(padded, tap));
  }

  /// `weight` is `[O, C / groups, window]`; of one channel a group, and else.
  Value times(Value weight, int64_t groups) { return groups == c ? sum(weight) : product(weight, groups); }

private:
  static int64_t extent(Value value, int64_t d) { return tensorOf(value).getDimSize(d); }
  Value reshaped(Value value, ArrayRef<int64_t> shape) { return builder.createOrFold<ReshapeOp>(loc, value, shape); }
  Value transposed(Value value, ArrayRef<int64_t> order) { return TransposeOp::create(builder, loc, value, order); }

  Value read(Value padded, int64_t tap) {
    Extents start(2, 0), stop{n, c}, step(2, 1);
    for (size_t d = lines.size(), left = tap; d-- > 0; left /= lines[d].taps) {
      const Line &line = lines[d];
      int64_t at = line.first + int64_t(left % line.taps) * line.apart;
      start.insert(start.begin() + 2, at);
      stop.insert(stop.begin() + 2, at + (line.results - 1) * line.stride + 1);
      step.insert(step.begin() + 2, line.stride);
    }
    return SliceOp::create(builder, loc, padded, start, stop, step);
  }

  /// [N, C, 1, out...] times [C, O / C, 1...], for each tap; of one output a channel [N, C, out...] times [1, C, 1...], which may be packed.
  Value sum(Value weight) {
    int64_t o = extent(weight, 0);
    Value turned = transposed(reshaped(weight, {o, count}), {1, 0});
    Extents read{n, c, 1}, factor{c, o / c}, result{n, o};
    if (o == c) {
      read = {n, c};
      factor = {1, c};
    }
    llvm::append_range(read, out);
    factor.append(out.size(), 1);
    llvm::append_range(result, out);
    Value sum;
    for (auto [tap, value] : llvm::enumerate(taps)) {
      Value one = slice(builder, turned, 0, {int64_t(tap), int64_t(tap) + 1});
      Value term = MulOp::create(builder, loc, reshaped(value, read), reshaped(one, factor));
      sum = sum ? AddOp::create(builder, loc, sum, term).getResult() : term;
    }
    return reshaped(sum, result);
  }

  /// [O, taps * C] by [taps * C, positions], for each group.
  Value product(Value weight, int64_t groups) {
    int64_t o = extent(weight, 0), positions = 1;
    for (int64_t results : out)
      positions *= results;
    SmallVector<Value> rows;
    for (Value tap : taps)
      rows.push_back(reshaped(tap, {n, c, positions}));
    // [N, taps, groups, C / groups, positions] to [N, groups, taps * C / groups, positions]; the weight in the same order.
    Value grouped = transposed(reshaped(concat(builder, loc, rows, 1), {n, count, groups, c / groups, positions}), {0, 2, 1, 3, 4});
    Value right = reshaped(grouped, {n, groups, count * (c / groups), positions});
    Value turned = transposed(reshaped(weight, {groups, o / groups, c / groups, count}), {0, 1, 3, 2});
    Value left = reshaped(turned, {groups, o / groups, count * (c / groups)});
    Extents shape{n, o};
    llvm::append_range(shape, out);
    return reshaped(MatmulOp::create(builder, loc, left, right, AlgorithmAttr()), shape);
  }

  OpBuilder &builder;
  Location loc;
  ArrayRef<Line> lines;
  int64_t n, c, count = 1;
  Extents out;
  SmallVector<Value> taps;
};

/// `x` with `stride` - 1 zeros behind each element, in each spatial dimension.
Value withZeros(OpBuilder &builder, Value x, ArrayRef<int64_t> stride) {
  Extents shape(tensorOf(x).getShape()), split(ArrayRef(shape).take_front(2)), high(2, 0);
  for (auto [d, each] : llvm::enumerate(stride)) {
    split.append({shape[2 + d], 1});
    high.append({0, each - 1});
    shape[2 + d] *= each;
  }
  Extents low(high.size(), 0);
  Value spread = PadOp::create(builder, x.getLoc(), builder.createOrFold<ReshapeOp>(x.getLoc(), x, split), low, high, PadMode::Constant, APFloat(0.0));
  return ReshapeOp::create(builder, x.getLoc(), spread, shape);
}

Value product(OpBuilder &builder, ConvOp conv) {
  SmallVector<Line> lines;
  for (int64_t d = 0; d < conv.getSpatialRank(); ++d)
    lines.push_back(lineOf(conv, d));
  return Product(builder, conv.getLoc(), conv.getX(), lines).times(conv.getWeight(), conv.getGroups());
}

Value product(OpBuilder &builder, ConvTransposeOp conv) {
  Value x = llvm::all_of(conv.getStride(), [](int64_t each) { return each == 1; }) ? conv.getX() : withZeros(builder, conv.getX(), conv.getStride());
  SmallVector<Line> lines;
  for (unsigned d = 0; d < conv.getStride().size(); ++d)
    lines.push_back(lineOf(conv, d, tensorOf(x).getDimSize(2 + d)));
  return Product(builder, conv.getLoc(), x, lines).times(exchanged(builder, conv.getWeight(), conv.getGroups()), conv.getGroups());
}

template <typename Conv> LogicalResult check(Conv conv) {
  int64_t taps = 1;
  for (int64_t extent : llvm::drop_begin(conv.getFilter(), 2))
    taps *= extent;
  if (taps > mostTaps)
    return conv.emitError("its weight is computed while running and has ") << taps << " taps; at most " << mostTaps << " are supported";
  if (!tensorOf(conv.getX()).hasStaticShape() || !tensorOf(conv.getY()).hasStaticShape())
    return conv.emitError("its weight is computed while running, so the shape of its input must be known when compiling");
  return success();
}

template <typename Conv> Value withoutBias(OpBuilder &builder, Conv conv) {
  auto copy = cast<Conv>(builder.clone(*conv));
  copy.getBiasMutable().clear();
  return copy.getY();
}

/// Whether the weight is known, or packed while running: the convolution then stays one.
bool staysWeight(ConvOp conv) { return isRecipe(conv.getWeight()) || packsWhileRunning(conv); }
bool staysWeight(ConvTransposeOp conv) { return isRecipe(conv.getWeight()); }

template <typename Conv> LogicalResult multiplyTaps(Conv conv) {
  bool stays = staysWeight(conv);
  if (!stays && failed(check(conv)))
    return failure();
  OpBuilder builder(conv);
  Value y = stays ? withoutBias(builder, conv) : product(builder, conv);
  y = plusBias(builder, conv.getLoc(), y, conv.getBias());
  conv.getY().replaceAllUsesWith(y);
  conv.erase();
  return success();
}

struct MultiplyTaps : impl::MultiplyTapsBase<MultiplyTaps> {
  void runOnOperation() override {
    SmallVector<Operation *> convs;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.net"))
        function.walk([&](Operation *op) {
          if (isa<ConvOp, ConvTransposeOp>(op) && !llvm::all_of(op->getOperands().drop_front(), isRecipe))
            convs.push_back(op);
        });
    for (Operation *op : convs) {
      auto conv = dyn_cast<ConvOp>(op);
      bool isKnownBias = conv && (!conv.getBias() || isRecipe(conv.getBias()));
      if (conv && (mixtureOf(conv) || (isKnownBias && staysWeight(conv))))
        continue;
      if (failed(conv ? multiplyTaps(conv) : multiplyTaps(cast<ConvTransposeOp>(op))))
        return signalPassFailure();
      ++numDivided;
    }
  }
};

} // namespace
} // namespace weft
