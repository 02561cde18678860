// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase fuse, third pass: the padding of windows becomes the border of the buffers they read, so that kernels need no
// conditions. The border of a buffer is the largest any reader asks for; buffers that are parts of each other
// (`concat`, `split`, `slice`) have one border, as they share rows in memory, and so do the two sides of a
// normalisation that will work in place. Where rows of a plane apart cost those that make or read it more than it takes to copy what
// windows read, windows read copies.
#include "compiler/Conversion/WeftToLinalg/WeftToLinalg.h"
#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/Weft/Winograd.h"

#include "llvm/ADT/EquivalenceClasses.h"

#include <limits>
#include <map>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_ASSIGNBORDERS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// What a window reads beside the tensor: low then high for each spatial dimension, and what it must find there.
struct Wish {
  SmallVector<int64_t> border;
  double fill = 0;
};

/// How far the last window of a dimension reaches behind the tensor: less than the padding where the stride leaves a
/// rest, more where `ceil_mode` adds a window.
int64_t reach(int64_t output, int64_t stride, int64_t window, int64_t low, int64_t input) {
  return std::max<int64_t>(0, (output - 1) * stride + window - low - input);
}

Wish slidingWish(RankedTensorType x, RankedTensorType y, ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                 ArrayRef<int64_t> pad, ArrayRef<int64_t> dilation, double fill) {
  unsigned rank = stride.size();
  Wish wish{SmallVector<int64_t>(2 * rank, 0), fill};
  for (unsigned d = 0; d < rank; ++d) {
    wish.border[d] = pad[d];
    wish.border[rank + d] =
        reach(y.getDimSize(2 + d), stride[d], (kernel[d] - 1) * dilation[d] + 1, pad[d], x.getDimSize(2 + d));
  }
  return wish;
}

/// Tiles of m outputs, in those of the last two dimensions that have taps, read inputs for all of them, the last tile
/// past the end; under a dilated window as many tiles lie in each other.
void addOverrun(Wish &wish, ConvOp conv, RankedTensorType y, RankedTensorType x, int64_t m) {
  ArrayRef<int64_t> pad = conv.getPad(), dilation = conv.getDilation();
  unsigned rank = dilation.size();
  for (unsigned d = rank - 2; d < rank; ++d) {
    int64_t taps = conv.getKernel()[d], tile = taps == 1 ? 1 : m * dilation[d];
    int64_t covered = llvm::alignTo(y.getDimSize(2 + d), tile) + (taps - 1) * dilation[d];
    wish.border[rank + d] = std::max<int64_t>(wish.border[rank + d], covered - pad[d] - x.getDimSize(2 + d));
  }
}

/// What `op` wants around its operand 0; nothing if it has no window.
std::optional<Wish> wishOf(Operation *op) {
  auto y = dyn_cast<RankedTensorType>(op->getNumResults() ? op->getResult(0).getType() : Type());
  if (!y || op->getNumOperands() == 0)
    return std::nullopt;
  auto x = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (auto conv = dyn_cast<ConvOp>(op)) {
    Wish wish = slidingWish(x, y, conv.getKernel(), conv.getStride(), conv.getPad(), conv.getDilation(), 0);
    if (auto m = winogradTile(conv.getAlgorithm()))
      addOverrun(wish, conv, y, x, *m);
    return wish;
  }
  if (auto pool = dyn_cast<AvgpoolOp>(op))
    return slidingWish(x, y, pool.getKernel(), pool.getStride(), pool.getPad(), pool.getDilation(), 0);
  if (auto pool = dyn_cast<MaxpoolOp>(op))
    return slidingWish(x, y, pool.getKernel(), pool.getStride(), pool.getPad(), pool.getDilation(),
                       -std::numeric_limits<double>::infinity());
  return std::nullopt;
}

bool isEmpty(const Wish &wish) {
  return llvm::all_of(wish.border, [](int64_t entry) { return entry == 0; });
}

/// A group's argument that is the operand 0 of a window operation inside.
struct Reader {
  OpOperand *use; ///< of the group
  Wish wish;
};

class BorderAssigner {
public:
  BorderAssigner(func::FuncOp function, const Machine &machine, bool maySpend)
      : body(function.getBody().front()), machine(machine), maySpend(maySpend) {}

  void run() {
    joinBuffers();
    for (Operation &op : llvm::make_early_inc_range(body))
      if (auto group = dyn_cast<GroupOp>(op))
        for (OpOperand &operand : group.getInputsMutable())
          collect(group, operand);
    for (auto &[leader, readers] : readersOf)
      if (maySpend && copiesPay(leader, readers))
        copyFor(readers);
      else
        settle(readers);
    for (auto &[view, readers] : readersOfViews)
      settleViews(readers);
    for (auto &[leader, wish] : wishes)
      for (auto member = buffers.findLeader(Value::getFromOpaquePointer(leader)); member != buffers.member_end();
           ++member)
        setBorder(*member, wish);
  }

  unsigned bordered = 0, copies = 0;

private:
  static bool hasBuffer(Value value) { return isBlocked(value.getType()); }
  void *leader(Value value) { return buffers.getOrInsertLeaderValue(value).getAsOpaquePointer(); }

  void joinBuffers() {
    for (Operation &op : body) {
      if (auto group = dyn_cast<GroupOp>(op); group && worksInPlace(group))
        buffers.unionSets(group.getInputs()[0], group.getResult(0));
      if (!isa<ConcatOp, SplitOp, SliceOp>(op))
        continue;
      Value first = op.getResult(0);
      for (Value result : op.getResults())
        if (hasBuffer(first) && hasBuffer(result))
          buffers.unionSets(first, result);
      for (Value operand : op.getOperands())
        if (hasBuffer(first) && hasBuffer(operand))
          buffers.unionSets(first, operand);
    }
  }

  /// A local response normalisation whose operand nobody else reads.
  static bool worksInPlace(GroupOp group) {
    Operation &only = group.getBody().front().front();
    return isa<LrnOp>(only) && only.getNextNode() == group.getYield() && hasBuffer(group.getInputs()[0]) &&
           group.getInputs()[0].hasOneUse() && group.getInputs()[0].getDefiningOp<GroupOp>();
  }

  void collect(GroupOp group, OpOperand &operand) {
    if (!hasBuffer(operand.get()))
      return;
    BlockArgument argument = group.getBody().getArgument(operand.getOperandNumber());
    for (OpOperand &use : argument.getUses()) {
      std::optional<Wish> wish = use.getOperandNumber() == 0 ? wishOf(use.getOwner()) : std::nullopt;
      bool ofView = operand.get().getDefiningOp<ReshapeOp>() != nullptr;
      if (wish && !isEmpty(*wish))
        (ofView ? readersOfViews[operand.get()] : readersOf[leader(operand.get())]).push_back({&operand, std::move(*wish)});
    }
  }

  /// Zeros never win a maximum of values that are not negative, so most buffers can serve convolutions and pooling
  /// alike. Otherwise zeros stay where somebody needs them, and the maximum reads a copy.
  void settle(SmallVector<Reader> &readers) {
    for (Reader &reader : readers)
      if (reader.wish.fill != 0 && isNonNegative(reader.use->get()))
        reader.wish.fill = 0;
    bool zeroWanted = llvm::any_of(readers, [](const Reader &reader) { return reader.wish.fill == 0; });
    for (Reader &reader : readers) {
      if (zeroWanted && reader.wish.fill != 0)
        copyFor(reader);
      else
        merge(reader.use->get(), reader.wish);
    }
  }

  /// Windows over the bytes of another tensor (`joinsPixels`): what lies before and behind them lies around both. What else they
  /// want is around a copy.
  void settleViews(SmallVector<Reader> &readers) {
    Value y = readers.front().use->get(), x = y.getDefiningOp<ReshapeOp>().getX();
    size_t ofX = tensorOf(x).getRank() - 2, ofY = tensorOf(y).getRank() - 2, leading = std::min(ofX, ofY) - 1;
    auto lines = [&](const Wish &wish, size_t rank) { // around the dimensions that are joined, or part
      ArrayRef<int64_t> border = wish.border;
      return llvm::any_of(border.slice(leading, rank - leading), [](int64_t entry) { return entry != 0; }) ||
             llvm::any_of(border.drop_front(rank + leading), [](int64_t entry) { return entry != 0; });
    };
    auto known = wishes.find(leader(x));
    auto agrees = [&](const Reader &reader) {
      bool knownAgrees = known == wishes.end() || (!lines(known->second, ofX) && known->second.fill == reader.wish.fill);
      return knownAgrees && !lines(reader.wish, ofY) && reader.wish.fill == readers.front().wish.fill;
    };
    if (!x.getDefiningOp<GroupOp>() || !llvm::all_of(readers, agrees)) {
      settleByCopies(readers);
      return;
    }
    auto moved = [&](const Wish &wish, size_t from, size_t to) {
      Wish other{SmallVector<int64_t>(2 * to, 0), wish.fill};
      for (size_t d = 0; d < leading; ++d) {
        other.border[d] = wish.border[d];
        other.border[to + d] = wish.border[from + d];
      }
      return other;
    };
    for (Reader &reader : readers)
      merge(x, moved(reader.wish, ofY, ofX));
    merge(y, moved(wishes[leader(x)], ofX, ofY));
  }

  /// A copy for all that want the same around it.
  void settleByCopies(ArrayRef<Reader> readers) {
    std::map<double, SmallVector<Reader>> alike;
    for (const Reader &reader : readers)
      alike[reader.wish.fill].push_back(reader);
    for (auto &[fill, same] : alike)
      copyFor(same);
  }

  void merge(Value value, const Wish &wish) {
    Wish &whole = wishes[leader(value)];
    whole.fill = wish.fill;
    whole.border.resize(wish.border.size(), 0);
    for (auto [known, wanted] : llvm::zip_equal(whole.border, wish.border))
      known = std::max(known, wanted);
  }

  /// Whether groups that make or read the buffer gain more without a border than copies cost for all windows. Other buffers have
  /// none yet.
  bool copiesPay(void *leader, ArrayRef<Reader> readers) {
    SmallVector<Value> members;
    llvm::SetVector<GroupOp> groups;
    for (auto member = buffers.findLeader(Value::getFromOpaquePointer(leader)); member != buffers.member_end(); ++member) {
      members.push_back(*member);
      for (Operation *user : member->getUsers())
        if (auto group = dyn_cast<GroupOp>(user))
          groups.insert(group);
      if (auto group = member->getDefiningOp<GroupOp>())
        groups.insert(group);
    }
    double without = cyclesOf(groups.getArrayRef());
    llvm::SmallPtrSet<Value, 4> copied;
    for (const Reader &reader : readers)
      if (copied.insert(reader.use->get()).second)
        without += copyCycles(reader.use->get());
    SmallVector<Type> types = llvm::map_to_vector(members, [](Value member) { return member.getType(); });
    for (Value member : members)
      setType(member, withBorder(member, readers.front().wish)); // that there is one is what counts
    double with = cyclesOf(groups.getArrayRef());
    for (auto [member, type] : llvm::zip_equal(members, types))
      setType(member, type);
    constexpr double leastGain = 5e4; // 15 us; less is not worth the memory a copy takes
    return without + leastGain < with;
  }

  double cyclesOf(ArrayRef<GroupOp> groups) const {
    double cycles = 0;
    for (GroupOp group : groups)
      if (std::optional<Choice> choice = isChainGroup(group) ? std::nullopt : choiceOf(group, machine))
        cycles += choice->cycles;
    return cycles;
  }

  double copyCycles(Value planes) const {
    constexpr double cyclesOfVector = 8; // from one cache to another
    return cyclesOfVector * cast<RankedTensorType>(planes.getType()).getNumElements() / machine.vector;
  }

  /// A copy of each tensor, not one for each window that reads it.
  void copyFor(SmallVector<Reader> &readers) {
    llvm::DenseMap<Value, Value> copyOf;
    for (Reader &reader : readers) {
      Value source = reader.use->get();
      if (Value known = copyOf.lookup(source)) {
        reader.use->set(known);
        merge(known, reader.wish);
      } else {
        copyFor(reader);
        copyOf[source] = reader.use->get();
      }
    }
  }

  void copyFor(Reader &reader) {
    Operation *group = reader.use->getOwner();
    OpBuilder builder(group);
    Value source = reader.use->get();
    auto copy = GroupOp::create(builder, group->getLoc(), source.getType(), "border", source);
    Block *block = builder.createBlock(&copy.getBody());
    Value argument = block->addArgument(source.getType(), source.getLoc());
    Value same = RelayoutOp::create(builder, group->getLoc(), source.getType(), argument);
    YieldOp::create(builder, group->getLoc(), same);
    reader.use->set(copy.getResult(0));
    merge(copy.getResult(0), reader.wish);
    ++copies;
  }

  static Type withBorder(Value value, const Wish &wish) {
    auto type = cast<RankedTensorType>(value.getType());
    return withEncoding(type, getBlocked(type).withBorder(wish.border, wish.fill));
  }

  void setBorder(Value value, const Wish &wish) {
    setType(value, withBorder(value, wish));
    ++bordered;
  }

  static void setType(Value value, Type type) {
    value.setType(type);
    if (auto group = value.getDefiningOp<GroupOp>())
      group.getYield().getValues()[cast<OpResult>(value).getResultNumber()].setType(type);
    for (OpOperand &use : value.getUses())
      if (auto group = dyn_cast<GroupOp>(use.getOwner()))
        group.getBody().getArgument(use.getOperandNumber()).setType(type);
  }

  Block &body;
  const Machine machine;
  const bool maySpend; ///< memory for copies that save time
  llvm::EquivalenceClasses<Value> buffers;
  llvm::MapVector<void *, SmallVector<Reader>> readersOf;
  llvm::MapVector<Value, SmallVector<Reader>> readersOfViews;
  llvm::MapVector<void *, Wish> wishes;
};

struct AssignBorders : impl::AssignBordersBase<AssignBorders> {
  using AssignBordersBase::AssignBordersBase;

  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr("weft.net"))
        continue;
      BorderAssigner assigner(function, Machine::of(getOperation()), memory != "small");
      assigner.run();
      numBordered += assigner.bordered;
      numCopies += assigner.copies;
    }
  }
};

} // namespace
} // namespace weft
