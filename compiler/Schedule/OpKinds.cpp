// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The lists behind OpKinds.h. An operation in none of them stays plain and is a kernel of its own.
#include "compiler/Schedule/OpKinds.h"

#include <cmath>

using namespace mlir;

namespace weft {

static bool isUnary(Operation *op) {
  return isa<ReluOp, Relu6Op, SigmoidOp, TanhOp, SiluOp, HardswishOp, HardsigmoidOp, MishOp, GeluOp, SoftplusOp, EluOp,
             SeluOp, CeluOp, LeakyReluOp, ThresholdedReluOp, SoftsignOp, ErfOp, ExpOp, LogOp, SqrtOp, RsqrtOp, AbsOp,
             NegOp, FloorOp, CeilOp, RoundOp, SignOp, SinOp, CosOp, ReciprocalOp, ClipOp>(op);
}

static bool isBinary(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, MinimumOp, MaximumOp, PowOp, LessOp, LessEqualOp, EqualOp>(op);
}

bool isPointwise(Operation *op) {
  return isUnary(op) || isBinary(op) || isa<WhereOp, PreluOp, BatchnormOp, DropoutOp, StochasticDepthOp>(op);
}

bool isWindow(Operation *op) {
  return isa<MaxpoolOp, AvgpoolOp, GlobalAvgpoolOp, GlobalMaxpoolOp, AdaptiveAvgpoolOp, UpsampleOp>(op);
}

bool reducesPlanes(Operation *op) {
  auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes");
  if (!isa<ReduceMeanOp, ReduceMaxOp, ReduceSumOp>(op) || !axes)
    return false;
  SmallVector<int64_t> sorted(axes.asArrayRef());
  llvm::sort(sorted);
  int64_t rank = cast<RankedTensorType>(op->getOperand(0).getType()).getRank();
  return rank > 2 && llvm::equal(sorted, llvm::seq<int64_t>(2, rank));
}

bool joinsPixels(Operation *op) {
  if (!isa<ReshapeOp>(op))
    return false;
  auto x = cast<RankedTensorType>(op->getOperand(0).getType()), y = cast<RankedTensorType>(op->getResult(0).getType());
  auto [planes, volumes] = x.getRank() < y.getRank() ? std::pair(x, y) : std::pair(y, x);
  return x.hasStaticShape() && y.hasStaticShape() && planes.getRank() >= 4 && volumes.getRank() == planes.getRank() + 1 &&
         volumes.getShape().drop_back(2) == planes.getShape().drop_back();
}

bool sumsPlanes(Operation *op) {
  return isa<ReduceSumOp>(op) && isBlocked(op->getOperand(0).getType()) && reducesPlanes(op);
}

bool isContraction(Operation *op) { return isa<ConvOp, ConvTransposeOp, LinearOp, MatmulOp>(op); }

std::optional<double> numberOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
  if (!elements || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  return elements.getSplatValue<APFloat>().convertToDouble();
}

bool isFiniteOnPadding(Operation *op) {
  constexpr double leastDivisor = 1e-6; // what is divided by less may not be finite
  if (auto quotient = dyn_cast<DivOp>(op))
    return std::abs(numberOf(quotient.getY()).value_or(0)) >= leastDivisor;
  return !isa<LogOp, RsqrtOp, ReciprocalOp, SqrtOp, ExpOp, PowOp>(op);
}

bool isChannelNorm(Operation *op) { return isa<GroupnormOp, InstancenormOp>(op); }

SmallVector<OpOperand *> channelVectors(Operation *op) {
  if (!isa<PreluOp, BatchnormOp, ChannelnormOp>(op) && !isChannelNorm(op))
    return {};
  SmallVector<OpOperand *> vectors;
  for (OpOperand &operand : op->getOpOperands().drop_front())
    vectors.push_back(&operand);
  return vectors;
}

std::optional<int64_t> channelAxis(OpOperand &operand, RankedTensorType result) {
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  if (type.getNumElements() == 1)
    return -1;
  if (llvm::is_contained(channelVectors(operand.getOwner()), &operand))
    return 0;
  int64_t axis = 1 - (result.getRank() - type.getRank());
  if (axis < 0 || (type.getDimSize(axis) == 1 && result.getDimSize(1) != 1))
    return -1;
  return type.getDimSize(axis) == result.getDimSize(1) ? std::optional(axis) : std::nullopt;
}

/// The value behind a group's result or argument.
static Value lookThroughGroup(Value value) {
  if (auto group = value.getDefiningOp<GroupOp>())
    return group.getYield().getValues()[cast<OpResult>(value).getResultNumber()];
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto group = dyn_cast<GroupOp>(argument.getOwner()->getParentOp()))
      return group.getInputs()[argument.getArgNumber()];
  return value;
}

/// Chains of sums and concatenations share operands: without a limit the walk could take exponential time.
constexpr int deepestLook = 6;

static bool isNonNegative(Value value, int depth) {
  for (Value inner = lookThroughGroup(value); inner != value; inner = lookThroughGroup(value))
    value = inner;
  Operation *op = value.getDefiningOp();
  if (!op || depth > deepestLook)
    return false;
  if (isa<ReluOp, Relu6Op, SigmoidOp, HardsigmoidOp, SoftplusOp, ExpOp, AbsOp, SqrtOp, SoftmaxOp>(op))
    return true;
  if (auto clip = dyn_cast<ClipOp>(op))
    return clip.getMin() && clip.getMin()->convertToDouble() >= 0;
  if (auto lrn = dyn_cast<LrnOp>(op))
    return lrn.getK().convertToDouble() > 0 && lrn.getAlpha().convertToDouble() >= 0 &&
           isNonNegative(lrn.getX(), depth + 1);
  if (isa<MaxpoolOp, AvgpoolOp, GlobalAvgpoolOp, GlobalMaxpoolOp, AdaptiveAvgpoolOp, UpsampleOp, RelayoutOp, ConcatOp,
          SplitOp, SliceOp, AddOp, MaximumOp, ChannelShuffleOp>(op))
    return llvm::all_of(op->getOperands(), [&](Value operand) { return isNonNegative(operand, depth + 1); });
  return false;
}

bool isNonNegative(Value value) { return isNonNegative(value, 0); }

bool padsPlanes(mlir::Operation *op) {
  auto pad = mlir::dyn_cast<PadOp>(op);
  return pad && pad.getMode() == PadMode::Constant && pad.getLow().size() > 2 && pad.getLow()[1] == 0 &&
         pad.getHigh()[1] == 0 && pad.getValue().isFinite();
}

} // namespace weft
