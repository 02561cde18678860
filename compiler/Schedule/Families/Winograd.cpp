// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd F(m, r), in both dimensions or in one, on packed channels. A band of tile rows is transformed, multiplied
// and transformed back before the next, so that everything between stays in the cache (in three dimensions as many
// slices as do); the product keeps `rx` tiles by `cb` channel blocks in registers. A band of all rows, or on AVX2 of as
// many as a cache keeps, is multiplied with all channel blocks, point by point; on a matrix unit, where there is one and the band has many tiles.
// Where the weights budget has no room for a transformed filter, the kernel may transform it, some channel blocks at a time. Under a dilated window tiles lie in each other, `dy` by `dx` of them, and a
// row of tiles is `dy` rows.
#include "compiler/Kernel/TileProduct.h"
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "dialects/Weft/Winograd.h"

#include <cmath>

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// A band of one row is cut where its transformed input is larger: with the products and filters it should fit the
/// second-level cache. Worth 8 % at 224 x 224, 4 % at 112 x 112.
constexpr double chunkBytes = 300 << 10;
/// Part of what a band may take that its slices do.
constexpr double slicesShare = 0.65;
/// Bands one core works on before another could take them.
constexpr int64_t bandsForThreads = 4;
/// How much faster than from memory bytes come that are read again and again, in order.
constexpr double againSpeed = 2;
/// Tiles a filter is read for where it comes from beyond the second-level cache: reading it then takes half as long as
/// multiplying with it.
constexpr int64_t tilesHidingFilter = 28;

/// Of a row that threads share: fewer would not fill a register tile.
constexpr int64_t fewestOfRow = 14;

/// One of the two dimensions: tiles of m results, `apart` of them in each other, read m + taps - 1 elements each;
/// single elements where there is one tap.
struct Axis {
  Axis(int64_t taps, int64_t extent, int64_t m, int64_t dilation)
      : m(taps == 1 ? 1 : m), side(this->m + taps - 1), apart(taps == 1 ? 1 : dilation),
        places(llvm::divideCeil(extent, this->m * apart)) {}
  int64_t m, side, apart, places;
};

struct Shape {
  Shape(const ConvShape &conv, int64_t m, const Machine &machine)
      : Shape(conv, Axis(conv.kernel.end()[-2], conv.height / conv.depth, m, conv.dilation.end()[-2]),
              Axis(conv.kernel.back(), conv.width, m, conv.dilation.back()), machine) {}
  Shape(const ConvShape &conv, Axis vertical, Axis horizontal, const Machine &machine)
      : dy(vertical.apart), dx(horizontal.apart), down(vertical.places), across(horizontal.places * dx),
        pointCount(vertical.side * horizontal.side),
        sides((vertical.side > 1 ? vertical.side : 0) + (horizontal.side > 1 ? horizontal.side : 0)),
        inBlocks(llvm::divideCeil(conv.inputs, machine.vector)),
        outBlocks(llvm::divideCeil(conv.outputs, machine.vector)),
        taps(conv.window / (conv.kernel.back() * conv.kernel.end()[-2])), slices(conv.depth), pointRows(vertical.side) {
    double vectors = double(inBlocks) * outBlocks * machine.vector;
    weightBytes = points() * taps * vectors * machine.vector * 4;
    packedBytes = conv.window * vectors * machine.vector * 4;
    filterOperations = vectors * (vertical.side * conv.window + 2 * points());
    if (!isDeep())
      return;
    step = conv.stride.front();
    reach = (taps - 1) * conv.dilation.front() + 1;
    double rowBytes = points() * inBlocks * machine.vector * 4 * inRow();
    int64_t fitting = int64_t(machine.bandBytes * slicesShare / rowBytes);
    int64_t most = std::clamp<int64_t>((fitting - reach) / step + 1, 1, slices);
    slices = llvm::divideCeil(slices, llvm::divideCeil(slices, most));
  }
  double points() const { return double(pointCount); }
  /// The work to transform one tile, as a part of that for F(4) of 3x3 windows: of each side, its rows by its square.
  double transformed() const { return points() * sides / (36 * 12); }
  bool isDeep() const { return taps > 1 || slices > 1; }
  /// Tiles of a row, or of the rows that lie in each other.
  int64_t inRow() const { return across * dy; }
  /// Slices of the input that those of a band touch.
  int64_t slicesRead() const { return (slices - 1) * step + reach; }
  int64_t dy, dx; ///< how far apart the elements of a tile are
  int64_t down, across, pointCount, sides, inBlocks, outBlocks;
  int64_t taps, slices;        ///< of the window, and of a band; 1 in a plane
  int64_t step = 1, reach = 1; ///< from slice to slice, and the slices of one window with those between
  int64_t pointRows;           ///< of the points, each of which is one pass of a filter's transform
  double weightBytes;          ///< of the transformed filter
  double packedBytes;          ///< of the filter as a direct kernel reads it
  double filterOperations;     ///< on vectors, to transform it
};

class Winograd final : public Family {
public:
  StringRef name() const override { return "winograd"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    auto conv = dyn_cast<ConvOp>(head);
    if (!conv || !cast<RankedTensorType>(conv.getX().getType()).hasStaticShape() || conv.getSpatialRank() < 2)
      return;
    ConvShape shape(conv);
    auto isOne = [](int64_t value) { return value == 1; };
    auto plane = [](ArrayRef<int64_t> extents) { return extents.take_back(2); };
    int64_t high = shape.kernel.end()[-2], wide = shape.kernel.back();
    bool isLine = std::min(high, wide) == 1;
    if (!shape.isDense() || !llvm::all_of(plane(shape.stride), isOne) || shape.inputs < machine.vector ||
        (wide > 1 && shape.width < 6) || (high > 1 && shape.height / shape.depth < 6))
      return;
    bool isPacked = conv.getAlgorithm().has_value(); // then its weight says who transforms it
    bool isTransformed = cast<RankedTensorType>(conv.getWeight().getType()).getRank() == conv.getSpatialRank() + 3;
    for (int64_t m : {4, 2, 6}) {
      if (!winogradPoints(shape.kernel, m) || (m == 6 && !isLine)) // F(6) of 3x3 costs more than F(4)
        continue;
      if (!isPacked || isTransformed)
        choices.push_back(choiceFor(head->getContext(), shape, m, machine));
      if (isPacked ? !isTransformed : transformsPay(shape, m, machine))
        choices.push_back(transformingChoice(head->getContext(), shape, m, machine));
    }
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    if (!isNestOf(kernel))
      return scheduleAnything(kernel, machine);
    return Writer(kernel, choice, machine).run();
  }

private:
  using Values = SmallVectorImpl<std::pair<StringRef, int64_t>>;

  static void addDilation(const Shape &tiles, Values &values) {
    for (auto [name, apart] : {std::pair<StringRef, int64_t>("dy", tiles.dy), {"dx", tiles.dx}})
      if (apart > 1)
        values.push_back({name, apart});
  }

  static Algorithm algorithmOf(int64_t m) { return m == 2 ? Algorithm::Winograd2 : m == 4 ? Algorithm::Winograd4 : Algorithm::Winograd6; }

  /// Vector multiply-adds of all products, in tiles of the registers.
  static double productsOf(const Shape &tiles, double count, Tile tile, TileLimits limits, const Machine &machine) {
    double products = count * tiles.points() * tiles.inBlocks * machine.vector * tiles.outBlocks * tiles.taps * tile.waste;
    return products * (1 + limits.weightReload / tile.x);
  }

  /// Whether a kernel may transform the filter: transformed ones that stay cached need no bands, and little of the budget.
  static bool transformsPay(const ConvShape &shape, int64_t m, const Machine &machine) {
    return machine.filterTransform > 0 && shape.kernel.size() == 2 && Shape(shape, m, machine).weightBytes >= machine.cachedFilterBytes;
  }

  /// Where the kernel transforms the filter: for a few channel blocks and one row of points at a time, which stay in the second-level
  /// cache until all tiles of the band are multiplied with them. Reading it from there, each row of points anew, takes longer than the
  /// arithmetic, and nothing fetches it ahead.
  static Choice transformingChoice(MLIRContext *context, const ConvShape &shape, int64_t m, const Machine &machine) {
    Shape tiles(shape, m, machine);
    TileLimits limits = TileLimits::wide(machine, 1);
    Tile tile = chooseTile(tiles.across, tiles.outBlocks, machine, limits);
    int64_t rows = transformingBand(tiles, tile.cb, machine);
    bool isServed = rows == tiles.down && fitsTransforming(tiles, rows, shape.batch, machine);
    int64_t samples = isServed && tiles.down * tiles.inRow() < 4 * tilesHidingFilter ? shape.batch : 1;
    tile = chooseTile(tilesOfLast(tiles, rows, tiles.across), tiles.outBlocks, machine, limits);
    double count = double(shape.batch) * tiles.down * tiles.inRow();
    double transforms = tiles.inBlocks * machine.inputTransform + tiles.outBlocks * machine.outputTransform;
    Choice choice;
    choice.algorithm = algorithmOf(m);
    choice.transformsFilter = true;
    choice.block = machine.vector;
    choice.weightBytes = tiles.packedBytes;
    choice.cycles = productsOf(tiles, count, tile, limits, machine) / machine.fmaPerCycle + count * transforms * tiles.transformed() +
                    shape.batch / samples * cyclesOfBands(tiles, rows, tile.cb, machine) + tiles.packedBytes / machine.bytesPerCycle;
    SmallVector<std::pair<StringRef, int64_t>> values{{"m", m}, {"rx", tile.x}, {"cb", tile.cb}, {"band", rows}, {"by_points", 1}};
    if (samples > 1)
      values.push_back({"samples_inside", 1});
    addDilation(tiles, values);
    choice.parameters = makeParameters(context, "winograd", values);
    return choice;
  }

  /// What transforming the filter for each band costs, and reading a band's input for each strip of channel blocks where the
  /// second-level cache does not keep it.
  static double cyclesOfBands(const Shape &tiles, int64_t rows, int64_t cb, const Machine &machine) {
    constexpr double nextSpeed = 4; // of the third-level cache, in that of memory
    double inputBytes = tileBytes(tiles, machine) * tiles.inRow(), strips = llvm::divideCeil(tiles.outBlocks, cb);
    double again = inputBytes * rows > machine.pointBandBytes ? inputBytes * tiles.down * strips : 0;
    return llvm::divideCeil(tiles.down, rows) * tiles.filterOperations * machine.filterTransform +
           again / (nextSpeed * machine.bytesPerCycle);
  }

  /// The rows of tiles that cost least of those that have room.
  static int64_t transformingBand(const Shape &tiles, int64_t cb, const Machine &machine) {
    int64_t best = 1;
    for (int64_t rows = 2; rows <= tiles.down; ++rows)
      if (evenBand(tiles, rows) == rows && fitsTransforming(tiles, rows, 1, machine) &&
          cyclesOfBands(tiles, rows, cb, machine) <= cyclesOfBands(tiles, best, cb, machine))
        best = rows;
    return best;
  }

  /// Whether a band has room, in which counts what the packed filter saves.
  static bool fitsTransforming(const Shape &tiles, int64_t rows, int64_t samples, const Machine &machine) {
    double saved = machine.tradesWeights ? tiles.weightBytes - tiles.packedBytes : 0;
    return workBytes(tiles, rows, samples, machine) <= machine.roomBytes + saved;
  }

  static Choice choiceFor(MLIRContext *context, const ConvShape &shape, int64_t m, const Machine &machine) {
    Shape tiles(shape, m, machine);
    TileLimits limits = tiles.isDeep() ? TileLimits() : TileLimits::wide(machine, 1);
    Tile tile = registerTile(tiles, tiles.across, limits, machine);
    int64_t samples = samplesServed(tiles, tile.cb, shape.batch, machine);
    double columnBytes = samples * tileWork(tiles, tile.cb, machine);
    int64_t rows = band(tiles, tile.cb, columnBytes * tiles.inRow(), machine);
    bool isKept = tiles.weightBytes >= machine.cachedFilterBytes && rows == keptBand(tiles, tile.cb, machine);
    bool byPoints = pointsPay(tiles, rows, machine) && fitsRoom(tiles, rows, samples, machine);
    int64_t cut = isKept || (byPoints && machine.pointBandBytes > 0) ? tiles.across : chunk(tiles, tile.x, rows, columnBytes, machine);
    tile = registerTile(tiles, tilesOfLast(tiles, rows, cut), limits, machine);
    byPoints &= cut == tiles.across;
    double count = double(shape.batch) * shape.depth * tiles.down * tiles.inRow();
    double product = productsOf(tiles, count, tile, limits, machine);
    double transforms = tiles.inBlocks * machine.inputTransform * tiles.slicesRead() / tiles.slices +
                        tiles.outBlocks * machine.outputTransform;
    Choice choice;
    choice.algorithm = algorithmOf(m);
    choice.block = machine.vector;
    choice.weightBytes = tiles.weightBytes;
    double work = product / machine.fmaPerCycle + count * transforms * tiles.transformed();
    double again = byPoints && rows == tiles.down ? 0 : readAgain(tiles, rows, tile.cb, shape.batch, machine);
    double stream = (tiles.weightBytes + again / againSpeed) / machine.bytesPerCycle;
    bool hides =
        !machine.slowThirdLevel || tiles.weightBytes >= machine.cachedFilterBytes; // others are not fetched ahead
    choice.cycles = std::max(work, stream) + (hides ? machine.exposedStreaming : 1) * std::min(work, stream);
    SmallVector<std::pair<StringRef, int64_t>> values{{"m", m}, {"rx", tile.x}, {"cb", tile.cb}, {"band", rows}};
    if (byPoints)
      values.push_back({"by_points", 1});
    if (samples > 1)
      values.push_back({"samples_inside", 1});
    addDilation(tiles, values);
    if (cut < tiles.across)
      values.push_back({"chunk", cut});
    if (tiles.slices < shape.depth)
      values.push_back({"slices", tiles.slices});
    if (int64_t lines = fetchedAhead(
            tiles, tile, samples * tiles.slices * llvm::divideCeil(rows * tiles.dy * cut, tile.x), machine))
      values.push_back({"prefetch", lines});
    if (double cycles = byPoints && machine.tiles ? cyclesInTiles(tiles, shape.batch, samples) : 0) {
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

  /// What products on the matrix unit cost where all tiles of a sample are one run: six products of parts, splitting both sides, and
  /// the filters' way from memory, which fetching ahead hides in part, once for `samples`. Measured: 256 channels at 56 x 56, 512 at
  /// 28 x 28.
  static double cyclesInTiles(const Shape &tiles, int64_t batch, int64_t samples) {
    constexpr double ofProducts = 130, ofSplit = 9, ofFilterByte = 0.48;
    double run = tiles.down * tiles.inRow(), steps = tiles.points() * llvm::divideCeil(tiles.inBlocks, 2);
    double products = std::ceil(run / kernel::lanesOfTile) * steps * tiles.outBlocks * ofProducts;
    return batch * (products + run * steps * ofSplit) + batch / samples * tiles.weightBytes * ofFilterByte;
  }

  /// Channel blocks whose filters are split together: their parts stay in the second-level cache.
  static int64_t blocksInTiles(const Shape &tiles) {
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

  /// Bytes that come from beyond the second-level cache more than once: the filters for each band, or the transformed
  /// input of the only band for each strip of channel blocks.
  static double readAgain(const Shape &tiles, int64_t rows, int64_t cb, int64_t batch, const Machine &machine) {
    double inputBytes = tileBytes(tiles, machine) * tiles.inRow() * rows * batch;
    if (machine.pointBandBytes > 0 && isFar(tiles, machine))
      return tiles.weightBytes * (llvm::divideCeil(tiles.down, rows) - 1);
    if (!machine.slowThirdLevel || tiles.weightBytes < machine.cachedFilterBytes)
      return 0;
    if (rows < tiles.down)
      return tiles.weightBytes * (llvm::divideCeil(tiles.down, rows) - 1);
    return inputBytes <= machine.bandBytes ? 0 : inputBytes * (llvm::divideCeil(tiles.outBlocks, cb) - 1);
  }

  /// The filter of one point of the transform serves all tiles of a band, and of the batch; that of the next is
  /// fetched.
  static int64_t fetchedAhead(const Shape &tiles, Tile tile, int64_t cuts, const Machine &machine) {
    if (tiles.weightBytes < machine.cachedFilterBytes)
      return 0;
    // Their arithmetic hides it, unlike a direct layer's.
    if (cuts >= 2 && (machine.pointBandBytes > 0 || (machine.fetchesAhead && cuts <= 3)))
      return llvm::divideCeil(linesOf(machine.vector, machine), cuts);
    return linesAhead(machine.vector, tile.cb, cuts, machine);
  }

  /// For how many samples a filter is used before the next is read. Where a batch has no room, samples one by one may have some, whose
  /// tiles hide the stream of filters, or which pass points one after the other.
  static int64_t samplesServed(const Shape &tiles, int64_t cb, int64_t batch, const Machine &machine) {
    if (!servesBatch(tiles, cb, machine))
      return 1;
    bool hides = machine.pointBandBytes > 0 || (machine.slowThirdLevel && tiles.down * tiles.inRow() >= tilesHidingFilter);
    bool fallsBack = hides && !tiles.isDeep() && !fitsRoom(tiles, tiles.down, batch, machine) &&
                     fitsRoom(tiles, tiles.down, 1, machine);
    return fallsBack ? 1 : batch;
  }

  /// All there is between the transforms of some rows of some samples.
  static double workBytes(const Shape &tiles, int64_t rows, int64_t samples, const Machine &machine) {
    return samples * tileWork(tiles, tiles.outBlocks, machine) * rows * tiles.inRow();
  }

  /// Whether that fits the room.
  static bool fitsRoom(const Shape &tiles, int64_t rows, int64_t samples, const Machine &machine) {
    return workBytes(tiles, rows, samples, machine) <= machine.roomBytes;
  }

  /// Whether a filter is used for all samples before the next is read. Where one sample has tiles enough, that only
  /// makes more input to keep.
  static bool servesBatch(const Shape &tiles, int64_t cb, const Machine &machine) {
    if (tiles.weightBytes < machine.cachedFilterBytes)
      return false;
    if (machine.pointBandBytes > 0 && !tiles.isDeep())
      return isFar(tiles, machine) && tiles.down * tiles.inRow() < 4 * tilesHidingFilter;
    bool enough = !tiles.isDeep() && tiles.down * tiles.inRow() >= 4 * tilesHidingFilter;
    return !machine.slowThirdLevel || !(enough || keptBand(tiles, cb, machine));
  }

  /// Tiles worked on together in the last band, the smallest.
  static int64_t tilesOfLast(const Shape &tiles, int64_t rows, int64_t cut) {
    int64_t last = tiles.down % rows;
    return (last ? last : rows) * tiles.dy * cut;
  }

  /// Where a run has few tiles, more channel blocks keep the pipes full and filters are read in longer runs.
  static Tile registerTile(const Shape &tiles, int64_t run, TileLimits limits, const Machine &machine) {
    Tile tile = chooseTile(run, tiles.outBlocks, machine, limits);
    bool streams = tiles.weightBytes >= machine.cachedFilterBytes;
    if (streams && tile.x * 4 <= machine.registers / 2 && tiles.outBlocks % 4 == 0)
      tile.cb = 4;
    return tile;
  }

  /// Rows of tiles worked on together: one while filters stay cached, else as many as the cache and the room take, in
  /// bands of about one size.
  static int64_t band(const Shape &tiles, int64_t cb, double workBytes, const Machine &machine) {
    int64_t rows = cachedBand(tiles, cb, machine);
    if (rows * workBytes <= machine.roomBytes)
      return rows;
    return evenBand(tiles, std::max<int64_t>(machine.roomBytes / workBytes, 1));
  }

  /// At most so many rows, in bands of about one size.
  static int64_t evenBand(const Shape &tiles, int64_t most) {
    return llvm::divideCeil(tiles.down, llvm::divideCeil(tiles.down, most));
  }

  /// Whether filters come from memory for each band, as the third-level cache does not keep them.
  static bool isFar(const Shape &tiles, const Machine &machine) { return tiles.weightBytes > machine.bandBytes; }

  static int64_t cachedBand(const Shape &tiles, int64_t cb, const Machine &machine) {
    if (tiles.weightBytes < machine.cachedFilterBytes)
      return 1;
    if (machine.pointBandBytes > 0 && !tiles.isDeep())
      return pointBand(tiles, machine);
    int64_t fitting = int64_t(machine.bandBytes / (tileBytes(tiles, machine) * tiles.inRow()));
    // A third-level cache fast enough for a band, room for all, or bands that are slices.
    if (!machine.slowThirdLevel || fitting >= tiles.down || tiles.isDeep())
      return std::clamp<int64_t>(fitting, 1, tiles.down);
    // Input is read again in order, which the processor foresees; filters, in pieces, cost four times as much a byte.
    int64_t kept = keptBand(tiles, cb, machine);
    return kept ? kept : tiles.down;
  }

  /// Rows whose input a cache keeps between the transforms and the points, and enough to hide filters that come from memory.
  static int64_t pointBand(const Shape &tiles, const Machine &machine) {
    int64_t fitting = machine.pointBandBytes / (tileBytes(tiles, machine) * tiles.inRow());
    int64_t hiding = isFar(tiles, machine) ? llvm::divideCeil(tilesHidingFilter, tiles.inRow()) : 1;
    int64_t rows = evenBand(tiles, std::max(fitting, hiding));
    while (rows > 1 && !fitsRoom(tiles, rows, 1, machine))
      --rows;
    return evenBand(tiles, rows);
  }

  /// The fewest rows that hide the stream of filters, if there are more and the second-level cache keeps their input
  /// while all filters pass, one strip of channel blocks after the other; else 0.
  static int64_t keptBand(const Shape &tiles, int64_t cb, const Machine &machine) {
    int64_t rows = llvm::divideCeil(tilesHidingFilter, tiles.inRow());
    double blockBytes = tiles.points() * machine.vector * 4; // of one tile, or of a filter's row
    double bytes = rows * tiles.inRow() * (tiles.inBlocks + 2 * cb) * blockBytes +
                   cb * tiles.inBlocks * machine.vector * blockBytes;
    return rows < tiles.down && bytes <= machine.bandBytes && !tiles.isDeep() ? rows : 0;
  }

  /// Whether the products of all channel blocks are made for one point of the transform before the next: its input
  /// stays in the second-level cache while all its filters pass, and what goes beyond is written and read in order.
  static bool pointsPay(const Shape &tiles, int64_t rows, const Machine &machine) {
    if (tiles.isDeep() || tiles.weightBytes < machine.cachedFilterBytes)
      return false;
    return machine.pointBandBytes > 0 || (machine.slowThirdLevel && rows == tiles.down);
  }

  /// Bytes between the transforms for one tile, of its input and of `blocks` channel blocks.
  static double tileWork(const Shape &tiles, int64_t blocks, const Machine &machine) {
    return tiles.points() * machine.vector * 4 * (tiles.inBlocks * tiles.slicesRead() + blocks * tiles.slices);
  }

  static double tileBytes(const Shape &tiles, const Machine &machine) {
    return tiles.points() * tiles.inBlocks * tiles.slicesRead() * machine.vector * 4;
  }

  /// Tiles of a row worked on together: all, or the largest part in whole register tiles that fits the cache and the
  /// room.
  static int64_t chunk(const Shape &tiles, int64_t rx, int64_t rows, double columnBytes, const Machine &machine) {
    double most = tiles.isDeep() ? machine.bandBytes * slicesShare : chunkBytes;
    auto fits = [&](int64_t cut) {
      return tileBytes(tiles, machine) * cut <= most && columnBytes * cut <= machine.roomBytes;
    };
    if (rows > 1 || tiles.dy > 1) // a part of several rows would be no run
      return tiles.across;
    if (tiles.down == 1 && tiles.weightBytes < machine.cachedFilterBytes) // threads share the only row
      for (int64_t parts : {4, 6, 8, 10, 12, 14, 16, 2, 9, 7, 5, 3})
        if (int64_t cut = tiles.across / parts; cut * parts == tiles.across && cut % tiles.dx == 0 && cut >= fewestOfRow && fits(cut))
          return cut;
    if (fits(tiles.across))
      return tiles.across;
    int64_t best = tiles.across;
    for (int64_t cut = rx; cut < tiles.across; cut += rx)
      if (tiles.across % cut == 0 && cut % tiles.dx == 0 && (cut == rx || fits(cut)))
        best = cut;
    return best;
  }

  /// The stages phase kernels makes of it, then the epilogue, then windows of 2x2 where they are pooled.
  static bool isNestOf(const KernelView &kernel) {
    static constexpr StringLiteral names[] = {"rows", "columns", "product", "products", "back_rows", "back"};
    ArrayRef<StageView> stages = stagesBehindFilter(kernel);
    size_t others = stages.size() - std::size(names);
    if (stages.size() <= std::size(names) || others > 2 || kernel.output().isReduction())
      return false;
    return llvm::all_of(llvm::zip(stages, names),
                        [](auto pair) { return std::get<0>(pair).name == std::get<1>(pair); });
  }

  static bool transformsFilter(const KernelView &kernel) { return kernel.stages.front().name == "filter_rows"; }
  static ArrayRef<StageView> stagesBehindFilter(const KernelView &kernel) {
    return ArrayRef(kernel.stages).drop_front(transformsFilter(kernel) ? 2 : 0);
  }

  class Writer {
  public:
    Writer(const KernelView &kernel, DictionaryAttr choice, const Machine &machine)
        : Writer(kernel, stagesBehindFilter(kernel), choice, machine) {}
    Writer(const KernelView &kernel, ArrayRef<StageView> stages, DictionaryAttr choice, const Machine &machine)
        : machine(machine), context(kernel.getContext()), u(stages[0].extentOf("u")),
          v(stages[0].extentOf("v")), p(stages[5].extentOf("p")), q(stages[5].extentOf("q")),
          dy(parameter(choice, "dy", 1)), dx(parameter(choice, "dx", 1)), rx(parameter(choice, "rx", 1)),
          cb(parameter(choice, "cb", 1)), slices(parameter(choice, "slices")),
          prefetchLines(parameter(choice, "prefetch")), band(parameter(choice, "band", 1)),
          samplesInside(parameter(choice, "samples_inside") != 0), byPoints(parameter(choice, "by_points") != 0),
          inTiles(parameter(choice, "tiles") != 0),
          transforms(transformsFilter(kernel)), pooled(stages.size() > 7 ? 2 : 1), out(kernel.output().name),
          rowsOfTiles(stages[5].extentOf("ty") / dy), tilesAcross(parameter(choice, "chunk", stages[5].extentOf("tx"))),
          tilesTogether(std::min(band, rowsOfTiles) * dy * tilesAcross), cuts(tilesAcross < stages[5].extentOf("tx")),
          isDeep(kernel.output().has("z")) {}

    ScheduleAttr run() {
      if (inTiles)
        return ScheduleAttr::get(context, {rows(), columns(), splitInput(), productInTiles(), productsInTiles(),
                                           backRows(), back(), tiles()});
      SmallVector<StageAttr> stages{rows(), columns(), product(), products(), backRows(), back(), tiles()};
      if (transforms)
        stages.insert(stages.begin(), {filterRows(), filterColumns()});
      return ScheduleAttr::get(context, stages);
    }

  private:
    /// Threads that have bands of their own need not share points.
    bool sharesPoints() const { return byPoints && !manyBands(); }
    bool manyBands() const { return llvm::divideCeil(rowsOfTiles, band) >= bandsForThreads; }

    /// `loops`, in three dimensions with z before "t".
    SmallVector<StringRef> withSlices(ArrayRef<StringRef> loops) const {
      SmallVector<StringRef> all(loops);
      if (isDeep)
        all.insert(llvm::find(all, "t"), "z");
      return all;
    }

    /// How what lies between the transforms and the products is stored. A transform touches all points of a tile: with blocks of
    /// channels, often a power of two, between them they would share a few sets of the first-level cache.
    SmallVector<StringRef> pointOrder(StringRef blocks, StringRef lanes) const {
      if (byPoints && machine.registers < 32)
        return {"n", "u", blocks, "v", "t", lanes};
      return {"n", "u", "v", blocks, "t", lanes};
    }

    /// Inside which loop of the results everything of a band lies.
    StringRef bandLoop() const { return slices ? "slices" : cuts ? "chunk" : "band"; }

    StageAttr filterRows() {
      StageBuilder stage(context, "filter_rows");
      return stage.computeAt("filter_columns", "i").boundExtent("u", 1).vectorize("c").unroll("kx").get();
    }

    /// A row of points for some channel blocks, in the order in which the products read it.
    StageAttr filterColumns() {
      StageBuilder stage(context, "filter_columns");
      stage.computeAt("products", "u").storageOrder({"u", "v", "cb", "ib", "i", "c"});
      stage.boundExtent("u", 1).boundExtent("v", v).boundExtent("cb", cb).reorder({"u", "cb", "ib", "i", "v", "c"});
      return stage.vectorize("c").unroll("v").get();
    }

    StageAttr rows() {
      StageBuilder stage(context, "rows");
      stage.computeAt("columns", "t").boundExtent("u", u).boundExtent("v", v);
      if (machine.registers < 32) // the values of a column at a time, which fit
        stage.reorder({"v", "u", "i"});
      return stage.vectorize("i").unroll("u").unroll("v").get();
    }

    StageAttr columns() {
      StageBuilder stage(context, "columns");
      stage.computeAt(out, bandLoop()).storageOrder(withSlices(pointOrder("ib", "i")));
      boundTiles(stage).vectorize("i").unroll("u").unroll("v");
      if (sharesPoints())
        stage.parallel("ib");
      return stage.get();
    }

    /// Bands have as many tiles, but perhaps the last.
    StageBuilder &boundTiles(StageBuilder &stage) const {
      return rowsOfTiles % band == 0 ? stage.boundExtent("t", tilesTogether) : stage;
    }

    /// On the matrix unit the input of a point is split for all channel blocks.
    StageAttr splitInput() {
      StageBuilder stage(context, std::string("product") + kernel::sideA);
      stage.computeAt("products", "uv").reorder({"n", "ib", "t", "u", "v", "part", "word"});
      return stage.vectorize("word").unroll("part").get();
    }

    /// A call of the micro-kernel for all tiles and some blocks, which fetches the filters of the next ones.
    StageAttr productInTiles() {
      StageBuilder stage(context, "product");
      return stage.computeAt("products", "po").storageOrder({"n", "u", "v", "cb", "t", "c"}).vectorize("c").get();
    }

    StageAttr productsInTiles() {
      StageBuilder stage(context, "products");
      stage.computeAt(out, bandLoop()).storageOrder({"n", "u", "v", "cb", "t", "c"});
      stage.split("cb", "po", "pi", cb, Tail::ShiftInwards);
      SmallVector<StringRef> order{"u", "v", "po", "pi", "t", "c"};
      order.insert(samplesInside ? llvm::find(order, "pi") : order.begin(), "n"); // split filters serve the whole batch
      stage.reorder(order);
      return stage.vectorize("c").fuse("u", "v", "uv").parallel("uv").get();
    }

    bool cutsTiles() const { return rx < tilesTogether; }

    /// The sums of one register tile.
    StageAttr product() {
      StageBuilder stage(context, "product");
      stage.computeAt("products", cutsTiles() ? "to" : isDeep ? "z" : innermostRun()).boundExtent("cb", cb).boundExtent("t", rx);
      SmallVector<StringRef> tile{"cb", "t"}, order{"ib"};
      orderTile(tile, rx, cb, machine);
      stage.vectorize("c").unroll("cb").unroll("t");
      stage.onUpdate().split("i", "io", "ii", channelUnroll, Tail::Exact);
      if (isDeep)
        order.push_back("kz");
      order.append({"io", "ii"});
      order.append(tile);
      order.push_back("c");
      stage.reorder(order).vectorize("c").unroll("cb").unroll("t").unroll("ii");
      if (prefetchLines > 0)
        stage.prefetch("filter", "ib", byPoints ? "po" : "v", prefetchLines);
      return stage.get();
    }

    /// The loop of the products around all tiles of a band, in a plane.
    StringRef innermostRun() const { return samplesInside ? "n" : byPoints && !transforms ? "po" : "v"; }

    StageAttr products() {
      StageBuilder stage(context, "products");
      stage.computeAt(out, byPoints ? bandLoop() : "cbo");
      stage.storageOrder(withSlices(byPoints ? pointOrder("cb", "c") : SmallVector<StringRef>{"n", "u", "v", "t", "cb", "c"}));
      if (!byPoints)
        stage.boundExtent("cb", cb);
      boundTiles(stage);
      SmallVector<StringRef> order{"u", "v"};
      order.insert(samplesInside ? order.end() : order.begin(), "n"); // a filter serves the whole batch
      if (byPoints) {
        stage.split("cb", "po", "pi", cb, Tail::ShiftInwards);
        order.insert(transforms ? llvm::find(order, "u") : samplesInside ? order.end() - 1 : order.end(), "po");
      }
      if (isDeep)
        order.push_back("z");
      if (cutsTiles()) {
        stage.split("t", "to", "ti", rx, tilesTogether % rx || rowsOfTiles % band ? Tail::ShiftInwards : Tail::Exact);
        order.push_back("to");
      }
      StringRef tile = cutsTiles() ? "ti" : "t", block = byPoints ? "pi" : "cb";
      order.append({tile, block, "c"});
      stage.reorder(order).vectorize("c").unroll(block).unroll(tile);
      if (sharesPoints() && transforms)
        stage.parallel("po");
      else if (sharesPoints() && !samplesInside)
        stage.fuse("u", "v", "uv").parallel("uv");
      else if (sharesPoints())
        stage.parallel(u > 1 ? "u" : "v");
      return stage.get();
    }

    /// Inside which loop of the results there is one tile, or those that lie in each other.
    StringRef tileLoop() const { return cuts ? "tile" : "xo"; }
    bool isDilated() const { return dx > 1 || dy > 1; }

    StageAttr backRows() {
      StageBuilder stage(context, "back_rows");
      stage.computeAt(isDilated() ? "back" : out, isDilated() ? "tx" : tileLoop());
      stage.boundExtent("p", p).boundExtent("v", v);
      if (machine.registers < 32)
        stage.reorder({"v", "p", "c"});
      return stage.vectorize("c").unroll("p").unroll("v").get();
    }

    StageAttr back() {
      StageBuilder stage(context, "back");
      stage.computeAt(out, tileLoop()).boundExtent("p", p).boundExtent("q", q);
      if (isDilated()) // one of them alone, Halide does not see
        stage.boundExtent("ty", dy).boundExtent("tx", dx);
      return stage.vectorize("c").unroll("p").unroll("q").get();
    }

    StageAttr tiles() {
      StageBuilder stage(context, out);
      splitTile(stage, {"y", "yo", "yi", "yt", "yp"}, p / pooled, dy);
      splitTile(stage, {"x", "xo", "xi", "xt", "xp"}, q / pooled, dx);
      stage.split("yo", "band", "row", band, Tail::Predicate).split("cb", "cbo", "cbi", inTiles ? 1 : cb, Tail::ShiftInwards);
      if (cuts)
        stage.split("xo", "chunk", "tile", tilesAcross / dx, Tail::Predicate);
      if (slices)
        stage.split("z", "slices", "slice", slices, Tail::Predicate);
      SmallVector<StringRef> order{"band"};
      if (cuts)
        order.push_back("chunk");
      if (slices)
        order.push_back("slices");
      order.push_back("cbo");
      order.insert(samplesInside ? order.end() : order.begin(), "n");
      if (isDeep)
        order.push_back(slices ? "slice" : "z");
      order.append({"cbi", "row", tileLoop()});
      if (dy > 1)
        order.push_back("yp");
      if (dx > 1)
        order.push_back("xp");
      order.append({"yi", "xi", "c"});
      stage.reorder(order).vectorize("c").unroll("yi").unroll("xi");
      return stage.parallel(manyBands() ? "band" : cuts && prefetchLines == 0 ? "chunk" : "cbo").get();
    }

    /// Names of a dimension and what it is split into: tiles, or those that lie in each other, results of one, all of
    /// the latter, and which of them.
    struct Names {
      StringRef all, tiles, results, inside, which;
    };

    void splitTile(StageBuilder &stage, Names names, int64_t m, int64_t apart) const {
      if (apart == 1) {
        stage.split(names.all, names.tiles, names.results, m, Tail::Predicate);
        return;
      }
      stage.split(names.all, names.tiles, names.inside, m * apart, Tail::Predicate);
      stage.split(names.inside, names.results, names.which, apart, Tail::Exact);
    }

    const Machine &machine;
    MLIRContext *context;
    int64_t u, v, p, q;                                  ///< elements of a tile, and results, of rows and of columns
    int64_t dy, dx, rx, cb, slices, prefetchLines, band; ///< slices: 0 where a band has all
    bool samplesInside, byPoints, inTiles, transforms; ///< transforms: the filter, which else comes so
    int64_t pooled; ///< results each way that become one
    StringRef out;
    int64_t rowsOfTiles, tilesAcross; ///< in the image, and in a row of what is worked on together
    int64_t tilesTogether;            ///< worked on together
    bool cuts;                        ///< whether that is part of a row
    bool isDeep;                      ///< whether there are slices
  };
};

} // namespace

const Family &winogradFamily() {
  static const Winograd family;
  return family;
}

} // namespace weft
