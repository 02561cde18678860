// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which forms of Winograd's algorithm a convolution may take, and what each costs.
#include "compiler/Schedule/Families/WinogradForm.h"
#include "compiler/Kernel/TileProduct.h"
#include "compiler/Schedule/Families/WinogradTiles.h"
#include "dialects/Weft/Winograd.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace weft {

/// How much faster than from memory a filter comes that is read again for each band, in order: where the third-level cache keeps it.
static double againSpeed(const WinogradTiles &tiles, const Machine &machine) {
  return tiles.weightBytes <= machine.keptFilterBytes ? 2 : 1;
}

using Values = SmallVectorImpl<std::pair<StringRef, int64_t>>;

static void addDilation(const WinogradTiles &tiles, Values &values) {
  for (auto [name, apart] : {std::pair<StringRef, int64_t>("dy", tiles.dy), {"dx", tiles.dx}})
    if (apart > 1)
      values.push_back({name, apart});
}

static Algorithm algorithmOf(int64_t m) { return m == 2 ? Algorithm::Winograd2 : m == 4 ? Algorithm::Winograd4 : Algorithm::Winograd6; }

/// Vector multiply-adds of the products at `count` points of tiles, in tiles of the registers.
static double productsOf(const WinogradTiles &tiles, double count, Tile tile, TileLimits limits, const Machine &machine) {
  double products = count * tiles.inputs * tiles.outBlocks * tiles.taps * tile.waste;
  return products * (1 + limits.weightReload / tile.x);
}

/// What ragged last tiles seem to cost: products left out hide no more of the filters' way, so that half of the gain is seen; measured.
static double raggedPoints(const WinogradTiles &tiles) { return (tiles.raggedProducts() + tiles.products()) / 2; }

/// A register tile for ragged last tiles, where they pay: part of a row of tiles as well as of a column, so that its tiles are at one
/// distance. It begins with questions, which take as long as part of the products with a block of input channels.
static std::optional<Tile> raggedTile(const WinogradTiles &tiles, Tile whole, int64_t blocks, TileLimits limits, const Machine &machine) {
  constexpr double questions = 0.6;
  int64_t line = std::gcd(tiles.down, tiles.across);
  Tile tile = chooseTile(line, blocks, machine, limits);
  if (!machine.raggedTiles || tiles.hasSlices || tiles.dy * tiles.dx > 1 || line % tile.x != 0)
    return std::nullopt;
  double ragged = productsOf(tiles, tiles.raggedProducts(), tile, limits, machine) * (1 + questions / tiles.blocksOfGroup);
  return ragged < productsOf(tiles, tiles.products(), whole, limits, machine) ? std::optional(tile) : std::nullopt;
}

/// Whether a kernel may transform the filter.
static bool mayTransform(const ConvShape &shape, const Machine &machine) {
  return machine.filterTransform > 0 && shape.kernel.size() == 2;
}

/// What transforming the filter for each band costs, and reading a band's input for each strip of channel blocks where the
/// second-level cache does not keep it.
static double cyclesOfBands(const WinogradTiles &tiles, int64_t rows, int64_t cb, const Machine &machine) {
  constexpr double nextSpeed = 4; // of the third-level cache, in that of memory
  double inputBytes = tiles.tileBytes() * tiles.inRow(), strips = llvm::divideCeil(tiles.outBlocks, cb);
  double again = inputBytes * rows > machine.pointBandBytes ? inputBytes * tiles.down * strips : 0;
  return llvm::divideCeil(tiles.down, rows) * tiles.filterOperations * machine.filterTransform +
         again / (nextSpeed * machine.bytesPerCycle);
}

/// Whether a band has room, in which counts what the packed filter saves.
static bool fitsTransforming(const WinogradTiles &tiles, int64_t rows, int64_t samples, const Machine &machine) {
  double saved = machine.tradesWeights ? tiles.weightBytes - tiles.packedBytes : 0;
  return tiles.workBytes(rows, samples) <= machine.roomBytes + saved;
}

/// The rows of tiles that cost least of those that have room.
static int64_t transformingBand(const WinogradTiles &tiles, int64_t cb, const Machine &machine) {
  int64_t best = 1;
  for (int64_t rows = 2; rows <= tiles.down; ++rows)
    if (tiles.evenBand(rows) == rows && fitsTransforming(tiles, rows, 1, machine) &&
        cyclesOfBands(tiles, rows, cb, machine) <= cyclesOfBands(tiles, best, cb, machine))
      best = rows;
  return best;
}

/// Where the kernel transforms the filter: for a few channel blocks and one row of points at a time, which stay in the second-level
/// cache until all tiles of the band are multiplied with them. Reading it from there, each row of points anew, takes longer than the
/// arithmetic, and nothing fetches it ahead.
static Choice transformingChoice(MLIRContext *context, const ConvShape &shape, int64_t m, const Machine &machine) {
  WinogradTiles tiles(shape, m, machine);
  TileLimits limits = TileLimits::wide(machine, 1);
  Tile tile = chooseTile(tiles.across, tiles.outBlocks, machine, limits);
  int64_t rows = transformingBand(tiles, tile.cb, machine);
  bool isServed = rows == tiles.down && fitsTransforming(tiles, rows, shape.batch, machine);
  int64_t samples = isServed && tiles.down * tiles.inRow() < 4 * tilesHidingFilter ? shape.batch : 1;
  tile = chooseTile(tiles.tilesOfLast(rows, tiles.across), tiles.outBlocks, machine, limits);
  double count = double(shape.batch) * tiles.down * tiles.inRow(), products = tiles.products();
  std::optional<Tile> ragged = rows == tiles.down ? raggedTile(tiles, tile, tiles.outBlocks, limits, machine) : std::nullopt;
  if (ragged) {
    tile = *ragged;
    products = raggedPoints(tiles);
  }
  double transforms = tiles.inBlocks * machine.inputTransform + tiles.outBlocks * machine.outputTransform;
  constexpr double secondLevelBytes = 1 << 20;
  double evicts = tiles.tileBytes() * tiles.inRow() * rows > secondLevelBytes ? llvm::divideCeil(tiles.down, rows) - 1 : 0;
  Choice choice;
  choice.algorithm = algorithmOf(m);
  choice.transformsFilter = true;
  choice.wholeBlocks = machine.tiles;
  choice.block = machine.vector;
  choice.weightBytes = tiles.packedBytes;
  choice.cycles = productsOf(tiles, shape.batch * products, tile, limits, machine) / machine.fmaPerCycle + count * transforms * tiles.transformed() +
                  shape.batch / samples * cyclesOfBands(tiles, rows, tile.cb, machine) + tiles.packedBytes / machine.bytesPerCycle +
                  evicts * tiles.filterOperations * machine.filterReload;
  SmallVector<std::pair<StringRef, int64_t>> values{{"m", m}, {"rx", tile.x}, {"cb", tile.cb}, {"band", rows}, {"by_points", 1}};
  if (samples > 1)
    values.push_back({"samples_inside", 1});
  if (ragged)
    values.push_back({"ragged", 1});
  addDilation(tiles, values);
  choice.parameters = makeParameters(context, "winograd", values);
  return choice;
}

/// What products on the matrix unit cost where all tiles of a sample are one run: six products of parts, splitting both sides, and
/// the filters' way from memory, which fetching ahead hides in part, once for `samples`. Measured: 256 channels at 56 x 56, 512 at
/// 28 x 28.
static double cyclesInTiles(const WinogradTiles &tiles, int64_t batch, int64_t samples) {
  constexpr double ofProducts = 130, ofSplit = 9, ofFilterByte = 0.48;
  double run = tiles.down * tiles.inRow(), steps = tiles.points() * llvm::divideCeil(tiles.inBlocks, 2);
  double products = std::ceil(run / kernel::lanesOfTile) * steps * tiles.outBlocks * ofProducts;
  return batch * (products + run * steps * ofSplit) + batch / samples * tiles.weightBytes * ofFilterByte;
}

/// Channel blocks whose filters are split together: their parts stay in the second-level cache.
static int64_t blocksInTiles(const WinogradTiles &tiles) {
  for (int64_t blocks : {8, 7, 6, 5, 4, 3})
    if (tiles.outBlocks % blocks == 0)
      return blocks;
  return std::min<int64_t>(tiles.outBlocks, 2);
}

/// Gives parameters other values; 0 takes one away.
static void replace(Values &values, ArrayRef<std::pair<StringRef, int64_t>> others) {
  for (auto &other : others) {
    llvm::erase_if(values, [&](auto &value) { return value.first == other.first; });
    if (other.second)
      values.push_back(other);
  }
}

/// The filter of one point of the transform serves all tiles of a band, and of the batch; that of the next is
/// fetched.
static int64_t fetchedAhead(const WinogradTiles &tiles, Tile tile, int64_t cuts, const Machine &machine) {
  if (!tiles.isStreamed())
    return 0;
  // Their arithmetic hides it, unlike a direct layer's.
  if (machine.pointBandBytes > 0 || (machine.fetchesAhead && cuts >= 2 && cuts <= 3))
    return llvm::divideCeil(linesOf(machine.vector, machine), cuts);
  return linesAhead(machine.vector, tile.cb, cuts, machine);
}

/// Where a run has few tiles, more channel blocks keep the pipes full and filters are read in longer runs. Where they come from memory and
/// all tiles of the run fit one register tile, each vector of them is read once, and of one block at a time they are one stream in order,
/// which comes faster than two in turns.
static Tile registerTile(const WinogradTiles &tiles, int64_t run, int64_t blocks, TileLimits limits, const Machine &machine) {
  constexpr int64_t fewest = 6, many = 12, most = 15; // more run faster in two, where these divide them
  Tile tile = chooseTile(run, blocks, machine, limits);
  bool inOne = tile.x == run || (tiles.isFar() && (run <= many || run % 2 == 1));
  if (tiles.isStreamed() && !tiles.isDeep() && machine.fetchesFirst && run >= fewest && run <= most && inOne)
    return {run, 1, 1};
  if (tiles.isStreamed() && tile.x * 4 <= machine.registers / 2 && blocks % 4 == 0)
    tile.cb = 4;
  return tile;
}

/// Products of ragged last tiles where the points that as many tiles have are a part with register tiles of their own.
struct RaggedParts {
  /// Tiles in registers of the parts that the lower row, or the right column, is not in, and their channel blocks where they have others.
  SmallVector<std::pair<StringRef, int64_t>, 4> values;
  double ofProducts;                                    ///< what they seem to cost, in whole tiles' products; as of `raggedPoints`
};

static std::optional<RaggedParts> raggedParts(const WinogradTiles &tiles, Tile whole, int64_t blocks, TileLimits limits, const Machine &machine) {
  constexpr double least = 0.04; // that is saved
  if (!machine.raggedParts || tiles.hasSlices || tiles.dy * tiles.dx > 1)
    return std::nullopt;
  RaggedParts parts;
  auto costOf = [&](int64_t points, int64_t run, StringRef name, StringRef nameOfBlocks) {
    if (points == 0)
      return 0.0;
    Tile tile = name.empty() ? whole : registerTile(tiles, run, blocks, limits, machine);
    if (!name.empty())
      parts.values.push_back({name, tile.x});
    if (tile.cb != whole.cb)
      parts.values.push_back({nameOfBlocks, tile.cb});
    return points * double(llvm::alignTo(run, tile.x)) * (1 + limits.weightReload / tile.x);
  };
  int64_t lowerPoints = tiles.sideDown - tiles.lastDown, rightPoints = tiles.sideAcross - tiles.lastAcross, all = tiles.down * tiles.across;
  double cost = costOf(tiles.lastDown * tiles.lastAcross, all, "", "") +
                costOf(lowerPoints * tiles.sideAcross, all - tiles.across, "lower", "lower_cb") +
                costOf(tiles.lastDown * rightPoints, all - tiles.down, "right", "right_cb");
  double saved = 1 - cost / costOf(tiles.pointCount, all, "", "");
  parts.ofProducts = 1 - saved / 2;
  bool isLine = tiles.down == 1 || tiles.across == 1; // of which a part would have no tiles
  return !isLine && saved >= least ? std::optional(parts) : std::nullopt;
}

static Choice choiceFor(MLIRContext *context, const ConvShape &shape, int64_t m, const Machine &machine) {
  WinogradTiles tiles(shape, m, machine);
  TileLimits limits = tiles.isDeep() ? TileLimits() : TileLimits::wide(machine, 1);
  limits.wholeBlocks = !shape.isDense(); // so that a tile lies in one group
  int64_t blocks = tiles.outBlocks / shape.groups;
  Tile tile = registerTile(tiles, tiles.across, blocks, limits, machine);
  int64_t samples = tiles.samplesServed(tile.cb, shape.batch);
  double columnBytes = samples * tiles.tileWork(tile.cb);
  int64_t rows = tiles.band(tile.cb, columnBytes * tiles.inRow());
  bool isKept = tiles.isStreamed() && rows == tiles.keptBand(tile.cb);
  bool byPoints = tiles.pointsPay(rows) && tiles.fitsRoom(rows, samples);
  int64_t cut = isKept || (byPoints && machine.pointBandBytes > 0) ? tiles.across : tiles.chunk(tile.x, rows, columnBytes);
  byPoints &= cut == tiles.across;
  int64_t last = tiles.tilesOfLast(rows, cut), whole = rows * tiles.dy * cut;
  tile = registerTile(tiles, last, blocks, limits, machine);
  if (Tile ofMost = registerTile(tiles, whole, blocks, limits, machine); byPoints && last * 2 < whole && ofMost.x <= last)
    tile = ofMost;
  double count = double(shape.batch) * shape.depth * tiles.down * tiles.inRow();
  double products = shape.batch * shape.depth * tiles.products();
  std::optional<Tile> ragged = byPoints && rows == tiles.down ? raggedTile(tiles, tile, blocks, limits, machine) : std::nullopt;
  if (ragged) {
    tile = *ragged;
    products = shape.batch * raggedPoints(tiles);
  }
  std::optional<RaggedParts> parts = byPoints && rows == tiles.down ? raggedParts(tiles, tile, blocks, limits, machine) : std::nullopt;
  if (parts)
    products *= parts->ofProducts;
  double transforms = tiles.inBlocks * machine.inputTransform * tiles.slicesRead() / tiles.slices +
                      tiles.outBlocks * machine.outputTransform;
  Choice choice;
  choice.algorithm = algorithmOf(m);
  choice.wholeBlocks = machine.tiles;
  choice.block = machine.vector;
  choice.weightBytes = tiles.weightBytes;
  double work = productsOf(tiles, products, tile, limits, machine) / machine.fmaPerCycle + count * transforms * tiles.transformed();
  double again = byPoints && rows == tiles.down ? 0 : tiles.readAgain(rows, tile.cb, shape.batch);
  double perSample = tiles.readsPerSample() ? shape.batch : 1; // each reading passes as slowly as that of one sample alone
  double stream = (perSample * tiles.weightBytes + again / againSpeed(tiles, machine)) / machine.bytesPerCycle;
  // Others are not fetched ahead; with groups products are few beside transforms, which hide nothing.
  bool hides = shape.isDense() && (!machine.slowThirdLevel || tiles.isStreamed());
  choice.cycles = std::max(work, stream) + (hides ? machine.exposedStreaming : 1) * std::min(work, stream);
  SmallVector<std::pair<StringRef, int64_t>> values{{"m", m}, {"rx", tile.x}, {"cb", tile.cb}, {"band", rows}};
  if (byPoints)
    values.push_back({"by_points", 1});
  if (samples > 1)
    values.push_back({"samples_inside", 1});
  if (ragged)
    values.push_back({"ragged", 1});
  if (parts)
    values.append(parts->values);
  if (!shape.isDense())
    values.push_back({"divides", 1});
  addDilation(tiles, values);
  if (cut < tiles.across)
    values.push_back({"chunk", cut});
  if (tiles.slices < shape.depth)
    values.push_back({"slices", tiles.slices});
  int64_t run = ragged ? tiles.fewestTiles() : std::min(last, whole); // also those of a short last band are to fetch all
  if (int64_t lines = fetchedAhead(tiles, tile, samples * tiles.slices * llvm::divideCeil(run, tile.x), machine))
    values.push_back({"prefetch", lines});
  if (double cycles = byPoints && machine.tiles && shape.isDense() ? cyclesInTiles(tiles, shape.batch, samples) : 0) {
    cycles += count * transforms * tiles.transformed();
    if (cycles < choice.cycles) {
      choice.cycles = cycles;
      replace(values, {{"rx", 0}, {"cb", blocksInTiles(tiles)}, {"prefetch", 0}});
      values.push_back({"tiles", 1});
    }
  }
  choice.parameters = makeParameters(context, "winograd", values);
  return choice;
}

/// Whether the groups of a convolution have a Winograd form, after small ones are joined until they fill blocks, as it is packed then.
static bool joinGroups(ConvOp conv, ConvShape &shape, const Machine &machine) {
  if (shape.isDense())
    return true;
  int64_t together = shape.isDepthwise() || machine.pointBandBytes == 0 ? 0 : groupsInBlock(conv, machine.vector);
  if (together == 0)
    return false;
  shape.groups /= together;
  return true;
}

void appendWinogradForms(ConvOp conv, const Machine &machine, SmallVectorImpl<Choice> &choices) {
  if (!cast<RankedTensorType>(conv.getX().getType()).hasStaticShape() || conv.getSpatialRank() < 2)
    return;
  ConvShape shape(conv);
  auto isOne = [](int64_t value) { return value == 1; };
  auto plane = [](ArrayRef<int64_t> extents) { return extents.take_back(2); };
  int64_t high = shape.kernel.end()[-2], wide = shape.kernel.back();
  bool isLine = std::min(high, wide) == 1;
  if (!joinGroups(conv, shape, machine) || !llvm::all_of(plane(shape.stride), isOne) || shape.inputs < machine.vector ||
      (wide > 1 && shape.width < 6) || (high > 1 && shape.height / shape.depth < 6))
    return;
  bool isPacked = conv.getAlgorithm().has_value(); // then its weight says who transforms it
  bool isTransformed = cast<RankedTensorType>(conv.getWeight().getType()).getRank() == conv.getSpatialRank() + 3;
  for (int64_t m : {4, 2, 6}) {
    if (!winogradPoints(shape.kernel, m) || (m == 6 && !isLine)) // F(6) of 3x3 costs more than F(4)
      continue;
    if (!isPacked || isTransformed)
      choices.push_back(choiceFor(conv.getContext(), shape, m, machine));
    if (isPacked ? !isTransformed : shape.isDense() && mayTransform(shape, machine))
      choices.push_back(transformingChoice(conv.getContext(), shape, m, machine));
  }
}

} // namespace weft
