// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: pooling over large windows that overlap goes by rows, then by columns. The largest value and
// the mean of a window are those of its rows' largest values and means, padding left out or not, so a window of 13x13 takes 26 steps an
// element and not 169 (the pyramids of YOLO's detectors).
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SEPARATEPOOLS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// What a value between costs, in steps: it is written and read once.
constexpr double ofBetween = 6;
/// Of the steps of the whole window, below which it pays.
constexpr double mostSteps = 0.7;

/// A pool with the window of `op` in the spatial dimensions from `from` to `to`, of one element in the others.
Operation *poolAlong(OpBuilder &builder, Operation *op, Value x, RankedTensorType type, size_t from, size_t to) {
  OperationState state(op->getLoc(), op->getName(), x, type, op->getAttrs());
  for (StringRef name : {"kernel", "stride", "dilation", "pad"}) {
    SmallVector<int64_t> values(op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef());
    size_t spatial = type.getRank() - 2; // low padding, then high
    for (auto [i, value] : llvm::enumerate(values))
      if (i % spatial < from || i % spatial >= to)
        value = name == "pad" ? 0 : 1;
    state.attributes.set(name, builder.getDenseI64ArrayAttr(values));
  }
  return builder.create(state);
}

/// Splits off the last spatial dimension; gives the pool over the others, or null where that does not pay.
Operation *separate(Operation *pool) {
  RankedTensorType x = tensorOf(pool->getOperand(0)), y = tensorOf(pool->getResult(0));
  ArrayRef<int64_t> kernel = pool->getAttrOfType<DenseI64ArrayAttr>("kernel");
  auto last = llvm::find_if(llvm::reverse(kernel), [](int64_t extent) { return extent > 1; });
  if (last == kernel.rend() || !x.hasStaticShape() || !y.hasStaticShape())
    return nullptr;
  size_t axis = kernel.rend() - last - 1;
  int64_t others = llvm::product_of(kernel.take_front(axis));
  SmallVector<int64_t> between(x.getShape());
  for (size_t d = axis; d < kernel.size(); ++d)
    between[2 + d] = y.getDimSize(2 + d);
  auto type = y.clone(between);
  double steps = double(type.getNumElements()) * (kernel[axis] + ofBetween) + double(y.getNumElements()) * others;
  if (others == 1 || steps > mostSteps * double(y.getNumElements()) * others * kernel[axis])
    return nullptr;
  OpBuilder builder(pool);
  Operation *rows = poolAlong(builder, pool, pool->getOperand(0), type, axis, kernel.size());
  Operation *rest = poolAlong(builder, pool, rows->getResult(0), y, 0, axis);
  pool->getResult(0).replaceAllUsesWith(rest->getResult(0));
  pool->erase();
  return rest;
}

struct SeparatePools : impl::SeparatePoolsBase<SeparatePools> {
  void runOnOperation() override {
    SmallVector<Operation *> pools;
    getOperation().walk([&](Operation *op) {
      if (isa<MaxpoolOp, AvgpoolOp>(op))
        pools.push_back(op);
    });
    for (Operation *pool : pools)
      while ((pool = separate(pool)))
        ++numSeparated;
  }
};

} // namespace
} // namespace weft
