// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: element-wise operations behind a concatenation of channels move before it, where
// each part's own kernel takes them along. Behind it they would be one more pass over all channels.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_DIVIDEELEMENTWISE
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Whether `op` computes each element of a value of type `type` alone and can do so part by part.
bool isDivisible(Operation *op, Type type) {
  if (!isPointwise(op) || op->getNumResults() != 1 || op->getResult(0).getType() != type)
    return false;
  return llvm::all_of(op->getOpOperands(),
                      [&](OpOperand &operand) { return channelAxis(operand, cast<RankedTensorType>(type)).has_value(); });
}

/// A kernel that can do more to what it computes, as nobody else wants to read that before.
bool takesMore(Value part, ConcatOp concat) {
  Operation *op = part.getDefiningOp();
  return op && (isContraction(op) || isWindow(op) || isPointwise(op)) && !isRecipe(part) &&
         llvm::all_of(part.getUsers(), [&](Operation *user) { return user == concat || isDivisible(user, part.getType()); });
}

/// The concatenation of channels `op` reads, if nobody wants it whole and all that is read of it can be computed in parts.
ConcatOp dividedOperand(Operation *op) {
  for (Value operand : op->getOperands()) {
    auto concat = operand.getDefiningOp<ConcatOp>();
    if (!concat || concat.getAxis() != 1 || !tensorOf(concat.getY()).hasStaticShape())
      continue;
    bool divides = llvm::all_of(concat.getXs(), [&](Value part) { return takesMore(part, concat); }) &&
                   llvm::all_of(concat->getUsers(), [&](Operation *user) { return isDivisible(user, concat.getType()); });
    if (divides)
      return concat;
  }
  return {};
}

/// Part `number` of an operand, channels `range` of the result.
Value partOf(OpBuilder &builder, OpOperand &operand, RankedTensorType result, ConcatOp whole, size_t number, Range range) {
  auto concat = operand.get().getDefiningOp<ConcatOp>();
  bool alike = concat && concat.getAxis() == 1 && concat->getName() == whole->getName() &&
               llvm::equal(concat->getOperandTypes(), whole->getOperandTypes());
  if (alike)
    return concat.getXs()[number];
  int64_t axis = *channelAxis(operand, result);
  return axis < 0 ? operand.get() : slice(builder, operand.get(), axis, range);
}

void divide(Operation *op, ConcatOp whole) {
  OpBuilder builder(op);
  auto result = tensorOf(op->getResult(0));
  SmallVector<Value> parts;
  Range range{0, 0};
  for (auto [number, part] : llvm::enumerate(whole.getXs())) {
    range = {range.to, range.to + tensorOf(part).getDimSize(1)};
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(partOf(builder, operand, result, whole, number, range));
    OperationState state(op->getLoc(), op->getName(), operands, {part.getType()}, op->getAttrs());
    parts.push_back(builder.create(state)->getResult(0));
  }
  op->getResult(0).replaceAllUsesWith(concat(builder, whole.getLoc(), parts, 1));
  op->erase();
  if (whole->use_empty())
    whole->erase();
}

struct DivideElementwise : impl::DivideElementwiseBase<DivideElementwise> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isPointwise(op))
        operations.push_back(op);
    });
    for (Operation *op : operations)
      if (ConcatOp parts = dividedOperand(op)) {
        divide(op, parts);
        ++numDivided;
      }
  }
};

} // namespace
} // namespace weft
