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

/// transpose(expand(x)) as expand(transpose(x)).
ExpandOp turnFirst(ExpandOp expand, TransposeOp transpose) {
  OpBuilder builder(transpose);
  ArrayRef<int64_t> small = tensorOf(expand.getX()).getShape();
  Extents shape(transpose.getPerm().size() - small.size(), 1); // of all dimensions
  llvm::append_range(shape, small);
  Value x = builder.createOrFold<ReshapeOp>(expand.getLoc(), expand.getX(), shape);
  Value turned = TransposeOp::create(builder, transpose.getLoc(), x, transpose.getPerm());
  auto last = ExpandOp::create(builder, expand.getLoc(), transpose.getType(), turned, tensorOf(transpose.getY()).getShape());
  transpose.getY().replaceAllUsesWith(last.getY());
  transpose.erase();
  return last;
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
