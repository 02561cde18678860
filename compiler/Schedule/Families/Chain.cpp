// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Line-buffer chains: several windows and products in one kernel. The output is made a few rows at a time; every stage
// before it computes the rows those need and keeps them in a line buffer as long as later rows read them. Each stage
// has the loop nest it would have alone: a tile in registers with its reduction inside, so the bits are those of the
// separate kernels.
//
// Phase fuse forms chains and writes their choice: `rows`, how many output rows a step makes, and in `stages` the
// choice of every reduction in program order. With `strip`, the fewest output rows of one, threads take strips of rows, each
// with line buffers of its own.
#include "compiler/Schedule/ConvShape.h"
#include "compiler/Schedule/Families/Anything.h"
#include "compiler/Schedule/Families/Nest.h"
#include "compiler/Schedule/Families/Strips.h"
#include "compiler/Schedule/LineBuffers.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {
namespace {

/// Window times tile, in multiply-adds unrolled.
constexpr int64_t unrolledLimit = 256;

/// A tile of a window without channels that divides its row may be smaller than others, but no smaller than this.
constexpr int64_t fewestPixels = 4;

/// Blocks of a concatenation that get code of their own.
constexpr int64_t mostBlocksUnrolled = 64;

class ChainWriter {
public:
  ChainWriter(const KernelView &kernel, DictionaryAttr choice, const Machine &machine, ArrayRef<LineBuffer> buffers)
      : kernel(kernel), context(kernel.getContext()), machine(machine), buffers(buffers),
        rows(parameter(choice, "rows", 1)), strip(parameter(choice, "strip")),
        choices(choice.getAs<ArrayAttr>("stages")) {}

  ScheduleAttr run() {
    SmallVector<StageAttr> stages;
    unsigned reductions = 0;
    for (const StageView &view : kernel.stages)
      if (view.isReduction())
        sums[readerOf(view.op)].push_back({&view, choiceOf(reductions++)});
    for (auto [number, view] : llvm::enumerate(kernel.stages)) {
      if (view.isReduction())
        continue;
      if (const StageView *sum = onlyProductOver(view)) {
        stages.push_back(prologue(view, *sum));
        continue;
      }
      if (const StageView *border = borderAround(view)) { // made where it is stored
        made[border->op] = &view;
        continue;
      }
      if (const StageView *inner = made.lookup(view.op)) {
        Tile tile = *borderTile(*inner, view);
        StageBuilder builder(context, view.name);
        placeBorder(builder, view, buffers[number], tile);
        for (const Sum &sum : sums[inner->op])
          stages.push_back(reduction(*sum.view, view, "xo", tile.x, tile.cb));
        stages.push_back(builder.get());
        continue;
      }
      if (isMadeInBorder(view) || isReadInPlace(view))
        continue; // without a schedule a stage is part of its reader
      // A stage that adds two sums (a residual and its projection) computes both for each of its tiles.
      ArrayRef<Sum> own = sums[view.op];
      int64_t x = own.empty() ? 1 : parameter(own.front().choice, "x", 1);
      int64_t cb = own.empty() ? 1 : parameter(own.front().choice, "cb", 1);
      StageBuilder builder(context, view.name);
      std::string tile = place(builder, view, buffers[number], x, cb);
      for (const Sum &sum : own)
        stages.push_back(reduction(*sum.view, view, tile, x, cb));
      stages.push_back(builder.get());
    }
    return ScheduleAttr::get(context, stages);
  }

private:
  struct Sum {
    const StageView *view;
    DictionaryAttr choice;
  };

  /// The line with its padding that alone reads the sums stored by `view`, where tiles divide its inside: nothing is
  /// then copied from a line to another.
  const StageView *borderAround(const StageView &view) const {
    auto pad = view.op->hasOneUse() ? dyn_cast<tensor::PadOp>(*view.op->user_begin()) : tensor::PadOp();
    if (!pad || !sums.contains(view.op) || view.loops.back() != "c")
      return nullptr;
    const StageView *border = viewOf(pad);
    return border && borderTile(view, *border) ? border : nullptr;
  }

  /// What an element-wise stage gives to a line with its padding alone is computed there.
  bool isMadeInBorder(const StageView &view) const {
    return isa<linalg::GenericOp>(view.op) && !sums.contains(view.op) && view.op->hasOneUse() &&
           isa<tensor::PadOp>(*view.op->user_begin());
  }

  /// The picture a chain begins with, where it is read in place.
  bool isReadInPlace(const StageView &view) const {
    const StageView *sum = view.op->hasOneUse() ? viewOf(readerOf(view.op)) : nullptr;
    return sum && sum->isReduction() && sum->op->hasOneUse() && !isOutput(*viewOf(readerOf(sum->op))) &&
           !pictureInPlace(view, *sum, machine).empty();
  }

  /// Of the picture that `sum` reads in place, what the next row of results reads in the same place.
  void fetchPicture(StageBuilder &stage, const StageView &sum, int64_t pixels, ArrayRef<std::string> unrolled) const {
    Operation *maker = sum.op->getOperand(0).getDefiningOp();
    const StageView *picture = maker ? viewOf(maker) : nullptr;
    if (!picture || !isReadInPlace(*picture))
      return;
    StringRef turn;
    for (const std::string &loop : sum.reduction)
      if (!llvm::is_contained(unrolled, loop))
        turn = loop;
    if (!turn.empty())
      stage.prefetch(pictureInPlace(*picture, sum, machine), turn, "y", linesInPlace(*picture, sum, pixels));
  }

  std::optional<Tile> borderTile(const StageView &view, const StageView &border) const {
    ArrayRef<Sum> own = sums.find(view.op)->second;
    int64_t cb = parameter(own.front().choice, "cb"), width = view.extentOf("x"), blocks = view.extentOf("cb");
    Tile tile = chooseExactTile(width, cb ? blocks : 1, machine);
    int64_t wanted = std::min<int64_t>(cb ? fewestExactAccumulators : fewestPixels, cb ? width * blocks : width);
    return tile.x * tile.cb >= wanted ? std::optional<Tile>(tile) : std::nullopt;
  }

  /// The border: its edges apart, in its inside tiles of the sums it stores.
  void placeBorder(StageBuilder &stage, const StageView &view, LineBuffer buffer, Tile tile) {
    keep(stage, view, buffer);
    stage.peel("x", "xm").split("xm", "xo", "xi", tile.x, Tail::Exact);
    SmallVector<StringRef> order{"n"};
    if (tile.cb > 1) {
      stage.split("cb", "cbo", "cbi", tile.cb, Tail::Exact);
      order.append({"cbo", "y", "xo", "cbi", "xi", "c"});
    } else {
      order.append({"cb", "y", "xo", "xi", "c"});
    }
    stage.reorder(order).vectorize("c").unroll("xi");
    if (tile.cb > 1)
      stage.unroll("cbi");
  }

  static Operation *readerOf(Operation *op) { return *op->getResult(0).user_begin(); }

  const StageView *viewOf(Operation *op) const {
    auto found = llvm::find_if(kernel.stages, [&](const StageView &stage) { return stage.op == op; });
    return found == kernel.stages.end() ? nullptr : &*found;
  }

  /// The sum over channels alone that is all that reads `view`, an element-wise stage.
  const StageView *onlyProductOver(const StageView &view) const {
    if (isOutput(view) || !view.op->hasOneUse() || sums.contains(view.op) || view.loops.back() != "c" ||
        !isa<linalg::GenericOp>(view.op))
      return nullptr;
    const StageView *sum = viewOf(readerOf(view.op));
    return sum && sum->isReduction() && sum->extentOf("ib") > 0 && sum->extentOf("ky") == 1 && sum->extentOf("kx") == 1
               ? sum
               : nullptr;
  }

  /// What prepares the operand of a product with 1x1 windows is made for a tile, once a strip of channel blocks: a line
  /// of all channels would be most of what a chain keeps, and the product takes many times longer.
  StageAttr prologue(const StageView &view, const StageView &sum) const {
    const StageView *reader = viewOf(readerOf(sum.op));
    const StageView *border = borderAround(*reader);
    ArrayRef<Sum> own = sums.find(reader->op)->second;
    bool cutsRow = border || std::min(parameter(own.front().choice, "x", 1), reader->extentOf("x")) > 1;
    StageBuilder stage(context, view.name);
    StringRef at = (border ? border : reader)->name, tile = cutsRow ? "xo" : "x";
    stage.computeAt(at, tile).storeAt(at, tile).reorder({"n", "cb", "y", "x", "c"});
    if (int64_t(llvm::divideCeil(sum.extentOf("ib") * sum.extentOf("i"), view.extentOf("c"))) == view.extentOf("cb"))
      chooseMembers(stage, view);
    return stage.vectorize("c").get();
  }

  /// Which member of a concatenation a channel block comes from is known where each block has its own code.
  void chooseMembers(StageBuilder &stage, const StageView &view) const {
    auto generic = dyn_cast<linalg::GenericOp>(view.op);
    if (generic && generic.hasIndexSemantics() && view.extentOf("cb") <= mostBlocksUnrolled)
      stage.unroll("cb");
  }

  DictionaryAttr choiceOf(unsigned number) const {
    return choices && number < choices.size() ? dyn_cast<DictionaryAttr>(choices[number]) : DictionaryAttr();
  }

  const StageView &output() const { return kernel.output(); }
  bool isOutput(const StageView &view) const { return &view == &kernel.stages.back(); }
  bool cutsSteps() const { return rows > 1; }
  int64_t steps() const { return llvm::divideCeil(output().extentOf("y"), rows); }
  int64_t stripSteps() const { return llvm::divideCeil(strip, rows); }
  /// For one sample; samples are parallel themselves.
  bool hasStrips() const { return strip > 0 && output().extentOf("n") == 1 && steps() > stripSteps(); }
  StringRef step() const { return hasStrips() ? "ys" : cutsSteps() ? "yo" : "y"; }

  /// Where a stage is computed and kept, and its tiles; gives the loop inside which one tile lies.
  std::string place(StageBuilder &stage, const StageView &view, LineBuffer buffer, int64_t x, int64_t cb) {
    bool last = isOutput(view);
    if (!last)
      keep(stage, view, buffer);
    if (view.loops.back() != "c")
      return placePlain(stage, view);
    x = std::min(x, view.extentOf("x"));
    cb = std::min(cb, view.extentOf("cb"));
    bool cutsRow = x > 1, cutsBlocks = cb > 1, cutsRows = last && rows > 1;
    if (cutsBlocks)
      stage.split("cb", "cbo", "cbi", cb, Tail::ShiftInwards);
    if (cutsRow) {
      // A reader that skips pixels may leave out the last ones: the only tile of fewer would begin before the row.
      if (!last && view.extentOf("x") < 2 * x)
        stage.boundExtent("x", view.extentOf("x"));
      stage.split("x", "xo", "xi", x, Tail::ShiftInwards);
    }
    if (cutsRows)
      stage.split("y", "yo", "yi", rows, view.extentOf("y") % rows ? Tail::Predicate : Tail::Exact);
    SmallVector<StringRef> order{"n"}, inner;
    if (last && hasStrips()) {
      stage.strips(cutsRows ? "yo" : "y", "s", "ys", stripSteps());
      order.push_back("s");
    }
    if (last)
      order.push_back(step());
    order.push_back(cutsBlocks ? "cbo" : "cb");
    if (!last)
      order.push_back("y");
    else if (cutsRows)
      order.push_back("yi");
    order.push_back(cutsRow ? "xo" : "x");
    if (cutsBlocks)
      inner.push_back("cbi");
    if (cutsRow)
      inner.push_back("xi");
    writeTile(stage, order, inner);
    if (!cutsBlocks && !sums.contains(view.op))
      chooseMembers(stage, view);
    if (last && view.extentOf("n") != 1)
      stage.parallel("n");
    else if (last && hasStrips())
      stage.parallel("s");
    return cutsRow ? "xo" : "x";
  }

  /// What steps keep of a stage. Nothing but sums lies on the stack: Halide gives the place of one stage to the next, and
  /// a sum that gets the place of a line cannot stay in registers.
  void keep(StageBuilder &stage, const StageView &view, LineBuffer buffer) {
    stage.computeAt(output().name, step());
    if (!buffer.slides) {
      stage.storeAt(output().name, step());
    } else {
      if (hasStrips())
        stage.storeAt(output().name, "s");
      else if (output().extentOf("n") == 1)
        stage.storeRoot();
      else
        stage.storeAt(output().name, "n");
      stage.foldStorage("y", buffer.rows);
    }
    SmallVector<StringRef> order{"n", "y", view.loops[1]};
    for (const std::string &loop : ArrayRef(view.loops).drop_front(3))
      order.push_back(loop);
    stage.storageOrder(order);
  }

  /// A row-major stage: the picture a chain begins with, a row of all its channels at once, so that their ways from memory overlap.
  std::string placePlain(StageBuilder &stage, const StageView &view) {
    stage.split("x", "xo", "xi", machine.vector, tailOfPlainRow);
    stage.reorder({"n", "y", "xo", "ch", "xi"}).vectorize("xi").unroll("ch");
    return "xo";
  }

  StageAttr reduction(const StageView &sum, const StageView &reader, StringRef at, int64_t x, int64_t cb) {
    StageBuilder stage(context, sum.name);
    x = std::min(x, reader.extentOf("x"));
    cb = std::min(cb, reader.extentOf("cb"));
    SmallVector<StringRef> tile, order;
    if (cb > 1)
      tile.push_back("cb");
    if (x > 1)
      tile.push_back("x");
    stage.computeAt(reader.name, at).vectorize("c");
    for (StringRef loop : tile)
      stage.unroll(loop);
    stage.onUpdate();
    // LLVM keeps sums in memory around two loops of few turns: no second one where all channels of a block may be straight code.
    int64_t inputs = sum.extentOf("i");
    bool isWhole = machine.hasFewRegisters() && sum.turnsOf("ib") > 1 && x * cb * inputs <= unrolledLimit;
    bool cutsChannels = inputs > 0 && inputs % channelUnroll == 0 && !isWhole;
    if (cutsChannels)
      stage.split("i", "io", "ii", channelUnroll, Tail::Exact);
    for (StringRef loop : refs(sum.reduction)) {
      if (loop == "i" && cutsChannels)
        order.append({"io", "ii"});
      else
        order.push_back(loop);
    }
    orderTile(tile, x, cb, machine);
    order.append(tile);
    order.push_back("c");
    stage.reorder(order).vectorize("c");
    for (StringRef loop : tile)
      stage.unroll(loop);
    if (cutsChannels)
      stage.unroll("ii");
    SmallVector<std::string> unrolled = cutsChannels ? SmallVector<std::string>() : unrollable(sum, x * cb, unrolledLimit);
    for (const std::string &loop : unrolled)
      stage.unroll(loop);
    fetchPicture(stage, sum, x, unrolled);
    if (pairsPixels(sum, x, cb, machine))
      stage.pair("cb", "x");
    return stage.get();
  }

  const KernelView &kernel;
  MLIRContext *context;
  const Machine &machine;
  ArrayRef<LineBuffer> buffers;
  int64_t rows, strip;
  ArrayAttr choices;
  llvm::DenseMap<Operation *, SmallVector<Sum>> sums;  ///< by the stage that stores them
  llvm::DenseMap<Operation *, const StageView *> made; ///< by a border, what it makes and stores
};

class Chain final : public Family {
public:
  StringRef name() const override { return "chain"; }

  /// None: a chain is many operations. Phase fuse weighs them (compiler/Transforms/Chains).
  void candidates(Operation *, const Machine &, SmallVectorImpl<Choice> &) const override {}

  ScheduleAttr schedule(const KernelView &kernel, DictionaryAttr choice, const Machine &machine) const override {
    std::optional<SmallVector<RowStage>> stages = rowStages(kernel);
    if (!stages || !isChain(kernel))
      return scheduleAnything(kernel, machine);
    SmallVector<LineBuffer> buffers =
        lineBuffers(*stages, parameter(choice, "rows", 1), parameter(choice, "strip") > 0);
    return ChainWriter(kernel, choice, machine, buffers).run();
  }

private:
  /// Every reduction is read by one stage, point by point, which stores it.
  static bool isChain(const KernelView &kernel) {
    return !kernel.output().isReduction() && kernel.output().loops.back() == "c" &&
           llvm::all_of(kernel.stages, [](const StageView &stage) {
             return !stage.isReduction() || (stage.op->hasOneUse() && stage.loops.back() == "c" &&
                                             isa<linalg::GenericOp>(*stage.op->user_begin()));
           });
  }
};

} // namespace

const Family &chainFamily() {
  static const Chain family;
  return family;
}

} // namespace weft
