// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: operations on pictures with channels last, between two transpositions, work on channels first instead.
//
// Networks of the transformer age (ConvNeXt and its kin) turn a picture so that channels are last, normalise each pixel, multiply
// by a weight or two, and turn it back. Compiled as written each turn is a copy and each product leaves packed channels. The
// same numbers come from `channelnorm` and 1x1 convolutions on the picture as it was. What is joined by such operations moves
// together, and only if no more transpositions are left than there were.
//
// Others (PVT, SegFormer) call the pixels of a picture a sequence, `[N, H * W, C]`: what only merges or parts pixels moves along, and
// is nothing on the picture. Between their products stands a convolution, so a product with more outputs than inputs that is turned
// at once into what a convolution reads is turned before.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/MoveTogether.h"
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

/// Whether the reshaping merges or parts dimensions between the first and the last one, pixels of pictures with channels last.
bool changesPixels(Operation *op) {
  auto reshape = dyn_cast<ReshapeOp>(op);
  if (!reshape || !tensorOf(reshape.getX()).hasStaticShape())
    return false;
  ArrayRef<int64_t> x = tensorOf(reshape.getX()).getShape(), y = tensorOf(reshape.getY()).getShape();
  return x.size() > 2 && y.size() > 2 && x.front() == y.front() && x.back() == y.back();
}

/// Whether it makes planes of lines or lines of planes, pixels of pictures with channels first.
bool changesPlanes(ReshapeOp reshape) {
  if (!reshape || !tensorOf(reshape.getX()).hasStaticShape())
    return false;
  ArrayRef<int64_t> x = tensorOf(reshape.getX()).getShape(), y = tensorOf(reshape.getY()).getShape();
  auto isPicture = [](ArrayRef<int64_t> shape) { return shape.size() > 2 && shape.size() <= 5; };
  return isPicture(x) && isPicture(y) && x.take_front(2) == y.take_front(2);
}

/// Whether it takes ranges of the last dimension.
bool cutsChannels(Operation *op) {
  if (auto split = dyn_cast<SplitOp>(op))
    return int64_t(split.getAxis()) == tensorOf(split.getX()).getRank() - 1;
  auto slice = dyn_cast<SliceOp>(op);
  return slice && slice.getStep().back() > 0 && tensorOf(slice.getX()).getShape().drop_back() == tensorOf(slice.getY()).getShape().drop_back() &&
         llvm::all_of(slice.getStep().drop_back(), [](int64_t step) { return step == 1; });
}

/// Whether it joins tensors along their last dimension.
bool joinsChannels(Operation *op) {
  auto concat = dyn_cast<ConcatOp>(op);
  return concat && int64_t(concat.getAxis()) == tensorOf(concat.getY()).getRank() - 1;
}

/// The picture whose planes `value` holds as lines, or `value`.
Value pictureOf(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  return changesPlanes(reshape) ? reshape.getX() : value;
}

/// A convolution that reads a tensor with channels first, perhaps of lines that become planes.
ConvOp convBehind(Value value) {
  for (Operation *user : value.getUsers()) {
    if (auto conv = dyn_cast<ConvOp>(user); conv && conv.getX() == value)
      return conv;
    if (auto reshape = dyn_cast<ReshapeOp>(user); changesPlanes(reshape))
      for (Operation *reader : reshape->getUsers())
        if (auto conv = dyn_cast<ConvOp>(reader); conv && conv.getX() == reshape.getY())
          return conv;
  }
  return {};
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
    for (Operation &op : llvm::make_early_inc_range(body))
      visit(&op);
    for (auto &[value, pixels] : last)
      count(value);
    return moveTogether(
        operations, [&](Operation *op) { return isWorthwhile(op->getResult(0)); }, [&](Operation *op) { move(op); });
  }

private:
  struct Part {
    int entries = 0, exits = 0;
    int64_t entered = 0, left = 0; ///< elements of those
    Extents pixels; ///< of the picture its values are; where those of several differ, of one line

    void join(const Extents &others) {
      if (pixels.empty())
        pixels = others;
      else if (pixels != others)
        pixels = {llvm::product_of(others)};
    }
  };

  bool isLast(Value value) { return last.contains(value); }

  void visit(Operation *op) {
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      bool movesBack = movesFirst(transpose) && isLast(transpose.getX()); // of rank 3 one transposition is both
      if (movesLast(transpose) && !movesBack && tensorOf(transpose.getX()).hasStaticShape())
        enter(transpose, pictureOf(transpose.getX()));
      return;
    }
    if (auto linear = dyn_cast<LinearOp>(op); linear && isTurnedAtOnce(linear))
      turnBefore(linear);
    if (!canMove(op))
      return;
    for (Value operand : op->getOperands())
      if (isLast(operand)) {
        Extents pixels = last.lookup(operand);
        for (Value result : op->getResults()) {
          add(result, pixels);
          parts.unionSets(operand.getAsOpaquePointer(), result.getAsOpaquePointer());
        }
      }
    operations.push_back(op);
  }

  void enter(TransposeOp transpose, Value picture) {
    add(transpose.getY(), Extents(tensorOf(picture).getShape().drop_front(2)));
  }

  void add(Value value, Extents pixels) {
    last.insert({value, std::move(pixels)});
    parts.insert(value.getAsOpaquePointer());
  }

  //===-- products turned at once ---------------------------------------------------------------------------------===//

  /// The convolution that reads channels first what `value` holds last, perhaps behind a bias and an activation, if all who read it are such.
  static ConvOp soleConv(Value value) {
    ConvOp conv;
    for (Operation *user : value.getUsers()) {
      bool follows = isPointwise(user) && llvm::all_of(user->getOperands(), [&](Value x) {
        return x == value || isVectorOfLast(x, tensorOf(value));
      });
      conv = movesFirst(user) ? convBehind(user->getResult(0)) : follows ? soleConv(user->getResult(0)) : ConvOp();
      if (!conv)
        return {};
    }
    return conv;
  }

  bool isTurnedAtOnce(LinearOp linear) {
    RankedTensorType x = tensorOf(linear.getX()), y = tensorOf(linear.getY());
    bool isWeighted = !linear.getAlgorithm() && llvm::all_of(linear->getOperands().drop_front(), isRecipe);
    return isWeighted && !isLast(linear.getX()) && x.hasStaticShape() && x.getRank() > 2 && y.getShape().back() >= x.getShape().back() &&
           soleConv(linear.getY());
  }

  /// Turns what `linear` reads there and back, for the second turn to go with the product's own.
  void turnBefore(LinearOp linear) {
    OpBuilder builder(linear);
    Location loc = linear.getLoc();
    RankedTensorType x = tensorOf(linear.getX()), picture = tensorOf(soleConv(linear.getY()).getX());
    Extents pixels(picture.getShape().drop_front(2)), rows{x.getDimSize(0)}, there{0, int64_t(pixels.size()) + 1}, back{0};
    llvm::append_range(rows, pixels);
    rows.push_back(x.getShape().back());
    llvm::append_range(there, llvm::seq<int64_t>(1, pixels.size() + 1));
    llvm::append_range(back, llvm::seq<int64_t>(2, pixels.size() + 2));
    back.push_back(1);
    Value first = TransposeOp::create(builder, loc, reshaped(builder, linear.getX(), rows), there);
    auto turned = TransposeOp::create(builder, loc, first, back);
    enter(turned, first);
    Value again = reshaped(builder, turned.getY(), x.getShape());
    if (again != turned.getY())
      visit(again.getDefiningOp());
    linear.getXMutable().assign(again);
  }

  static Value reshaped(OpBuilder &builder, Value value, ArrayRef<int64_t> shape) {
    return tensorOf(value).getShape() == shape ? value : ReshapeOp::create(builder, value.getLoc(), value, shape).getY();
  }

  //===-- what moves ----------------------------------------------------------------------------------------------===//

  /// Whether `op` has a form for channels first, and the operands it needs.
  bool canMove(Operation *op) {
    if (cutsChannels(op) || joinsChannels(op))
      return llvm::all_of(op->getOperands(), [&](Value x) { return isLast(x); });
    if (op->getNumResults() != 1 || op->getNumOperands() == 0)
      return false;
    if (changesPixels(op))
      return isLast(op->getOperand(0));
    if (auto norm = dyn_cast<LayernormOp>(op))
      return isLast(norm.getX()) && norm.getAxis() == uint64_t(tensorOf(norm.getX()).getRank() - 1);
    if (auto linear = dyn_cast<LinearOp>(op))
      return isLast(linear.getX()) && !linear.getAlgorithm() && last.lookup(linear.getX()).size() <= 3 &&
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
    part.join(last.lookup(value));
    const bool isEntry = isa<TransposeOp>(value.getDefiningOp());
    const bool isExit = llvm::any_of(value.getUsers(), [&](Operation *user) { return !moves(user) && !movesFirst(user); });
    int64_t elements = tensorOf(value).getNumElements();
    part.entries += isEntry;
    part.exits += isExit;
    part.entered += isEntry ? elements : 0;
    part.left += isExit ? elements : 0;
  }
  bool moves(Operation *op) { return op->getNumResults() > 0 && isLast(op->getResult(0)) && !isa<TransposeOp>(op); }

  const Part &partOf(Value value) { return tally[parts.getLeaderValue(value.getAsOpaquePointer())]; }

  /// Not where much more would be turned behind than is turned before: the many classes of each letter of a line.
  bool isWorthwhile(Value value) {
    constexpr int64_t mostGrowth = 8;
    const Part &part = partOf(value);
    return part.exits <= part.entries && part.left <= mostGrowth * part.entered;
  }

  //===-- rewriting -----------------------------------------------------------------------------------------------===//

  /// The value with channels first.
  Value first(OpBuilder &builder, Value value) {
    if (Value known = firsts.lookup(value))
      return known;
    Value picture = pictureOf(cast<TransposeOp>(value.getDefiningOp()).getX());
    SmallVector<int64_t> shape(tensorOf(picture).getShape().take_front(2)); // it may have moved since
    llvm::append_range(shape, partOf(value).pixels);
    return reshaped(builder, picture, shape);
  }

  void move(Operation *op) {
    OpBuilder builder(op);
    for (auto [value, moved] : llvm::zip_equal(op->getResults(), movedForms(builder, op))) {
      firsts[value] = moved;
      giveReaders(builder, value, moved);
    }
  }

  /// What reads `value` and stays reads it turned.
  void giveReaders(OpBuilder &builder, Value value, Value moved) {
    Extents back{0};
    llvm::append_range(back, llvm::seq<int64_t>(2, tensorOf(moved).getRank()));
    back.push_back(1);
    Value turned;
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *user = use.getOwner();
      if (movesFirst(user)) {
        giveFirst(builder, user, moved);
      } else if (!moves(user)) {
        if (!turned)
          turned = reshaped(builder, TransposeOp::create(builder, value.getLoc(), moved, back).getY(), tensorOf(value).getShape());
        use.set(turned);
      }
    }
  }

  /// Puts the picture in place of what a transposition made of its lines.
  static void giveFirst(OpBuilder &builder, Operation *transpose, Value moved) {
    Value turned = transpose->getResult(0);
    for (Operation *user : llvm::make_early_inc_range(turned.getUsers()))
      if (isa<ReshapeOp>(user) && user->getResult(0).getType() == moved.getType()) {
        user->getResult(0).replaceAllUsesWith(moved);
        user->erase();
      }
    if (!turned.use_empty())
      turned.replaceAllUsesWith(reshaped(builder, moved, tensorOf(turned).getShape()));
    transpose->erase();
  }

  RankedTensorType movedType(Value value) {
    RankedTensorType type = tensorOf(value);
    Extents shape{type.getDimSize(0), type.getShape().back()};
    llvm::append_range(shape, partOf(value).pixels);
    return RankedTensorType::get(shape, type.getElementType());
  }

  SmallVector<Value> movedForms(OpBuilder &builder, Operation *op) {
    if (auto split = dyn_cast<SplitOp>(op)) {
      SmallVector<Type> types = llvm::map_to_vector(split.getYs(), [&](Value y) -> Type { return movedType(y); });
      return SmallVector<Value>(SplitOp::create(builder, op->getLoc(), types, first(builder, split.getX()), 1, split.getSizes()).getYs());
    }
    return {movedForm(builder, op, movedType(op->getResult(0)))};
  }

  Value movedForm(OpBuilder &builder, Operation *op, RankedTensorType type) {
    if (auto slice = dyn_cast<SliceOp>(op)) {
      Extents start(type.getRank(), 0), stop(type.getShape()), step(type.getRank(), 1);
      std::tie(start[1], stop[1], step[1]) = std::tuple(slice.getStart().back(), slice.getStop().back(), slice.getStep().back());
      return SliceOp::create(builder, op->getLoc(), type, first(builder, slice.getX()), start, stop, step);
    }
    if (auto concat = dyn_cast<ConcatOp>(op)) {
      SmallVector<Value> xs = llvm::map_to_vector(concat.getXs(), [&](Value x) { return first(builder, x); });
      return ConcatOp::create(builder, op->getLoc(), type, xs, 1);
    }
    if (isa<ReshapeOp>(op))
      return first(builder, op->getOperand(0));
    if (auto norm = dyn_cast<LayernormOp>(op))
      return ChannelnormOp::create(builder, op->getLoc(), type, first(builder, norm.getX()), norm.getGamma(), norm.getBeta(),
                                   norm.getEpsAttr());
    if (auto linear = dyn_cast<LinearOp>(op))
      return convolution(builder, linear, first(builder, linear.getX()));
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isLast(operand) ? first(builder, operand) : vectorOfFirst(builder, operand, type));
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
  llvm::MapVector<Value, Extents> last; ///< values with channels last that could have them first; the extents of their pictures
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
