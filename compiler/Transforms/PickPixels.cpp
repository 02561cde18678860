// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: a 1x1 convolution that skips pixels reads a copy of those it needs, once the
// planes weigh less than the weights. Each strip of channel blocks passes all planes: with the skipped pixels beside
// the others they leave the second-level cache sooner, and half of each cache line is read for nothing. The copy is
// planes without gaps, lines of pixels for the register tiles.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_PICKPIXELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Where tiles are as small as AVX2's, and planes outgrow the first-level cache.
bool shouldPick(ConvOp conv, const Machine &machine) {
  constexpr int64_t firstLevelBytes = 32 << 10;
  auto x = cast<RankedTensorType>(conv.getX().getType());
  if (!machine.hasFewRegisters() || !x.hasStaticShape() || conv.getSpatialRank() != 2 || !isRecipe(conv.getWeight()))
    return false;
  ConvShape shape(conv);
  auto is = [](ArrayRef<int64_t> values, int64_t wanted) {
    return llvm::all_of(values, [&](int64_t v) { return v == wanted; });
  };
  int64_t pixels = x.getDimSize(2) * x.getDimSize(3);
  return shape.isDense() && shape.window == 1 && is(conv.getPad(), 0) && !is(shape.stride, 1) &&
         pixels < shape.outputs && 4 * pixels * shape.inputs > firstLevelBytes;
}

void pick(ConvOp conv) {
  OpBuilder builder(conv);
  auto x = cast<RankedTensorType>(conv.getX().getType()), y = cast<RankedTensorType>(conv.getY().getType());
  SmallVector<int64_t> shape(y.getShape());
  shape[1] = x.getDimSize(1);
  auto one = builder.getDenseI64ArrayAttr({1, 1});
  Location loc = NameLoc::get(builder.getStringAttr(pathOf(conv.getLoc()) + ".pixels"), conv.getLoc());
  Value picked = MaxpoolOp::create(builder, loc, RankedTensorType::get(shape, x.getElementType()), conv.getX(), one,
                                   conv.getStrideAttr(), conv.getPadAttr(), one, builder.getBoolAttr(false));
  conv.getXMutable().assign(picked);
  conv.setStrideAttr(one);
}

struct PickPixels : impl::PickPixelsBase<PickPixels> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    getOperation().walk([&](ConvOp conv) {
      if (!shouldPick(conv, machine))
        return;
      pick(conv);
      ++numPicked;
    });
  }
};

} // namespace
} // namespace weft
