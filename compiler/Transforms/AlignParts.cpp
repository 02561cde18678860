// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: channels get zeros behind each part, so that the next part begins with a block.
//
// Blocks of channels can be put together and cut only at whole blocks; a part of 20 channels in blocks of 16 would be copied, vectors
// put together from two, at each concatenation, split or slice. Who makes and who reads channels is mostly a
// convolution, and its weight can be arranged when it is packed: rows and columns of zeros for channels that do not exist.
// Everything between works on each channel alone. What that costs is a part of a block for each part of the channels, what it
// saves is a pass over what is joined or cut; both are summed up over all values that have to be cut alike
// (`ChannelParts`), and the less is done.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Parts/ChannelParts.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"
#include "dialects/Weft/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_ALIGNPARTS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Vectors brought into another order in a cycle, from the cache and back to it; measured.
constexpr double vectorsMovedPerCycle = 0.06;
/// Vectors put together from two blocks in a cycle, where channels are joined or cut inside them; measured.
constexpr double vectorsPermutedPerCycle = 0.2;
/// Passes over a value that somebody wants in order, or leaves in order: its parts are moved, and put together in blocks again.
constexpr double passesToMove = 2;
/// Vector operations of a cycle where nothing but loads and stores is done.
constexpr double vectorsPassedPerCycle = 0.5;

int64_t channelsOf(Value value) { return tensorOf(value).getDimSize(1); }

/// A shuffle works from parts to parts where its groups are parts, and those of its result are alike.
bool shufflesParts(ChannelShuffleOp shuffle, const ChannelParts &parts) {
  Parts groups = parts.partsOf(shuffle.getX()), results = parts.partsOf(shuffle.getY());
  return llvm::all_equal(results) && llvm::all_equal(groups) && groups.size() == shuffle.getGroups();
}

bool movesChannels(Operation *op, const ChannelParts &parts) {
  if (auto shuffle = dyn_cast_or_null<ChannelShuffleOp>(op))
    return !shufflesParts(shuffle, parts);
  return !op || !parts.relationOf(op);
}

//===-- whether it pays -------------------------------------------------------------------------------------------===//

class Estimate {
public:
  Estimate(const ChannelParts &parts, const Machine &machine) : parts(parts), machine(machine), block(machine.vector) {}

  bool pays(const Component &component) const {
    double saved = 0, spent = 0;
    bool made = false;
    for (const Relation *relation : component.relations) {
      if (isCutInBlocks(*relation))
        saved += permutedCycles(relation->members.front().value);
      if (Value result = relation->members.back().value; isa<ConvOp>(relation->op))
        spent += addedBlocks(result) * window(relation->op) * pixels(result) / machine.fmaPerCycle;
    }
    for (Value value : component.values) {
      made |= value.getDefiningOp() && isMadeInParts(value.getDefiningOp());
      spent += addedCycles(value);
    }
    return made && saved > spent;
  }

private:
  bool isMadeInParts(Operation *op) const {
    auto shuffle = dyn_cast<ChannelShuffleOp>(op);
    return arrangesChannels(op, parts.recipes()) || (shuffle && shufflesParts(shuffle, parts));
  }

  /// Whether `relation` joins or cuts channels inside a block as they are.
  bool isCutInBlocks(const Relation &relation) const {
    int64_t all = channelsOf(relation.members.front().value);
    return llvm::any_of(relation.cuts, [&](int64_t cut) { return cut != all && cut % block != 0; });
  }

  static double pixels(Value value) {
    auto type = tensorOf(value);
    return double(type.getNumElements()) / type.getDimSize(1);
  }
  static double window(Operation *contraction) {
    auto conv = dyn_cast<ConvOp>(contraction);
    double elements = 1;
    if (conv)
      for (int64_t extent : conv.getKernel())
        elements *= extent;
    return elements;
  }
  double blocks(Value value) const { return llvm::divideCeil(channelsOf(value), block); }
  double addedBlocks(Value value) const { return storedChannels(parts.partsOf(value), block) / block - blocks(value); }
  double movedCycles(Value value) const { return pixels(value) * blocks(value) / vectorsMovedPerCycle; }
  double permutedCycles(Value value) const { return pixels(value) * blocks(value) / vectorsPermutedPerCycle; }

  /// What more blocks of `value` cost those who make it and those who read it, and what it costs to bring it into this form
  /// and out of it where others do.
  double addedCycles(Value value) const {
    double added = addedBlocks(value), cycles = added * pixels(value) / vectorsPassedPerCycle;
    bool moves = false;
    if (Operation *op = value.getDefiningOp(); op && arrangesChannels(op, parts.recipes()))
      cycles += product(op, blocks(op->getOperand(0)) * added);
    else
      moves = movesChannels(op, parts);
    for (OpOperand &use : value.getUses())
      if (use.getOperandNumber() == 0 && arrangesChannels(use.getOwner(), parts.recipes()))
        cycles += product(use.getOwner(), blocks(use.getOwner()->getResult(0)) * added);
      else
        moves |= movesChannels(use.getOwner(), parts);
    return cycles + (moves ? passesToMove * movedCycles(value) : 0);
  }
  double product(Operation *op, double blockPairs) const {
    return blockPairs * block * window(op) * pixels(op->getResult(0)) / machine.fmaPerCycle;
  }

  const ChannelParts &parts;
  const Machine &machine;
  int64_t block;
};

//===-- the network with zeros between ----------------------------------------------------------------------------===//

class Aligner {
public:
  Aligner(func::FuncOp network, const Machine &machine)
      : body(network.front()), parts(network), block(machine.vector), builder(network.getContext()) {
    Estimate estimate(parts, machine);
    for (const Component &component : parts.components())
      if (changes(component) && estimate.pays(component))
        aligned.insert(component.values.begin(), component.values.end());
  }

  unsigned run() {
    SmallVector<Operation *> operations = llvm::map_to_vector(body, [](Operation &op) { return &op; });
    if (aligned.empty())
      return 0;
    for (BlockArgument argument : body.getArguments())
      if (aligned.contains(argument)) {
        builder.setInsertionPointToStart(&body);
        stored[argument] = spread(argument, 1, parts.partsOf(argument));
      }
    for (Operation *op : operations)
      rewrite(op);
    for (Operation *op : llvm::reverse(operations))
      if (replaced.contains(op))
        op->erase();
    return aligned.size();
  }

private:
  bool changes(const Component &component) const {
    return llvm::any_of(component.values, [&](Value value) {
      Parts cut = parts.partsOf(value);
      return llvm::any_of(ArrayRef(cut).drop_back(), [&](int64_t part) { return part % block != 0; });
    });
  }

  void rewrite(Operation *op) {
    builder.setInsertionPoint(op);
    if (const Relation *relation = parts.relationOf(op); relation && aligned.contains(relation->members.front().value))
      return pass(op);
    bool arranges = arrangesChannels(op, parts.recipes());
    if (arranges && (aligned.contains(op->getOperand(0)) || aligned.contains(op->getResult(0))))
      return arrange(op);
    if (auto shuffle = dyn_cast<ChannelShuffleOp>(op); shuffle && shufflesParts(shuffle, parts) && aligned.contains(shuffle.getX()))
      return rearrange(shuffle);
    for (OpOperand &operand : op->getOpOperands())
      if (aligned.contains(operand.get()))
        operand.set(gathered(operand.get()));
    builder.setInsertionPointAfter(op);
    for (Value result : op->getResults())
      if (aligned.contains(result))
        stored[result] = spread(result, 1, parts.partsOf(result));
  }

  //===-- one operation ---------------------------------------------------------------------------------------------===//

  /// An operation that passes channels on, with more of them.
  void pass(Operation *op) {
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(operandOf(op, operand));
    OperationState state(op->getLoc(), op->getName(), operands, storedTypes(op), op->getAttrs());
    for (NamedAttribute attribute : attributes(op))
      state.attributes.set(attribute.getName(), attribute.getValue());
    replace(op, builder.create(state));
  }

  Value operandOf(Operation *op, OpOperand &operand) {
    if (aligned.contains(operand.get()))
      return stored.lookup(operand.get());
    if (auto conv = dyn_cast<ConvOp>(op))
      return spread(operand.get(), 0, parts.partsOf(conv.getY()));
    if (!isPointwise(op))
      return operand.get();
    std::optional<int64_t> axis = channelAxis(operand, tensorOf(op->getResult(0)));
    return *axis < 0 ? operand.get() : spread(operand.get(), *axis, parts.partsOf(op->getResult(0)));
  }

  /// What speaks of channels by number.
  SmallVector<NamedAttribute> attributes(Operation *op) {
    SmallVector<NamedAttribute> changed;
    auto set = [&](StringAttr name, Attribute attribute) { changed.push_back({name, attribute}); };
    auto numbers = [&](ArrayRef<int64_t> values) { return builder.getDenseI64ArrayAttr(values); };
    if (auto conv = dyn_cast<ConvOp>(op))
      set(conv.getGroupsAttrName(), builder.getI64IntegerAttr(channels(conv.getX())));
    if (auto split = dyn_cast<SplitOp>(op); split && split.getAxis() == 1)
      set(split.getSizesAttrName(), numbers(llvm::map_to_vector(split.getYs(), [&](Value part) { return channels(part); })));
    if (auto slice = dyn_cast<SliceOp>(op)) {
      SmallVector<int64_t> start(slice.getStart()), stop(slice.getStop());
      start[1] = storedPlace(parts.partsOf(slice.getX()), start[1], block);
      stop[1] = start[1] + channels(slice.getY());
      set(slice.getStartAttrName(), numbers(start));
      set(slice.getStopAttrName(), numbers(stop));
    }
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      set(reshape.getShapeAttrName(), numbers(storedType(reshape.getY()).getShape()));
    return changed;
  }

  /// A contraction whose weight is arranged as its channels are.
  void arrange(Operation *op) {
    Value x = op->getOperand(0), y = op->getResult(0);
    SmallVector<Value> operands(op->getOperands());
    if (aligned.contains(x)) {
      Parts cut = parts.partsOf(x);
      operands[1] = spread(operands[1], 1, cut, !isa<ConvOp>(op) || !endsInsideBlock(cut));
      operands[0] = slice(builder, stored.lookup(x), 1, {0, tensorOf(operands[1]).getDimSize(1)});
    }
    if (aligned.contains(y))
      for (Value &operand : MutableArrayRef(operands).drop_front())
        operand = spread(operand, 0, parts.partsOf(y));
    OperationState state(op->getLoc(), op->getName(), operands, storedTypes(op), op->getAttrs());
    replace(op, builder.create(state));
  }

  /// A shuffle reads its groups where they are stored, and leaves parts where its readers want them.
  void rearrange(ChannelShuffleOp shuffle) {
    int64_t count = aligned.contains(shuffle.getY()) ? parts.partsOf(shuffle.getY()).size() : 1;
    OperationState state(shuffle.getLoc(), shuffle->getName(), {stored.lookup(shuffle.getX())}, storedTypes(shuffle), shuffle->getAttrs());
    state.attributes.set(shuffle.getStoredAttrName(), builder.getDenseI64ArrayAttr({channelsOf(shuffle.getX()), count, channels(shuffle.getY()) / count}));
    replace(shuffle, builder.create(state));
  }

  /// Whether a convolution need not read all of the last block (`inputLanes`).
  bool endsInsideBlock(ArrayRef<int64_t> sizes) const {
    int64_t all = storedChannels(sizes, block), end = all - llvm::alignTo(sizes.back(), block) + sizes.back();
    return int64_t(llvm::alignTo(end, inputLanes(end, block))) < all;
  }

  void replace(Operation *op, Operation *other) {
    if (Value result = op->getResult(0); aligned.contains(result) && op->getNumResults() == 1)
      other->setAttr("weft.parts", builder.getDenseI64ArrayAttr(parts.partsOf(result)));
    for (auto [result, value] : llvm::zip_equal(op->getResults(), other->getResults())) {
      if (aligned.contains(result))
        stored[result] = value;
      else
        result.replaceAllUsesWith(value);
    }
    replaced.insert(op);
  }

  //===-- one value -------------------------------------------------------------------------------------------------===//

  int64_t channels(Value value) const {
    return aligned.contains(value) ? storedChannels(parts.partsOf(value), block) : channelsOf(value);
  }

  RankedTensorType storedType(Value value) const {
    auto type = tensorOf(value);
    if (!aligned.contains(value))
      return type;
    SmallVector<int64_t> shape(type.getShape());
    shape[1] = channels(value);
    return type.clone(shape);
  }
  SmallVector<Type> storedTypes(Operation *op) const {
    return llvm::map_to_vector(op->getResults(), [&](Value value) -> Type { return storedType(value); });
  }

  /// `value` with zeros behind each part of dimension `axis`, or each but the last.
  Value spread(Value value, int64_t axis, ArrayRef<int64_t> sizes, bool last = true) {
    SmallVector<Value> pieces;
    int64_t from = 0;
    for (auto [number, size] : llvm::enumerate(sizes)) {
      Value piece = slice(builder, value, axis, {from, from + size});
      from += size;
      SmallVector<int64_t> low(tensorOf(piece).getRank(), 0), high(low);
      high[axis] = llvm::alignTo(size, block) - size;
      if (high[axis] != 0 && (last || number + 1 < sizes.size()))
        piece = PadOp::create(builder, value.getLoc(), piece, low, high, PadMode::Constant, APFloat(0.0));
      pieces.push_back(piece);
    }
    return concat(builder, value.getLoc(), pieces, axis);
  }

  /// The channels there are, for a reader that knows of no others.
  Value gathered(Value value) {
    Value &gathered = gatheredOf[value];
    if (gathered)
      return gathered;
    OpBuilder::InsertionGuard guard(builder);
    Value from = stored.lookup(value);
    builder.setInsertionPointAfterValue(from);
    SmallVector<Value> pieces;
    int64_t place = 0;
    for (int64_t size : parts.partsOf(value)) {
      pieces.push_back(slice(builder, from, 1, {place, place + size}));
      place += llvm::alignTo(size, block);
    }
    return gathered = concat(builder, value.getLoc(), pieces, 1);
  }

  Block &body;
  ChannelParts parts;
  int64_t block;
  OpBuilder builder;
  llvm::DenseSet<Value> aligned;                 ///< values whose channels lie in whole blocks for each part
  llvm::DenseMap<Value, Value> stored, gatheredOf;
  llvm::DenseSet<Operation *> replaced;
};

struct AlignParts : impl::AlignPartsBase<AlignParts> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (auto network : getOperation().getOps<func::FuncOp>())
      if (network->hasAttr("weft.net"))
        numAligned += Aligner(network, machine).run();
  }
};

} // namespace
} // namespace weft
