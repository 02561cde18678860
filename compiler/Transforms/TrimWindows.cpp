// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: taps that only ever meet padding go. A window dilated beyond the plane it slides over
// (the pyramids of DeepLab on small pictures) is left with its middle, and most of the plane's border, which would be read from
// memory for nothing, goes with the rest. One dilated by less, most of whose products are with padding all the same, becomes a
// convolution for each part of the plane where the same taps meet it: of 16x16 pixels and taps 12 apart 9, with a quarter of the products.
// Parts repeat the taps that several of them read (25 for 9); where that is too much, products of one tap each are added up.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_TRIMWINDOWS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// One spatial dimension of a convolution.
struct Dimension {
  int64_t input, result, kernel, stride, dilation, low;

  /// Whether some result reads an element that is not padding through `tap`.
  bool isUsed(int64_t tap) const {
    int64_t before = low - tap * dilation; // the input of the first result lies so many elements before the first
    int64_t first = before > 0 ? (before + stride - 1) / stride : 0;
    return first < result && first * stride - before < input;
  }

  /// From the first used tap to the last; empty where all is padding.
  Range used() const {
    Range taps{0, kernel};
    while (taps.from < kernel && !isUsed(taps.from))
      ++taps.from;
    while (taps.to > taps.from && !isUsed(taps.to - 1))
      --taps.to;
    return taps;
  }

  /// From the first tap that meets the plane at one result to the last.
  Range usedAt(int64_t at) const {
    int64_t place = at * stride - low; // of the first tap
    auto clamped = [&](int64_t tap) { return std::clamp<int64_t>(tap, 0, kernel); };
    return {clamped(llvm::divideCeilSigned(-place, dilation)), clamped(llvm::divideCeilSigned(input - place, dilation))};
  }

  int64_t lowOf(Range taps) const { return low - taps.from * dilation; }
  /// What padding behind gives the same results.
  int64_t highOf(Range taps) const {
    return (result - 1) * stride + (taps.size() - 1) * dilation + 1 - input - lowOf(taps);
  }
};

Dimension dimensionOf(ConvOp conv, size_t d) {
  return {tensorOf(conv.getX()).getDimSize(2 + d), tensorOf(conv.getY()).getDimSize(2 + d), conv.getFilter()[2 + d],
          conv.getStride()[d], conv.getDilation()[d], conv.getPad()[d]};
}

/// Whether anything was cut.
bool trim(ConvOp conv) {
  if (!tensorOf(conv.getX()).hasStaticShape() || !isRecipe(conv.getWeight()))
    return false;
  OpBuilder builder(conv);
  Value weight = conv.getWeight();
  SmallVector<int64_t> pad(conv.getPad()), dilation(conv.getDilation());
  size_t rank = conv.getSpatialRank();
  for (size_t d = 0; d < rank; ++d) {
    Dimension dimension = dimensionOf(conv, d);
    Range taps = dimension.used();
    if (taps.size() < 1 || dimension.lowOf(taps) < 0 || dimension.highOf(taps) < 0 || taps.size() == dimension.kernel)
      continue;
    weight = slice(builder, weight, 2 + d, taps);
    pad[d] = dimension.lowOf(taps);
    pad[rank + d] = dimension.highOf(taps);
    if (taps.size() == 1) // so that it shares its kernel with windows written so
      dilation[d] = 1;
  }
  if (weight == conv.getWeight())
    return false;
  conv.getWeightMutable().assign(weight);
  conv.setPad(pad);
  conv.setDilation(dilation);
  return true;
}

/// Neighbouring results that use the same taps.
struct Part {
  Range results, taps;
};

SmallVector<Part> partsOf(const Dimension &dimension) {
  SmallVector<Part> parts;
  for (int64_t at = 0; at < dimension.result; ++at)
    if (Range taps = dimension.usedAt(at); !parts.empty() && parts.back().taps == taps)
      ++parts.back().results.to;
    else
      parts.push_back({{at, at + 1}, taps});
  return parts;
}

/// A convolution as those of its parts.
class Divider {
public:
  explicit Divider(ConvOp conv) : conv(conv), builder(conv) {
    for (size_t d = 0, rank = conv.getSpatialRank(); d < rank; ++d) {
      dimensions.push_back(dimensionOf(conv, d));
      parts.push_back(partsOf(dimensions.back()));
    }
  }

  /// Whether at least half of the products go, and each filter of a part serves so many results that the products matter.
  bool pays() const {
    constexpr int64_t fewestResults = 16;
    int64_t all = 1, used = 1, results = 1;
    for (auto [dimension, list] : llvm::zip_equal(dimensions, parts)) {
      int64_t usedHere = 0, fewest = dimension.result;
      for (const Part &part : list) {
        usedHere += part.results.size() * part.taps.size();
        fewest = part.taps.size() > 0 ? std::min(fewest, part.results.size()) : 0;
      }
      all *= dimension.result * dimension.kernel;
      used *= usedHere;
      results *= fewest;
    }
    return 2 * used <= all && results >= fewestResults;
  }

  /// Elements of the filters of all parts beside those of the filter.
  int64_t addedWeights() {
    int64_t whole = 1, divided = 1;
    for (auto [dimension, list] : llvm::zip_equal(dimensions, parts)) {
      int64_t taps = 0;
      for (const Part &part : list)
        taps += part.taps.size();
      whole *= dimension.kernel;
      divided *= taps;
    }
    return tensorOf(conv.getWeight()).getNumElements() / whole * (divided - whole);
  }

  void divide() {
    conv.getY().replaceAllUsesWith(divided(conv.getX(), conv.getWeight(), 0));
    conv.erase();
  }

private:
  /// All parts along dimension `d` and those behind it.
  Value divided(Value x, Value weight, size_t d) {
    if (d == dimensions.size()) {
      SmallVector<int64_t> none(2 * d, 0), dilation(conv.getDilation());
      for (size_t i = 0; i < d; ++i)
        if (tensorOf(weight).getDimSize(2 + i) == 1)
          dilation[i] = 1;
      return ConvOp::create(builder, conv.getLoc(), x, weight, conv.getBias(), conv.getStride(), none, dilation, 1,
                            AlgorithmAttr(), DenseI64ArrayAttr());
    }
    SmallVector<Value> results;
    for (const auto &[at, taps] : parts[d]) {
      int64_t from = at.from * dimensions[d].stride - dimensions[d].lowOf(taps);
      Range read{from, from + (at.size() - 1) * dimensions[d].stride + (taps.size() - 1) * dimensions[d].dilation + 1};
      results.push_back(divided(slice(builder, x, 2 + d, read), slice(builder, weight, 2 + d, taps), d + 1));
    }
    return concat(builder, conv.getLoc(), results, 2 + d);
  }

  ConvOp conv;
  OpBuilder builder;
  SmallVector<Dimension> dimensions;
  SmallVector<SmallVector<Part>> parts;
};

/// A convolution as a sum of one product for each tap, of the part of the plane that the tap meets: as many weights as before.
class Taps {
public:
  explicit Taps(ConvOp conv) : conv(conv), builder(conv) {
    for (size_t d = 0, rank = conv.getSpatialRank(); d < rank; ++d)
      dimensions.push_back(dimensionOf(conv, d));
  }

  /// Whether at least so many of the products go that adding up costs less, and one tap meets all of the plane; of many channels, whether
  /// Winograd's tiles under the dilation are expected to take longer.
  bool pays(const Machine &machine) {
    constexpr double mostUsed = 0.58; // of what Winograd's algorithm, under the dilation, would else take; measured
    constexpr int64_t manyChannels = 256;
    constexpr int64_t fewestChannels = 64; // of which each product is a sum, for each that is added to another
    double used = 1;
    for (const Dimension &dimension : dimensions) {
      int64_t met = 0, most = 0;
      for (int64_t tap = 0; tap < dimension.kernel; ++tap) {
        met += resultsOf(dimension, tap).size();
        most = std::max(most, resultsOf(dimension, tap).size());
      }
      used *= double(met) / double(dimension.result * dimension.kernel);
      if (most < dimension.result || dimension.stride > 1)
        return false;
    }
    int64_t channels = conv.getFilter()[1];
    return channels >= fewestChannels && (used <= mostUsed || (channels >= manyChannels && used < leastOfWinograd(machine)));
  }

  void divide() {
    collect({});
    Value sum = product(whole, conv.getBias());
    for (Value part : others)
      sum = AddOp::create(builder, conv.getLoc(), sum, part);
    conv.getY().replaceAllUsesWith(sum);
    conv.erase();
  }

private:
  /// The time of Winograd's algorithm, in that of all products; 0 where it has no form.
  double leastOfWinograd(const Machine &machine) {
    double all = 0, least = 0;
    for (const Choice &choice : candidates(conv, machine)) {
      double &of = savesProducts(choice.algorithm) ? least : all;
      if (choice.algorithm && (of == 0 || choice.cycles < of))
        of = choice.cycles;
    }
    constexpr double added = 1.05; // for adding up
    return all > 0 ? least / (added * all) : 0;
  }

  static Range resultsOf(const Dimension &dimension, int64_t tap) {
    int64_t before = dimension.low - tap * dimension.dilation;
    return {std::clamp<int64_t>(before, 0, dimension.result), std::clamp<int64_t>(dimension.input + before, 0, dimension.result)};
  }

  /// The products of all taps but the one that meets all, padded to the whole plane.
  void collect(SmallVector<int64_t> taps) {
    const size_t rank = dimensions.size(), d = taps.size();
    if (d < rank) {
      for (int64_t tap = 0; tap < dimensions[d].kernel; ++tap) {
        SmallVector<int64_t> longer(taps);
        longer.push_back(tap);
        collect(longer);
      }
      return;
    }
    SmallVector<int64_t> low(rank + 2, 0), high(rank + 2, 0);
    bool isWhole = true, isEmpty = false;
    for (auto [i, tap] : llvm::enumerate(taps)) {
      Range results = resultsOf(dimensions[i], tap);
      low[2 + i] = results.from, high[2 + i] = dimensions[i].result - results.to;
      isWhole &= results.size() == dimensions[i].result;
      isEmpty |= results.size() <= 0;
    }
    if (isWhole && whole.empty())
      whole = taps;
    else if (!isEmpty)
      others.push_back(PadOp::create(builder, conv.getLoc(), conv.getY().getType(), product(taps, {}), low, high, PadMode::Constant, APFloat(0.0)));
  }

  Value product(ArrayRef<int64_t> taps, Value bias) {
    Value x = conv.getX(), weight = conv.getWeight();
    for (auto [d, tap] : llvm::enumerate(taps)) {
      Range results = resultsOf(dimensions[d], tap);
      int64_t from = results.from - dimensions[d].low + tap * dimensions[d].dilation;
      x = slice(builder, x, 2 + d, {from, from + results.size()});
      weight = slice(builder, weight, 2 + d, {tap, tap + 1});
    }
    SmallVector<int64_t> none(2 * taps.size(), 0), ones(taps.size(), 1);
    return ConvOp::create(builder, conv.getLoc(), x, weight, bias, ones, none, ones, 1, AlgorithmAttr(), DenseI64ArrayAttr());
  }

  ConvOp conv;
  OpBuilder builder;
  SmallVector<Dimension> dimensions;
  SmallVector<int64_t> whole; ///< the taps that meet all of the plane
  SmallVector<Value> others;
};

bool isDividable(ConvOp conv) {
  return tensorOf(conv.getX()).hasStaticShape() && isRecipe(conv.getWeight()) && conv.getGroups() == 1 &&
         llvm::any_of(conv.getDilation(), [](int64_t dilation) { return dilation > 1; });
}

struct TrimWindows : impl::TrimWindowsBase<TrimWindows> {
  void runOnOperation() override {
    constexpr double mostAdded = 0.5; // to all weights
    Machine machine = Machine::of(getOperation());
    SmallVector<ConvOp> convs;
    double room = 0; // elements
    getOperation().walk([&](WeightOp weight) { room += mostAdded * tensorOf(weight.getValue()).getNumElements(); });
    getOperation().walk([&](ConvOp conv) { convs.push_back(conv); });
    for (ConvOp conv : convs) {
      numTrimmed += trim(conv);
      if (!isDividable(conv))
        continue;
      if (Divider divider(conv); divider.pays() && divider.addedWeights() <= room) {
        room -= divider.addedWeights();
        divider.divide();
        ++numDivided;
      } else if (Taps taps(conv); taps.pays(machine)) {
        taps.divide();
        ++numDivided;
      }
    }
  }
};

} // namespace
} // namespace weft
