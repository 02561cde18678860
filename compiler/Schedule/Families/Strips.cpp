// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How strips are chosen and written as directives.
#include "compiler/Schedule/Families/Strips.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

/// Strips one thread works on before another could take them.
constexpr int64_t stripsForThreads = 4;
/// Where there would be fewer, so many are made, but of no fewer rows and of no fewer times those that neighbours both prepare.
constexpr int64_t enoughStrips = 8, fewestRowsOfStrip = 4, timesShared = 4;

bool hasPrologue(ConvOp conv) {
  Operation *maker = conv.getX().getDefiningOp();
  return maker && isa<GroupOp>(conv->getParentOp()) && maker->getBlock() == conv->getBlock();
}

/// Rows, at most `most` and at least half of that, with which two threads have as much to do as can be.
static int64_t evenRows(int64_t height, int64_t most) {
  int64_t best = most, least = height;
  for (int64_t rows = most; 2 * rows >= most && rows > 0; --rows) {
    int64_t first = llvm::divideCeil(height, rows) / 2 * rows, larger = std::max(first, height - first);
    if (larger < least) {
      least = larger;
      best = rows;
    }
  }
  return best;
}

Strips chooseStrips(int64_t height, int64_t rowBytes, int64_t stripBytes, bool forThreads, int64_t sharedRows) {
  int64_t most = std::clamp<int64_t>(stripBytes / std::max<int64_t>(rowBytes, 1), 1, height);
  int64_t count = llvm::divideCeil(height, most);
  if (forThreads && count < stripsForThreads) {
    int64_t fewest = std::max(fewestRowsOfStrip, timesShared * sharedRows);
    most = std::min(most, std::max<int64_t>(llvm::divideCeil(height, enoughStrips), fewest));
    count = llvm::divideCeil(height, most);
  }
  if (count >= stripsForThreads || (forThreads && count > 1)) // such a filter has no more blocks to share
    return {evenRows(height, most), true};
  return {int64_t(llvm::divideCeil(height, count)), false};
}

void appendStrips(ConvOp conv, const ConvShape &shape, int64_t pixelBytes, int64_t weightBytes, int64_t stripBytes,
                  SmallVectorImpl<std::pair<StringRef, int64_t>> &values) {
  int64_t width = cast<RankedTensorType>(conv.getX().getType()).getShape().back();
  int64_t rowBytes = width * shape.stride.front() * pixelBytes;
  int64_t sharedRows = (shape.kernel.front() - 1) * shape.dilation.front() + 1 - shape.stride.front();
  Strips strips = chooseStrips(shape.height, rowBytes, stripBytes, weightBytes <= rowBytes * shape.height, sharedRows);
  values.push_back({"rows", strips.rows});
  if (strips.forThreads)
    values.push_back({"threads_take_rows", 1});
}

std::optional<Strips> stripsOf(const KernelView &kernel, DictionaryAttr choice) {
  int64_t rows = parameter(choice, "rows");
  if (rows <= 0 || !prologueOf(kernel))
    return std::nullopt;
  return Strips{rows, parameter(choice, "threads_take_rows") != 0};
}

const StageView *prologueOf(const KernelView &kernel) {
  const StageView *reduction = kernel.onlyReduction();
  bool stands = reduction && reduction != &kernel.stages.front() && reduction == &kernel.stages[kernel.stages.size() - 2];
  return stands && kernel.output().loops.size() == 5 ? reduction - 1 : nullptr;
}

/// Columns of the picture from one result to the next.
static int64_t columnsBetween(const StageView &picture, const StageView &sum) {
  return sum.extentOf("x") > 1 ? picture.extentOf("x") / sum.extentOf("x") : 0;
}

/// What lies inside the padding of `picture`: a border, or a stage that asks for each point whether it is one of those.
static Value insideOf(const StageView &picture) {
  if (auto pad = dyn_cast<tensor::PadOp>(picture.op))
    return pad.getSource();
  auto generic = dyn_cast<linalg::GenericOp>(picture.op);
  auto pick = generic ? generic.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::SelectOp>() : arith::SelectOp();
  auto pixel = pick ? pick.getTrueValue().getDefiningOp<tensor::ExtractOp>() : tensor::ExtractOp();
  bool pads = pixel && pick.getFalseValue().getDefiningOp<arith::ConstantOp>();
  return pads ? pixel.getTensor() : Value();
}

StringRef pictureInPlace(const StageView &picture, const StageView &sum, const Machine &machine) {
  auto operand = dyn_cast_or_null<BlockArgument>(insideOf(picture));
  auto function = sum.op->getParentOfType<func::FuncOp>();
  bool pays = machine.readsInPlace(columnsBetween(picture, sum)) && picture.op->hasOneUse() && picture.loops.back() == "x" && sum.has("ic");
  if (!pays || !operand || operand.getOwner()->getParentOp() != function)
    return {};
  auto name = function.getArgAttrOfType<StringAttr>(operand.getArgNumber(), "weft.name");
  return name ? name.getValue() : StringRef();
}

int64_t linesInPlace(const StageView &picture, const StageView &sum, int64_t pixels) {
  return linesOfRow(pixels, columnsBetween(picture, sum));
}

ScheduleAttr scheduleStrips(const KernelView &kernel, const Nest &nest, const Strips &strips, const Machine &machine) {
  const StageView &out = kernel.output(), &prologue = *prologueOf(kernel), &reduction = *kernel.onlyReduction();
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

  if (!pictureInPlace(prologue, reduction, machine).empty()) {
    Nest fetching = nest;
    fetching.inputLines = linesInPlace(prologue, reduction, nest.x);
    return ScheduleAttr::get(kernel.getContext(), {scheduleReduction(kernel, reduction, fetching, row, machine), stage.get()});
  }
  StageBuilder before(kernel.getContext(), prologue.name);
  before.computeAt(out.name, level);
  if (!strips.forThreads && prologue.has("cb"))
    before.parallel("cb");
  if (prologue.loops.back() == "c")
    before.vectorize("c");
  else
    before.split("x", "xv", "xl", machine.vector, tailOfPlainRow).vectorize("xl");
  return ScheduleAttr::get(kernel.getContext(),
                           {before.get(), scheduleReduction(kernel, reduction, nest, row, machine), stage.get()});
}

} // namespace weft
