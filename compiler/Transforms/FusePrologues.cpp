// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, second pass: element-wise operations before a convolution, a window, a softmax or a scatter move into its kernel.
//
// What follows a convolution joins it for free (FormGroups.cpp). What stands before one, `conv(relu(batchnorm(x)))`, is a
// kernel of its own and a second tensor as large as x while others still need x: each layer of a DenseNet reads all
// before it. The convolution applies it to what it reads instead, one strip of rows at a time, each strip once. Where x
// dies the operations work in place, but then this saves a pass over memory. Padding goes the same way: as zeros that are
// written behind the activation, and around the caller's image, which has no border and would be copied to one that has.
// A softmax prepares one row at a time: what attention adds and masks are maps as large as its own, often beyond the caches. A scatter
// prepares one term at a time: messages of a graph network, picked and weighted for each edge, are never stored.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Chains/MergeGroups.h"
#include "compiler/Transforms/Passes.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FUSEPROLOGUES
#include "compiler/Transforms/Passes.h.inc"

namespace {

bool isGather(Operation *op) { return isa<GatherOp, GatherElementsOp>(op); }

/// A group of element-wise operations, or of elements picked by index and what is made of them, with one reader.
bool isPrologue(GroupOp group) {
  return group.getNumResults() == 1 && group.getResult(0).hasOneUse() &&
         llvm::all_of(group.getBody().front().without_terminator(), [](Operation &op) { return isPointwise(&op) || isGather(&op); });
}

/// Whether it reads one tensor of its result's type beside weights.
bool readsOneTensor(GroupOp group) {
  Type type = group.getResult(0).getType();
  unsigned tensors = 0;
  for (Value input : group.getInputs()) {
    if (isRecipe(input))
      continue;
    if (input.getType() != type)
      return false;
    ++tensors;
  }
  return tensors == 1;
}

/// Whether a convolution can prepare what it reads: packed, on planes of more than a pixel.
bool takesPrologue(ConvOp conv) {
  RankedTensorType y = tensorOf(conv.getY());
  return conv.getAlgorithm() == Algorithm::Direct && conv.getSpatialRank() == 2 &&
         y.getNumElements() > y.getDimSize(0) * y.getDimSize(1);
}

/// Whether windows read each element once at most, so that it is prepared where it is read.
bool readsOnce(Operation *op) {
  auto isApart = [](auto window) {
    return llvm::all_of(llvm::zip_equal(window.getKernel(), window.getStride()),
                        [](auto taps) { return std::get<0>(taps) <= std::get<1>(taps); }) &&
           llvm::all_of(window.getPad(), [](int64_t pad) { return pad == 0; }) &&
           llvm::all_of(window.getDilation(), [](int64_t dilation) { return dilation == 1; });
  };
  auto maximum = dyn_cast<MaxpoolOp>(op);
  auto average = dyn_cast<AvgpoolOp>(op);
  bool isWhole = isa<GlobalAvgpoolOp, GlobalMaxpoolOp>(op) || sumsPlanes(op);
  return isBlocked(op->getOperand(0).getType()) && (isWhole || (maximum && isApart(maximum)) || (average && isApart(average)));
}

bool isPadded(ConvOp conv) {
  return llvm::any_of(conv.getPad(), [](int64_t pad) { return pad != 0; });
}

/// Zeros around what `conv` reads become an operation of its group.
void padInside(ConvOp conv) {
  if (!isPadded(conv))
    return;
  OpBuilder builder(conv);
  auto type = cast<RankedTensorType>(conv.getX().getType());
  ArrayRef<int64_t> pad = conv.getPad();
  unsigned rank = conv.getSpatialRank();
  SmallVector<int64_t> low(type.getRank(), 0), high(low), shape(type.getShape());
  for (unsigned d = 0; d < rank; ++d) {
    low[2 + d] = pad[d];
    high[2 + d] = pad[rank + d];
    shape[2 + d] += low[2 + d] + high[2 + d];
  }
  auto padded = RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
  conv.getXMutable().assign(PadOp::create(
      builder, conv.getLoc(), padded, conv.getX(), builder.getDenseI64ArrayAttr(low), builder.getDenseI64ArrayAttr(high),
      PadModeAttr::get(builder.getContext(), PadMode::Constant), builder.getF64FloatAttr(0)));
  conv.setPad(SmallVector<int64_t>(2 * rank, 0));
}

/// Whether a tensor is the caller's memory, perhaps seen through views.
bool isCallers(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isViewOp(op) || isa<ConcatOp, PadOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return true;
}

/// The convolution that reads few channels, row-major, beyond the edges of their planes.
ConvOp imageReader(GroupOp group) {
  auto conv = dyn_cast<ConvOp>(group.getBody().front().front());
  bool isPlanar = conv && conv.getAlgorithm() == Algorithm::Planar; // no row-major tensor has a border
  if (!conv || (conv.getAlgorithm() != Algorithm::First && !isPlanar) || conv.getSpatialRank() != 2 || !isPadded(conv))
    return {};
  auto argument = dyn_cast<BlockArgument>(conv.getX());
  bool fits = argument && (isPlanar || (argument.hasOneUse() && isCallers(group.getInputs()[argument.getArgNumber()])));
  return fits ? conv : ConvOp();
}

/// Whether an operation prepares the rows it reads, neighbours in memory.
bool preparesRows(Operation *op) {
  if (!isa<SoftmaxOp, LogSoftmaxOp>(op))
    return false;
  RankedTensorType x = tensorOf(op->getOperand(0));
  return !isBlocked(x) && op->getAttrOfType<IntegerAttr>("axis").getInt() == x.getRank() - 1;
}

/// The group whose convolution, window or softmax is the only reader of `prologue`, and prepares what it reads.
GroupOp readerOf(GroupOp prologue) {
  OpOperand &use = *prologue.getResult(0).getUses().begin();
  auto reader = dyn_cast<GroupOp>(use.getOwner());
  if (!reader)
    return {};
  BlockArgument argument = reader.getBody().getArgument(use.getOperandNumber());
  if (!argument.hasOneUse())
    return {};
  OpOperand &inside = *argument.getUses().begin();
  if (auto scatter = dyn_cast<ScatterOp>(inside.getOwner())) // reads each update once, whichever way it comes
    return inside.getOperandNumber() == scatter.getUpdatesMutable().getOperandNumber() ? reader : GroupOp();
  if (isGather(&prologue.getBody().front().front()))
    return {};
  auto conv = dyn_cast<ConvOp>(inside.getOwner());
  bool takes = conv                          ? takesPrologue(conv) && readsOneTensor(prologue)
               : readsOnce(inside.getOwner()) ? readsOneTensor(prologue)
                                              : preparesRows(inside.getOwner());
  return takes && inside.getOperandNumber() == 0 ? reader : GroupOp();
}

/// One group that does what both did, in place of `reader`.
void merge(GroupOp prologue, GroupOp reader) {
  GroupOp merged = joinGroups({prologue, reader}, reader.getLoc(), reader.getPath().str());
  for (auto conv : merged.getBody().getOps<ConvOp>())
    padInside(conv);
}

struct FusePrologues : impl::FuseProloguesBase<FusePrologues> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      SmallVector<GroupOp> prologues;
      for (auto group : function.getBody().front().getOps<GroupOp>())
        if (isPrologue(group))
          prologues.push_back(group);
      for (GroupOp prologue : prologues)
        if (GroupOp reader = readerOf(prologue)) {
          merge(prologue, reader);
          ++numFused;
        }
      for (auto group : function.getBody().front().getOps<GroupOp>())
        if (ConvOp conv = imageReader(group)) {
          padInside(conv);
          ++numPadded;
        }
    }
  }
};

} // namespace
} // namespace weft
