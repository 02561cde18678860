// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: a window as wide as its plane has one result a row, so columns are channels (text: words
// below each other, their features side by side). `[N, C, H, W]` by a window of K x W becomes a line of C * W channels, `[N, C * W, 1, H]`, by
// one of 1 x K, for which there are packed forms.
#include "compiler/Schedule/Machine.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_COLUMNSTOCHANNELS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Whether the window covers each row whole, without padding beside it, and channels fill a block only together with columns.
bool applies(ConvOp conv, const Machine &machine) {
  if (conv.getSpatialRank() != 2 || conv.getGroups() != 1 || conv.getAlgorithm() || !isRecipe(conv.getWeight()))
    return false;
  auto x = tensorOf(conv.getX()), y = tensorOf(conv.getY());
  int64_t width = x.getShape().back();
  return x.hasStaticShape() && y.hasStaticShape() && y.getDimSize(2) > 1 && width > 1 && conv.getKernel()[1] == width && conv.getPad()[1] == 0 &&
         conv.getPad()[3] == 0 && x.getDimSize(1) < machine.vector && x.getDimSize(1) * width >= machine.vector;
}

void moveColumns(ConvOp conv) {
  OpBuilder builder(conv);
  Location loc = conv.getLoc();
  auto x = tensorOf(conv.getX()), y = tensorOf(conv.getY());
  int64_t n = x.getDimSize(0), c = x.getDimSize(1), h = x.getDimSize(2), w = x.getDimSize(3), outputs = y.getDimSize(1), taps = conv.getKernel()[0];
  using Extents = ArrayRef<int64_t>;
  // The last of [A, C, rows, W] before the rows.
  auto asChannels = [&](Value value, int64_t a, int64_t rows) -> Value {
    Value turned = TransposeOp::create(builder, loc, value, Extents{0, 1, 3, 2});
    return ReshapeOp::create(builder, loc, turned, Extents{a, c * w, 1, rows});
  };
  Value line = asChannels(conv.getX(), n, h), window = asChannels(conv.getWeight(), outputs, taps);
  Value sums = ConvOp::create(builder, loc, line, window, conv.getBias(), Extents{1, conv.getStride()[0]}, Extents{0, conv.getPad()[0], 0, conv.getPad()[2]},
                              Extents{1, conv.getDilation()[0]}, 1, AlgorithmAttr(), DenseI64ArrayAttr());
  conv.getY().replaceAllUsesWith(ReshapeOp::create(builder, loc, sums, y.getShape()).getY());
  conv.erase();
}

struct ColumnsToChannels : impl::ColumnsToChannelsBase<ColumnsToChannels> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    SmallVector<ConvOp> convs;
    getOperation().walk([&](ConvOp conv) {
      if (applies(conv, machine))
        convs.push_back(conv);
    });
    for (ConvOp conv : convs)
      moveColumns(conv);
    numMoved += convs.size();
  }
};

} // namespace
} // namespace weft
