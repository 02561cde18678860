// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: operations on pictures with channels last, between two transpositions, work on channels first instead.
//
// Networks of the transformer age (ConvNeXt and its kin) turn a picture so that channels are last, normalise each pixel, multiply
// by a weight or two, and turn it back. Compiled as written each turn is a copy and each product leaves packed channels. The
// same numbers come from `channelnorm` and 1x1 convolutions on the picture as it was. What is joined by such operations moves
// together, and only if no more transpositions are left than there were.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_MOVECHANNELSFIRST
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Whether the transposition moves channels from dimension 1 to the end.
bool movesLast(TransposeOp op) {
  ArrayRef<int64_t> perm = op.getPerm();
  if (perm.size() < 3 || perm[0] != 0 || perm.back() != 1)
    return false;
  return llvm::equal(perm.drop_front().drop_back(), llvm::seq<int64_t>(2, perm.size()));
}

/// Whether it moves them from the end to dimension 1.
bool movesFirst(Operation *op) {
  auto transpose = dyn_cast<TransposeOp>(op);
  if (!transpose || transpose.getPerm().size() < 3)
    return false;
  int64_t rank = transpose.getPerm().size();
  return transpose.getPerm()[0] == 0 && transpose.getPerm()[1] == rank - 1 &&
         llvm::equal(transpose.getPerm().drop_front(2), llvm::seq<int64_t>(1, rank - 1));
}

/// A number, or a vector over the last dimension (`[C]`, `[1, ..., C]`), made of weights.
bool isVectorOfLast(Value value, RankedTensorType result) {
  RankedTensorType type = tensorOf(value);
  if (!isRecipe(value) || !type.hasStaticShape() || type.getRank() > result.getRank())
    return false;
  return type.getNumElements() == 1 || (type.getShape().back() == result.getShape().back() &&
                                        type.getNumElements() == result.getShape().back());
}

class Mover {
public:
  explicit Mover(Block &body) : body(body) {}

  unsigned run() {
    for (Operation &op : body)
      visit(&op);
    for (Value value : last)
      count(value);
    SmallVector<Operation *> moving;
    for (Operation *op : operations)
      if (isWorthwhile(op->getResult(0)))
        moving.push_back(op);
    for (Operation *op : moving)
      move(op);
    for (Operation *op : llvm::reverse(moving))
      op->erase();
    return moving.size();
  }

private:
  struct Part {
    int entries = 0, exits = 0;
  };

  bool isLast(Value value) { return last.contains(value); }

  void visit(Operation *op) {
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      bool movesBack = movesFirst(transpose) && isLast(transpose.getX()); // of rank 3 one transposition is both
      if (movesLast(transpose) && !movesBack && tensorOf(transpose.getX()).hasStaticShape())
        add(transpose.getY());
      return;
    }
    if (!canMove(op))
      return;
    add(op->getResult(0));
    operations.push_back(op);
    for (Value operand : op->getOperands())
      if (isLast(operand))
        parts.unionSets(operand.getAsOpaquePointer(), op->getResult(0).getAsOpaquePointer());
  }

  void add(Value value) {
    last.insert(value);
    parts.insert(value.getAsOpaquePointer());
  }

  /// Whether `op` has a form for channels first, and the operands it needs.
  bool canMove(Operation *op) {
    if (op->getNumResults() != 1 || op->getNumOperands() == 0)
      return false;
    if (auto norm = dyn_cast<LayernormOp>(op))
      return isLast(norm.getX()) && norm.getAxis() == uint64_t(tensorOf(norm.getX()).getRank() - 1);
    if (auto linear = dyn_cast<LinearOp>(op))
      return isLast(linear.getX()) && !linear.getAlgorithm() && tensorOf(linear.getX()).getRank() <= 5 &&
             llvm::all_of(op->getOperands().drop_front(), isRecipe);
    if (!isPointwise(op) || isa<PreluOp, BatchnormOp>(op))
      return false;
    RankedTensorType type = tensorOf(op->getResult(0));
    return llvm::any_of(op->getOperands(), [&](Value x) { return isLast(x); }) &&
           llvm::all_of(op->getOperands(), [&](Value x) {
             return isLast(x) ? tensorOf(x).getShape() == type.getShape() : isVectorOfLast(x, type);
           });
  }

  /// A transposition stands at each entry now; one will stand behind each value that others read.
  void count(Value value) {
    Part &part = tally[parts.getLeaderValue(value.getAsOpaquePointer())];
    part.entries += isa<TransposeOp>(value.getDefiningOp());
    part.exits += llvm::any_of(value.getUsers(), [&](Operation *user) { return !moves(user) && !movesFirst(user); });
  }
  bool moves(Operation *op) { return op->getNumResults() == 1 && isLast(op->getResult(0)) && !isa<TransposeOp>(op); }

  bool isWorthwhile(Value value) {
    Part part = tally[parts.getLeaderValue(value.getAsOpaquePointer())];
    return part.exits <= part.entries;
  }

  //===-- rewriting -----------------------------------------------------------------------------------------------===//

  /// The value with channels first.
  Value first(Value value) {
    if (Value known = firsts.lookup(value))
      return known;
    return cast<TransposeOp>(value.getDefiningOp()).getX();
  }

  void move(Operation *op) {
    OpBuilder builder(op);
    RankedTensorType type = tensorOf(op->getResult(0));
    int64_t rank = type.getRank();
    SmallVector<int64_t> shape{type.getDimSize(0), type.getShape().back()}, back{0};
    llvm::append_range(shape, type.getShape().drop_front().drop_back());
    llvm::append_range(back, llvm::seq<int64_t>(2, rank));
    back.push_back(1);
    Value moved = movedForm(builder, op, RankedTensorType::get(shape, type.getElementType()));
    firsts[op->getResult(0)] = moved;
    Value turned;
    for (OpOperand &use : llvm::make_early_inc_range(op->getResult(0).getUses())) {
      Operation *user = use.getOwner();
      if (movesFirst(user)) {
        user->getResult(0).replaceAllUsesWith(moved);
        user->erase();
      } else if (!moves(user)) {
        turned = turned ? turned : TransposeOp::create(builder, op->getLoc(), moved, back).getY();
        use.set(turned);
      }
    }
  }

  Value movedForm(OpBuilder &builder, Operation *op, RankedTensorType type) {
    if (auto norm = dyn_cast<LayernormOp>(op))
      return ChannelnormOp::create(builder, op->getLoc(), type, first(norm.getX()), norm.getGamma(), norm.getBeta(),
                                   norm.getEpsAttr());
    if (auto linear = dyn_cast<LinearOp>(op))
      return convolution(builder, linear, first(linear.getX()));
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isLast(operand) ? first(operand) : vectorOfFirst(builder, operand, type));
    OperationState state(op->getLoc(), op->getName(), operands, type, op->getAttrs());
    return builder.create(state)->getResult(0);
  }

  static Value convolution(OpBuilder &builder, LinearOp linear, Value x) {
    unsigned spatial = tensorOf(x).getRank() - 2;
    SmallVector<int64_t> filter = linear.getFilter(), ones(spatial, 1), zeros(2 * spatial, 0);
    filter.append(spatial, 1);
    Value weight = ReshapeOp::create(builder, linear.getLoc(), linear.getWeight(), filter);
    return ConvOp::create(builder, linear.getLoc(), x, weight, linear.getBias(), ones, zeros, ones, 1, AlgorithmAttr(),
                          DenseI64ArrayAttr());
  }

  /// `[1, C, 1...]`.
  static Value vectorOfFirst(OpBuilder &builder, Value vector, RankedTensorType type) {
    if (tensorOf(vector).getNumElements() == 1)
      return tensorOf(vector).getRank() == 0
                 ? vector
                 : ReshapeOp::create(builder, vector.getLoc(), vector, ArrayRef<int64_t>{}).getY();
    SmallVector<int64_t> shape(type.getRank(), 1);
    shape[1] = type.getDimSize(1);
    return ReshapeOp::create(builder, vector.getLoc(), vector, shape);
  }

  Block &body;
  llvm::SetVector<Value> last; ///< values with channels last that could have them first
  SmallVector<Operation *> operations;
  llvm::EquivalenceClasses<void *> parts;
  llvm::DenseMap<void *, Part> tally;
  llvm::DenseMap<Value, Value> firsts;
};

struct MoveChannelsFirst : impl::MoveChannelsFirstBase<MoveChannelsFirst> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        numMoved += Mover(function.getBody().front()).run();
  }
};

} // namespace
} // namespace weft
