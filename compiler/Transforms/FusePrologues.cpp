// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, second pass: element-wise operations before a convolution move into its kernel.
//
// What follows a convolution joins it for free (FormGroups.cpp). What stands before one, `conv(relu(batchnorm(x)))`, is a
// kernel of its own and a second tensor as large as x while others still need x: each layer of a DenseNet reads all
// before it. A convolution without padding applies it to what it reads instead, one strip of rows at a time, each strip
// once. Where x dies the operations work in place, but then this saves a pass over memory.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FUSEPROLOGUES
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// A group of element-wise operations that reads one tensor of its result's type beside weights.
bool isPrologue(GroupOp group) {
  if (group.getNumResults() != 1 || !group.getResult(0).hasOneUse())
    return false;
  for (Operation &op : group.getBody().front().without_terminator())
    if (!isPointwise(&op))
      return false;
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

/// Whether a convolution can apply a prologue while it reads: packed, on planes, each strip of its input read by one
/// strip of its result. Padding would have to stay zero, which no scale and shift keeps.
bool takesPrologue(ConvOp conv) {
  auto isZero = [](int64_t pad) { return pad == 0; };
  return conv.getAlgorithm() == Algorithm::Direct && conv.getSpatialRank() == 2 &&
         llvm::all_of(conv.getPad(), isZero) && conv.getKernel() == SmallVector<int64_t>{1, 1} &&
         tensorOf(conv.getY()).getNumElements() > tensorOf(conv.getY()).getDimSize(0) * tensorOf(conv.getY()).getDimSize(1);
}

/// The group whose convolution is the only reader of `prologue`.
GroupOp readerOf(GroupOp prologue) {
  OpOperand &use = *prologue.getResult(0).getUses().begin();
  auto reader = dyn_cast<GroupOp>(use.getOwner());
  if (!reader)
    return {};
  BlockArgument argument = reader.getBody().getArgument(use.getOperandNumber());
  if (!argument.hasOneUse())
    return {};
  OpOperand &inside = *argument.getUses().begin();
  auto conv = dyn_cast<ConvOp>(inside.getOwner());
  return conv && inside.getOperandNumber() == 0 && takesPrologue(conv) ? reader : GroupOp();
}

/// One group that does what both did, in place of `reader`.
void merge(GroupOp prologue, GroupOp reader) {
  OpBuilder builder(reader);
  llvm::SetVector<Value> inputs(prologue.getInputs().begin(), prologue.getInputs().end());
  for (Value input : reader.getInputs())
    if (input != prologue.getResult(0))
      inputs.insert(input);
  auto merged = GroupOp::create(builder, reader.getLoc(), reader.getResultTypes(), reader.getPath(), inputs.getArrayRef());
  Block *block = builder.createBlock(&merged.getBody());
  llvm::DenseMap<Value, Value> arguments;
  for (Value input : inputs)
    arguments[input] = block->addArgument(input.getType(), input.getLoc());
  IRMapping mapping;
  auto enter = [&](GroupOp group) {
    for (auto [input, argument] : llvm::zip_equal(group.getInputs(), group.getBody().getArguments()))
      if (Value inside = arguments.lookup(input))
        mapping.map(argument, inside);
    for (Operation &op : group.getBody().front().without_terminator())
      builder.clone(op, mapping);
  };
  enter(prologue);
  arguments[prologue.getResult(0)] = mapping.lookup(prologue.getYield().getValues()[0]);
  enter(reader);
  SmallVector<Value> yielded;
  for (Value value : reader.getYield().getValues())
    yielded.push_back(mapping.lookup(value));
  YieldOp::create(builder, reader.getLoc(), yielded);
  reader.replaceAllUsesWith(merged.getResults());
  reader.erase();
  prologue.erase();
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
    }
  }
};

} // namespace
} // namespace weft
