// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, first of all: a network over lines (sound, time series) becomes one over planes of one row.
//
// Matrix units and Winograd's algorithm know planes. A line `[N, C, W]` is the plane `[N, C, 1, W]`, the same bytes, and a window
// of K elements is one of 1 x K. What is joined by operations that know planes moves together, so that no value between changes
// its form; a part without a convolution to gain by it stays.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/MoveTogether.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_LINESTOPLANES
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Where the dimension of one row stands.
constexpr int64_t rowAxis = 2;

bool isLine(Value value) { return tensorOf(value).getRank() == 3 && tensorOf(value).hasStaticShape(); }

/// `extents` with `one` at `place` for the row, in each of `parts` equal parts.
SmallVector<int64_t> withRow(ArrayRef<int64_t> extents, int64_t one, size_t place, size_t parts = 1) {
  SmallVector<int64_t> result;
  size_t each = extents.size() / parts;
  for (size_t part = 0; part < parts; ++part) {
    ArrayRef<int64_t> own = extents.slice(part * each, each);
    llvm::append_range(result, own.take_front(place));
    result.push_back(one);
    llvm::append_range(result, own.drop_front(place));
  }
  return result;
}

RankedTensorType planeOf(RankedTensorType line) {
  return RankedTensorType::get(withRow(line.getShape(), 1, rowAxis), line.getElementType());
}

/// An attribute of an operation on lines as that on planes has it.
Attribute movedAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Builder builder(op->getContext());
  auto array = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
  if (array && isa<ConvOp, ConvTransposeOp, MaxpoolOp, AvgpoolOp, AdaptiveAvgpoolOp, UpsampleOp, DepthToSpaceOp>(op)) {
    if (name == "pad" || name == "output_pad") // a spatial dimension an entry, of padding low and high ones
      return builder.getDenseI64ArrayAttr(withRow(array, 0, 0, name == "pad" ? 2 : 1));
    return builder.getDenseI64ArrayAttr(withRow(array, 1, 0));
  }
  if (array && isa<SliceOp, PadOp>(op)) // any dimension an entry
    return builder.getDenseI64ArrayAttr(withRow(array, name == "stop" || name == "step" ? 1 : 0, rowAxis));
  if (auto axis = dyn_cast<IntegerAttr>(attribute.getValue()); axis && name == "axis" && axis.getInt() >= rowAxis)
    return builder.getI64IntegerAttr(axis.getInt() + 1);
  return attribute.getValue();
}

class LineMover {
public:
  explicit LineMover(Block &body, const Machine &machine) : body(body), machine(machine) {}

  unsigned run() {
    for (Operation &op : body)
      visit(&op);
    return moveTogether(
        operations, [&](Operation *op) { return joined.gains(op->getResult(0)); }, [&](Operation *op) { move(op); });
  }

private:
  void visit(Operation *op) {
    SmallVector<Value> lines = llvm::filter_to_vector(op->getOperands(), [&](Value x) { return joined.contains(x); });
    if (!canMove(op, lines))
      return;
    operations.push_back(op);
    joined.join(op, lines);
    if (auto conv = dyn_cast<ConvOp>(op))
      joined.addGain(conv.getY(), conv.getGroups() == 1 && conv.getFilter()[1] >= machine.vector);
    if (auto conv = dyn_cast<ConvTransposeOp>(op))
      joined.addGain(conv.getY(), conv.getGroups() == 1 && conv.getFilter()[0] >= machine.vector);
  }

  /// Whether `op` makes lines, and has a form for planes.
  bool canMove(Operation *op, ArrayRef<Value> lines) {
    if (op->getNumResults() == 0 || !llvm::all_of(op->getResults(), isLine) || op->getNumOperands() == 0)
      return false;
    if (auto conv = dyn_cast<ConvOp>(op))
      return !conv.getAlgorithm() && isRecipe(conv.getWeight());
    if (auto conv = dyn_cast<ConvTransposeOp>(op))
      return isRecipe(conv.getWeight());
    if (lines.empty())
      return false;
    return isPointwise(op) || isa<MaxpoolOp, AvgpoolOp, GlobalAvgpoolOp, GlobalMaxpoolOp, AdaptiveAvgpoolOp, LrnOp, GroupnormOp,
                                  InstancenormOp, ChannelnormOp, ConcatOp, SplitOp, SliceOp, PadOp, UpsampleOp, ResampleOp,
                                  DepthToSpaceOp, ChannelShuffleOp>(op);
  }

  //===-- rewriting -----------------------------------------------------------------------------------------------===//

  void move(Operation *op) {
    OpBuilder builder(op);
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(movedOperand(builder, op, operand));
    SmallVector<Type> types;
    for (Value result : op->getResults())
      types.push_back(planeOf(tensorOf(result)));
    SmallVector<NamedAttribute> attributes;
    for (NamedAttribute attribute : op->getAttrs())
      attributes.emplace_back(attribute.getName(), movedAttribute(op, attribute));
    OperationState state(op->getLoc(), op->getName(), operands, types, attributes);
    Operation *moved = builder.create(state);
    for (auto [line, plane] : llvm::zip_equal(op->getResults(), moved->getResults())) {
      planes[line] = plane;
      leave(builder, line, plane);
    }
  }

  /// Lines as planes; of a broadcast tensor the same dimensions; vectors of parameters as they are.
  Value movedOperand(OpBuilder &builder, Operation *op, OpOperand &operand) {
    Value value = operand.get();
    if (Value known = planes.lookup(value))
      return known;
    int64_t rank = tensorOf(value).getRank();
    bool isTable = isa<ResampleOp>(op) && operand.getOperandNumber() > 0; // of places and their weights
    if (rank < 2 || isTable)
      return value;
    int64_t place = isa<ConvOp, ConvTransposeOp>(op) && operand.getOperandNumber() > 0 ? rowAxis : rank - 1;
    return ReshapeOp::create(builder, value.getLoc(), value, withRow(tensorOf(value).getShape(), 1, place));
  }

  /// Whoever does not move reads lines still.
  void leave(OpBuilder &builder, Value line, Value plane) {
    Value back;
    for (OpOperand &use : llvm::make_early_inc_range(line.getUses())) {
      Operation *user = use.getOwner();
      if (joined.isSamePart(user, line))
        continue;
      if (reducesPlanes(user)) {
        reduce(user, plane);
        continue;
      }
      if (!back)
        back = ReshapeOp::create(builder, line.getLoc(), plane, tensorOf(line).getShape());
      use.set(back);
    }
  }

  /// A mean, maximum or sum of whole lines as that of planes, which a packed layout knows.
  void reduce(Operation *op, Value plane) {
    OpBuilder builder(op);
    Value y = op->getResult(0);
    auto type = RankedTensorType::get(tensorOf(plane).getShape().take_front(rowAxis), tensorOf(y).getElementType());
    OperationState state(op->getLoc(), op->getName(), plane, type);
    state.addAttribute("axes", builder.getDenseI64ArrayAttr({rowAxis, rowAxis + 1}));
    state.addAttribute("keepdims", builder.getBoolAttr(false));
    Value reduced = builder.create(state)->getResult(0);
    if (tensorOf(y).getShape() != type.getShape())
      reduced = ReshapeOp::create(builder, op->getLoc(), reduced, tensorOf(y).getShape());
    y.replaceAllUsesWith(reduced);
    op->erase();
  }

  Block &body;
  const Machine &machine;
  JoinedValues joined; ///< lines that could be planes
  SmallVector<Operation *> operations;
  llvm::DenseMap<Value, Value> planes;
};

struct LinesToPlanes : impl::LinesToPlanesBase<LinesToPlanes> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.net"))
        numMoved += LineMover(function.getBody().front(), machine).run();
  }
};

} // namespace
} // namespace weft
