// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How strips are chosen and written as directives.
#include "compiler/Schedule/Families/Strips.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

/// What a strip's prepared input may take: it stays in the second-level cache beside the weights that pass.
constexpr int64_t stripBytes = 192 << 10;
/// Strips one thread works on before another could take them.
constexpr int64_t stripsForThreads = 4;

bool hasPrologue(ConvOp conv) {
  Operation *maker = conv.getX().getDefiningOp();
  return maker && isa<GroupOp>(conv->getParentOp()) && maker->getBlock() == conv->getBlock();
}

Strips chooseStrips(int64_t height, int64_t rowBytes) {
  int64_t most = std::clamp<int64_t>(stripBytes / std::max<int64_t>(rowBytes, 1), 1, height);
  int64_t count = llvm::divideCeil(height, most);
  return {int64_t(llvm::divideCeil(height, count)), count >= stripsForThreads};
}

const StageView *prologueOf(const KernelView &kernel) {
  const StageView *reduction = kernel.onlyReduction(), *first = &kernel.stages.front();
  bool stands = reduction && reduction != first && !first->isReduction() && kernel.stages.size() == 3;
  return stands && kernel.output().loops.size() == 5 ? first : nullptr;
}

ScheduleAttr scheduleStrips(const KernelView &kernel, const Nest &nest, const Strips &strips) {
  const StageView &out = kernel.output(), &prologue = *prologueOf(kernel);
  StageBuilder stage(kernel.getContext(), out.name);
  StringRef level = "strip", blocks = "cb", row = "x";
  stage.split("y", "strip", "row", strips.rows, Tail::Predicate);
  SmallVector<StringRef> inner;
  if (nest.cb > 1) {
    stage.split("cb", "cbo", "cbi", nest.cb, Tail::ShiftInwards);
    blocks = "cbo";
    inner.push_back("cbi");
  }
  if (nest.x > 1) {
    stage.split("x", "xo", "xi", nest.x, Tail::ShiftInwards);
    row = "xo";
    inner.push_back("xi");
  }
  SmallVector<StringRef> order{"n", "strip", blocks, "row", row};
  order.append(inner);
  order.push_back("c");
  stage.reorder(order).vectorize("c");
  for (StringRef loop : llvm::reverse(inner))
    stage.unroll(loop);
  if (out.extentOf("n") != 1) {
    stage.fuse("n", "strip", "t0");
    level = "t0";
  }
  stage.parallel(strips.forThreads ? level : blocks);

  StageBuilder before(kernel.getContext(), prologue.name);
  before.computeAt(out.name, level).vectorize("c");
  return ScheduleAttr::get(kernel.getContext(),
                           {before.get(), scheduleReduction(kernel, *kernel.onlyReduction(), nest, row), stage.get()});
}

} // namespace weft
