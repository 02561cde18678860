// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Element-wise stages in a row become one, so that what follows a contraction is one epilogue with one name.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace weft {
namespace {

constexpr size_t longestStageName = 40;

/// What `x * sigmoid(x)` has become, once `sigmoid` is part of it, reads `x` twice: one input serves both.
linalg::GenericOp readEachOnce(linalg::GenericOp stage, IRRewriter &rewriter) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  llvm::BitVector repeated(stage.getBlock()->getNumArguments());
  SmallVector<BlockArgument> arguments;
  for (OpOperand *operand : stage.getDpsInputOperands()) {
    AffineMap map = stage.getMatchingIndexingMap(operand);
    BlockArgument argument = stage.getMatchingBlockArgument(operand);
    size_t earlier = 0;
    while (earlier < inputs.size() && (inputs[earlier] != operand->get() || maps[earlier] != map))
      ++earlier;
    if (earlier < inputs.size()) {
      argument.replaceAllUsesWith(arguments[earlier]);
      repeated.set(argument.getArgNumber());
      continue;
    }
    inputs.push_back(operand->get());
    maps.push_back(map);
    arguments.push_back(argument);
  }
  if (repeated.none())
    return stage;
  for (OpOperand &result : stage.getDpsInitsMutable())
    maps.push_back(stage.getMatchingIndexingMap(&result));
  rewriter.setInsertionPoint(stage);
  auto merged = linalg::GenericOp::create(rewriter, stage.getLoc(), stage.getResultTypes(), inputs, stage.getDpsInits(), maps,
                                          stage.getIteratorTypesArray());
  merged.getRegion().takeBody(stage.getRegion());
  merged.getBlock()->eraseArguments(repeated);
  merged->setDiscardableAttrs(stage->getDiscardableAttrDictionary());
  rewriter.replaceOp(stage, merged);
  return merged;
}

/// A stage that only one other reads, element-wise too. Reductions keep their operands: recomputing those is for the
/// schedule to decide. So do stages that depend on where they are: unless the reader is at the same place.
bool isFusable(OpOperand &operand) {
  auto producer = operand.get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand.getOwner());
  if (!producer || !consumer || !consumer.isDpsInput(&operand))
    return false;
  AffineMap map = consumer.getMatchingIndexingMap(&operand);
  return operand.get().hasOneUse() && (!producer.hasIndexSemantics() || map.isIdentity()) &&
         producer.getNumReductionLoops() == 0 && consumer.getNumReductionLoops() == 0 &&
         map.isPermutation() &&
         linalg::areElementwiseOpsFusable(&operand);
}

/// A fused stage is called after its parts.
Attribute fusedName(linalg::GenericOp producer, linalg::GenericOp consumer) {
  auto first = producer->getAttrOfType<StringAttr>("weft.stage"),
       second = consumer->getAttrOfType<StringAttr>("weft.stage");
  if (first.size() + second.size() + 1 > longestStageName)
    return second;
  return StringAttr::get(first.getContext(), first.getValue() + "_" + second.getValue());
}

/// The place of a fused stage in its reader is the reader's own: upstream asks a map for it.
void dropMapsOfPlaces(Operation *fused, IRRewriter &rewriter) {
  fused->walk([&](affine::AffineApplyOp apply) {
    SmallVector<Value> place;
    if (succeeded(rewriter.tryFold(apply, place)))
      rewriter.replaceOp(apply, place);
  });
}

bool fuseInto(linalg::GenericOp consumer, IRRewriter &rewriter) {
  consumer = readEachOnce(consumer, rewriter);
  for (OpOperand &operand : consumer->getOpOperands()) {
    if (!isFusable(operand))
      continue;
    auto producer = operand.get().getDefiningOp<linalg::GenericOp>();
    Attribute name = fusedName(producer, consumer), loops = consumer->getAttr("weft.loops");
    rewriter.setInsertionPoint(consumer);
    FailureOr<linalg::ElementwiseOpFusionResult> fused = linalg::fuseElementwiseOps(rewriter, &operand);
    if (failed(fused))
      continue;
    dropMapsOfPlaces(fused->fusedOp, rewriter);
    fused->fusedOp->setAttr("weft.stage", name);
    fused->fusedOp->setAttr("weft.loops", loops);
    for (auto [from, to] : fused->replacements)
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(consumer);
    if (producer->use_empty())
      rewriter.eraseOp(producer);
    return true;
  }
  return false;
}

} // namespace

void fuseStages(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<linalg::GenericOp> stages(function.getBody().front().getOps<linalg::GenericOp>());
    for (linalg::GenericOp stage : llvm::reverse(stages))
      if ((changed = fuseInto(stage, rewriter)))
        break;
  }
}

} // namespace weft
