// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Packed direct convolution, dense or grouped: a tile of output pixels by channel blocks stays in registers while input
// channels and the window run past it.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Strips.h"
#include "compiler/Schedule/OpKinds.h"

#include <cmath>

using namespace mlir;

namespace weft {
namespace {

/// Weights below this stay in the second-level cache while a sample is computed.
constexpr int64_t cachedWeightBytes = 512 << 10;

/// What a strip's prepared input may take: it stays in the second-level cache beside the weights that pass.
constexpr int64_t stripBytes = 192 << 10;

/// A strip of channel blocks whose weights stay below reads them from the first-level cache as it is.
constexpr int64_t firstLevelBytes = 48 << 10;

/// What tiles of the plane may be wasted so that they divide it.
constexpr double mostExactWaste = 1.1;

/// Weights below this are not worth fetching ahead.
constexpr int64_t smallWeightBytes = 64 << 10;

/// Strips of channel blocks are the only loop that runs in parallel where weights are fetched ahead: enough of them for
/// many threads to share, or an even number for two.
bool sharedEvenly(int64_t strips) { return strips >= 8 || strips == 4 || strips == 6; }

/// A value that is no plane, or a blocked one without a border. Planes of constants are packed as planes.
bool hasNoGaps(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (isRecipe(value))
    return !isBlocked(value.getType());
  bool isPlane = type && type.getRank() == 4 && type.getDimSize(2) * type.getDimSize(3) != 1;
  return !isPlane || (isBlocked(type) && !getBlocked(type).hasBorder());
}

/// Whether an operand has all pixels of `planes`, or one for all of them; a row or a column is repeated in another way along a line.
bool hasPixelsOf(Value planes, Value operand) {
  auto type = cast<RankedTensorType>(operand.getType()), all = cast<RankedTensorType>(planes.getType());
  if (type.getRank() != all.getRank())
    return true; // weights
  ArrayRef<int64_t> pixels = type.getShape().drop_front(2);
  return llvm::all_of(pixels, [](int64_t extent) { return extent == 1; }) || pixels == all.getShape().drop_front(2);
}

/// Whether a group is one operation and element-wise ones behind it, which read planes between whose rows nothing lies,
/// and no view says where its result is to lie: in another form it would be a copy.
bool readsDensePlanes(GroupOp group) {
  auto behind = llvm::drop_begin(group.getBody().front().without_terminator());
  return group->getNumResults() == 1 && isBlocked(group.getResult(0).getType()) &&
         llvm::all_of(group.getInputs(), [&](Value x) { return hasNoGaps(x) && hasPixelsOf(group.getResult(0), x); }) &&
         llvm::all_of(behind, [](Operation &op) { return isPointwise(&op); }) &&
         llvm::all_of(group->getUsers(), [](Operation *user) { return isa<GroupOp, SplitOp, SliceOp>(user); });
}

class Direct final : public Family {
public:
  StringRef name() const override { return "direct"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape())
      return;
    ConvShape shape(conv);
    int64_t block = machine.vector;
    if (shape.isDepthwise() || permutesLanes(conv, block)) // joined groups would multiply other channels' infinities by zero
      return;
    int64_t lanes = lanesOf(shape, machine);
    int64_t together = shape.isDense() || lanes < block ? 1 : groupsInBlock(conv, block);
    if (together == 0)
      return;
    int64_t groups = shape.groups / together;
    int64_t outBlocks = llvm::divideCeil(shape.outputs, block);
    int64_t inBlocks = llvm::divideCeil(shape.inputs / groups, block);
    int64_t inputs = llvm::alignTo(shape.inputs / groups, lanes);
    bool steps = shape.window > 1 || shape.stride.back() == 1;
    TileLimits limits = steps ? TileLimits::wide(machine, shape.window) : TileLimits::striding(machine, shape.window);
    limits.wholeBlocks = sharesPixels(shape, machine);
    if (shape.window == 1 && machine.hasFewRegisters())
      limits.many = limits.three; // 3x4 is as fast as 4x3 and 6x2
    if (steps)
      limitStrip(limits, 4.0 * block * inputs * shape.window, machine);
    bool prepares = hasPrologue(conv);
    if (!prepares)
      limits.rows = rowsOfTile(shape);
    if (shape.trims())
      limits.oneRow = shape.met;
    Tile tile = chooseTile(shape.width, outBlocks / groups, machine, limits);
    Choice choice;
    choice.algorithm = shape.isDense() ? Algorithm::Direct : Algorithm::Grouped;
    choice.block = block;
    choice.weightBytes = outBlocks * block * inputs * shape.window * 4;
    std::optional<Tile> line = tileOfLine(conv, shape, tile, choice, limits, machine);
    if (line) {
      tile = *line;
      shape.width = shape.pixels;
      shape.height = 1;
    }
    std::optional<Tile> chunks = prepares ? std::nullopt : chunkTile(shape, tile, choice, machine);
    tile = chunks.value_or(tile);
    bool trims = trimsRows(shape, tile);
    double vectors = double(shape.batch) * shape.pixels * outBlocks * inputs * shape.window * (trims ? shape.met : 1) * tile.waste;
    choice.cycles = streamingCycles(vectors, choice.weightBytes, machine);
    if (!chunks)
      choice.cycles = std::max(choice.cycles, readAgainCycles(shape, tile, inputs, choice, machine));
    choice.parameters =
        prepares
            ? stripParameters(conv, shape, tile, inBlocks * block * 4, choice.weightBytes)
            : parametersOf(head->getContext(), shape, tile, line.has_value(), chunks.has_value(), choice, machine);
    choices.push_back(choice);
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest(choice);
    nest.chunks &= !reduction->cutLoop.empty();
    if (reduction->extentOf("i") % channelUnroll == 0) {
      nest.splitReduction = "i";
      nest.splitFactor = channelUnroll;
    }
    if (std::optional<Strips> strips = stripsOf(kernel, choice))
      return scheduleStrips(kernel, nest, *strips, machine);
    return scheduleNest(kernel, nest, machine);
  }

private:
  /// Rows of one tile leave out different rows of the window.
  static bool trimsRows(const ConvShape &shape, Tile tile) { return shape.trims() && tile.y == 1; }

  static int64_t lanesOf(const ConvShape &shape, const Machine &machine) {
    return shape.isDense() ? inputLanes(shape.inputs, machine.vector)
                           : groupLanes(shape.inputs / shape.groups, shape.outputs / shape.groups, machine.vector);
  }

  /// Whether a tile must lie in one group, so that its channel blocks are known to read the same pixels, each of which is then
  /// loaded once.
  static bool sharesPixels(const ConvShape &shape, const Machine &machine) {
    return !shape.isDense() && !machine.embedsBroadcast;
  }

  /// Where each tile of a strip reads its filter, `blockBytes` for a channel block, from the second-level cache, wide tiles pay, and those
  /// of so many blocks that it leaves that cache do not.
  static void limitStrip(TileLimits &limits, double blockBytes, const Machine &machine) {
    constexpr double ofBand = 0.5, leaves = 1.25;
    if (machine.farReload == 0 || 2 * blockBytes <= firstLevelBytes)
      return;
    limits.weightReload = machine.farReload;
    limits.sums = 24;
    if (3 * blockBytes > ofBand * machine.bandBytes)
      limits.three = leaves;
    if (4 * blockBytes > ofBand * machine.bandBytes)
      limits.many = leaves;
  }

  /// The tile of a 1x1 convolution whose planes are each one line of pixels, so that only its last tile repeats work, not
  /// the last one of each row, and tiles that divide no row may have more sums: where nothing lies between the rows it reads, and it
  /// gains more than a copy of the result costs, should that have a border. Large planes, whose rows threads share, are not worth
  /// that. Tiles of AVX-512 divide most rows as they are. Planes one pixel wide stay as they are: a kernel has an extent of one as a
  /// constant, and a line needs its width open.
  static std::optional<Tile> tileOfLine(ConvOp conv, const ConvShape &shape, Tile tile, const Choice &choice,
                                        TileLimits limits, const Machine &machine) {
    constexpr int64_t fewPixels = 64; // the weights' way from memory shows: fewer streams of them are faster
    constexpr double gain = 0.01, copied = 16; // what a result copied costs, in multiply-adds of a vector
    constexpr double weightReload = 0.15;      // sums are long where weights outweigh planes
    auto group = conv->getParentOfType<GroupOp>();
    bool isPoint = shape.isDense() && shape.window == 1 && shape.kernel.size() == 2 &&
                   llvm::all_of(shape.stride, [](int64_t stride) { return stride == 1; });
    bool isColumn = shape.width == 1 && shape.height > 1;
    if (!group || !isPoint || isColumn || !machine.joinsRows || !readsDensePlanes(group))
      return std::nullopt;
    bool copiesResult = !hasNoGaps(group.getResult(0));
    if ((shape.batch > 1 || copiesResult) && rowsOf(shape, tile, choice, machine) > 0)
      return std::nullopt;
    bool isLong = shape.pixels > fewPixels;
    auto timeOf = [&, rowLimits = limits](Tile it) {
      return it.waste * (isLong ? latencyPenalty(it.pixels(), it.cb, machine, rowLimits) * (1 + weightReload / it.pixels()) : 1);
    };
    limits.rows = 1;
    limits.weightReload = weightReload;
    limits.loadMore = 1.2;
    if (!isLong) {
      limits.three = 1.14;
      limits.many = 1.25;
    }
    Tile line = chooseTile(shape.pixels, llvm::divideCeil(shape.outputs, machine.vector), machine, limits);
    double least = copiesResult ? gain + copied / shape.inputs : gain;
    return timeOf(tile) > timeOf(line) * (1 + least) ? std::optional(line) : std::nullopt;
  }

  /// Tiles of one plane.
  static int64_t tilesOf(const ConvShape &shape, Tile tile) {
    return llvm::divideCeil(shape.height, tile.y) * llvm::divideCeil(shape.width, tile.x);
  }

  /// Where the filter of one strip of channel blocks alone outgrows the second-level cache, each tile reads it from beyond, at
  /// about twice the speed of memory: 2048 channels, 3x3, at 16x16 to 0.4 of the peak.
  static double readAgainCycles(const ConvShape &shape, Tile tile, int64_t inputs, const Choice &choice,
                                const Machine &machine) {
    double stripBytes = 4.0 * tile.cb * machine.vector * inputs * shape.window;
    double tiles = double(shape.batch) * tilesOf(shape, tile);
    if (!machine.slowThirdLevel || stripBytes <= machine.bandBytes)
      return 0;
    return double(choice.weightBytes) * tiles / (2 * machine.bytesPerCycle);
  }

  /// The tile with which a strip of channel blocks runs through one partial sum after the other; none where its weights are
  /// few, or its tiles many or do not cover the row. AVX2's small tiles read the weights of a window so often that many tiles gain too.
  static std::optional<Tile> chunkTile(const ConvShape &shape, Tile plain, const Choice &choice, const Machine &machine) {
    int64_t blocks = llvm::divideCeil(shape.outputs, machine.vector);
    Tile tile = chooseChunkTile(shape.width, blocks, machine);
    if (!shape.isDense() || tile.x == 0 || tile.waste > mostExactWaste * plain.waste)
      return std::nullopt;
    bool stays = double(choice.weightBytes) * tile.cb / blocks <= firstLevelBytes;
    int64_t samples = samplesOf(shape, tile, choice, machine);
    bool inStrips = samples > 1 || rowsOf(shape, tile, choice, machine) == 0;
    bool pays = machine.hasFewRegisters() && shape.window > 1
                    ? !inStrips || sharedEvenly(tasksOf(shape, tile, samples, true, machine))
                    : inStrips && fetchedAhead(shape, tile, samples, true, choice, machine);
    return !stays && pays ? std::optional(tile) : std::nullopt;
  }

  /// What threads share where each strip of channel blocks runs through its own part of the filter, for `samples` of a batch: strips,
  /// or parts of the batch, of which each runs through all strips unless those go by chunks.
  static int64_t tasksOf(const ConvShape &shape, Tile tile, int64_t samples, bool chunks, const Machine &machine) {
    int64_t strips = llvm::divideCeil(llvm::divideCeil(shape.outputs, machine.vector), tile.cb), parts = shape.batch / samples;
    return parts == 1 ? strips : chunks ? strips * parts : parts;
  }

  /// Cache lines fetched of the next strip's filter, if there are tasks for all cores.
  static int64_t fetchedAhead(const ConvShape &shape, Tile tile, int64_t samples, bool chunks, const Choice &choice,
                              const Machine &machine) {
    if (!sharedEvenly(tasksOf(shape, tile, samples, chunks, machine)) || choice.weightBytes < smallWeightBytes)
      return 0;
    int64_t tiles = samples * tilesOf(shape, tile);
    return llvm::divideCeil(linesAhead(machine.vector, tile.cb, tiles, machine) * lanesOf(shape, machine), machine.vector);
  }

  /// How many samples of a batch a strip of channel blocks runs through before the next one does: each weight is then
  /// read from memory once for so many samples, but their input once for each strip unless all of it stays in the
  /// cache.
  static int64_t samplesOf(const ConvShape &shape, Tile tile, const Choice &choice, const Machine &machine) {
    if (choice.weightBytes <= cachedWeightBytes)
      return 1;
    // A window of one skips rows, but not pixels: their lines are fetched in pairs.
    double inputBytes = 4.0 * shape.pixels * shape.inputs * shape.stride.back();
    if (shape.window > 1)
      for (int64_t stride : ArrayRef(shape.stride).drop_back())
        inputBytes *= stride;
    int64_t blocks = llvm::divideCeil(shape.outputs / shape.groups, machine.vector);
    int64_t strips = llvm::divideCeil(blocks, tile.cb), best = 1;
    double least = -1;
    for (int64_t samples = shape.batch; samples >= 1; --samples) {
      if (shape.batch % samples != 0)
        continue;
      if (machine.fetchesAhead && samples < shape.batch && !sharedEvenly(shape.batch / samples))
        continue;
      bool stays = samples * inputBytes <= machine.bandBytes / 2; // what is written passes through the cache too
      if (!stays && samples > 1 && machine.slowThirdLevel)
        continue;
      double bytes =
          double(choice.weightBytes) * shape.batch / samples + inputBytes * shape.batch * (stays ? 1 : strips);
      if (least < 0 || bytes < least) {
        least = bytes;
        best = samples;
      }
    }
    return best;
  }

  /// A batch shares what it reads of the weights: with samples as the tile where each has one pixel (a classifier),
  /// else as above.
  DictionaryAttr parametersOf(MLIRContext *context, const ConvShape &shape, Tile tile, bool asLines, bool chunks,
                              const Choice &choice, const Machine &machine) const {
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}, {"cb", tile.cb}};
    if (tile.y > 1)
      values.insert(values.begin(), {"y", tile.y});
    bool isProduct = shape.batch > 1 || streamsWeights(choice.weightBytes, machine);
    if (shape.pixels == 1 && shape.isDense() && isProduct)
      values = rowParameters(llvm::divideCeil(shape.outputs, machine.vector), shape.batch, choice.weightBytes, machine);
    else if (int64_t samples = samplesOf(shape, tile, choice, machine); samples > 1)
      values.push_back({"samples", samples});
    else if (int64_t rows = rowsOf(shape, tile, choice, machine))
      values.push_back({"rows", rows});
    auto [last, count] = values.back();
    int64_t samples = last == "samples" ? count : 1;
    if (asLines)
      values.push_back({"lines", 1});
    if (chunks)
      values.push_back({"chunks", 1});
    if (chunks && shape.width % tile.x != 0)
      values.push_back({"width", shape.width});
    if (int64_t lines = last == "rows" || shape.pixels == 1 ? 0 : fetchedAhead(shape, tile, samples, chunks, choice, machine))
      values.push_back({"prefetch", lines});
    else if (asLines && shape.batch == 1 && isLarger(shape, choice))
      values.push_back({"band", tilesOfBand(shape, tile)});
    else if (int64_t columns = last == "rows" || chunks ? 0 : columnsOf(shape, tile, choice, machine))
      values.push_back({"columns", columns});
    if (tile.cb > 1 && sharesPixels(shape, machine))
      values.push_back({"divides", 1});
    if (int64_t lines = inputLines(shape, tile, machine))
      values.push_back({"ahead", lines});
    if (trimsRows(shape, tile))
      values.push_back({"trim", 1});
    return makeParameters(context, name(), values);
  }

  /// Cache lines of a tile's pixels in the next block of input channels of a 1x1 convolution, fetched while this one is
  /// summed. Blocks lie a plane apart, so the processor does not foresee them; small inputs wait in the caches anyway.
  static int64_t inputLines(const ConvShape &shape, Tile tile, const Machine &machine) {
    constexpr int64_t smallInputBytes = 128 << 10;
    bool isPoint = shape.isDense() && shape.window == 1 && shape.pixels > 1;
    if (!machine.smallSecondLevel || !isPoint || 4 * shape.inputs * shape.pixels <= smallInputBytes)
      return 0;
    return linesOf((tile.x - 1) * shape.stride.back(), machine) + 1;
  }

  /// Threads share rows where the input is larger than the weights, which each then reads.
  static int64_t rowsOf(const ConvShape &shape, Tile tile, const Choice &choice, const Machine &machine) {
    int64_t rowBytes = shape.width * shape.stride.back() * shape.stride.front() * shape.inputs * 4;
    int64_t blocks = llvm::divideCeil(shape.outputs, machine.vector);
    if (shape.kernel.size() == 3)
      return rowsOfVolume(shape, llvm::divideCeil(blocks, tile.cb), choice, machine);
    if (shape.kernel.size() != 2)
      return 0;
    if (rowBytes * shape.height < choice.weightBytes)
      return cachedRows(shape, rowBytes * shape.height, llvm::divideCeil(blocks, tile.cb), choice, machine);
    if (shape.batch > 1 && rowBytes * shape.height <= machine.bandBytes) // threads share samples
      return 0;
    int64_t rows = sharedRows(shape.height, rowBytes, llvm::divideCeil(blocks, tile.cb));
    return shape.batch > 1 && rows == 1 ? 0 : rows; // samples, rows and blocks in one loop: three times slower
  }

  /// The same in three dimensions, where a strip has the planes that a window reads, of inputs that leave the second-level cache.
  static int64_t rowsOfVolume(const ConvShape &shape, int64_t strips, const Choice &choice, const Machine &machine) {
    int64_t rowBytes = shape.width * shape.stride[2] * shape.stride[1] * shape.inputs * 4, rows = shape.height / shape.depth;
    constexpr int64_t fewStrips = 8;
    bool skips = shape.window == 1 && shape.stride.back() > 1 && strips < fewStrips; // most of a row, read a few times
    double inputBytes = double(rowBytes) * shape.stride[0] * shape.height;
    if (skips || inputBytes < choice.weightBytes || inputBytes <= machine.bandBytes)
      return 0;
    return sharedRows(rows, rowBytes * shape.kernel.front(), strips * shape.depth);
  }

  /// Whether the input of a line is larger than the weights.
  static bool isLarger(const ConvShape &shape, const Choice &choice) {
    return 4 * shape.width * shape.stride.back() * shape.inputs >= choice.weightBytes;
  }

  /// Tiles of a line, in an even number of bands whose input stays in the second-level cache while all weights pass.
  static int64_t tilesOfBand(const ConvShape &shape, Tile tile) {
    constexpr int64_t mostBandBytes = 256 << 10;
    int64_t tiles = tilesOf(shape, tile), most = std::max<int64_t>(mostBandBytes / (4 * tile.x * shape.inputs), 1);
    return llvm::divideCeil(tiles, llvm::alignTo(llvm::divideCeil(tiles, most), 2));
  }

  /// Where there is one row only, threads share its tiles if the input is larger than the weights or strips of channel blocks are
  /// fewer than any number of threads wants. AVX2's wide tiles leave few strips: two threads halve each where their number is odd.
  static int64_t columnsOf(const ConvShape &shape, Tile tile, const Choice &choice, const Machine &machine) {
    constexpr int64_t fewStrips = 4;
    int64_t strips = llvm::divideCeil(llvm::divideCeil(shape.outputs, machine.vector), tile.cb);
    if (shape.height > 1 || shape.batch > 1 || tile.x >= shape.width)
      return 0;
    if (isLarger(shape, choice) || strips < fewStrips)
      return 1;
    return machine.hasFewRegisters() && strips % 2 != 0 ? llvm::divideCeil(tilesOf(shape, tile), 2) : 0;
  }

  /// Rows whose input stays in the cache, where all of it would leave it between two strips of channel blocks, and reading the
  /// weights again for each part costs less than reading the input again for each strip; 0 elsewhere.
  static int64_t cachedRows(const ConvShape &shape, double inputBytes, int64_t strips, const Choice &choice,
                            const Machine &machine) {
    int64_t parts = std::ceil(inputBytes / (machine.bandBytes / 2));
    bool leaves = machine.slowThirdLevel && shape.batch == 1 && shape.isDense() && inputBytes > machine.bandBytes;
    bool pays = double(choice.weightBytes) * (parts - 1) < inputBytes * (strips - 1);
    return leaves && pays && parts < shape.height ? int64_t(llvm::divideCeil(shape.height, parts)) : 0;
  }

  DictionaryAttr stripParameters(ConvOp conv, const ConvShape &shape, Tile tile, int64_t pixelBytes,
                                 int64_t weightBytes) const {
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}, {"cb", tile.cb}};
    appendStrips(conv, shape, pixelBytes, weightBytes, stripBytes, values);
    if (trimsRows(shape, tile))
      values.push_back({"trim", 1});
    return makeParameters(conv.getContext(), name(), values);
  }
};

} // namespace

const Family &directFamily() {
  static const Direct family;
  return family;
}

} // namespace weft
