// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: a mean over windows behind a 1x1 convolution comes before it.
//
// Both are linear, one along channels, the other along pixels, so their order makes no difference to the result. DenseNet's
// transitions multiply first, with four pixels for each that is left.
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_POOLFIRST
#include "compiler/Transforms/Passes.h.inc"

namespace {

bool isZero(int64_t n) { return n == 0; }
bool isOne(int64_t n) { return n == 1; }

/// The convolution over channels alone that makes what `pool` reads, if nobody else does.
ConvOp productBefore(Operation *pool) {
  auto conv = pool->getOperand(0).getDefiningOp<ConvOp>();
  bool isProduct = conv && conv->hasOneUse() && !conv.getAlgorithm() && llvm::all_of(conv.getKernel(), isOne) &&
                   llvm::all_of(conv.getStride(), isOne) && llvm::all_of(conv.getPad(), isZero);
  return isProduct && tensorOf(pool->getResult(0)).hasStaticShape() && tensorOf(conv.getX()).hasStaticShape() ? conv : ConvOp();
}

/// Whether the mean of a constant is that constant at the edges too, where padding may count as zeros.
bool keepsConstants(Operation *pool) {
  auto average = dyn_cast<AvgpoolOp>(pool);
  return !average || !average.getCountIncludePad() || llvm::all_of(average.getPad(), isZero);
}

int64_t pixelsOf(Value value) { return ShapedType::getNumElements(tensorOf(value).getShape().drop_front(2)); }

bool moveBefore(Operation *pool) {
  ConvOp conv = productBefore(pool);
  if (!conv || (conv.getBias() && !keepsConstants(pool)) || 2 * pixelsOf(pool->getResult(0)) > pixelsOf(conv.getX()))
    return false;
  OpBuilder builder(pool);
  Value result = pool->getResult(0);
  SmallVector<int64_t> shape(tensorOf(result).getShape());
  shape[1] = tensorOf(conv.getX()).getDimSize(1);
  OperationState state(pool->getLoc(), pool->getName(), conv.getX(), tensorOf(result).clone(shape), pool->getAttrs());
  Operation *pooled = builder.create(state);
  SmallVector<Value> operands(conv->getOperands());
  operands.front() = pooled->getResult(0);
  OperationState product(conv.getLoc(), conv->getName(), operands, result.getType(), conv->getAttrs());
  result.replaceAllUsesWith(builder.create(product)->getResult(0));
  pool->erase();
  conv->erase();
  return true;
}

struct PoolFirst : impl::PoolFirstBase<PoolFirst> {
  void runOnOperation() override {
    SmallVector<Operation *> pools;
    getOperation().walk([&](Operation *op) {
      if (isa<AvgpoolOp, GlobalAvgpoolOp, AdaptiveAvgpoolOp>(op))
        pools.push_back(op);
    });
    for (Operation *pool : pools)
      numMoved += moveBefore(pool);
  }
};

} // namespace
} // namespace weft
