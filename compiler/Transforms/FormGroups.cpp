// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, first pass: operations become groups, one kernel each.
//
// A group grows forward from its head. In program order, every element-wise operation of the result's shape that reads
// a value of the group may join; the group is cut at the last operation after which exactly one value leaves it. So
// nothing is computed twice, `x * sigmoid(x)` is one kernel although x is read twice, and a residual sum joins the
// convolution that comes first, reading the other branch as an operand. As only the last value leaves, no operand can
// depend on the group. A group of element-wise operations alone also takes what only it reads: `a * b + c * d` is one kernel.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"

#include "llvm/ADT/SetVector.h"

#include <set>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_FORMGROUPS
#include "compiler/Transforms/Passes.h.inc"

namespace {

using OpSet = llvm::SmallSetVector<Operation *, 8>;

/// Operations that may be added to a group before it is cut; longer chains are worth no more.
constexpr size_t largestGroup = 24;

/// Operations of a group's result, written out as one expression: sums of a value with itself double it at each step.
constexpr int64_t longestExpression = 256;

bool isComputed(Operation *op, const llvm::DenseSet<Value> &recipes) {
  if (!isa<WeftDialect>(op->getDialect()) || isa<WeightOp, ConstantOp, YieldOp, GroupOp>(op))
    return false;
  return !isViewOp(op) && !llvm::all_of(op->getResults(), [&](Value result) { return recipes.contains(result); });
}

/// Whether element-wise operations may follow `head` in its kernel.
bool hasEpilogue(Operation *head) {
  return isPointwise(head) || isContraction(head) || isWindow(head) || sumsPlanes(head) || isChannelNorm(head) ||
         isa<AggregateOp, ScatterOp, GatherOp, GatherElementsOp, RelayoutOp, DepthToSpaceOp, ResampleOp, ConcatOp, SliceOp>(head);
}

class GroupFormer {
public:
  explicit GroupFormer(func::FuncOp function) : body(function.getBody().front()), recipes(recipesIn(body)) {}

  void run() {
    SmallVector<Operation *> heads;
    for (Operation &op : body)
      if (isComputed(&op, recipes))
        heads.push_back(&op);
    for (Operation *op : heads)
      if (!grouped.contains(op))
        groups.push_back(grow(op));
    for (OpSet &members : groups)
      remarkWhyAlone(members.front());
    for (OpSet &members : groups)
      outline(members);
  }

  unsigned fused = 0;
  SmallVector<OpSet> groups;

private:
  OpSet grow(Operation *head) {
    OpSet members, best;
    members.insert(head);
    best = members;
    auto isEarlier = [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); };
    std::set<Operation *, decltype(isEarlier)> readers; // of the members, those behind the last that was looked at
    if (hasEpilogue(head))
      readers.insert(head->user_begin(), head->user_end());
    while (!readers.empty() && members.size() < largestGroup) {
      Operation *op = *readers.begin();
      readers.erase(readers.begin());
      if (!joins(op, head->getResult(0).getType()))
        continue;
      if (isPointwise(head))
        takeOperands(op, members);
      if (!fits(op, members))
        continue;
      members.insert(op);
      readers.insert(op->user_begin(), op->user_end());
      if (escapesOnlyThrough(op, members))
        best = members;
    }
    for (Operation *op : best)
      grouped.insert(op);
    fused += best.size() - 1;
    return best;
  }

  /// Adds to the members, before `op` which will be one, the element-wise operations that it alone reads, unless a kernel before them takes them.
  void takeOperands(Operation *op, OpSet &members) {
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || members.contains(producer) || !operand.hasOneUse() || !joins(producer, op->getResult(0).getType()) ||
          members.size() >= largestGroup)
        continue;
      bool isFirst = llvm::all_of(producer->getOperands(), [&](Value read) {
        Operation *before = read.getDefiningOp();
        return !before || members.contains(before) || grouped.contains(before) || !isComputed(before, recipes);
      });
      if (isFirst && fits(producer, members))
        members.insert(producer);
    }
  }

  /// Whether the expression of `op` stays short enough with those of the members it reads; remembers its length.
  bool fits(Operation *op, const OpSet &members) {
    int64_t length = 1;
    for (Value operand : op->getOperands())
      if (members.contains(operand.getDefiningOp()))
        length += lengths.lookup_or(operand.getDefiningOp(), 1);
    lengths[op] = length;
    return length <= longestExpression;
  }

  bool joins(Operation *op, Type type) {
    return isPointwise(op) && op->getResult(0).getType() == type && !grouped.contains(op) && isComputed(op, recipes);
  }

  /// An element-wise operation that heads a group could have been a part of its producer's kernel: says why it is not.
  void remarkWhyAlone(Operation *head) {
    if (!isPointwise(head))
      return;
    for (Value operand : head->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || !isComputed(producer, recipes))
        continue;
      llvm::StringRef why = "another operation between them needs the same value";
      if (!hasEpilogue(producer) && !isPointwise(producer))
        why = "its kernel takes no element-wise operation behind it";
      else if (operand.getType() != head->getResult(0).getType())
        why = "the shapes differ";
      else if (!operand.hasOneUse())
        why = "others read its value too";
      head->emitRemark() << "`" << head->getName() << "` is not fused with `" << producer->getName() << "`: " << why;
      return;
    }
  }

  static bool escapesOnlyThrough(Operation *last, const OpSet &members) {
    return llvm::all_of(members, [&](Operation *member) {
      return member == last ||
             llvm::all_of(member->getUsers(), [&](Operation *user) { return members.contains(user); });
    });
  }

  /// Values from outside, in the order they are read; constants of one element are copied in, a kernel folds them.
  static void collectInputs(const OpSet &members, llvm::SetVector<Value> &inputs) {
    for (Operation *op : members)
      for (Value operand : op->getOperands())
        if (!members.contains(operand.getDefiningOp()))
          inputs.insert(operand);
  }

  void outline(const OpSet &members) {
    Operation *last = members.back();
    llvm::SetVector<Value> inputs;
    collectInputs(members, inputs);
    OpBuilder builder(last);
    Location loc = members.front()->getLoc();
    StringRef path = pathOf(loc);
    if (path.empty())
      path = members.front()->getName().stripDialect();
    std::string named = isa<RelayoutOp>(members.front()) ? (path + ".relayout").str() : path.str();
    auto group = GroupOp::create(builder, loc, last->getResultTypes(), named, inputs.getArrayRef());
    Block *block = builder.createBlock(&group.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, block->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : members)
      builder.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value result : last->getResults())
      yielded.push_back(mapping.lookup(result));
    YieldOp::create(builder, loc, yielded);
    last->replaceAllUsesWith(group.getResults());
    for (Operation *op : llvm::reverse(members))
      op->erase();
  }

  Block &body;
  llvm::DenseSet<Value> recipes;
  llvm::DenseSet<Operation *> grouped;
  llvm::DenseMap<Operation *, int64_t> lengths;
};

struct FormGroups : impl::FormGroupsBase<FormGroups> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      GroupFormer former(function);
      former.run();
      numGroups += former.groups.size();
      numFused += former.fused;
    }
  }
};

} // namespace
} // namespace weft
