// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: taps that only ever meet padding go. A window dilated beyond the plane it slides over
// (the pyramids of DeepLab on small pictures) is left with its middle, and most of the plane's border, which would be read from
// memory for nothing, goes with the rest.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

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

  int64_t lowOf(Range taps) const { return low - taps.from * dilation; }
  /// What padding behind gives the same results.
  int64_t highOf(Range taps) const {
    return (result - 1) * stride + (taps.size() - 1) * dilation + 1 - input - lowOf(taps);
  }
};

/// Whether anything was cut.
bool trim(ConvOp conv) {
  auto x = cast<RankedTensorType>(conv.getX().getType()), y = cast<RankedTensorType>(conv.getY().getType());
  if (!x.hasStaticShape() || !isRecipe(conv.getWeight()))
    return false;
  OpBuilder builder(conv);
  Value weight = conv.getWeight();
  SmallVector<int64_t> pad(conv.getPad()), dilation(conv.getDilation());
  size_t rank = conv.getSpatialRank();
  for (size_t d = 0; d < rank; ++d) {
    Dimension dimension{x.getDimSize(2 + d), y.getDimSize(2 + d), conv.getFilter()[2 + d],
                        conv.getStride()[d], conv.getDilation()[d], pad[d]};
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

struct TrimWindows : impl::TrimWindowsBase<TrimWindows> {
  void runOnOperation() override {
    getOperation().walk([&](ConvOp conv) { numTrimmed += trim(conv); });
  }
};

} // namespace
} // namespace weft
