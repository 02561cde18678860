// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations become nodes as they will become stages of a kernel (compiler/Conversion), and rows are followed through
// them as they will be through the stages (compiler/Schedule/LineBuffers.h).
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
/// Reading weights again may take this part of the arithmetic's time, no more.
constexpr double mostStreaming = 0.2;
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

/// Members one behind the other in whole blocks of channels (what `lowerConcat` takes).
bool joinsBlocks(ConcatOp concat) {
  BlockedAttr whole = getBlocked(concat.getY().getType());
  return whole && concat.getAxis() == 1 && llvm::all_of(concat.getXs(), [&](Value x) {
           BlockedAttr layout = getBlocked(x.getType());
           return layout && layout.getBlock() == whole.getBlock() && tensorType(x).getDimSize(1) % whole.getBlock() == 0;
         });
}

/// A convolution that sums over channels alone.
bool isPlainProduct(Operation *op) {
  auto conv = dyn_cast<ConvOp>(op);
  return conv && isBlocked(conv.getX().getType()) && conv.getAlgorithm() != Algorithm::Depthwise &&
         llvm::all_of(conv.getKernel(), [](int64_t extent) { return extent == 1; }) &&
         llvm::all_of(conv.getPad(), [](int64_t pad) { return pad == 0; });
}

} // namespace

ChoicesInChain::ChoicesInChain(const Machine &machine) : machine(machine) {
  this->machine.tiles = false; // a call that sums a plane's strip at once; lines of a chain are too short for it
}

std::optional<Choice> ChoicesInChain::of(Operation *op) {
  auto [entry, isNew] = known.try_emplace(op);
  if (!isNew)
    return entry->second;
  auto decided = op->getAttrOfType<AlgorithmAttr>("algorithm");
  std::optional<Algorithm> wanted;
  if (decided)
    wanted = savesProducts(decided.getValue()) ? Algorithm::Direct : decided.getValue();
  for (Choice &choice : candidates(op, machine))
    if (!wanted || choice.algorithm == wanted)
      return entry->second = choice;
  return std::nullopt;
}

bool ChoicesInChain::tilesExactly(RankedTensorType type) {
  auto [entry, isNew] = exact.try_emplace(type);
  if (isNew) {
    int64_t width = type.getDimSize(3), blocks = llvm::divideCeil(type.getDimSize(1), machine.vector);
    Tile tile = chooseExactTile(width, blocks, machine);
    entry->second = tile.x * tile.cb >= std::min<int64_t>(fewestExactAccumulators, width * blocks);
  }
  return entry->second;
}

ChainModel::ChainModel(ArrayRef<Operation *> members, const Machine &machine, ChoicesInChain &choices)
    : machine(machine), choices(choices) {
  inside.insert(members.begin(), members.end());
  for (Operation *member : members) {
    auto group = dyn_cast<GroupOp>(member);
    if (!group)
      valid = valid && add(member);
    else
      for (Operation &op : group.getBody().front().without_terminator())
        valid = valid && add(&op);
  }
  valid = valid && stages.size() >= 2 && stages.size() <= mostStages && nodes.back().rows.height >= 4;
  if (!valid)
    return;
  decideBuffers();
}

/// The nodes that are computed inside their readers' stages keep nothing.
void ChainModel::decideBuffers() {
  nodes.back().kept = false;
  std::vector<unsigned> readers(nodes.size());
  for (const Node &node : nodes)
    for (const RowRead &read : node.rows.reads)
      ++readers[read.from];
  // What one element-wise operation alone reads is computed by its stage.
  for (const Node &node : nodes)
    if (node.op && isPointwise(node.op))
      for (const RowRead &read : node.rows.reads)
        if (readers[read.from] == 1 && nodes[read.from].op)
          nodes[read.from].kept = false;
  // So is what prepares the operand of one product with 1x1 windows, tile by tile.
  for (const Node &node : nodes)
    if (node.op && isPlainProduct(node.op) && !node.rows.reads.empty()) {
      Node &x = nodes[node.rows.reads[0].from];
      if (readers[node.rows.reads[0].from] == 1 && x.op && isPointwise(x.op) && !readsSum(x))
        x.kept = false;
    }
  // What a line with its padding alone reads is made where it is stored (see family `chain`).
  for (Node &node : nodes)
    if (!node.op && !node.rows.reads.empty()) {
      Node &inner = nodes[node.rows.reads[0].from];
      if (readers[node.rows.reads[0].from] == 1 && inner.tilesExactly) {
        inner.kept = false;
        node.copies = false;
      }
    }
  for (const Node &node : nodes)
    if (node.kept && node.copies && (!node.op || isa<ConcatOp>(node.op)))
      copiedBytes += double(node.rowBytes) * node.rows.height;
}

/// Whether the stage that computes `node` stores a sum.
bool ChainModel::readsSum(const Node &node) const {
  return llvm::any_of(node.rows.reads, [&](const RowRead &read) {
    const Node &from = nodes[read.from];
    return !from.kept && from.op && (windowOf(from.op) || readsSum(from));
  });
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
  border.rows.height = type.getDimSize(2) + pad[0] + pad[2];
  border.rowBytes = rowBytesOf(type, pad[1] + pad[3]);
  if (auto known = nodeOf.find(x); known != nodeOf.end())
    border.rows.reads.push_back({known->second, 1, -pad[0], -pad[0]});
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
  node.rows.height = y.getDimSize(2);
  node.rowBytes = rowBytesOf(y, 0);
  node.tilesExactly = !isa<ConcatOp>(op) && choices.tilesExactly(y);
  auto concat = dyn_cast<ConcatOp>(op);
  bool good = concat ? joinsBlocks(concat) && addOperands(op, node)
                     : isPointwise(op) ? addOperands(op, node) : addWindow(op, node);
  nodes.push_back(std::move(node));
  nodeOf[op->getResult(0)] = nodes.size() - 1;
  return good;
}

bool ChainModel::addWindow(Operation *op, Node &node) {
  std::optional<Sliding> window = windowOf(op);
  std::optional<Choice> choice = window ? choices.of(op) : std::nullopt;
  if (!choice || window->kernel.size() != 2)
    return false;
  stages.push_back(choice->parameters);
  workCycles += choice->cycles;
  node.cycles = choice->cycles;
  weightBytes += choice->weightBytes;
  Value x = resolve(op->getOperand(0));
  extendToReach(*window, tensorType(x), tensorType(op->getResult(0)));
  bool pads = llvm::any_of(window->pad, [](int64_t pad) { return pad > 0; });
  auto known = nodeOf.find(x);
  if (known == nodeOf.end() && !(pads && !isBlocked(x.getType())))
    return true;
  unsigned from = pads ? addBorder(op, x, window->pad) : known->second;
  if (known == nodeOf.end() && machine.readsInPlace(window->stride[1])) // the picture is read in place (see family `chain`)
    nodes[from].kept = nodes[from].copies = false;
  node.rows.reads.push_back({from, window->stride[0], 0, (window->kernel[0] - 1) * window->dilation[0]});
  return true;
}

/// Operands read element by element: rows as they are.
bool ChainModel::addOperands(Operation *op, Node &node) {
  for (Value operand : op->getOperands()) {
    auto known = nodeOf.find(resolve(operand));
    if (known == nodeOf.end())
      continue;
    if (tensorType(operand).getShape().drop_front(2) != tensorType(op->getResult(0)).getShape().drop_front(2))
      return false;
    node.rows.reads.push_back({known->second});
  }
  return true;
}

SmallVector<int64_t> ChainModel::stepsToTry() const {
  SmallVector<int64_t> steps;
  for (int64_t rows : {1, 2, 4, 7})
    if (rows == 1 || (nodes.back().rows.height % rows == 0 && rows < nodes.back().rows.height))
      steps.push_back(rows);
  return steps;
}

/// Of all nodes; the rows of a node are those of its number.
SmallVector<RowStage> ChainModel::rowStages() const {
  SmallVector<RowStage> stages;
  for (const Node &node : nodes)
    stages.push_back(node.rows);
  return stages;
}

ChainEstimate ChainModel::estimate(int64_t rows, bool strips) const {
  ChainEstimate result;
  result.rows = rows;
  for (auto [node, buffer] : llvm::zip_equal(nodes, lineBuffers(rowStages(), rows, strips)))
    if (node.kept)
      result.scratchBytes += llvm::alignTo(buffer.rows * node.rowBytes, 64);
  int64_t steps = llvm::divideCeil(nodes.back().rows.height, rows);
  result.weightBytes = weightBytes;
  int64_t samples = tensorType(nodes.back().op->getResult(0)).getDimSize(0);
  steps *= samples;
  double streamed = std::max(0.0, weightBytes - cachedWeightBytes) * double(steps - 1) / streamedBytesPerCycle;
  result.isWorthIt = streamed <= mostStreaming * workCycles;
  result.cycles = workCycles + streamed + samples * copiedBytes / (4 * machine.vector) * cyclesPerCopiedVector +
                  steps * nodes.size() * cyclesPerStage;
  return result;
}

/// Output rows in whose time a strip computes what its neighbour above computes too: one output row in the middle needs
/// so many rows of each node more than its share.
double ChainModel::recomputedRows() const {
  double extra = 0;
  for (auto [node, rows] : llvm::zip_equal(nodes, rowsAlone(rowStages(), 1))) {
    double share = double(node.rows.height) / nodes.back().rows.height;
    extra += node.cycles / workCycles * std::max(0.0, rows - share) / share;
  }
  return extra;
}

int64_t ChainModel::stripRows() const { return std::max<int64_t>(1, std::ceil(recomputedRows() / mostRecomputed)); }

bool ChainModel::changesAlgorithms() const {
  return llvm::any_of(nodes, [](const Node &node) {
    auto conv = dyn_cast_or_null<ConvOp>(node.op);
    return conv && savesProducts(conv.getAlgorithm());
  });
}

bool ChainModel::isBatch() const { return tensorType(nodes.back().op->getResult(0)).getDimSize(0) != 1; }

bool ChainModel::hasStrips(int64_t rows) const {
  int64_t steps = llvm::divideCeil(nodes.back().rows.height, rows);
  return !isBatch() && steps >= 2 * int64_t(llvm::divideCeil(stripRows(), rows));
}

DictionaryAttr ChainModel::choice(int64_t rows, bool strips) const {
  MLIRContext *context = nodes.back().op->getContext();
  Builder builder(context);
  NamedAttrList entries(makeParameters(context, "chain", {{"rows", rows}}));
  if (strips) {
    entries.set("strip", builder.getI64IntegerAttr(stripRows()));
    if (int64_t again = std::llround(1000 * recomputedRows() / nodes.back().rows.height); again > 0)
      entries.set("again_permille", builder.getI64IntegerAttr(again));
  }
  entries.set("stages", builder.getArrayAttr(stages));
  return entries.getDictionary(context);
}

} // namespace weft
