// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before LinesToPlanes: planes of one column become lines, which that makes planes of one row of.
//
// A text network's windows of K x 1 slide down one column. `[N, C, H, 1]` is the line `[N, C, H]`, the same bytes, and register tiles,
// like Winograd's, run along rows. What is joined by operations that know lines moves together.
#include "compiler/Schedule/Machine.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/MoveTogether.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Shapes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_COLUMNSTOLINES
#include "compiler/Transforms/Passes.h.inc"

namespace {

constexpr int64_t planeRank = 4;

bool isColumn(Value value) {
  auto type = tensorOf(value);
  return type.getRank() == planeRank && type.hasStaticShape() && type.getShape().back() == 1 && type.getDimSize(2) > 1;
}

/// Windows that reach no further than the column.
template <typename Op> bool staysInColumn(Op op) {
  ArrayRef<int64_t> pad = op.getPad();
  return pad.size() == 4 && pad[1] == 0 && pad[3] == 0 && SmallVector<int64_t>(op.getKernel()).back() == 1;
}

class ColumnMover {
public:
  ColumnMover(Block &body, const Machine &machine) : body(body), machine(machine) {}

  unsigned run() {
    for (Operation &op : body)
      visit(&op);
    return moveTogether(
        operations, [&](Operation *op) { return joined.gains(op->getResult(0)); }, [&](Operation *op) { move(op); });
  }

private:
  void visit(Operation *op) {
    SmallVector<Value> columns = llvm::filter_to_vector(op->getOperands(), [&](Value x) { return joined.contains(x); });
    if (!canMove(op, columns))
      return;
    operations.push_back(op);
    joined.join(op, columns);
    if (auto conv = dyn_cast<ConvOp>(op))
      joined.addGain(conv.getY(), conv.getGroups() == 1 && conv.getFilter()[1] >= machine.vector);
  }

  /// Whether `op` makes columns from columns, and has a form for lines.
  bool canMove(Operation *op, ArrayRef<Value> columns) {
    if (op->getNumResults() != 1 || op->getNumOperands() == 0 || !isColumn(op->getResult(0)))
      return false;
    if (auto conv = dyn_cast<ConvOp>(op))
      return isColumn(conv.getX()) && !conv.getAlgorithm() && isRecipe(conv.getWeight()) && staysInColumn(conv);
    if (columns.empty())
      return false;
    if (auto pool = dyn_cast<MaxpoolOp>(op))
      return staysInColumn(pool);
    if (auto pool = dyn_cast<AvgpoolOp>(op))
      return staysInColumn(pool);
    return isPointwise(op) && llvm::all_of(op->getOperands(), [](Value value) {
             return tensorOf(value).getRank() < 2 || tensorOf(value).getShape().back() == 1;
           });
  }

  void move(Operation *op) {
    OpBuilder builder(op);
    SmallVector<Value> operands;
    for (Value value : op->getOperands())
      operands.push_back(lineOf(builder, value));
    SmallVector<NamedAttribute> attributes;
    for (NamedAttribute attribute : op->getAttrs())
      attributes.emplace_back(attribute.getName(), isPointwise(op) ? attribute.getValue() : alongColumn(builder, attribute.getValue()));
    Value column = op->getResult(0);
    auto type = RankedTensorType::get(tensorOf(column).getShape().drop_back(), tensorOf(column).getElementType());
    OperationState state(op->getLoc(), op->getName(), operands, type, attributes);
    Value line = builder.create(state)->getResult(0);
    lines[column] = line;
    Value back;
    for (OpOperand &use : llvm::make_early_inc_range(column.getUses())) {
      if (joined.isSamePart(use.getOwner(), column))
        continue;
      if (!back)
        back = ReshapeOp::create(builder, column.getLoc(), line, tensorOf(column).getShape());
      use.set(back);
    }
  }

  /// Without the last dimension, which is 1; vectors of parameters as they are.
  Value lineOf(OpBuilder &builder, Value value) {
    if (Value known = lines.lookup(value))
      return known;
    ArrayRef<int64_t> shape = tensorOf(value).getShape();
    return shape.size() < 2 ? value : ReshapeOp::create(builder, value.getLoc(), value, shape.drop_back()).getY();
  }

  /// What windows say of each spatial dimension, or of both sides of each.
  static Attribute alongColumn(Builder &builder, Attribute attribute) {
    auto entries = dyn_cast<DenseI64ArrayAttr>(attribute);
    if (!entries || entries.size() % 2 != 0)
      return attribute;
    SmallVector<int64_t> kept;
    for (int64_t at = 0; at < entries.size(); at += 2)
      kept.push_back(entries[at]);
    return builder.getDenseI64ArrayAttr(kept);
  }

  Block &body;
  const Machine &machine;
  JoinedValues joined; ///< columns that could be lines
  SmallVector<Operation *> operations;
  llvm::DenseMap<Value, Value> lines;
};

struct ColumnsToLines : impl::ColumnsToLinesBase<ColumnsToLines> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.net"))
        numMoved += ColumnMover(function.getBody().front(), machine).run();
  }
};

} // namespace
} // namespace weft
