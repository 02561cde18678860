// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Element-wise operations as stages without reduction. Operands of one repeated element become constants of the code.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"

using namespace mlir;

namespace weft {
namespace {

/// Where each operand is read: broadcast, except the slope of prelu, which is a value a channel.
AffineMap operandMap(Operation *op, unsigned index, const Layout &result) {
  auto type = cast<RankedTensorType>(op->getOperand(index).getType());
  if (isa<PreluOp>(op) && index == 1)
    return channelVectorMap(type, result, op->getContext());
  return broadcastMap(Layout(type), result, op->getContext());
}

LogicalResult lowerElementwise(Operation *op, KernelBuilder &kernel) {
  Layout result(cast<RankedTensorType>(op->getResult(0).getType()));
  SmallVector<Source> sources;
  SmallVector<TypedAttr> constants;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    constants.push_back(kernel.splat(operand));
    if (constants.back())
      continue;
    AffineMap map = operandMap(op, index, result);
    if (!map)
      return op->emitError("operand ") << index << " of type " << operand.getType()
                                       << " cannot be read point by point for " << result.type;
    sources.push_back({kernel.read(operand), map});
  }
  StringRef name = op->getName().stripDialect();
  Value stage = kernel.map(name, loopsOver(result), sources, result.stored(),
                           [&](ImplicitLocOpBuilder &builder, ValueRange args) {
                             SmallVector<Value> elements;
                             auto next = args.begin();
                             for (TypedAttr constant : constants)
                               elements.push_back(constant ? arith::ConstantOp::create(builder, constant) : *next++);
                             return scalarOf(builder, op, elements);
                           });
  kernel.addName(name);
  kernel.define(op->getResult(0), stage);
  return success();
}

template <typename... Ops> void addAll(LoweringTable &table) {
  (table.add<Ops>([](Ops op, KernelBuilder &kernel) { return lowerElementwise(op, kernel); }), ...);
}

} // namespace

void addElementwise(LoweringTable &table) {
  addAll<ReluOp, Relu6Op, SigmoidOp, TanhOp, SiluOp, HardswishOp, HardsigmoidOp, MishOp, GeluOp, SoftplusOp, EluOp,
         SeluOp, CeluOp, LeakyReluOp, ThresholdedReluOp, SoftsignOp, ErfOp, ExpOp, LogOp, SqrtOp, RsqrtOp, AbsOp, NegOp,
         FloorOp, CeilOp, RoundOp, SignOp, SinOp, CosOp, ReciprocalOp, ClipOp, PreluOp, DropoutOp, StochasticDepthOp>(table);
  addAll<AddOp, SubOp, MulOp, DivOp, MinimumOp, MaximumOp, PowOp, LessOp, LessEqualOp, EqualOp, WhereOp, CastOp>(
      table);
}

} // namespace weft
