// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The same walk as compiler/Schedule/LineBuffers.cpp, on operations instead of stages: rows are followed backwards, a
// value read twice is kept as long as rows overlap.
#include "compiler/Transforms/Chains/ChainModel.h"

#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Schedule/WeightsBudget.h"

#include <cmath>

using namespace mlir;

namespace weft {
namespace {

/// Weights that stay in the second-level cache from step to step; those above are read from the next level in each.
constexpr double cachedWeightBytes = 512 << 10, streamedBytesPerCycle = 24;
/// Copying one vector into a bordered line, and what a step costs before its first row.
constexpr double cyclesPerCopiedVector = 1.5, cyclesPerStage = 100;
/// What a strip computes that its neighbour computes too, as a part of its own work: strips are no lower than that.
constexpr double mostRecomputed = 0.5;
/// Longer chains would compile for too long.
constexpr unsigned mostStages = 16;

RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Bytes of one row of all channels of one sample, `extra` elements wider.
int64_t rowBytesOf(RankedTensorType type, int64_t extra) {
  int64_t channels = type.getDimSize(1);
  if (BlockedAttr blocked = getBlocked(type))
    channels = llvm::divideCeil(channels, blocked.getBlock()) * blocked.getBlock();
  return channels * (type.getDimSize(3) + extra) * 4;
}

/// Whether tiles of a good size divide the rows of a blocked tensor.
bool tilesExactly(RankedTensorType type, const Machine &machine) {
  int64_t width = type.getDimSize(3), blocks = llvm::divideCeil(type.getDimSize(1), machine.vector);
  Tile tile = chooseExactTile(width, blocks, machine);
  return tile.x * tile.cb >= std::min<int64_t>(fewestExactAccumulators, width * blocks);
}

struct Sliding {
  SmallVector<int64_t> kernel, stride, pad, dilation;
};

std::optional<Sliding> windowOf(Operation *op) {
  auto read = [](auto window) {
    return Sliding{SmallVector<int64_t>(window.getKernel()), SmallVector<int64_t>(window.getStride()),
                   SmallVector<int64_t>(window.getPad()), SmallVector<int64_t>(window.getDilation())};
  };
  if (auto conv = dyn_cast<ConvOp>(op))
    return read(conv);
  if (auto pool = dyn_cast<MaxpoolOp>(op))
    return read(pool);
  if (auto pool = dyn_cast<AvgpoolOp>(op))
    return read(pool);
  return std::nullopt;
}

/// The padding behind is what the last window really reads: less where the stride leaves a rest, more in `ceil_mode`.
void extendToReach(Sliding &window, RankedTensorType x, RankedTensorType y) {
  for (unsigned d = 0; d < 2; ++d) {
    int64_t touched = (y.getDimSize(2 + d) - 1) * window.stride[d] + (window.kernel[d] - 1) * window.dilation[d] + 1;
    window.pad[2 + d] = std::max<int64_t>(0, touched - window.pad[d] - x.getDimSize(2 + d));
  }
}

struct Interval {
  int64_t low = 0, high = -1;
  bool isEmpty() const { return high < low; }
  void join(Interval other) {
    if (!other.isEmpty())
      *this = isEmpty() ? other : Interval{std::min(low, other.low), std::max(high, other.high)};
  }
};

} // namespace

std::optional<Choice> choiceInChain(Operation *op, const Machine &machine) {
  auto decided = op->getAttrOfType<AlgorithmAttr>("algorithm");
  std::optional<Algorithm> wanted;
  if (decided)
    wanted = isWinograd(decided.getValue()) ? Algorithm::Direct : decided.getValue();
  for (Choice &choice : candidates(op, machine))
    if (!wanted || choice.algorithm == wanted)
      return choice;
  return std::nullopt;
}

ChainModel::ChainModel(ArrayRef<Operation *> members, const Machine &machine) : machine(machine) {
  inside.insert(members.begin(), members.end());
  for (Operation *member : members) {
    auto group = dyn_cast<GroupOp>(member);
    if (!group)
      valid = valid && add(member);
    else
      for (Operation &op : group.getBody().front().without_terminator())
        valid = valid && add(&op);
  }
  valid = valid && stages.size() >= 2 && stages.size() <= mostStages && nodes.back().height >= 4;
  if (!valid)
    return;
  nodes.back().kept = false;
  // What is read by one element-wise operation alone is computed by its stage.
  std::vector<unsigned> readers(nodes.size());
  for (const Node &node : nodes)
    for (unsigned read : node.reads)
      ++readers[read];
  // A value of the chain that is read twice, at rows that differ, came out wrong: such chains are not taken.
  valid = llvm::all_of(readers, [](unsigned count) { return count <= 1; });
  for (const Node &node : nodes)
    if (node.op && isPointwise(node.op))
      for (unsigned read : node.reads)
        if (readers[read] == 1 && nodes[read].op && !isa<ConcatOp>(nodes[read].op))
          nodes[read].kept = false;
  // What a line with its padding alone reads is made where it is stored (see family `chain`).
  for (Node &node : nodes)
    if (!node.op && !node.reads.empty() && readers[node.reads[0]] == 1 && nodes[node.reads[0]].tilesExactly) {
      nodes[node.reads[0]].kept = false;
      node.copies = false;
    }
  for (const Node &node : nodes)
    if (node.copies && (!node.op || isa<ConcatOp>(node.op)))
      copiedBytes += double(node.rowBytes) * node.height;
}

/// Through groups of the chain to the operation that makes the value; what comes from outside stays as it is.
Value ChainModel::resolve(Value value) const {
  for (;;) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto group = dyn_cast<GroupOp>(argument.getOwner()->getParentOp());
      if (!group)
        return value;
      value = group.getInputs()[argument.getArgNumber()];
    }
    auto group = value.getDefiningOp<GroupOp>();
    if (!group || !inside.contains(group))
      return value;
    value = group.getYield().getValues()[cast<OpResult>(value).getResultNumber()];
  }
}

/// A line with its padding: a copy of the rows of `x`, or of what the chain is given where that has no border.
unsigned ChainModel::addBorder(Operation *op, Value x, ArrayRef<int64_t> pad) {
  RankedTensorType type = tensorType(x);
  Node border;
  border.height = type.getDimSize(2) + pad[0] + pad[2];
  border.rowBytes = rowBytesOf(type, pad[1] + pad[3]);
  border.low = pad[0];
  if (auto known = nodeOf.find(x); known != nodeOf.end())
    border.reads.push_back(known->second);
  nodes.push_back(border);
  return nodes.size() - 1;
}

/// Zeros around planes, for a convolution: the border it becomes (see `mergeGroups`).
bool ChainModel::addPad(PadOp pad) {
  ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
  bool isForConvs = llvm::all_of(pad->getUsers(), [](Operation *user) { return isa<ConvOp>(user); });
  if (!isForConvs || pad.getMode() != PadMode::Constant || !pad.getValue().isZero() || low[0] || low[1] || high[0] ||
      high[1])
    return false;
  nodeOf[pad.getY()] = addBorder(pad, resolve(pad.getX()), {low[2], low[3], high[2], high[3]});
  return true;
}

bool ChainModel::add(Operation *op) {
  auto y = op->getNumResults() == 1 ? dyn_cast<RankedTensorType>(op->getResult(0).getType()) : RankedTensorType();
  if (!y || y.getRank() != 4 || !y.hasStaticShape() || !y.getElementType().isF32())
    return false;
  if (auto pad = dyn_cast<PadOp>(op))
    return addPad(pad);
  if (!isBlocked(y))
    return false;
  Node node;
  node.op = op;
  node.height = y.getDimSize(2);
  node.rowBytes = rowBytesOf(y, 0);
  node.tilesExactly = !isa<ConcatOp>(op) && tilesExactly(y, machine);
  if (std::optional<Sliding> window = windowOf(op)) {
    std::optional<Choice> choice = choiceInChain(op, machine);
    if (!choice || window->kernel.size() != 2)
      return false;
    stages.push_back(choice->parameters);
    workCycles += choice->cycles;
    node.cycles = choice->cycles;
    weightBytes += choice->weightBytes;
    node.stride = window->stride[0];
    node.reach = (window->kernel[0] - 1) * window->dilation[0];
    Value x = resolve(op->getOperand(0));
    extendToReach(*window, tensorType(x), y);
    bool pads = llvm::any_of(window->pad, [](int64_t pad) { return pad > 0; });
    auto known = nodeOf.find(x);
    if (pads && (known != nodeOf.end() || !isBlocked(x.getType())))
      node.reads.push_back(addBorder(op, x, window->pad));
    else if (known != nodeOf.end())
      node.reads.push_back(known->second);
  } else if (isPointwise(op) || isa<ConcatOp>(op)) {
    auto concat = dyn_cast<ConcatOp>(op);
    if (concat && (concat.getAxis() != 1 || !llvm::all_of(concat.getXs(), [&](Value x) {
                     BlockedAttr layout = getBlocked(x.getType());
                     return layout && layout.getBlock() == getBlocked(y).getBlock() &&
                            tensorType(x).getDimSize(1) % layout.getBlock() == 0;
                   })))
      return false;
    for (Value operand : op->getOperands()) {
      if (auto known = nodeOf.find(resolve(operand)); known != nodeOf.end()) {
        if (tensorType(operand).getShape().drop_front(2) != y.getShape().drop_front(2))
          return false;
        node.reads.push_back(known->second);
      }
    }
  } else {
    return false;
  }
  nodes.push_back(std::move(node));
  nodeOf[op->getResult(0)] = nodes.size() - 1;
  return true;
}

SmallVector<int64_t> ChainModel::stepsToTry() const {
  SmallVector<int64_t> steps;
  for (int64_t rows : {1, 2, 4, 7})
    if (rows == 1 || (nodes.back().height % rows == 0 && rows < nodes.back().height))
      steps.push_back(rows);
  return steps;
}

ChainEstimate ChainModel::estimate(int64_t rows, bool strips) const {
  struct Use {
    Interval before;
    int64_t rows = 1;
  };
  std::vector<Use> uses(nodes.size());
  int64_t height = nodes.back().height, steps = llvm::divideCeil(height, rows);
  for (int64_t turn = 0; turn < (strips ? 2 : 1) * steps; ++turn) {
    int64_t first = turn % steps * rows;
    if (turn >= steps) // each step as the first of a strip
      for (Use &use : uses)
        use.before = Interval();
    std::vector<Interval> needed(nodes.size());
    needed.back() = {first, std::min(first + rows, height) - 1};
    for (unsigned number = nodes.size(); number-- > 0;) {
      const Node &node = nodes[number];
      Interval now = needed[number];
      if (now.isEmpty())
        continue;
      Use &use = uses[number];
      use.rows = std::max(use.rows, now.high - now.low + 1);
      Interval fresh = now;
      if (!use.before.isEmpty() && use.before.high >= now.low)
        fresh.low = use.before.high + 1;
      use.before = now;
      if (fresh.isEmpty())
        continue;
      for (unsigned read : node.reads) {
        int64_t last = nodes[read].height - 1, low = fresh.low * node.stride - node.low,
                high = fresh.high * node.stride - node.low + node.reach;
        needed[read].join({std::clamp<int64_t>(low, 0, last), std::clamp<int64_t>(high, 0, last)});
      }
    }
  }
  ChainEstimate result;
  result.rows = rows;
  for (auto [node, use] : llvm::zip_equal(nodes, uses))
    if (node.kept)
      result.scratchBytes += llvm::alignTo(use.rows * node.rowBytes, 64);
  result.weightBytes = weightBytes;
  int64_t samples = tensorType(nodes.back().op->getResult(0)).getDimSize(0);
  steps *= samples;
  double streamed = std::max(0.0, weightBytes - cachedWeightBytes) * double(steps - 1) / streamedBytesPerCycle;
  result.cycles = std::max(workCycles, 0.5 * workCycles + streamed) +
                  samples * copiedBytes / (4 * machine.vector) * cyclesPerCopiedVector + steps * nodes.size() * cyclesPerStage;
  return result;
}

/// Output rows in whose time a strip computes what its neighbour above computes too: one output row in the middle needs
/// so many rows of each node more than its share.
double ChainModel::recomputedRows() const {
  SmallVector<Interval> needed(nodes.size());
  const int64_t height = nodes.back().height;
  needed.back() = {height / 2, height / 2};
  double extra = 0;
  for (unsigned number = nodes.size(); number-- > 0;) {
    const Node &node = nodes[number];
    Interval rows = needed[number];
    if (rows.isEmpty())
      continue;
    double share = double(node.height) / height;
    extra += node.cycles / workCycles * std::max(0.0, rows.high - rows.low + 1 - share) / share;
    for (unsigned read : node.reads)
      needed[read].join({rows.low * node.stride - node.low, rows.high * node.stride - node.low + node.reach});
  }
  return extra;
}

int64_t ChainModel::stripRows() const { return std::max<int64_t>(1, std::ceil(recomputedRows() / mostRecomputed)); }

bool ChainModel::changesAlgorithms() const {
  return llvm::any_of(nodes, [](const Node &node) {
    auto conv = dyn_cast_or_null<ConvOp>(node.op);
    return conv && isWinograd(conv.getAlgorithm());
  });
}

bool ChainModel::isBatch() const { return tensorType(nodes.back().op->getResult(0)).getDimSize(0) != 1; }

bool ChainModel::hasStrips(int64_t rows) const {
  int64_t steps = llvm::divideCeil(nodes.back().height, rows);
  return !isBatch() && steps >= 2 * int64_t(llvm::divideCeil(stripRows(), rows));
}

DictionaryAttr ChainModel::choice(int64_t rows, bool strips) const {
  MLIRContext *context = nodes.back().op->getContext();
  Builder builder(context);
  NamedAttrList entries(makeParameters(context, "chain", {{"rows", rows}}));
  if (strips) {
    entries.set("strip", builder.getI64IntegerAttr(stripRows()));
    entries.set("again_permille",
                builder.getI64IntegerAttr(std::llround(1000 * recomputedRows() / nodes.back().height)));
  }
  entries.set("stages", builder.getArrayAttr(stages));
  return entries.getDictionary(context);
}

} // namespace weft
