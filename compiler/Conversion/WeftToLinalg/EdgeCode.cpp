// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Regions over one edge as scalar code.

#include "compiler/Conversion/WeftToLinalg/EdgeCode.h"
#include "compiler/Conversion/WeftToLinalg/Scalars.h"
#include "mlir/Dialect/Traits.h"

using namespace mlir;

namespace weft {

using Builder = ImplicitLocOpBuilder;
using Index = EdgeCode::Index;

/// Sums over features of both ends are written out; longer ones are refused.
constexpr int64_t longestDot = 64;

Index broadcastIndex(RankedTensorType operand, RankedTensorType result, const Index &at) {
  Index from;
  unsigned lead = result.getRank() - operand.getRank();
  for (int64_t d = 0; d < operand.getRank(); ++d)
    from.push_back(operand.getDimSize(d) == 1 ? getAffineConstantExpr(0, operand.getContext()) : at[lead + d]);
  return from;
}

RankedTensorType productType(DotOp dot) {
  SmallVector<int64_t> shape;
  OpTrait::util::getBroadcastedShape(typeOf(dot.getX()).getShape(), typeOf(dot.getY()).getShape(), shape);
  return RankedTensorType::get(shape, typeOf(dot.getX()).getElementType());
}

namespace {

/// Extents other than 1, which no reshape can tell apart.
SmallVector<int64_t> realExtents(RankedTensorType type) {
  SmallVector<int64_t> extents;
  llvm::copy_if(type.getShape(), std::back_inserter(extents), [](int64_t extent) { return extent != 1; });
  return extents;
}

/// Row-major order kept: through the flat position, unless only extents of 1 differ.
Index reshapeIndex(RankedTensorType operand, RankedTensorType result, const Index &at) {
  SmallVector<int64_t> from = realExtents(operand), to = realExtents(result);
  Index real;
  for (auto [extent, index] : llvm::zip_equal(result.getShape(), at))
    if (extent != 1)
      real.push_back(index);
  if (from != to) {
    AffineExpr flat = getAffineConstantExpr(0, operand.getContext());
    for (auto [extent, index] : llvm::zip_equal(to, real))
      flat = flat * extent + index;
    real.assign(from.size(), AffineExpr());
    for (unsigned d = from.size(); d-- > 0;) {
      real[d] = d == 0 ? flat : flat % from[d];
      flat = flat.floorDiv(from[d]);
    }
  }
  Index index;
  unsigned next = 0;
  for (int64_t extent : operand.getShape())
    index.push_back(extent == 1 ? getAffineConstantExpr(0, operand.getContext()) : real[next++]);
  return index;
}

bool isMove(Operation *op) { return isa<ReshapeOp, FlattenOp, TransposeOp, ExpandOp>(op); }

TypedAttr splatOf(Operation *op) {
  auto constant = dyn_cast<ConstantOp>(op);
  auto elements = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
  return elements ? dyn_cast<TypedAttr>(elements.getSplatValue<Attribute>()) : TypedAttr();
}

/// The positions of the products whose sum is element `at`.
SmallVector<Index> termsOf(DotOp dot, const Index &at) {
  SmallVector<Index> terms;
  for (int64_t i = 0, e = productType(dot).getShape().back(); i < e; ++i) {
    terms.push_back(at);
    terms.back().push_back(getAffineConstantExpr(i, dot.getContext()));
  }
  return terms;
}

} // namespace

FailureOr<Index> EdgeCode::indexOf(Operation *op, Value operand, const Index &at) {
  if (isa<ReshapeOp, FlattenOp>(op))
    return reshapeIndex(typeOf(operand), typeOf(op->getResult(0)), at);
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Index index(at.size());
    for (auto [d, source] : llvm::enumerate(transpose.getPerm()))
      index[source] = at[d];
    return index;
  }
  return broadcastIndex(typeOf(operand), typeOf(op->getResult(0)), at);
}

LogicalResult EdgeCode::collectDot(DotOp dot, const Index &at) {
  if (productType(dot).getShape().back() > longestDot)
    return dot.emitError("sums ") << productType(dot).getShape().back()
                                  << " products of both ends of an edge; a kernel writes out at most " << longestDot;
  for (const Index &term : termsOf(dot, at))
    for (Value operand : dot->getOperands())
      if (failed(collect(operand, broadcastIndex(typeOf(operand), productType(dot), term))))
        return failure();
  return success();
}

LogicalResult EdgeCode::collect(Value value, const Index &at) {
  Operation *op = value.getDefiningOp();
  if (!op || ahead.contains(value)) {
    Load load{value, at};
    if (!llvm::is_contained(loads, load))
      loads.push_back(std::move(load));
    return success();
  }
  if (splatOf(op))
    return success();
  if (auto dot = dyn_cast<DotOp>(op))
    return collectDot(dot, at);
  if (!mayStandAtEdge(op))
    return op->emitError("`") << op->getName() << "` has no kernel inside an edge expression";
  for (Value operand : op->getOperands()) {
    FailureOr<Index> from = indexOf(op, operand, at);
    if (failed(from) || failed(collect(operand, *from)))
      return failure();
  }
  return success();
}

Value EdgeCode::emitDot(Builder &builder, DotOp dot, const Index &at, ValueRange elements) {
  Value sum;
  for (const Index &term : termsOf(dot, at)) {
    auto factor = [&](Value operand) {
      return emit(builder, operand, broadcastIndex(typeOf(operand), productType(dot), term), elements);
    };
    Value left = factor(dot.getX()), right = factor(dot.getY());
    Value product = mulOf(builder, left, right);
    sum = sum ? addOf(builder, sum, product) : product;
  }
  return sum;
}

Value EdgeCode::emit(Builder &builder, Value value, const Index &at, ValueRange elements) {
  Operation *op = value.getDefiningOp();
  if (!op || ahead.contains(value))
    return elements[llvm::find(loads, Load{value, at}) - loads.begin()];
  if (TypedAttr constant = splatOf(op))
    return arith::ConstantOp::create(builder, constant);
  if (auto dot = dyn_cast<DotOp>(op))
    return emitDot(builder, dot, at, elements);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(emit(builder, operand, *indexOf(op, operand, at), elements));
  return isMove(op) ? operands[0] : scalarOf(builder, op, operands);
}

} // namespace weft
