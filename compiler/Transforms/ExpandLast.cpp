// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: what repeats elements comes last, so that element-wise operations, which repeat their operands themselves, find it
// before them.
//
// Exporters write `x * gate.expand_as(x)` as a tensor of its own (channel attention), and turn repeated tables of positions
// (attention with relative positions): what is small is then written, turned, packed and read as large as what it meets.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_EXPANDLAST
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// An expansion of as many dimensions as its operand has.
Value expandOf(OpBuilder &builder, Location loc, Value small, Value as) {
  return ExpandOp::create(builder, loc, as.getType(), small, tensorOf(as).getShape());
}

SmallVector<int64_t> wholeRank(ArrayRef<int64_t> shape, int64_t rank) {
  SmallVector<int64_t> whole(rank - shape.size(), 1);
  llvm::append_range(whole, shape);
  return whole;
}

/// transpose(expand(x)) as expand(transpose(x)).
ExpandOp turnFirst(ExpandOp expand, TransposeOp transpose) {
  OpBuilder builder(transpose);
  SmallVector<int64_t> shape = wholeRank(tensorOf(expand.getX()).getShape(), tensorOf(expand.getY()).getRank());
  Value x = expand.getX();
  if (tensorOf(x).getShape() != ArrayRef(shape))
    x = ReshapeOp::create(builder, expand.getLoc(), x, shape);
  Value turned = TransposeOp::create(builder, transpose.getLoc(), x, transpose.getPerm());
  Value last = expandOf(builder, expand.getLoc(), turned, transpose.getY());
  transpose.getY().replaceAllUsesWith(last);
  transpose.erase();
  return last.getDefiningOp<ExpandOp>();
}

/// Whether `op` makes the same where `use` reads `small`, which is not expanded: another operand has the extents, or several together.
bool broadcasts(Operation *op, OpOperand &use, Value small) {
  if (!isPointwise(op) || !channelVectors(op).empty() || op->getNumResults() != 1)
    return false;
  Extents made(tensorOf(small).getShape());
  for (OpOperand &operand : op->getOpOperands()) {
    auto both = broadcast(made, tensorOf(&operand == &use ? small : operand.get()).getShape());
    if (!std::holds_alternative<Extents>(both))
      return false;
    made = std::get<Extents>(both);
  }
  return ArrayRef(made) == tensorOf(op->getResult(0)).getShape();
}

struct ExpandLast : impl::ExpandLastBase<ExpandLast> {
  void runOnOperation() override {
    SmallVector<ExpandOp> expands;
    getOperation().walk([&](ExpandOp expand) {
      if (tensorOf(expand.getY()).hasStaticShape() && tensorOf(expand.getX()).hasStaticShape())
        expands.push_back(expand);
    });
    while (!expands.empty()) {
      ExpandOp expand = expands.pop_back_val();
      for (OpOperand &use : llvm::make_early_inc_range(expand.getY().getUses())) {
        if (auto transpose = dyn_cast<TransposeOp>(use.getOwner())) {
          expands.push_back(turnFirst(expand, transpose));
        } else if (broadcasts(use.getOwner(), use, expand.getX())) {
          use.set(expand.getX());
          ++numDropped;
        }
      }
      if (expand->use_empty())
        expand.erase();
    }
  }
};

} // namespace
} // namespace weft
