// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Bodies are cloned one behind the other; arguments become what they stand for.
#include "compiler/Transforms/Chains/MergeGroups.h"

#include "compiler/Schedule/WeightsBudget.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace weft {
namespace {

/// Packs the weight of a convolution by Winograd's or Strassen's algorithm for the direct algorithm, in the group and before it.
void makeDirect(GroupOp group) {
  for (ConvOp conv : group.getBody().getOps<ConvOp>()) {
    if (!savesProducts(conv.getAlgorithm()))
      continue;
    auto argument = cast<BlockArgument>(conv.getWeight());
    Value packed = group.getInputs()[argument.getArgNumber()];
    conv.setAlgorithm(Algorithm::Direct);
    Operation *filter = packed.getDefiningOp();
    if (!isa_and_nonnull<WinogradFilterOp, StrassenFilterOp>(filter)) // its kernel would have transformed it
      continue;
    int64_t block = getBlocked(conv.getY().getType()).getBlock();
    OpBuilder builder(group);
    Value direct = PackFilterOp::create(builder, conv.getLoc(), filter->getOperand(0), block, block);
    group.getInputsMutable()[argument.getArgNumber()].set(direct);
    argument.setType(direct.getType());
    if (filter->use_empty())
      filter->erase();
  }
}

/// Zeros that a group puts around what a convolution reads are its padding again: a chain keeps them in line buffers.
void makePadding(GroupOp group) {
  for (ConvOp conv : llvm::make_early_inc_range(group.getBody().getOps<ConvOp>())) {
    auto pad = conv.getX().getDefiningOp<PadOp>();
    if (!pad)
      continue;
    SmallVector<int64_t> around(pad.getLow().drop_front(2));
    llvm::append_range(around, pad.getHigh().drop_front(2));
    conv.getXMutable().assign(pad.getX());
    conv.setPad(around);
    if (pad->use_empty())
      pad->erase();
  }
}

/// The concatenation of `parts` where there is one before `place`, else a new one.
Value joined(ConcatOp part, ArrayRef<Value> parts, Operation *place) {
  for (Operation *user : parts.front().getUsers())
    if (auto known = dyn_cast<ConcatOp>(user); known && llvm::equal(known.getXs(), parts) &&
                                               known.getAxis() == part.getAxis() && known->isBeforeInBlock(place))
      return known.getY();
  auto whole = cast<RankedTensorType>(part.getY().getType());
  SmallVector<int64_t> shape(whole.getShape());
  shape[part.getAxis()] = 0;
  for (Value x : parts)
    shape[part.getAxis()] += cast<RankedTensorType>(x.getType()).getDimSize(part.getAxis());
  OpBuilder builder(place);
  auto type = RankedTensorType::get(shape, whole.getElementType(), whole.getEncoding());
  return ConcatOp::create(builder, part.getLoc(), type, parts, part.getAxis());
}

/// What a concatenation joins from outside lies in memory already: neighbours become one argument of the chain.
void joinOutside(ConcatOp concat, const llvm::DenseSet<Operation *> &inside, Operation *place) {
  SmallVector<Value> parts, run;
  auto endRun = [&] {
    if (!run.empty())
      parts.push_back(run.size() == 1 ? run.front() : joined(concat, run, place));
    run.clear();
  };
  for (Value x : concat.getXs()) {
    if (!inside.contains(x.getDefiningOp())) {
      run.push_back(x);
      continue;
    }
    endRun();
    parts.push_back(x);
  }
  endRun();
  concat.getXsMutable().assign(parts);
}

std::string pathOfChain(ArrayRef<Operation *> members) {
  GroupOp first, last;
  for (Operation *op : members)
    if (auto group = dyn_cast<GroupOp>(op)) {
      first = first ? first : group;
      last = group;
    }
  return (first.getPath() + ".." + last.getPath()).str();
}

/// Values from outside in the order they are read.
llvm::SetVector<Value> inputsOf(ArrayRef<Operation *> members) {
  llvm::DenseSet<Operation *> inside(members.begin(), members.end());
  llvm::SetVector<Value> inputs;
  for (Operation *op : members)
    for (Value operand : op->getOperands())
      if (!inside.contains(operand.getDefiningOp()))
        inputs.insert(operand);
  return inputs;
}

void cloneBody(OpBuilder &builder, GroupOp group, IRMapping &mapping) {
  IRMapping within;
  for (auto [argument, input] : llvm::zip_equal(group.getBody().getArguments(), group.getInputs()))
    within.map(argument, mapping.lookup(input));
  for (Operation &op : group.getBody().front().without_terminator())
    builder.clone(op, within);
  for (auto [result, value] : llvm::zip_equal(group.getResults(), group.getYield().getValues()))
    mapping.map(result, within.lookup(value));
}

} // namespace

GroupOp joinGroups(ArrayRef<Operation *> members, Location loc, StringRef path) {
  llvm::SetVector<Value> inputs = inputsOf(members);
  Operation *last = members.back();
  OpBuilder builder(last);
  auto joined = GroupOp::create(builder, loc, last->getResultTypes(), path, inputs.getArrayRef());
  Block *block = builder.createBlock(&joined.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, block->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : members) {
    if (auto group = dyn_cast<GroupOp>(op))
      cloneBody(builder, group, mapping);
    else
      builder.clone(*op, mapping);
  }
  SmallVector<Value> yielded;
  for (Value result : last->getResults())
    yielded.push_back(mapping.lookup(result));
  YieldOp::create(builder, last->getLoc(), yielded);
  last->replaceAllUsesWith(joined.getResults());
  for (Operation *op : llvm::reverse(members))
    op->erase();
  return joined;
}

GroupOp mergeGroups(ArrayRef<Operation *> members, DictionaryAttr choice) {
  llvm::DenseSet<Operation *> inside(members.begin(), members.end());
  for (Operation *op : members) {
    if (auto group = dyn_cast<GroupOp>(op)) {
      makeDirect(group);
      makePadding(group);
    } else if (auto concat = dyn_cast<ConcatOp>(op)) {
      joinOutside(concat, inside, members.back());
    }
  }
  GroupOp chain = joinGroups(members, members.front()->getLoc(), pathOfChain(members));
  chain->setAttr("choice", choice);
  return chain;
}

} // namespace weft
