// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Extents of tensors, followed through the few operations that may stand around the calls of kernels.
#include "compiler/Transforms/Plan/Values.h"

#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft::plan;

/// Neither data of a run nor a place for it.
static bool makesRecipe(Operation &op, const llvm::DenseSet<Value> &recipes) {
  if (op.getNumResults() == 0 || isa<tensor::EmptyOp, func::CallOp>(op) || !isa<TensorType>(op.getResult(0).getType()))
    return false;
  return llvm::all_of(op.getOperands(),
                      [&](Value operand) { return recipes.contains(operand) || !isa<TensorType>(operand.getType()); });
}

Values::Values(func::FuncOp network) : network(network) {
  for (Operation &op : network.getBody().front())
    if (makesRecipe(op, recipes)) {
      recipes.insert(op.result_begin(), op.result_end());
      recipeOperations.push_back(&op);
    }
}

std::optional<Extents> weft::plan::staticExtents(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return std::nullopt;
  return llvm::map_to_vector(tensor.getShape(), [](int64_t dim) { return Extent(dim); });
}

std::optional<Extent> weft::plan::product(ArrayRef<Extent> extents) {
  std::optional<Extent> result = Extent(1);
  for (Extent extent : extents)
    if (result)
      result = multiply(*result, extent);
  return result;
}

FailureOr<Extents> Values::extents(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  std::optional<Extents> result = compute(value);
  if (!result)
    return emitError(value.getLoc()) << "a plan cannot tell the extents of " << value.getType()
                                     << "; each may be a constant, or linear in one run-time size";
  known[value] = *result;
  return *result;
}

std::optional<Extents> Values::ofArgument(BlockArgument argument) {
  auto dims = network.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "weft.dims");
  auto type = cast<RankedTensorType>(argument.getType());
  Extents result;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    std::optional<Extent> extent = Extent(type.getDimSize(d));
    if (type.isDynamicDim(d))
      extent = dims && d < int64_t(dims.size())
                   ? extentFromText(cast<StringAttr>(dims[d]).getValue(), type.getContext())
                   : std::nullopt;
    if (!extent)
      return std::nullopt;
    result.push_back(*extent);
  }
  return result;
}

/// A kernel writes the whole of what it is given to write.
std::optional<Extents> Values::ofCall(func::CallOp call, unsigned result) {
  FailureOr<Extents> found = extents(call.getOperand(call.getNumOperands() - call.getNumResults() + result));
  return succeeded(found) ? std::optional(*found) : std::nullopt;
}

std::optional<Extent> Values::index(Value value) {
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return Extent(constant.getInt());
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto extent = dyn_cast<weft::ExtentOp>(op))
    return Extent::of(extent.getSizeAttr());
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> position = dim.getConstantIndex();
    FailureOr<Extents> all = extents(dim.getSource());
    if (!position || failed(all) || *position < 0 || *position >= int64_t(all->size()))
      return std::nullopt;
    return (*all)[*position];
  }
  if (op->getNumOperands() != 2)
    return std::nullopt;
  std::optional<Extent> left = index(op->getOperand(0)), right = index(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return add(*left, *right);
  if (isa<arith::MulIOp>(op))
    return multiply(*left, *right);
  if (isa<arith::SubIOp>(op) && right->isConstant())
    return add(*left, Extent(-right->add));
  return std::nullopt;
}

std::optional<Extent> Values::index(OpFoldResult value) {
  if (auto attribute = dyn_cast<Attribute>(value))
    return Extent(cast<IntegerAttr>(attribute).getInt());
  return index(cast<Value>(value));
}

std::optional<Extents> Values::indices(ArrayRef<OpFoldResult> values) {
  Extents result;
  for (OpFoldResult value : values) {
    std::optional<Extent> extent = index(value);
    if (!extent)
      return std::nullopt;
    result.push_back(*extent);
  }
  return result;
}

std::optional<Extents> Values::compute(Value value) {
  if (auto extents = staticExtents(value.getType()))
    return extents;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return ofArgument(argument);
  Operation *op = value.getDefiningOp();
  auto of = [&](Value other) -> std::optional<Extents> {
    FailureOr<Extents> found = extents(other);
    return succeeded(found) ? std::optional(*found) : std::nullopt;
  };
  if (auto call = dyn_cast<func::CallOp>(op))
    return ofCall(call, cast<OpResult>(value).getResultNumber());
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return of(cast.getSource());
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return indices(empty.getMixedSizes());
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return of(insert.getDest());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return indices(expand.getMixedOutputShape());
  if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
    std::optional<Extents> all = indices(extract.getMixedSizes());
    if (!all)
      return std::nullopt;
    Extents kept;
    llvm::SmallBitVector dropped = extract.getDroppedDims();
    for (auto [d, extent] : llvm::enumerate(*all))
      if (!dropped.test(d))
        kept.push_back(extent);
    return kept;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    std::optional<Extents> inner = of(pad.getSource()), low = indices(pad.getMixedLowPad()),
                           high = indices(pad.getMixedHighPad());
    if (!inner || !low || !high)
      return std::nullopt;
    for (auto [extent, before, behind] : llvm::zip(*inner, *low, *high)) {
      std::optional<Extent> sum = add(extent, before);
      sum = sum ? add(*sum, behind) : sum;
      if (!sum)
        return std::nullopt;
      extent = *sum;
    }
    return inner;
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    std::optional<Extents> result;
    for (Value member : concat.getInputs()) {
      std::optional<Extents> next = of(member);
      if (!next)
        return std::nullopt;
      if (!result) {
        result = next;
        continue;
      }
      std::optional<Extent> sum = add((*result)[concat.getDim()], (*next)[concat.getDim()]);
      if (!sum)
        return std::nullopt;
      (*result)[concat.getDim()] = *sum;
    }
    return result;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    std::optional<Extents> inner = of(collapse.getSrc());
    if (!inner)
      return std::nullopt;
    Extents result;
    for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
      std::optional<Extent> size = product(ArrayRef(*inner).slice(group.front(), group.size()));
      if (!size)
        return std::nullopt;
      result.push_back(*size);
    }
    return result;
  }
  return std::nullopt;
}
