// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase layout, before anything is packed: layers of a batch run for some of its samples at a time.
//
// Layer by layer, a batch's planes go to memory and come back between any two layers; the planes of one sample stay in the
// cache, but then weights are read once for each part of the batch. Planes are large where networks begin and weights where
// they end, so the layers are cut into stretches, each of which runs from its first to its last layer for one part of the
// batch before the next part: of one sample first, of more and more later. Where they are cut, and how many samples are
// together, is the cheapest of all ways by the bytes that come from memory. Parts of a batch are a `split` and a `concat` along
// dimension 0, which cost nothing, and equal layers of the parts share kernels.
#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Slices.h"

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_SPLITBATCH
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// Cycles a kernel costs beside what it computes; most of them where threads share one sample's work, which they do less well than
/// that of several samples.
constexpr double launchCycles = 30000;

/// What of the time to read weights from memory is not hidden under arithmetic.
constexpr double exposedWeights = 0.5;

/// Fewer samples that are not one have neither chains in strips nor enough for threads to share.
constexpr int64_t fewestTogether = 8;

/// The third-level cache, in parts of what stays in the second.
constexpr double thirdLevel = 6;

/// Parts of a batch: each is a copy of the layers in all that follows.
constexpr int64_t mostParts = 16;

/// Which operations may run for part of a batch.
class Batch {
public:
  Batch(func::FuncOp network, int64_t samples) : samples(samples), recipes(recipesIn(network.getBody().front())) {}

  bool isRecipe(Value value) const { return recipes.contains(value); }
  bool isRecipe(Operation *op) const { return llvm::all_of(op->getResults(), [&](Value value) { return isRecipe(value); }); }

  /// Dimension 0 runs over the samples.
  bool carries(Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    return !isRecipe(value) && type.hasStaticShape() && type.getRank() > 1 && type.getDimSize(0) == samples;
  }

  /// Whether each sample of the results comes from the same sample of the operands.
  bool divides(Operation *op) const {
    return keepsSamples(op) && llvm::all_of(op->getResults(), [&](Value value) { return carries(value); }) &&
           llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) { return isDivided(operand) || isForAll(operand); });
  }

  const int64_t samples;

private:
  static bool keepsSamples(Operation *op) {
    if (auto concat = dyn_cast<ConcatOp>(op))
      return concat.getAxis() != 0;
    if (auto split = dyn_cast<SplitOp>(op))
      return split.getAxis() != 0;
    if (auto slice = dyn_cast<SliceOp>(op))
      return slice.getStart()[0] == 0 && slice.getStep()[0] == 1;
    if (auto pad = dyn_cast<PadOp>(op))
      return pad.getLow()[0] == 0 && pad.getHigh()[0] == 0;
    if (auto flatten = dyn_cast<FlattenOp>(op))
      return flatten.getAxis() == 1;
    if (isa<ReduceMeanOp, ReduceMaxOp, ReduceSumOp>(op)) {
      auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
      return !axes.empty() && !llvm::is_contained(axes, 0); // none: all
    }
    return isPointwise(op) || isWindow(op) || isChannelNorm(op) ||
           isa<ConvOp, LinearOp, LrnOp, ChannelnormOp, ChannelShuffleOp, DepthToSpaceOp>(op);
  }

  static int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

  /// Whether its samples are those of the result. Parameters of a layer are none, whatever their shape.
  bool isDivided(OpOperand &operand) const {
    Operation *op = operand.getOwner();
    bool isData = operand.getOperandNumber() == 0 || isa<ConcatOp>(op) ||
                  (isPointwise(op) && rankOf(operand.get()) == rankOf(op->getResult(0)));
    return isData && carries(operand.get());
  }

  /// Whether all samples read the same of it.
  bool isForAll(OpOperand &operand) const {
    Value value = operand.get();
    Operation *op = operand.getOwner();
    bool hasSamples = isa<ConcatOp>(op) || (isPointwise(op) && rankOf(value) == rankOf(op->getResult(0)) &&
                                            cast<RankedTensorType>(value.getType()).getDimSize(0) != 1);
    return isRecipe(value) && !hasSamples;
  }

  llvm::DenseSet<Value> recipes;
};

/// What an operation costs for all samples, in cycles, with some of them at a time.
class Cost {
public:
  Cost(Operation *op, const Batch &batch, const Machine &machine) : samples(batch.samples), machine(machine) {
    if (isContraction(op))
      if (SmallVector<Choice> choices = candidates(op, machine); !choices.empty()) {
        arithmetic = choices.front().cycles / samples;
        weights = choices.front().weightBytes / machine.bytesPerCycle;
      }
    // What is element by element joins the kernel that made its first operand.
    size_t joined = isPointwise(op) ? 1 : 0;
    if (isa<ConcatOp, SplitOp, SliceOp, FlattenOp>(op))
      return;
    for (Value operand : op->getOperands().drop_front(joined))
      if (batch.carries(operand))
        planes.push_back(bytesOf(operand) / samples);
    if (!joined)
      planes.push_back(bytesOf(op->getResult(0)) / samples);
  }

  double of(int64_t together) const {
    double parts = double(samples) / together;
    double cycles = parts * (std::max(arithmetic * together, weights) + exposedWeights * weights + launchCycles);
    for (double bytes : planes)
      cycles += samples * bytes * share(together * bytes) / machine.bytesPerCycle;
    return cycles;
  }

private:
  /// What reading or writing `bytes` takes of the time from memory: nothing in the second-level cache, half in the third.
  double share(double bytes) const {
    return bytes <= machine.bandBytes ? 0 : bytes <= thirdLevel * machine.bandBytes ? 0.5 : 1;
  }

  /// As it will lie: what the network makes in whole blocks of channels.
  double bytesOf(Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    bool isPacked = type.getRank() > 2 && value.getDefiningOp();
    int64_t channels = type.getDimSize(1);
    return 4.0 * type.getNumElements() / channels * (isPacked ? llvm::alignTo(channels, machine.vector) : channels);
  }

  int64_t samples;
  const Machine &machine;
  double arithmetic = 0, weights = 0; ///< cycles of one sample, and to read the weights
  SmallVector<double> planes;         ///< bytes of one sample, of each tensor that is read or written
};

/// Operations in order that run for `together` samples at a time.
struct Stretch {
  SmallVector<Operation *> ops;
  int64_t together;
};

/// Layers between two places where the batch may be divided anew: those where one value goes on that no kernel still works
/// on.
class Stretches {
public:
  Stretches(Block &body, const Batch &batch, const Machine &machine) : batch(batch), machine(machine) {
    Operation *last = nullptr;
    for (Operation &op : body.without_terminator()) {
      if (batch.isRecipe(&op))
        continue;
      if (!batch.divides(&op)) {
        end();
        last = nullptr;
        continue;
      }
      if (!last || mayCut(last, &op))
        pieces.emplace_back();
      pieces.back().push_back(&op);
      last = &op;
    }
    end();
  }

  SmallVector<Stretch> found;

private:
  /// Whether all that is needed from `op` on of what came before is the result of `last`, or of two concatenations: cells of
  /// NASNet read the two before them.
  bool mayCut(Operation *last, Operation *op) {
    bool starts = !isPointwise(op) || !(isContraction(last) || isPointwise(last));
    if (!starts || last->getNumResults() != 1)
      return false;
    SmallVector<Value> earlier(crossing);
    for (Operation *before : pieces.back()) {
      llvm::append_range(earlier, before->getOperands());
      llvm::append_range(earlier, before->getResults());
    }
    llvm::SmallSetVector<Value, 4> needed;
    for (Value value : earlier)
      if (value != last->getResult(0) && !batch.isRecipe(value) && isNeededFrom(op, value))
        needed.insert(value);
    bool twoCells = needed.size() == 1 && needed.front().getDefiningOp<ConcatOp>() && isa<ConcatOp>(last);
    if (!needed.empty() && !twoCells)
      return false;
    crossing.assign(needed.begin(), needed.end());
    crossing.push_back(last->getResult(0));
    return true;
  }

  static bool isNeededFrom(Operation *op, Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) { return !user->isBeforeInBlock(op); });
  }

  /// The pieces so far become stretches: neighbours that run for as many samples at a time are one.
  void end() {
    SmallVector<int64_t> numbers = cheapest();
    int64_t before = 0;
    for (auto [piece, together] : llvm::zip_equal(pieces, numbers)) {
      if (together != before)
        found.push_back({{}, together});
      found.back().ops.append(piece);
      before = together;
    }
    pieces.clear();
    crossing.clear();
  }

  /// How many samples may run together, the fewest first.
  SmallVector<int64_t> possibleNumbers() const {
    SmallVector<int64_t> numbers;
    for (int64_t parts = mostParts; parts >= 1; --parts)
      if (int64_t together = batch.samples / parts;
          batch.samples % parts == 0 && (together == 1 || together >= fewestTogether || parts == 1))
        numbers.push_back(together);
    return numbers;
  }

  /// The cheapest numbers of samples for the pieces, which never fall.
  SmallVector<int64_t> cheapest() const {
    struct Way {
      double cycles = 0;
      SmallVector<int64_t> together; ///< of each piece
      bool operator<(const Way &other) const { return cycles < other.cycles; }
    };
    SmallVector<int64_t> numbers = possibleNumbers();
    SmallVector<Way> ways(numbers.size()); // the cheapest that ends with each number
    for (ArrayRef<Operation *> piece : pieces) {
      SmallVector<Way> longer;
      for (auto [index, together] : llvm::enumerate(numbers)) {
        longer.push_back(*std::min_element(ways.begin(), ways.begin() + index + 1));
        longer.back().together.push_back(together);
        for (Operation *op : piece)
          longer.back().cycles += Cost(op, batch, machine).of(together);
      }
      ways = std::move(longer);
    }
    return std::min_element(ways.begin(), ways.end())->together;
  }

  const Batch &batch;
  const Machine &machine;
  SmallVector<SmallVector<Operation *>> pieces;
  SmallVector<Value> crossing; ///< what the last piece may read of those before it
};

/// The operations of a stretch once for each part of the batch.
class Divider {
public:
  Divider(const Stretch &stretch, const Batch &batch)
      : stretch(stretch), batch(batch), inside(stretch.ops.begin(), stretch.ops.end()), builder(stretch.ops.front()),
        parts(batch.samples / stretch.together) {}

  void run() {
    builder.setInsertionPoint(stretch.ops.back());
    splitInputs();
    for (IRMapping &part : copies)
      for (Operation *op : stretch.ops)
        clone(op, part);
    for (Operation *op : stretch.ops)
      for (Value value : op->getResults())
        join(value);
    for (Operation *op : llvm::reverse(stretch.ops))
      op->erase();
  }

private:
  void splitInputs() {
    copies.resize(parts);
    for (Operation *op : stretch.ops)
      for (Value value : op->getOperands()) {
        Operation *maker = value.getDefiningOp();
        if (!batch.carries(value) || inside.contains(maker) || copies.front().contains(value))
          continue;
        SmallVector<int64_t> sizes(parts, stretch.together);
        SmallVector<Type> types(parts, ofPart(value.getType()));
        auto split = SplitOp::create(builder, value.getLoc(), types, value, 0, sizes);
        for (auto [copy, part] : llvm::zip_equal(copies, split.getYs()))
          copy.map(value, part);
      }
  }

  void clone(Operation *op, IRMapping &part) {
    Operation *copy = builder.clone(*op, part);
    for (Value result : copy->getResults())
      result.setType(ofPart(result.getType()));
    if (auto slice = dyn_cast<SliceOp>(copy)) {
      SmallVector<int64_t> stop(slice.getStop());
      stop[0] = stretch.together;
      slice.setStop(stop);
    }
  }

  /// One tensor again, for those behind the stretch.
  void join(Value value) {
    if (llvm::all_of(value.getUsers(), [&](Operation *user) { return inside.contains(user); }))
      return;
    SmallVector<Value> results;
    for (IRMapping &part : copies)
      results.push_back(part.lookup(value));
    Value whole = concat(builder, value.getLoc(), results, 0);
    value.replaceUsesWithIf(whole, [&](OpOperand &use) { return !inside.contains(use.getOwner()); });
  }

  Type ofPart(Type type) const {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape());
    shape[0] = stretch.together;
    return RankedTensorType::get(shape, tensor.getElementType(), tensor.getEncoding());
  }

  const Stretch &stretch;
  const Batch &batch;
  llvm::SmallPtrSet<Operation *, 32> inside;
  OpBuilder builder;
  int64_t parts;
  SmallVector<IRMapping> copies;
};

struct SplitBatch : impl::SplitBatchBase<SplitBatch> {
  void runOnOperation() override {
    Machine machine = Machine::of(getOperation());
    for (auto network : getOperation().getOps<func::FuncOp>())
      if (network->hasAttr("weft.net"))
        split(network, machine);
  }

  void split(func::FuncOp network, const Machine &machine) {
    Block &body = network.getBody().front();
    int64_t samples = samplesOf(body);
    if (samples <= 1)
      return;
    Batch batch(network, samples);
    for (const Stretch &stretch : Stretches(body, batch, machine).found)
      if (stretch.together < samples) {
        Divider(stretch, batch).run();
        ++numStretches;
      }
  }

  /// Of the first convolution; 0 where that is a run-time size, or there is none.
  static int64_t samplesOf(Block &body) {
    for (auto conv : body.getOps<ConvOp>()) {
      auto type = cast<RankedTensorType>(conv.getY().getType());
      return type.hasStaticShape() ? type.getDimSize(0) : 0;
    }
    return 0;
  }
};

} // namespace
} // namespace weft
