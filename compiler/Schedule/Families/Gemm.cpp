// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Products with a weight (`linear`). With a few rows the weight is packed and streamed once; with many, or more dimensions
// before the features (pictures channels last, sequences), it is packed and read by tiles of rows; with a run-time number of rows
// (vertices of a graph) everything is row-major and output features are the vector. Products of two computed matrices (`matmul`)
// run as those with a weight that is not packed, two of them with a softmax between band by band of rows. A matrix unit takes products of many rows with packed weights.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Attention.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/Families/Product.h"
#include "compiler/Schedule/Families/Rows.h"
#include "compiler/Schedule/Families/TiledProduct.h"

#include "llvm/ADT/bit.h"

using namespace mlir;

namespace weft {
namespace {

/// Weights below this are not worth fetching ahead.
constexpr double smallWeightBytes = 256 << 10;

/// So many columns or more, a power of two, are a shorter vector; other numbers below a whole one are part of that.
constexpr int64_t shortestVector = 4;

/// From so many rows on a row-major matrix is read by tiles of rows.
constexpr int64_t manyRows = 16;

class Gemm final : public Family {
public:
  StringRef name() const override { return "gemm"; }

  void candidates(Operation *head, const Machine &machine, SmallVectorImpl<Choice> &choices) const override {
    if (auto linear = dyn_cast<LinearOp>(head)) {
      choices.push_back(choiceFor(linear, machine));
      if (std::optional<TiledProduct> tiled = tiledForm(linear, choices.back(), machine))
        choices.push_back(choiceOf(*tiled, choices.back(), linear.getContext()));
    }
    if (auto matmul = dyn_cast<MatmulOp>(head); matmul && hasAttention(matmul))
      choices.push_back(attentionChoice(matmul, machine));
    else if (matmul)
      if (std::optional<Choice> choice = choiceFor(matmul, machine)) {
        choices.push_back(*choice);
        if (std::optional<TiledProduct> tiled = tiledForm(matmul, machine))
          choices.push_back(choiceOf(*tiled, choices.back(), matmul.getContext()));
      }
  }

  sched::ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    const StageView *reduction = kernel.onlyReduction();
    if (parameter(choice, "tiles"))
      return scheduleTiledProduct(kernel, TiledProduct::of(choice), machine);
    if (int64_t band = parameter(choice, "band"); band && isAttention(kernel))
      return scheduleAttention(kernel, {parameter(choice, "x"), parameter(choice, "cb", 1)}, band, machine);
    if (isProduct(kernel) && !isNest(kernel) && parameter(choice, "x") > 0)
      return scheduleProduct(kernel,
                             {{parameter(choice, "x"), parameter(choice, "cb", 1)},
                              parameter(choice, "width"),
                              parameter(choice, "rows_outside") != 0,
                              parameter(choice, "prefetch"),
                              parameter(choice, "outer")},
                             machine);
    if (isRows(kernel) && !isNest(kernel))
      return scheduleRows(kernel, machine);
    if (!isNest(kernel) || !reduction)
      return scheduleAnything(kernel, machine);
    Nest nest;
    nest.cb = parameter(choice, "cb", 1);
    nest.n = parameter(choice, "n", 1);
    nest.streams = parameter(choice, "stream") != 0 && reduction->has("ib"); // blocks are what is counted ahead
    if (reduction->extentOf("i") > 1) {
      nest.splitReduction = "i";
      nest.splitFactor = 4;
    }
    return scheduleNest(kernel, nest, machine);
  }

private:
  Choice choiceFor(LinearOp linear, const Machine &machine) const {
    SmallVector<int64_t> filter = linear.getFilter();
    auto x = cast<RankedTensorType>(linear.getX().getType());
    bool isTall = !isBlocked(x) && x.hasStaticShape() && x.getDimSize(0) >= manyRows && filter[0] >= machine.vector;
    bool isMatrix = x.getRank() == 2 && !isTall, packed = x.hasStaticShape() && (isMatrix || fillsBlocks(filter, machine));
    int64_t blocks = llvm::divideCeil(filter[0], machine.vector);
    double rows = x.hasStaticShape() ? double(x.getNumElements()) / filter[1] : 1e4;
    Choice choice;
    choice.algorithm = Algorithm::Gemm;
    choice.block = packed ? machine.vector : 0;
    choice.weightBytes = (packed ? blocks * machine.vector : filter[0]) * filter[1] * 4;
    choice.cycles = streamingCycles(rows * blocks * filter[1], choice.weightBytes, machine);
    SmallVector<std::pair<StringRef, int64_t>> values{{"cb", blocksTogether(blocks)}};
    if (!isMatrix && x.hasStaticShape())
      values = productValues(x.getShape().drop_back(), filter[1], filter[0], packed, machine);
    else if (packed && (x.getDimSize(0) > 1 || streamsWeights(choice.weightBytes, machine)))
      values = rowParameters(blocks, x.getDimSize(0), choice.weightBytes, machine);
    choice.parameters = makeParameters(linear.getContext(), name(), values);
    return choice;
  }

  /// Whether the columns [O, I] of a row-major product are packed in blocks: where they fill them, but perhaps the last of many. Of that one
  /// what is left over is masked.
  static bool fillsBlocks(ArrayRef<int64_t> filter, const Machine &machine) {
    constexpr int64_t fewestColumns = 256;
    return filter[0] % machine.vector == 0 || (filter[0] >= fewestColumns && filter[0] * filter[1] * 4 >= smallWeightBytes);
  }

  /// Where the weight is packed for tiles of rows and the machine has registers for such.
  std::optional<TiledProduct> tiledForm(LinearOp linear, const Choice &plain, const Machine &machine) const {
    auto x = cast<RankedTensorType>(linear.getX().getType());
    SmallVector<int64_t> filter = linear.getFilter();
    if (!machine.tiles || plain.block == 0 || filter[0] % machine.vector != 0 || !parameter(plain.parameters, "x"))
      return std::nullopt;
    return tiledProduct(x.getShape().drop_back(), filter[1], filter[0], machine);
  }

  /// Of each matrix of a batch, in strips of its rows.
  std::optional<TiledProduct> tiledForm(MatmulOp matmul, Machine machine) const {
    ArrayRef<int64_t> z = cast<RankedTensorType>(matmul.getZ().getType()).getShape();
    int64_t rows = z[z.size() - 2], sum = cast<RankedTensorType>(matmul.getX().getType()).getShape().back(), matrices = 1;
    for (int64_t extent : z.drop_back(2))
      matrices *= extent;
    int64_t bytes = 4 * sum * (rows + z.back());
    machine.roomBytes = std::max(machine.roomBytes, bytes / 2); // little beside what it reads
    std::optional<TiledProduct> form = machine.tiles ? tiledProduct({rows}, sum, z.back(), machine) : std::nullopt;
    if (!form)
      return form;
    form->dim = z.size() - 2;
    if (matrices > 1 && form->count == 0)
      form->count = rows;
    form->cycles *= matrices;
    return form;
  }

  Choice choiceOf(const TiledProduct &form, Choice choice, MLIRContext *context) const {
    choice.cycles = form.cycles;
    auto values = form.parameters();
    values.push_back({"x", parameter(choice.parameters, "x")}); // layouts follow from it
    choice.parameters = makeParameters(context, name(), values);
    return choice;
  }

  static bool hasAttention(MatmulOp matmul) {
    auto group = matmul->getParentOfType<GroupOp>();
    return group && !group.getBody().front().getOps<SoftmaxOp>().empty();
  }

  /// A product in whose group a softmax and another product stand behind it.
  Choice attentionChoice(MatmulOp matmul, const Machine &machine) const {
    Choice choice;
    ArrayRef<int64_t> result = cast<RankedTensorType>(matmul->getParentOfType<GroupOp>().getResult(0).getType()).getShape();
    auto map = cast<RankedTensorType>(matmul.getZ().getType());
    int64_t sum = cast<RankedTensorType>(matmul.getX().getType()).getShape().back() + result.back();
    choice.cycles = double(map.getNumElements()) * sum / machine.vector / machine.fmaPerCycle;
    TileLimits limits = TileLimits::wide(machine, 1);
    limits.widest = std::min(limits.widest, map.getShape().back() / machine.vector);
    const int64_t rows = result[result.size() - 2], vectors = llvm::divideCeil(result.back(), machine.vector);
    // Of one vector the last strip leaves half empty, which costs less than a tile of one costs the first product.
    Tile tile = chooseTile(rows, std::max<int64_t>(vectors, 2), machine, limits);
    choice.parameters =
        makeParameters(matmul.getContext(), name(), {{"x", tile.x}, {"cb", tile.cb}, {"band", bandOf(rows, map.getShape().back(), tile.x)}});
    return choice;
  }

  /// Rows of a band, two tiles or three, of which the last repeats fewer; one where their map would crowd the second-level cache.
  static int64_t bandOf(int64_t rows, int64_t columns, int64_t x) {
    constexpr int64_t mostBytes = 192 << 10;
    auto computed = [&](int64_t band) { return llvm::alignTo(rows, band); };
    if (2 * x * columns * 4 > mostBytes)
      return x;
    return computed(3 * x) < computed(2 * x) ? 3 * x : 2 * x;
  }

  /// Of matrices with columns for a vector, be it a short one.
  std::optional<Choice> choiceFor(MatmulOp matmul, const Machine &machine) const {
    auto x = cast<RankedTensorType>(matmul.getX().getType()), z = cast<RankedTensorType>(matmul.getZ().getType());
    int64_t columns = z.getRank() > 0 ? z.getShape().back() : 0;
    bool areMatrices = x.getRank() > 1 && cast<RankedTensorType>(matmul.getY().getType()).getRank() > 1;
    if (!areMatrices || !x.hasStaticShape() || !z.hasStaticShape())
      return std::nullopt;
    Choice choice;
    int64_t sum = x.getShape().back();
    choice.cycles = double(z.getNumElements()) * sum / machine.vector / machine.fmaPerCycle;
    SmallVector<int64_t> rows{z.getDimSize(z.getRank() - 2)};
    choice.parameters = makeParameters(matmul.getContext(), name(), productValues(rows, sum, columns, false, machine));
    return choice;
  }

  /// Lines of the next columns' weight that are fetched at each step of a tile's sum. Into the first level: more than a strip's share, which
  /// reach strips beyond the next, and for more tiles.
  static int64_t linesOfNext(int64_t cb, int64_t tiles, const Machine &machine) {
    constexpr int64_t mostTiles = 64;
    int64_t lines = linesAhead(sumUnroll, cb, tiles, machine);
    if (machine.fetchesFirst && tiles > 1 && tiles <= mostTiles)
      lines = lines == 0 ? 1 : std::max<int64_t>(lines, 2);
    return lines;
  }

  /// The dimension of rows that tiles are of: the last one, or where that has too few the longest.
  static size_t rowDimension(ArrayRef<int64_t> rows) {
    constexpr int64_t enoughRows = 4;
    return rows.back() >= enoughRows ? rows.size() - 1 : std::distance(rows.begin(), llvm::max_element(rows));
  }

  /// The tile of a product of `rows`, and which matrix is read once: the other is read again for each strip of this one unless
  /// it stays in the cache. A packed weight is fetched ahead.
  static SmallVector<std::pair<StringRef, int64_t>> productValues(ArrayRef<int64_t> rows, int64_t sum, int64_t columns, bool packed,
                                                                  const Machine &machine) {
    bool isShort = columns < machine.vector && columns >= shortestVector && llvm::has_single_bit(uint64_t(columns));
    int64_t width = isShort ? columns : machine.vector;
    size_t dim = rowDimension(rows);
    double others = 1;
    for (auto [other, extent] : llvm::enumerate(rows))
      others *= other == dim ? 1 : extent;
    double left = 4.0 * sum * rows[dim] * others, right = 4.0 * sum * columns;
    // What comes from memory is loaded once for all columns of a tile.
    constexpr double fewRows = 64; // a packed weight comes from memory then, in four streams or more
    TileLimits limits = TileLimits::ofRows(machine, packed && rows[dim] * others <= fewRows);
    if (!packed && left > machine.bandBytes)
      limits.sums = std::min(limits.sums, TileLimits::striding(machine, 1).sums);
    if (!packed)
      limits.widest = std::clamp<int64_t>(columns / width, 1, limits.widest); // no strip may be wider than all
    Tile tile = chooseTile(rows[dim], llvm::divideCeil(columns, width), machine, limits);
    double tiles = others * llvm::divideCeil(rows[dim], tile.x);
    double strips = llvm::divideCeil(columns, tile.cb * width);
    auto again = [&](double bytes, double times) { return bytes <= machine.bandBytes / 2 ? bytes : bytes * times; };
    SmallVector<std::pair<StringRef, int64_t>> values{{"x", tile.x}, {"cb", tile.cb}};
    if (width < machine.vector)
      values.push_back({"width", width});
    if (size_t outer = rows.size() - 1 - dim)
      values.push_back({"outer", outer});
    if (left + again(right, tiles) < right + again(left, strips))
      values.push_back({"rows_outside", 1});
    else if (packed && sum % sumUnroll == 0 && right >= smallWeightBytes)
      if (int64_t lines = linesOfNext(tile.cb, int64_t(tiles), machine))
        values.push_back({"prefetch", lines});
    return values;
  }

  /// Independent sums that hide the latency of the multiply-add where the weight lies in a cache.
  static int64_t blocksTogether(int64_t blocks) {
    for (int64_t together : {4, 5, 3, 2})
      if (blocks % together == 0)
        return together;
    return std::min<int64_t>(blocks, 4);
  }
};

} // namespace

const Family &gemmFamily() {
  static const Gemm family;
  return family;
}

} // namespace weft
