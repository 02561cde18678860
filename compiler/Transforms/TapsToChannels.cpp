// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: where a convolution has few outputs, taps of its window become outputs.
//
// Three outputs of a last layer fill a fifth of a block, and each tap of the window multiplies all of it. A convolution
// without the window's last dimensions, with an output for each tap there, fills blocks; its results, each moved by its
// tap, add up to those wanted. So a 7x7 window of 64 inputs and 3 outputs takes 7 x 2 products of blocks where it took
// 49, and six additions of planes.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_TAPSTOCHANNELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// A form must take this part of the time of the one as written, or less.
constexpr double worthwhile = 0.6;
/// One kernel adds up so many results.
constexpr int64_t mostTaps = 20;

class TapMover {
public:
  TapMover(ConvOp conv, const Machine &machine) : conv(conv), machine(machine), shape(conv) {}

  /// Plain results, as many as a first convolution reads; inputs that are packed.
  bool applies() const {
    auto x = cast<RankedTensorType>(conv.getX().getType());
    return x.hasStaticShape() && shape.isDense() && shape.inputs >= machine.vector &&
           2 * shape.outputs <= machine.vector && isRecipe(conv.getWeight()) &&
           (!conv.getBias() || isRecipe(conv.getBias()));
  }

  /// How many of the window's last dimensions to move; they go on by one.
  unsigned best() const {
    unsigned best = 0;
    double least = worthwhile * cycles(0);
    for (unsigned moved = 1;
         moved <= shape.kernel.size() && shape.stride[shape.kernel.size() - moved] == 1 && taps(moved) <= mostTaps;
         ++moved)
      if (double cost = cycles(moved); cost < least) {
        least = cost;
        best = moved;
      }
    return best;
  }

  void run(unsigned moved) {
    OpBuilder builder(conv);
    Location loc = conv.getLoc();
    size_t rank = shape.kernel.size(), kept = rank - moved;
    SmallVector<int64_t> filter = conv.getFilter(), order, reduced(filter);
    reduced[0] = shape.outputs * taps(moved);
    for (size_t d = kept; d < rank; ++d) {
      order.push_back(2 + d);
      reduced[2 + d] = 1;
    }
    for (size_t d = 0; d < 2 + kept; ++d)
      order.push_back(d);
    SmallVector<int64_t> dilation(conv.getDilation());
    std::fill(dilation.begin() + kept, dilation.end(), 1);
    Value weight = TransposeOp::create(builder, loc, conv.getWeight(), order);
    weight = ReshapeOp::create(builder, loc, weight, reduced);
    Value products = ConvOp::create(builder, loc, conv.getX(), weight, Value(), conv.getStride(), conv.getPad(),
                                    dilation, 1, AlgorithmAttr(), DenseI64ArrayAttr());
    Value sum;
    for (int64_t tap = 0; tap < taps(moved); ++tap) {
      Value part = movedBy(builder, products, tap, kept);
      sum = sum ? AddOp::create(builder, loc, sum, part).getResult() : part;
    }
    if (conv.getBias()) {
      SmallVector<int64_t> across(rank + 1, 1);
      across[0] = shape.outputs;
      sum = AddOp::create(builder, loc, sum, ReshapeOp::create(builder, loc, conv.getBias(), across));
    }
    conv.getY().replaceAllUsesWith(sum);
    conv.erase();
  }

private:
  int64_t taps(unsigned moved) const {
    int64_t count = 1;
    for (int64_t extent : ArrayRef(shape.kernel).take_back(moved))
      count *= extent;
    return count;
  }

  /// Of one result: products of blocks; then packed results written and read, those of taps written, read and added.
  /// What is moved is computed as far as the window reaches.
  double cycles(unsigned moved) const {
    int64_t channels = shape.outputs * taps(moved), blocks = llvm::divideCeil(channels, machine.vector);
    double products = double(shape.inputs) * (shape.window / taps(moved)) * blocks / machine.fmaPerCycle;
    double pixel = products + 4.0 * (2 * blocks * machine.vector + 3 * channels) / machine.bytesPerCycle;
    ArrayRef<int64_t> extents = cast<RankedTensorType>(conv.getY().getType()).getShape();
    for (size_t d = shape.kernel.size() - moved; d < shape.kernel.size(); ++d)
      pixel *= double(extents[2 + d] + (shape.kernel[d] - 1) * shape.dilation[d]) / extents[2 + d];
    return pixel;
  }

  /// What a tap adds to each result.
  Value movedBy(OpBuilder &builder, Value products, int64_t tap, size_t kept) const {
    auto y = cast<RankedTensorType>(conv.getY().getType());
    SmallVector<int64_t> start(y.getRank(), 0), stop(y.getShape()), step(y.getRank(), 1);
    start[1] = tap * shape.outputs;
    stop[1] = start[1] + shape.outputs;
    for (size_t d = shape.kernel.size(); d-- > kept; tap /= shape.kernel[d]) {
      start[2 + d] = tap % shape.kernel[d] * shape.dilation[d];
      stop[2 + d] += start[2 + d];
    }
    return SliceOp::create(builder, products.getLoc(), products, start, stop, step);
  }

  mutable ConvOp conv;
  const Machine &machine;
  ConvShape shape;
};

struct TapsToChannels : impl::TapsToChannelsBase<TapsToChannels> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    SmallVector<ConvOp> convs;
    getOperation().walk([&](ConvOp conv) { convs.push_back(conv); });
    for (ConvOp conv : convs) {
      TapMover mover(conv, machine);
      if (unsigned moved = mover.applies() ? mover.best() : 0) {
        mover.run(moved);
        ++numMoved;
      }
    }
  }
};

} // namespace
} // namespace weft
