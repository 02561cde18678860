// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Views are looked through: a concatenation lives in the memory of its members, so its readers are theirs.
#include "compiler/Transforms/Chains/Liveness.h"

#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"
#include "compiler/Transforms/Chains/ChainModel.h"
#include "dialects/Weft/Winograd.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace weft {
namespace {

/// Tensors above this leave the second-level cache before they are read; then each byte costs this many cycles twice.
constexpr int64_t cachedTensorBytes = 1 << 20;
constexpr double cyclesPerByte = 1.0 / 24;

bool isView(Operation *op) { return isViewOp(op) && !isRecipe(op->getResult(0)); }

/// Calls `visit` with each operation that reads the elements of `value`, views looked through.
void forEachReader(Value value, llvm::function_ref<void(OpOperand &)> visit) {
  for (OpOperand &use : value.getUses()) {
    if (!isView(use.getOwner())) {
      visit(use);
      continue;
    }
    for (Value result : use.getOwner()->getResults())
      forEachReader(result, visit);
  }
}

/// How far windows read beside a tensor, in rows and columns together.
void widen(OpOperand &use, int64_t &rows, int64_t &columns) {
  auto group = dyn_cast<GroupOp>(use.getOwner());
  if (!group)
    return;
  for (OpOperand &inside : group.getBody().getArgument(use.getOperandNumber()).getUses()) {
    ArrayRef<int64_t> pad;
    if (auto conv = dyn_cast<ConvOp>(inside.getOwner()))
      pad = conv.getPad();
    else if (auto pool = dyn_cast<MaxpoolOp>(inside.getOwner()))
      pad = pool.getPad();
    else if (auto pool = dyn_cast<AvgpoolOp>(inside.getOwner()))
      pad = pool.getPad();
    if (pad.size() != 4 || inside.getOperandNumber() != 0)
      continue;
    rows = std::max(rows, pad[0] + pad[2]);
    columns = std::max(columns, pad[1] + pad[3]);
  }
}

/// Whether a group reads the value in a local response normalisation of the same type.
bool normalises(OpOperand &use) {
  auto group = dyn_cast<GroupOp>(use.getOwner());
  return group && group.getNumResults() == 1 && group.getResult(0).getType() == use.get().getType() &&
         llvm::any_of(group.getBody().getArgument(use.getOperandNumber()).getUsers(),
                      [](Operation *user) { return isa<LrnOp>(user); });
}

/// Whether the operations of a group can be part of a chain.
bool isChainable(GroupOp group) {
  auto type =
      group.getNumResults() == 1 ? dyn_cast<RankedTensorType>(group.getResult(0).getType()) : RankedTensorType();
  if (!type || type.getRank() != 4 || !isBlocked(type) || group->hasAttr("choice"))
    return false;
  return llvm::all_of(group.getBody().front().without_terminator(),
                      [](Operation &op) { return isPointwise(&op) || isa<ConvOp, MaxpoolOp, AvgpoolOp, PadOp>(op); });
}

} // namespace

Liveness::Liveness(func::FuncOp network) {
  for (auto group : network.getBody().front().getOps<GroupOp>()) {
    numbers[group] = order.size();
    order.push_back(group);
  }
  for (GroupOp group : order) {
    Made one;
    one.mayChain = isChainable(group);
    for (Value result : group.getResults()) {
      one.bytes += bytesOf(result);
      one.lastUse = std::max(one.lastUse, lastUseOf(result));
    }
    made.push_back(one);
  }
}

unsigned Liveness::lastUseOf(Value value) const {
  unsigned last = 0;
  forEachReader(value, [&](OpOperand &use) {
    auto known = numbers.find(use.getOwner());
    last = std::max<unsigned>(last, known == numbers.end() ? order.size() : known->second);
  });
  return last;
}

int64_t Liveness::bytesOf(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return 0;
  bool isReturned = llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  if (isReturned)
    return 0; // the caller's memory
  SmallVector<int64_t> shape(physicalType(type).getShape());
  if (isBlocked(type) && type.getRank() == 4) {
    int64_t rows = 0, columns = 0;
    forEachReader(value, [&](OpOperand &use) {
      widen(use, rows, columns);
      if (normalises(use)) // in place: the border of the result is there from the beginning
        forEachReader(use.getOwner()->getResult(0), [&](OpOperand &later) { widen(later, rows, columns); });
    });
    shape[2] += rows;
    shape[3] += columns;
  }
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t extent : shape)
    bytes *= extent;
  return bytes;
}

int64_t Liveness::bytesWhile(unsigned first, unsigned last) const {
  int64_t bytes = 0;
  for (unsigned group = 0; group <= last; ++group)
    if (made[group].lastUse >= (group < first ? first : last + 1))
      bytes += made[group].bytes;
  return first == last && worksInPlace(last) ? bytes - made[last].bytes : bytes;
}

int64_t Liveness::bytesCopied(ArrayRef<Operation *> members) const {
  int64_t bytes = 0;
  bool isReturned = llvm::any_of(members.back()->getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  SmallVector<Operation *> joins;
  if (isa<ConcatOp>(members.back()) && !isReturned)
    joins.push_back(members.back());
  while (!joins.empty())
    for (Value part : joins.pop_back_val()->getOperands()) {
      Operation *maker = part.getDefiningOp();
      if (!llvm::is_contained(members, maker))
        bytes += bytesOf(part);
      else if (isa<ConcatOp>(maker))
        joins.push_back(maker);
    }
  return bytes;
}

/// An element-wise end of the group writes over an operand of its type that nobody reads later.
bool Liveness::worksInPlace(unsigned number) const {
  GroupOp group = order[number];
  for (auto [argument, input] : llvm::zip_equal(group.getBody().getArguments(), group.getInputs())) {
    auto maker = input.getDefiningOp<GroupOp>();
    if (!maker || input.getType() != group.getResult(0).getType() || made[numbers.lookup(maker)].lastUse != number)
      continue;
    if (llvm::all_of(argument.getUsers(), [](Operation *user) { return isPointwise(user) || isa<LrnOp>(user); }))
      return true;
  }
  return false;
}

int64_t Liveness::scratchOf(unsigned number, const Machine &machine) const {
  GroupOp group = order[number];
  auto conv = dyn_cast<ConvOp>(headOf(group));
  if (!conv)
    return 0;
  auto x = cast<RankedTensorType>(conv.getX().getType());
  int64_t elements = 0;
  if (!isBlocked(x) && x.getRank() == 4 && llvm::any_of(conv.getPad(), [](int64_t pad) { return pad > 0; }))
    elements += x.getDimSize(0) * x.getDimSize(1) * (x.getDimSize(2) + conv.getPad()[0] + conv.getPad()[2]) *
                (x.getDimSize(3) + conv.getPad()[1] + conv.getPad()[3]);
  if (winogradTile(conv.getAlgorithm())) {
    ConvShape shape(conv);
    std::optional<Choice> choice = choiceOf(group, machine);
    int64_t m = choice ? parameter(choice->parameters, "m", 4) : *winogradTile(conv.getAlgorithm());
    int64_t dilation = shape.dilation.back(), tile = shape.kernel.back() == 1 ? 1 : m;
    int64_t across = llvm::divideCeil(shape.width, tile * dilation) * dilation;
    if (choice)
      across = parameter(choice->parameters, "chunk", across) * parameter(choice->parameters, "band", 1);
    across *= *std::prev(shape.dilation.end(), 2);
    int64_t outputs = choice ? parameter(choice->parameters, "cb", 1) * machine.vector : shape.outputs;
    elements += *winogradPoints(shape.kernel, m) * across * (llvm::alignTo(shape.inputs, machine.vector) + outputs);
  }
  return elements * 4;
}

double Liveness::cyclesOf(unsigned number, const Machine &machine) const {
  GroupOp group = order[number];
  std::optional<Choice> choice = choiceOf(group, machine);
  double cycles = choice && choice->cycles < 1e14 ? choice->cycles : 0;
  if (made[number].bytes > cachedTensorBytes)
    cycles += 2 * cyclesPerByte * made[number].bytes;
  return cycles;
}

std::optional<SmallVector<Operation *>> Liveness::membersOf(unsigned first, unsigned last) const {
  llvm::SmallSetVector<Operation *, 16> members;
  for (unsigned number = first; number <= last; ++number) {
    if (!mayChain(number))
      return std::nullopt;
    members.insert(order[number]);
  }
  addConcats(members);
  SmallVector<Operation *> sorted(members.begin(), members.end());
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : ArrayRef(sorted).drop_back())
    if (!llvm::all_of(op->getUsers(), [&](Operation *user) { return members.contains(user); }))
      return std::nullopt;
  return sorted;
}

/// Concatenations that join what the members make, where a member reads them or nothing of theirs is from elsewhere.
void Liveness::addConcats(llvm::SmallSetVector<Operation *, 16> &members) const {
  for (size_t i = 0; i < members.size(); ++i)
    for (Operation *user : members[i]->getUsers()) {
      if (!isa<ConcatOp>(user))
        continue;
      auto isMember = [&](Operation *op) { return op && members.contains(op); };
      bool isRead = llvm::any_of(user->getUsers(), isMember);
      bool isOwn = llvm::all_of(user->getOperands(), [&](Value part) { return isMember(part.getDefiningOp()); });
      if (isRead || isOwn)
        members.insert(user);
    }
}

} // namespace weft
