// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd F(m, r), in both dimensions or in one, on packed channels: its loops; which forms there are, and what each costs,
// says WinogradForm.cpp. A band of tile rows is transformed, multiplied
// and transformed back before the next, so that everything between stays in the cache (in three dimensions as many
// slices as do); the product keeps `rx` tiles by `cb` channel blocks in registers. A band of all rows, or on AVX2 of as
// many as a cache keeps, is multiplied with all channel blocks, point by point; on a matrix unit, where there is one and the
// band has many tiles. Where the weights budget has no room for a transformed filter, the kernel may transform it, some channel
// blocks at a time. Under a dilated window tiles lie in each other, `dy` by `dx` of them, and a row of tiles is `dy` rows.
#include "compiler/Kernel/TileProduct.h"
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/Families/WinogradForm.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Bands one core works on before another could take them.
constexpr int64_t bandsForThreads = 4;

class Winograd final : public Family {
public:
  StringRef name() const override { return "winograd"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (auto conv = dyn_cast<ConvOp>(head))
      appendWinogradForms(conv, machine, choices);
  }

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    if (!isNestOf(kernel, choice))
      return scheduleAnything(kernel, machine);
    return Writer(kernel, choice, machine).run();
  }

private:
  /// Points that as many tiles have, with products of their own; their stages' names end so.
  struct Part {
    std::string suffix;
    int64_t rx, cb; ///< tiles and channel blocks in registers
    int64_t tiles;  ///< in all
    int64_t channels; ///< of the input that a turn of the loop over blocks adds up
  };

  static SmallVector<Part, 3> partsOf(ArrayRef<StageView> stages, DictionaryAttr choice) {
    SmallVector<Part, 3> parts;
    int64_t rx = parameter(choice, "rx", 1), cb = parameter(choice, "cb", 1);
    for (StringRef part : {"", "lower", "right"}) {
      std::string suffix = part.empty() ? "" : ("_" + part).str();
      int64_t channels = 0;
      for (const StageView &stage : stages) {
        if (stage.name == "product" + suffix && stage.has("i"))
          channels = stage.extentOf("i");
        if (stage.name == "products" + suffix)
          parts.push_back({suffix, part.empty() ? rx : parameter(choice, part, rx),
                           part.empty() ? cb : parameter(choice, (part + "_cb").str(), cb), stage.extentOf("t"), channels});
      }
    }
    return parts;
  }

  /// The stages phase kernels makes of it, then the epilogue, then windows of 2x2 where they are pooled.
  static bool isNestOf(const KernelView &kernel, DictionaryAttr choice) {
    SmallVector<std::string> names{"rows", "columns"};
    ArrayRef<StageView> stages = stagesBehindFilter(kernel);
    for (const Part &part : partsOf(stages, choice))
      names.append({"product" + part.suffix, "products" + part.suffix});
    names.append({"back_rows", "back"});
    size_t others = stages.size() - names.size();
    if (stages.size() <= names.size() || others > 2 || kernel.output().isReduction())
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
          v(stages[0].extentOf("v")), p(backOf(stages).extentOf("p")), q(backOf(stages).extentOf("q")),
          dy(parameter(choice, "dy", 1)), dx(parameter(choice, "dx", 1)), rx(parameter(choice, "rx", 1)),
          cb(parameter(choice, "cb", 1)), slices(parameter(choice, "slices")),
          prefetchLines(parameter(choice, "prefetch")), band(parameter(choice, "band", 1)),
          samplesInside(parameter(choice, "samples_inside") != 0), byPoints(parameter(choice, "by_points") != 0),
          inTiles(parameter(choice, "tiles") != 0), isRagged(parameter(choice, "ragged") != 0), divides(parameter(choice, "divides") != 0),
          transforms(transformsFilter(kernel)), pooled(&backOf(stages) + 2 < stages.end() ? 2 : 1), out(kernel.output().name),
          rowsOfTiles(backOf(stages).extentOf("ty") / dy), tilesAcross(parameter(choice, "chunk", backOf(stages).extentOf("tx"))),
          tilesTogether(std::min(band, rowsOfTiles) * dy * tilesAcross), cuts(tilesAcross < backOf(stages).extentOf("tx")),
          isDeep(kernel.output().has("z")), parts(partsOf(stages, choice)) {
      parts.front().tiles = tilesTogether; // of a band
    }

    ScheduleAttr run() {
      if (inTiles)
        return ScheduleAttr::get(context, {rows(), columns(), splitInput(), productInTiles(), productsInTiles(),
                                           backRows(), back(), tiles()});
      SmallVector<StageAttr> stages{rows(), columns()};
      for (const Part &part : parts)
        stages.append({product(part), products(part)});
      stages.append({backRows(), back(), tiles()});
      if (transforms)
        stages.insert(stages.begin(), {filterRows(), filterColumns()});
      return ScheduleAttr::get(context, stages);
    }

  private:
    static const StageView &backOf(ArrayRef<StageView> stages) {
      return *llvm::find_if(stages, [](const StageView &stage) { return stage.name == "back"; });
    }

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
    SmallVector<StringRef> pointOrder(StringRef blocks, ArrayRef<StringRef> tiles, StringRef lanes) const {
      SmallVector<StringRef> order{"n", "u", "v", blocks};
      if (byPoints && machine.pointBandBytes > 0)
        std::swap(order[2], order[3]);
      order.append(tiles.begin(), tiles.end());
      order.push_back(lanes);
      return order;
    }

    /// The loops of the products over tiles.
    SmallVector<StringRef> productTiles() const { return isRagged ? SmallVector<StringRef>{"to", "ti"} : SmallVector<StringRef>{"t"}; }

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
      stage.computeAt("columns", "t").boundExtent("u", rowsTogether()).boundExtent("v", v);
      if (machine.hasFewRegisters()) // the values of a column at a time, which fit
        stage.reorder({"v", "u", "i"});
      return stage.vectorize("i").unroll("u").unroll("v").get();
    }

    /// Rows of points that are transformed together where all of a tile would not fit the registers; the others read the tile again,
    /// which costs less than what is moved in and out.
    int64_t rowsTogether() const {
      bool fits = u * v <= machine.registers || u == 1 || v == 1;
      if (fits || !byPoints || !machine.halvesTiles)
        return u;
      return u % 3 == 0 ? 3 : 2;
    }

    StageAttr columns() {
      StageBuilder stage(context, "columns");
      stage.computeAt(out, bandLoop()).storageOrder(withSlices(pointOrder("ib", {"t"}, "i")));
      boundTiles(stage);
      bool inPieces = rowsTogether() < u;
      if (inPieces)
        stage.split("u", "uo", "ui", rowsTogether(), Tail::Exact).reorder({"n", "ib", "uo", "t", "ui", "v", "i"}).unroll("uo");
      stage.vectorize("i").unroll(inPieces ? "ui" : "u").unroll("v");
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

    Tail blocksTail() const { return divides ? Tail::Exact : Tail::ShiftInwards; }
    bool cutsTiles(const Part &part) const { return isRagged || part.rx < part.tiles; }

    /// The sums of one register tile.
    StageAttr product(const Part &part) {
      StageBuilder stage(context, "product" + part.suffix);
      StringRef t = productTiles().back();
      stage.computeAt("products" + part.suffix, cutsTiles(part) ? "to" : isDeep ? "z" : innermostRun()).boundExtent("cb", part.cb).boundExtent(t, part.rx);
      SmallVector<StringRef> tile{"cb", t}, order{"ib"};
      if (isRagged)
        stage.boundExtent("to", 1);
      orderTile(tile, part.rx, part.cb, machine);
      stage.vectorize("c").unroll("cb").unroll(t);
      stage.onUpdate().split("i", "io", "ii", channelUnroll, Tail::Exact);
      if (isDeep)
        order.push_back("kz");
      order.append({"io", "ii"});
      order.append(tile);
      order.push_back("c");
      stage.reorder(order).vectorize("c").unroll("cb").unroll(t).unroll("ii");
      if (prefetchLines > 0)
        fetchAhead(stage, part);
      return stage.get();
    }

    /// The lines for a block of the filter's input channels, a few between all of its channels: many at once wait for each other.
    void fetchAhead(StageBuilder &stage, const Part &part) const {
      int64_t turns = part.channels / channelUnroll;
      int64_t lines = llvm::divideCeil(prefetchLines * llvm::divideCeil(tilesTogether, rx), llvm::divideCeil(part.tiles, part.rx));
      lines = llvm::divideCeil(lines * part.channels, machine.vector);
      bool spreads = 2 * lines > turns;
      stage.prefetch("filter", spreads ? "io" : "ib", byPoints ? "po" : "v", spreads ? llvm::divideCeil(lines, turns) : lines);
    }

    /// The loop of the products around all tiles of a band, in a plane.
    StringRef innermostRun() const { return samplesInside ? "n" : byPoints && !transforms ? "po" : "v"; }

    StageAttr products(const Part &part) {
      StageBuilder stage(context, "products" + part.suffix);
      stage.computeAt(out, byPoints ? bandLoop() : "cbo");
      stage.storageOrder(withSlices(byPoints ? pointOrder("cb", productTiles(), "c") : SmallVector<StringRef>{"n", "u", "v", "t", "cb", "c"}));
      if (!byPoints)
        stage.boundExtent("cb", cb);
      if (isRagged)
        stage.boundExtent("to", part.tiles / part.rx);
      else if (parts.size() == 1)
        boundTiles(stage);
      SmallVector<StringRef> order{"u", "v"};
      order.insert(samplesInside ? order.end() : order.begin(), "n"); // a filter serves the whole batch
      if (byPoints) {
        stage.split("cb", "po", "pi", part.cb, blocksTail());
        order.insert(transforms ? llvm::find(order, "u") : samplesInside ? order.end() - 1 : order.end(), "po");
      }
      if (isDeep)
        order.push_back("z");
      if (cutsTiles(part) && !isRagged)
        stage.split("t", "to", "ti", part.rx, part.tiles % part.rx || rowsOfTiles % band ? Tail::ShiftInwards : Tail::Exact);
      if (cutsTiles(part))
        order.push_back("to");
      StringRef tile = cutsTiles(part) ? "ti" : "t", block = byPoints ? "pi" : "cb";
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
      if (machine.hasFewRegisters())
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
      stage.split("yo", "band", "row", band, Tail::Predicate).split("cb", "cbo", "cbi", inTiles ? 1 : cb, blocksTail());
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
    bool samplesInside, byPoints, inTiles, isRagged, divides, transforms; ///< isRagged: last tiles have fewer points; divides: tiles lie in a group; transforms: the filter, which else comes so
    int64_t pooled; ///< results each way that become one
    StringRef out;
    int64_t rowsOfTiles, tilesAcross; ///< in the image, and in a row of what is worked on together
    int64_t tilesTogether;            ///< worked on together
    bool cuts;                        ///< whether that is part of a row
    bool isDeep;                      ///< whether there are slices
    SmallVector<Part, 3> parts;
  };
};

} // namespace

const Family &winogradFamily() {
  static const Winograd family;
  return family;
}

} // namespace weft
