// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, right after lines have become planes: convolutions along the first of three spatial dimensions become convolutions of
// planes.
//
// Networks over video take a window of K x 1 x 1 after one of 1 x K x K (Tran et al., A closer look at spatiotemporal convolutions,
// 2018). The planes `[D, H, W]` it reads are the plane `[D, H * W]`, the same bytes packed or not, and its window there is K x 1, for
// which Winograd's algorithm has tiles. Element-wise operations behind it move with it, so that they stay in its kernel.
//
// Bytes are the same only where nothing lies around rows: whoever else reads rows with padding would need a copy.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Winograd.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_VOLUMESTOPLANES
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Dimensions of a tensor over volumes, and of the plane it becomes.
constexpr int64_t volumeRank = 5, depthAxis = 2;

bool isVolume(Value value) { return tensorOf(value).getRank() == volumeRank && tensorOf(value).hasStaticShape(); }

/// `extents` of a volume, or of a tensor repeated along one, with the last two joined.
SmallVector<int64_t> joined(ArrayRef<int64_t> extents) {
  SmallVector<int64_t> result(extents.drop_back());
  result.back() *= extents.back();
  return result;
}

/// Whether a window of `op` reads beside rows or columns of its operand.
bool padsRows(Operation *op) {
  auto pad = op->getAttrOfType<DenseI64ArrayAttr>("pad");
  if (!isWindow(op) && !isa<ConvOp>(op))
    return false;
  ArrayRef<int64_t> entries = pad ? pad.asArrayRef() : ArrayRef<int64_t>();
  bool isOfVolume = entries.size() == 2 * (volumeRank - depthAxis);
  return isOfVolume && (entries[1] || entries[2] || entries[4] || entries[5]);
}

class VolumeMover {
public:
  VolumeMover(Block &body, const Machine &machine) : body(body), machine(machine) {}

  unsigned run() {
    for (Operation &op : llvm::make_early_inc_range(body))
      if (auto conv = dyn_cast<ConvOp>(op); conv && gains(conv))
        move(conv);
      else if (follows(&op))
        move(&op);
    return moved;
  }

private:
  /// Whether Winograd's algorithm has a form for it then, and that outweighs a copy of the result with something around its rows.
  bool gains(ConvOp conv) const {
    constexpr int64_t termsForCopy = 128; // of a result
    ArrayRef<int64_t> pad = conv.getPad();
    if (conv.getSpatialRank() != 3 || !isVolume(conv.getX()) || !isVolume(conv.getY()) || conv.getAlgorithm() || !isRecipe(conv.getWeight()))
      return false;
    ConvShape shape(conv);
    auto isOne = [](int64_t value) { return value == 1; };
    bool isAlong = shape.kernel[0] > 1 && shape.kernel[1] == 1 && shape.kernel[2] == 1 && llvm::all_of(shape.stride, isOne) && pad[1] == 0 &&
                   pad[2] == 0 && pad[4] == 0 && pad[5] == 0;
    bool hasForm = shape.isDense() && shape.inputs >= machine.vector && winogradPoints({shape.kernel[0], 1}, 4).has_value();
    if (!isAlong || !hasForm || llvm::any_of(conv.getX().getUsers(), padsRows))
      return false;
    llvm::SmallPtrSet<Value, 16> seen;
    return shape.inputs * shape.window >= termsForCopy || !readWithPadding(conv.getY(), seen);
  }

  /// Whether a window reads `value`, or what is made of it element by element, beside its rows.
  static bool readWithPadding(Value value, llvm::SmallPtrSetImpl<Value> &seen) {
    return seen.insert(value).second && llvm::any_of(value.getUsers(), [&](Operation *user) {
      return padsRows(user) || (isPointwise(user) && user->getNumResults() == 1 && readWithPadding(user->getResult(0), seen));
    });
  }

  /// Whether an element-wise operation reads what a convolution has made as a plane, and else what can be one.
  bool follows(Operation *op) const {
    if (!isPointwise(op) || op->getNumResults() != 1 || !isVolume(op->getResult(0)))
      return false;
    ArrayRef<int64_t> shape = tensorOf(op->getResult(0)).getShape();
    bool readsPlane = llvm::any_of(op->getOperands(), [&](Value x) { return planes.contains(x) && tensorOf(x).getShape() == shape; });
    SmallVector<OpOperand *> vectors = channelVectors(op);
    return readsPlane && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
      if (llvm::is_contained(vectors, &operand))
        return true;
      Value x = operand.get();
      ArrayRef<int64_t> own = tensorOf(x).getShape();
      bool isOnePixel = own.size() >= 2 && own.back() == 1 && own.drop_back().back() == 1;
      return tensorOf(x).hasStaticShape() && (own.size() < 2 ? tensorOf(x).getNumElements() == 1 : own == shape || isOnePixel);
    });
  }

  void move(ConvOp conv) {
    OpBuilder builder(conv);
    auto withoutLast = [&](ArrayRef<int64_t> values, size_t parts) {
      SmallVector<int64_t> kept;
      for (size_t part = 0, each = values.size() / parts; part < parts; ++part)
        llvm::append_range(kept, values.slice(part * each, each - 1));
      return builder.getDenseI64ArrayAttr(kept);
    };
    Operation *plane = copyOf(conv, {planeOf(builder, conv.getX()), joinedIn(builder, conv.getWeight()), conv.getBias()});
    plane->setAttr("pad", withoutLast(conv.getPad(), 2));
    plane->setAttr("stride", withoutLast(conv.getStride(), 1));
    plane->setAttr("dilation", withoutLast(conv.getDilation(), 1));
    leave(conv, plane);
  }

  void move(Operation *op) {
    OpBuilder builder(op);
    ArrayRef<int64_t> shape = tensorOf(op->getResult(0)).getShape();
    SmallVector<Value> operands;
    for (Value x : op->getOperands())
      operands.push_back(tensorOf(x).getShape() == shape ? planeOf(builder, x) : tensorOf(x).getRank() < 2 ? x : joinedIn(builder, x));
    leave(op, copyOf(op, operands));
  }

  static Operation *copyOf(Operation *op, ArrayRef<Value> operands) {
    RankedTensorType type = tensorOf(op->getResult(0));
    SmallVector<Value> present = llvm::filter_to_vector(operands, [](Value value) { return bool(value); });
    OperationState state(op->getLoc(), op->getName(), present, RankedTensorType::get(joined(type.getShape()), type.getElementType()), op->getAttrs());
    return OpBuilder(op).create(state);
  }

  static Value joinedIn(OpBuilder &builder, Value value) {
    return ReshapeOp::create(builder, value.getLoc(), value, joined(tensorOf(value).getShape()));
  }

  Value planeOf(OpBuilder &builder, Value volume) {
    Value known = planes.lookup(volume);
    return known ? known : joinedIn(builder, volume);
  }

  /// Whoever does not move reads the volume still.
  void leave(Operation *op, Operation *plane) {
    OpBuilder builder(op);
    Value volume = ReshapeOp::create(builder, op->getLoc(), plane->getResult(0), tensorOf(op->getResult(0)).getShape());
    planes[volume] = plane->getResult(0);
    op->getResult(0).replaceAllUsesWith(volume);
    op->erase();
    ++moved;
  }

  Block &body;
  const Machine &machine;
  llvm::DenseMap<Value, Value> planes; ///< by the volumes of the same bytes
  unsigned moved = 0;
};

struct VolumesToPlanes : impl::VolumesToPlanesBase<VolumesToPlanes> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("weft.net"))
        numMoved += VolumeMover(function.getBody().front(), machine).run();
    // A volume that nobody reads any more is no use of its plane.
    getOperation().walk([](ReshapeOp reshape) {
      if (reshape->use_empty())
        reshape->erase();
    });
  }
};

} // namespace
} // namespace weft
