// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What is added to each element before max pooling, and a ReLU, may as well follow it, where there are fewer elements. Rounding keeps order, so
// the largest of the results is the result of the largest, to the last bit; NaN passes either way. (That an infinite bias makes NaN of an infinity of the other sign is seen only where that is the largest.)

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace weft {
namespace {

bool isMaxPooling(linalg::GenericOp pool) {
  Block &body = *pool.getBlock();
  auto larger = pool.getNumReductionLoops() > 0 && pool.getNumResults() == 1 ? body.getTerminator()->getOperand(0).getDefiningOp<arith::MaximumFOp>()
                                                                            : arith::MaximumFOp();
  if (!larger || &body.front() != larger)
    return false;
  Value value = body.getArgument(0), most = body.getArguments().back();
  return (larger.getLhs() == value && larger.getRhs() == most) || (larger.getLhs() == most && larger.getRhs() == value);
}

/// Whether what `stage` gives never decreases with its input `x`, nor asks about it elsewhere.
bool growsWith(linalg::GenericOp stage, BlockArgument x) {
  llvm::SmallDenseSet<Value> grows{x};
  for (Operation &op : stage.getBlock()->without_terminator()) {
    unsigned count = llvm::count_if(op.getOperands(), [&](Value operand) { return grows.contains(operand); });
    if (count == 0 && op.getNumRegions() == 0)
      continue;
    if (count != 1 || !isa<arith::AddFOp, arith::MaximumFOp, arith::MinimumFOp>(op))
      return false;
    grows.insert(op.getResult(0));
  }
  return grows.contains(stage.getBlock()->getTerminator()->getOperand(0));
}

/// Whether each window has an element of the tensor inside its border: the border must not win, as it is none.
bool isInEachWindow(tensor::PadOp pad, AffineMap windows, ArrayRef<int64_t> ranges, unsigned parallel) {
  auto inside = pad.getSourceType();
  for (auto [dim, index] : llvm::enumerate(windows.getResults())) {
    int64_t low = pad.getStaticLow()[dim], extent = inside.getDimSize(dim);
    if (low == 0 && pad.getStaticHigh()[dim] == 0)
      continue;
    if (ShapedType::isDynamic(low) || ShapedType::isDynamic(extent) || ShapedType::isDynamic(pad.getStaticHigh()[dim]))
      return false;
    // stride * o + k, where one window follows the other without holes inside
    int64_t last = 0, window = 0;
    for (unsigned loop = 0; loop < ranges.size(); ++loop) {
      SmallVector<AffineExpr> unit(ranges.size(), getAffineConstantExpr(0, windows.getContext()));
      unit[loop] = getAffineConstantExpr(1, windows.getContext());
      auto step = dyn_cast<AffineConstantExpr>(index.replaceDims(unit));
      if (!step || ShapedType::isDynamic(ranges[loop]) || step.getValue() < 0 || (loop >= parallel && step.getValue() > 1))
        return false;
      (loop < parallel ? last : window) += step.getValue() * (ranges[loop] - 1);
    }
    if (window < low || last - low >= extent)
      return false;
  }
  return true;
}

struct Pooled {
  linalg::GenericOp stage; ///< element-wise, read by nothing but the pooling
  tensor::PadOp pad;       ///< between the two, or null
  OpOperand *x;            ///< of the stage, what it grows with
};

/// The dimensions in which pooling has windows.
llvm::SmallBitVector windowed(AffineMap windows) {
  llvm::SmallBitVector dims(windows.getNumResults());
  for (auto [dim, index] : llvm::enumerate(windows.getResults()))
    if (index != getAffineDimExpr(dim, windows.getContext()))
      dims.set(dim);
  return dims;
}

std::optional<Pooled> pooledStage(linalg::GenericOp pool) {
  Value read = pool.getDpsInputOperand(0)->get();
  Pooled pooled;
  pooled.pad = read.getDefiningOp<tensor::PadOp>();
  if (pooled.pad)
    read = pooled.pad.getSource();
  pooled.stage = read.getDefiningOp<linalg::GenericOp>();
  if (!pooled.stage || !read.hasOneUse() || (pooled.pad && !pooled.pad->hasOneUse()) || pooled.stage.getNumReductionLoops() > 0 ||
      pooled.stage.getNumResults() != 1 || pooled.stage.hasIndexSemantics() || !pooled.stage.getIndexingMapsArray().back().isIdentity())
    return std::nullopt;
  APFloat border(0.0f);
  if (pooled.pad && (!matchPattern(pooled.pad.getConstantPaddingValue(), m_ConstantFloat(&border)) || !border.isInfinity() || !border.isNegative()))
    return std::nullopt;
  AffineMap windows = pool.getMatchingIndexingMap(pool.getDpsInputOperand(0));
  unsigned rank = windows.getNumResults();
  bool keepsDims = rank == pool.getNumParallelLoops() && pool.getIndexingMapsArray().back() == AffineMap::getMultiDimIdentityMap(windows.getNumDims(), pool.getContext()).getMajorSubMap(rank);
  if (!keepsDims || (pooled.pad && !isInEachWindow(pooled.pad, windows, pool.getStaticLoopRanges(), pool.getNumParallelLoops())))
    return std::nullopt;
  llvm::SmallBitVector moves = windowed(windows);
  pooled.x = nullptr;
  for (OpOperand *operand : pooled.stage.getDpsInputOperands()) {
    AffineMap map = pooled.stage.getMatchingIndexingMap(operand);
    if (map.isIdentity() && operand->get().getType() == read.getType() && !pooled.x) {
      pooled.x = operand;
      continue;
    }
    for (int dim : moves.set_bits())
      if (map.isFunctionOfDim(dim))
        return std::nullopt;
  }
  return pooled.x && growsWith(pooled.stage, pooled.stage.getMatchingBlockArgument(pooled.x)) ? std::optional(pooled) : std::nullopt;
}

void swapWith(linalg::GenericOp pool, Pooled pooled, OpBuilder &builder) {
  linalg::GenericOp stage = pooled.stage;
  if (pooled.pad)
    pooled.pad.getSourceMutable().assign(pooled.x->get());
  else
    pool->setOperand(0, pooled.x->get());
  Value most = pool.getResult(0);
  builder.setInsertionPointAfter(pool);
  SmallVector<Value> inputs = stage.getInputs();
  inputs[pooled.x->getOperandNumber()] = most;
  auto type = cast<RankedTensorType>(most.getType());
  Value out = tensor::EmptyOp::create(builder, stage.getLoc(), tensor::getMixedSizes(builder, stage.getLoc(), most), type.getElementType());
  auto after = linalg::GenericOp::create(builder, stage.getLoc(), type, inputs, out, stage.getIndexingMapsArray(), stage.getIteratorTypesArray());
  after.getRegion().takeBody(stage.getRegion());
  after->setDiscardableAttrs(stage->getDiscardableAttrDictionary());
  most.replaceUsesWithIf(after.getResult(0), [&](OpOperand &use) { return use.getOwner() != after && !isa<tensor::DimOp>(use.getOwner()); });
  stage.erase();
}

} // namespace

void poolFirst(func::FuncOp function) {
  OpBuilder builder(function.getContext());
  for (auto pool : llvm::make_early_inc_range(function.getBody().front().getOps<linalg::GenericOp>()))
    if (isMaxPooling(pool))
      if (std::optional<Pooled> pooled = pooledStage(pool))
        swapWith(pool, *pooled, builder);
}

} // namespace weft
