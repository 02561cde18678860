// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: transposed convolutions become convolutions.
//
// With stride S the results at positions r, r + S, r + 2 S, ... of a dimension read the same taps of the window, every S-th
// one: they are a convolution of stride 1 whose window is those taps, reversed (V. Dumoulin, F. Visin, A guide to convolution
// arithmetic for deep learning, 2016, section 4). So in a plane with strides S and T there are S x T such phases, each computed as fast as any convolution, and
// `depth_to_space` lays their channels out as rectangles of pixels. Where all have the same window and padding they are one
// convolution of more channels; so they are where their channels alone would not fill blocks, then with zeros in the window.
#include "compiler/Schedule/Machine.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SPLITTRANSPOSED
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The taps of one phase in one dimension, and the padding with which they are a convolution. Padding below 0 cuts the input.
struct Taps {
  int64_t first = 0; ///< of the window as written; each further one is `stride` on
  int64_t count = 0;
  int64_t low = 0;
  bool operator==(const Taps &other) const { return count == other.count && low == other.low; }
};

/// One phase: its taps in each spatial dimension.
using PhaseTaps = SmallVector<Taps>;

class Splitter {
public:
  Splitter(ConvTransposeOp conv, int64_t block)
      : conv(conv), builder(conv), loc(conv.getLoc()), filter(conv.getFilter()), stride(conv.getStride()),
        isNarrow(filter[1] * conv.getGroups() % block != 0) {
    auto x = cast<RankedTensorType>(conv.getX().getType()), y = cast<RankedTensorType>(conv.getY().getType());
    llvm::append_range(inputs, x.getShape().drop_front(2));
    llvm::append_range(results, y.getShape().drop_front(2));
  }

  static bool divides(ConvTransposeOp conv) {
    auto x = cast<RankedTensorType>(conv.getX().getType());
    SmallVector<int64_t> filter = conv.getFilter();
    for (auto [stride, taps, dilation] : llvm::zip(conv.getStride(), ArrayRef(filter).drop_front(2), conv.getDilation()))
      if (taps < stride || (stride > 1 && dilation > 1))
        return false;
    return x.hasStaticShape() && isRecipe(conv.getWeight()) && (!conv.getBias() || isRecipe(conv.getBias()));
  }

  void run() {
    SmallVector<PhaseTaps> phases = phasesOf();
    bool joins = conv.getGroups() == 1 && (isNarrow || llvm::all_equal(phases));
    SmallVector<Value> parts;
    if (joins)
      parts.push_back(convolve(phases, together(phases)));
    else
      for (const PhaseTaps &phase : phases)
        parts.push_back(convolve(phase, phase));
    Value y = concat(builder, loc, parts, 1);
    if (llvm::any_of(stride, [](int64_t step) { return step > 1; }))
      y = DepthToSpaceOp::create(builder, loc, y, stride, DepthMode::DCR);
    for (auto [d, extent] : llvm::enumerate(results))
      y = slice(builder, y, 2 + d, {0, extent});
    conv.getY().replaceAllUsesWith(y);
    conv.erase();
  }

private:
  /// The first dimension outermost, as `depth_to_space` counts.
  SmallVector<PhaseTaps> phasesOf() {
    SmallVector<PhaseTaps> phases{PhaseTaps()};
    for (size_t d = 0; d < inputs.size(); ++d) {
      SmallVector<PhaseTaps> longer;
      for (const PhaseTaps &phase : phases)
        for (int64_t rest = 0; rest < stride[d]; ++rest) {
          longer.push_back(phase);
          longer.back().push_back(tapsOf(d, rest));
        }
      phases = longer;
    }
    return phases;
  }

  /// Of the results at `rest` more than a multiple of the stride: result p reads input q through tap p + pad - q * stride.
  Taps tapsOf(size_t d, int64_t rest) {
    int64_t shifted = rest + conv.getPad()[d];
    Taps taps;
    taps.first = shifted % stride[d];
    taps.count = llvm::divideCeil(filter[2 + d] - taps.first, stride[d]);
    taps.low = (taps.count - 1) * conv.getDilation()[d] - shifted / stride[d];
    return taps;
  }

  /// A window that holds those of all.
  static PhaseTaps together(ArrayRef<PhaseTaps> phases) {
    PhaseTaps all = phases.front();
    for (size_t d = 0; d < all.size(); ++d) {
      int64_t behind = 0;
      for (const PhaseTaps &phase : phases) {
        all[d].low = std::max(all[d].low, phase[d].low);
        behind = std::max(behind, phase[d].count - phase[d].low);
      }
      all[d].count = all[d].low + behind;
    }
    return all;
  }

  Value convolve(ArrayRef<PhaseTaps> phases, const PhaseTaps &window) {
    SmallVector<Value> weights, biases;
    for (const PhaseTaps &phase : phases) {
      weights.push_back(weightOf(phase, window));
      biases.push_back(conv.getBias());
    }
    Value bias = conv.getBias() ? concat(builder, loc, biases, 0) : Value();
    size_t rank = inputs.size();
    SmallVector<int64_t> ones(rank, 1), pad(2 * rank);
    Value x = conv.getX();
    for (size_t d = 0; d < rank; ++d) {
      int64_t low = window[d].low, reach = (window[d].count - 1) * conv.getDilation()[d];
      int64_t high = llvm::divideCeil(results[d], stride[d]) + reach - inputs[d] - low;
      x = slice(builder, x, 2 + d, {std::max<int64_t>(-low, 0), inputs[d] + std::min<int64_t>(high, 0)});
      pad[d] = std::max<int64_t>(low, 0);
      pad[rank + d] = std::max<int64_t>(high, 0);
    }
    return ConvOp::create(builder, loc, x, concat(builder, loc, weights, 0), bias, ones, pad, conv.getDilation(),
                          conv.getGroups(), AlgorithmAttr(), DenseI64ArrayAttr());
  }

  /// [C, O / groups, window...] as the weight of a convolution, [O, C / groups, taps...]: the taps of `phase`, last one first,
  /// with zeros up to `window`.
  Value weightOf(const PhaseTaps &phase, const PhaseTaps &window) {
    Location at = conv.getWeight().getLoc();
    SmallVector<int64_t> start(filter.size(), 0), stop(filter), step(filter.size(), 1), low(start), high(start);
    for (auto [d, taps] : llvm::enumerate(phase)) {
      start[2 + d] = taps.first + (taps.count - 1) * stride[d];
      stop[2 + d] = taps.first - 1;
      step[2 + d] = -stride[d];
      low[2 + d] = window[d].low - taps.low;
      high[2 + d] = window[d].count - taps.count - low[2 + d];
    }
    Value weight = exchanged(SliceOp::create(builder, at, conv.getWeight(), start, stop, step));
    auto isZero = [](int64_t extent) { return extent == 0; };
    if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
      return weight;
    return PadOp::create(builder, at, weight, low, high, PadMode::Constant, APFloat(0.0));
  }

  /// Inputs and outputs of each group in each other's place.
  Value exchanged(Value weight) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(weight.getType()).getShape()), order{0, 2, 1};
    int64_t groups = conv.getGroups();
    SmallVector<int64_t> apart{groups, filter[0] / groups, filter[1]}, joined{groups * filter[1], filter[0] / groups};
    for (size_t d = 2; d < shape.size(); ++d) {
      apart.push_back(shape[d]);
      joined.push_back(shape[d]);
      order.push_back(d + 1);
    }
    weight = ReshapeOp::create(builder, weight.getLoc(), weight, apart);
    weight = TransposeOp::create(builder, weight.getLoc(), weight, order);
    return ReshapeOp::create(builder, weight.getLoc(), weight, joined);
  }

  ConvTransposeOp conv;
  OpBuilder builder;
  Location loc;
  SmallVector<int64_t> filter, inputs, results; ///< extents; the last two spatial ones
  ArrayRef<int64_t> stride;
  bool isNarrow; ///< the channels of one phase do not fill blocks
};

struct SplitTransposed : impl::SplitTransposedBase<SplitTransposed> {
  void runOnOperation() override {
    int64_t block = Machine::of(getOperation()).vector;
    SmallVector<ConvTransposeOp> convs;
    getOperation().walk([&](ConvTransposeOp conv) { convs.push_back(conv); });
    for (ConvTransposeOp conv : convs)
      if (Splitter::divides(conv)) {
        Splitter(conv, block).run();
        ++numSplit;
      }
  }
};

} // namespace
} // namespace weft
