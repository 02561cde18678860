// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: transposed convolutions become convolutions.
//
// With stride S the results at positions r, r + S, r + 2 S, ... of a dimension read the same taps of the window, every S-th
// one: they are a convolution of stride 1 whose window is those taps, reversed (V. Dumoulin, F. Visin, A guide to convolution
// arithmetic for deep learning, 2016, section 4). So in a plane with strides S and T there are S x T such phases, each computed as fast as any convolution, and
// `depth_to_space` lays their channels out as rectangles of pixels. Where all have the same window and padding they are one
// convolution of more channels; so they are where their channels alone would not fill blocks, then with zeros in the window.
// With dilation D and G = gcd(S, D) it is every S / G-th tap, and those are D / G apart. Results that no tap reaches, where G > 1
// or the window is smaller than the stride, are the bias alone: there `depth_to_space` reads channels of zeros.
#include "compiler/Schedule/Machine.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SPLITTRANSPOSED
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The taps of one phase in one dimension, and the padding with which they are a convolution. Padding below 0 cuts the input.
struct Taps {
  int64_t first = 0; ///< of the window as written; each further one is `steps` on
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
    for (auto [taps, step, dilation] : llvm::zip(ArrayRef(filter).drop_front(2), stride, conv.getDilation())) {
      int64_t common = std::gcd(step, dilation);
      steps.push_back(step / common);
      // How far apart single taps are does not matter.
      spacing.push_back(taps * common <= step ? 1 : dilation / common);
    }
  }

  static bool divides(ConvTransposeOp conv) {
    auto x = cast<RankedTensorType>(conv.getX().getType());
    return x.hasStaticShape() && isRecipe(conv.getWeight()) && (!conv.getBias() || isRecipe(conv.getBias()));
  }

  /// False, with nothing changed, where no result reads the input.
  bool run() {
    SmallVector<PhaseTaps> phases;
    SmallVector<int64_t> places; // of those that read the input, among all
    for (auto [place, phase] : llvm::enumerate(phasesOf()))
      if (reads(phase)) {
        phases.push_back(phase);
        places.push_back(place);
      }
    if (phases.empty())
      return false;
    int64_t all = ShapedType::getNumElements(stride);
    bool isWhole = all == int64_t(phases.size());
    SmallVector<Value> parts = convolutions(phases, isWhole ? conv.getBias() : Value());
    Value y = concat(builder, loc, isWhole ? parts : amongZeros(parts, places, all), 1);
    if (all > 1)
      y = DepthToSpaceOp::create(builder, loc, y, stride, DepthMode::DCR);
    for (auto [d, extent] : llvm::enumerate(results))
      y = slice(builder, y, 2 + d, {0, extent});
    if (conv.getBias() && !isWhole)
      y = AddOp::create(builder, loc, y, overPlanes(conv.getBias()));
    conv.getY().replaceAllUsesWith(y);
    conv.erase();
    return true;
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

  /// Of the results at `rest` more than a multiple of the stride: result p reads input q through the tap that is `dilation`
  /// times its number from p + pad - q * stride.
  Taps tapsOf(size_t d, int64_t rest) {
    int64_t shifted = rest + conv.getPad()[d], dilation = conv.getDilation()[d];
    Taps taps;
    while (taps.first < steps[d] && (shifted - taps.first * dilation) % stride[d] != 0)
      ++taps.first;
    if (taps.first == steps[d] || taps.first >= filter[2 + d])
      return taps;
    taps.count = llvm::divideCeil(filter[2 + d] - taps.first, steps[d]);
    taps.low = (taps.count - 1) * spacing[d] - (shifted - taps.first * dilation) / stride[d];
    return taps;
  }

  /// Behind the last input, as `low` is before the first.
  int64_t highOf(size_t d, const Taps &taps) {
    return llvm::divideCeil(results[d], stride[d]) + (taps.count - 1) * spacing[d] - inputs[d] - taps.low;
  }

  /// Whether any result of the phase depends on the input.
  bool reads(const PhaseTaps &phase) {
    return llvm::all_of(llvm::enumerate(phase),
                        [&](auto at) { return at.value().count > 0 && rangeOf(at.index(), at.value()).size() > 0; });
  }

  /// The inputs of a dimension that a convolution with these taps reads.
  Range rangeOf(size_t d, const Taps &taps) {
    return {std::max<int64_t>(-taps.low, 0), inputs[d] + std::min<int64_t>(highOf(d, taps), 0)};
  }

  /// A window that holds those of all.
  PhaseTaps together(ArrayRef<PhaseTaps> phases) {
    PhaseTaps all = phases.front();
    for (size_t d = 0; d < all.size(); ++d) {
      int64_t behind = INT64_MIN;
      for (const PhaseTaps &phase : phases) {
        all[d].low = std::max(all[d].low, phase[d].low);
        behind = std::max(behind, (phase[d].count - 1) * spacing[d] - phase[d].low);
      }
      all[d].count = (all[d].low + behind) / spacing[d] + 1;
    }
    return all;
  }

  /// Whether a window that holds those of all is no more than a tap longer than one of them.
  bool overlap(ArrayRef<PhaseTaps> phases) {
    for (auto [d, taps] : llvm::enumerate(together(phases))) {
      int64_t longest = 0;
      for (const PhaseTaps &phase : phases) {
        if ((taps.low - phase[d].low) % spacing[d] != 0)
          return false;
        longest = std::max(longest, phase[d].count);
      }
      if (taps.count > longest + 1)
        return false;
    }
    return true;
  }

  /// Their channels, of all in one convolution where that is as good.
  SmallVector<Value> convolutions(ArrayRef<PhaseTaps> phases, Value bias) {
    if (conv.getGroups() == 1 && (llvm::all_equal(phases) || (isNarrow && overlap(phases))))
      return {convolve(phases, together(phases), bias)};
    return llvm::map_to_vector(phases, [&](const PhaseTaps &phase) { return convolve(phase, phase, bias); });
  }

  /// Phase i of `parts`, or of the one that has all, stands at `places[i]` of `all`; the other places are zeros.
  SmallVector<Value> amongZeros(ArrayRef<Value> parts, ArrayRef<int64_t> places, int64_t all) {
    int64_t channels = filter[1] * conv.getGroups(), rank = filter.size(), number = places.size();
    bool isJoined = parts.size() == 1;
    SmallVector<Value> padded;
    for (int64_t i = 0, next = 0; i < number; i = next) {
      for (next = i + 1; isJoined && next < number && places[next] == places[next - 1] + 1;)
        ++next;
      Value part = isJoined ? slice(builder, parts[0], 1, {i * channels, next * channels}) : parts[i];
      SmallVector<int64_t> low(rank), high(rank);
      low[1] = i == 0 ? places[0] * channels : 0;
      high[1] = ((next < number ? places[next] : all) - places[next - 1] - 1) * channels;
      if (low[1] + high[1] > 0)
        part = PadOp::create(builder, loc, part, low, high, PadMode::Constant, APFloat(0.0));
      padded.push_back(part);
    }
    return padded;
  }

  /// [O] as [O, 1, ...].
  Value overPlanes(Value bias) {
    SmallVector<int64_t> shape(inputs.size() + 1, 1);
    shape[0] = cast<RankedTensorType>(bias.getType()).getDimSize(0);
    return ReshapeOp::create(builder, bias.getLoc(), bias, shape);
  }

  Value convolve(ArrayRef<PhaseTaps> phases, const PhaseTaps &window, Value bias) {
    SmallVector<Value> weights;
    for (const PhaseTaps &phase : phases)
      weights.push_back(weightOf(phase, window));
    if (bias)
      bias = concat(builder, loc, SmallVector<Value>(phases.size(), bias), 0);
    size_t rank = inputs.size();
    SmallVector<int64_t> ones(rank, 1), pad(2 * rank);
    Value x = conv.getX();
    for (size_t d = 0; d < rank; ++d) {
      x = slice(builder, x, 2 + d, rangeOf(d, window[d]));
      pad[d] = std::max<int64_t>(window[d].low, 0);
      pad[rank + d] = std::max<int64_t>(highOf(d, window[d]), 0);
    }
    return ConvOp::create(builder, loc, x, concat(builder, loc, weights, 0), bias, ones, pad, spacing, conv.getGroups(),
                          AlgorithmAttr(), DenseI64ArrayAttr());
  }

  /// [C, O / groups, window...] as the weight of a convolution, [O, C / groups, taps...]: the taps of `phase`, last one first,
  /// with zeros up to `window`.
  Value weightOf(const PhaseTaps &phase, const PhaseTaps &window) {
    Location at = conv.getWeight().getLoc();
    SmallVector<int64_t> start(filter.size(), 0), stop(filter), step(filter.size(), 1), low(start), high(start);
    for (auto [d, taps] : llvm::enumerate(phase)) {
      start[2 + d] = taps.first + (taps.count - 1) * steps[d];
      stop[2 + d] = taps.first - 1;
      step[2 + d] = -steps[d];
      low[2 + d] = (window[d].low - taps.low) / spacing[d];
      high[2 + d] = window[d].count - taps.count - low[2 + d];
    }
    Value weight = exchanged(builder, SliceOp::create(builder, at, conv.getWeight(), start, stop, step), conv.getGroups());
    auto isZero = [](int64_t extent) { return extent == 0; };
    if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
      return weight;
    return PadOp::create(builder, at, weight, low, high, PadMode::Constant, APFloat(0.0));
  }

  ConvTransposeOp conv;
  OpBuilder builder;
  Location loc;
  SmallVector<int64_t> filter, inputs, results; ///< extents; the last two spatial ones
  SmallVector<int64_t> steps, spacing;          ///< a phase has every `steps`-th tap, which read inputs `spacing` apart
  ArrayRef<int64_t> stride;
  bool isNarrow; ///< the channels of one phase do not fill blocks
};

struct SplitTransposed : impl::SplitTransposedBase<SplitTransposed> {
  void runOnOperation() override {
    int64_t block = Machine::of(getOperation()).vector;
    SmallVector<ConvTransposeOp> convs;
    getOperation().walk([&](ConvTransposeOp conv) { convs.push_back(conv); });
    for (ConvTransposeOp conv : convs)
      if (Splitter::divides(conv) && Splitter(conv, block).run())
        ++numSplit;
  }
};

} // namespace
} // namespace weft
