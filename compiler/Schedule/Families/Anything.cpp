// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The schedule of last resort as directives.
#include "compiler/Schedule/Families/Anything.h"
#include "dialects/Weft/Weft.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

/// Vectorises the innermost loop of a stage: whole if it is one vector, else in vectors with a predicated end, or, where
/// each row holds one of `lanes` at least, an end that repeats some of the last. Gives the names of the loops left outside.
static SmallVector<StringRef> vectorizeInnermost(StageBuilder &stage, const StageView &view, const Machine &machine,
                                                 int64_t lanes) {
  SmallVector<StringRef> outer = refs(view.loops);
  if (outer.empty())
    return outer;
  StringRef inner = outer.pop_back_val();
  int64_t extent = view.extents.back();
  if (extent == machine.vector) {
    stage.vectorize(inner);
    return outer;
  }
  if (lanes > 0)
    stage.split(inner, "vo", "vi", lanes, Tail::ShiftInwards).vectorize("vi");
  else
    stage.split(inner, "vo", "vi", machine.vector, Tail::Predicate).vectorize("vi");
  outer.push_back("vo");
  return outer;
}

/// A reduction over whole rows of its reader: neighbouring sums side by side in a vector, the reduction around them.
static void vectorizeSum(StageBuilder &stage, const StageView &view, const Machine &machine) {
  StringRef inner = view.loops.back();
  stage.split(inner, "so", "si", machine.vector, Tail::Predicate).vectorize("si");
  stage.onUpdate().split(inner, "so", "si", machine.vector, Tail::Predicate);
  SmallVector<StringRef> order{"so"};
  order.append(refs(view.reduction));
  order.push_back("si");
  stage.reorder(order).vectorize("si");
}

/// Whether `stage` has an element for each one of `out`: their loops differ in name at most. Two extents known at run time
/// only are taken for the same when their loops have one name (edges and vertices are both counted at run time).
static bool matches(const StageView &out, const StageView &stage) {
  if (out.loops.size() < 2 || stage.extents != out.extents)
    return false;
  for (auto [extent, a, b] : llvm::zip(out.extents, out.loops, stage.loops))
    if (extent < 0 && a != b)
      return false;
  return true;
}

/// Whether an edge reads `stage` at its source or at its own place: of any row, whatever row the reader is at.
static bool isReadElsewhere(const StageView &stage) {
  auto followsRow = [](AffineMap map) { return map.getNumResults() > 0 && map.getResult(0) == getAffineDimExpr(0, map.getContext()); };
  return llvm::any_of(stage.op->getUses(), [&](OpOperand &use) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner()))
      return !extract.getIndices().empty() && !extract.getIndices().front().getDefiningOp<linalg::IndexOp>();
    auto segments = dyn_cast<SegmentReduceOp>(use.getOwner());
    if (!segments)
      return false;
    unsigned first = segments.getInputs().getBeginOperandIndex(), place = use.getOperandNumber();
    return place >= first && place - first < segments.getInputs().size() && !followsRow(segments.getMaps()[place - first]);
  });
}

/// The innermost loop of `out` outside which everything `stage` needs is the same: they share a prefix of loops.
static StringRef commonLoop(const StageView &out, const StageView &stage, ArrayRef<StringRef> loops) {
  if (matches(out, stage))
    return out.loops[out.loops.size() - 2];
  StringRef common;
  for (auto [a, b] : llvm::zip(loops, stage.loops)) {
    if (a != b)
      break;
    common = a;
  }
  return common;
}

/// The loop that `index` follows: itself, or its place in a block (`ch mod 16`).
static std::optional<unsigned> followed(AffineExpr index) {
  if (auto lane = dyn_cast<AffineBinaryOpExpr>(index); lane && lane.getKind() == AffineExprKind::Mod)
    index = lane.getLHS();
  auto dim = dyn_cast<AffineDimExpr>(index);
  return dim ? std::optional(dim.getPosition()) : std::nullopt;
}

/// The loop of `out` along which an operand's elements are neighbours, where that is another than its own innermost one: a
/// transposition, or channels out of their blocks. Empty if there is none.
static StringRef turnedLoop(const StageView &out) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(out.op);
  if (!generic || out.isReduction() || out.loops.size() < 2)
    return {};
  for (OpOperand *input : generic.getDpsInputOperands()) {
    AffineMap map = generic.getMatchingIndexingMap(input);
    auto inner = map.getNumResults() == 0 ? std::nullopt : followed(map.getResults().back());
    bool readsInner = map.isFunctionOfDim(out.loops.size() - 1);
    if (inner && readsInner && *inner + 1 < out.loops.size() && out.extents[*inner] != 1)
      return out.loops[*inner];
  }
  return {};
}

/// Squares of a vector each way: the lines that one vector gathers its elements from serve the next ones.
static void turnSquares(StageBuilder &stage, StringRef turned, SmallVectorImpl<StringRef> &outer, const Machine &machine) {
  stage.split(turned, "to", "ti", machine.vector, Tail::Predicate);
  llvm::replace(outer, turned, StringRef("to"));
  SmallVector<StringRef> order(outer.begin(), outer.end());
  order.append({"ti", "vi"});
  stage.reorder(order);
}

ScheduleAttr scheduleAnything(const KernelView &kernel, const Machine &machine, int64_t lanes) {
  MLIRContext *context = kernel.getContext();
  SmallVector<StageAttr> stages;
  const StageView &out = kernel.output();
  StageBuilder last(context, out.name);
  SmallVector<StringRef> outer = vectorizeInnermost(last, out, machine, lanes);
  StringRef turned = outer.empty() || outer.back() != "vo" ? StringRef() : turnedLoop(out);
  if (!turned.empty())
    turnSquares(last, turned, outer, machine);
  auto outside = ArrayRef(out.loops).drop_back(out.loops.empty() ? 0 : 1);
  auto shared = llvm::find_if(outside, [&](StringRef loop) {
    int64_t extent = out.extentOf(loop);
    return extent < 0 || extent > (loop == turned ? machine.vector : 1);
  });
  if (shared != outside.end())
    last.parallel(*shared == turned ? "to" : *shared);
  for (const StageView &view : ArrayRef(kernel.stages).drop_back()) {
    if (!view.isReduction())
      continue; // inlined
    StageBuilder stage(context, view.name);
    StringRef at = isReadElsewhere(view) ? StringRef() : commonLoop(out, view, outer);
    if (at.empty())
      stage.computeRoot();
    else
      stage.computeAt(out.name, at);
    if (matches(out, view) && !view.inLanes)
      vectorizeSum(stage, view, machine);
    stages.push_back(stage.get());
  }
  stages.push_back(last.get());
  return ScheduleAttr::get(context, stages);
}

} // namespace weft
