// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads stages and loop names from a kernel function's operations.
#include "compiler/Schedule/KernelView.h"

#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace weft {

bool StageView::has(StringRef loop) const {
  return llvm::is_contained(loops, loop) || llvm::is_contained(reduction, loop);
}

int64_t StageView::extentOf(StringRef loop) const {
  for (auto [name, extent] : llvm::zip_equal(loops, extents))
    if (name == loop)
      return extent;
  for (auto [name, extent] : llvm::zip_equal(reduction, reductionExtents))
    if (name == loop)
      return extent;
  return -1;
}

int64_t StageView::turnsOf(StringRef loop) const {
  bool isWhole = cutLoop.empty() || llvm::find(reduction, loop) > llvm::find(reduction, cutLoop);
  return isWhole ? extentOf(loop) : -1;
}

const StageView *KernelView::onlyReduction() const {
  const StageView *found = nullptr;
  for (const StageView &stage : stages)
    if (stage.isReduction()) {
      if (found)
        return nullptr;
      found = &stage;
    }
  return found;
}

/// Trip counts of all loops; those nobody says are -1.
static SmallVector<int64_t> tripCounts(Operation *op, size_t loops) {
  SmallVector<int64_t> counts(loops, -1);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    for (auto [count, range] : llvm::zip(counts, linalgOp.getStaticLoopRanges()))
      count = ShapedType::isDynamic(range) ? -1 : range;
  else if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType()))
    for (auto [count, extent] : llvm::zip(counts, type.getShape()))
      count = ShapedType::isDynamic(extent) ? -1 : extent;
  return counts;
}

static std::optional<StageView> readStage(Operation &op) {
  auto name = op.getAttrOfType<StringAttr>("weft.stage");
  auto loops = op.getAttrOfType<ArrayAttr>("weft.loops");
  if (!name || !loops || op.getNumResults() != 1)
    return std::nullopt;
  StageView stage;
  stage.name = name.str();
  stage.op = &op;
  stage.inLanes = op.hasAttr("weft.lanes");
  if (auto partial = op.getAttrOfType<ArrayAttr>("weft.partial"); partial && !partial.empty())
    if (auto loop = dyn_cast<StringAttr>(partial[0]))
      stage.cutLoop = loop.str();
  SmallVector<int64_t> counts = tripCounts(&op, loops.size());
  auto result = cast<RankedTensorType>(op.getResult(0).getType());
  for (auto [index, loop] : llvm::enumerate(loops.getAsRange<StringAttr>())) {
    bool pure = int64_t(index) < result.getRank();
    (pure ? stage.loops : stage.reduction).push_back(loop.str());
    (pure ? stage.extents : stage.reductionExtents).push_back(counts[index]);
  }
  return stage;
}

KernelView KernelView::of(func::FuncOp function) {
  KernelView view;
  view.function = function;
  for (Operation &op : function.getBody().front())
    if (std::optional<StageView> stage = readStage(op))
      view.stages.push_back(std::move(*stage));
  return view;
}

} // namespace weft
