// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How an attention is written as directives: both products as tiles of rows, statistics and elements of the softmax row by row.
#include "compiler/Schedule/Families/Attention.h"

#include "compiler/Schedule/Families/Product.h"

using namespace mlir;
using namespace weft::sched;

namespace weft {

/// Stages before the statistics: the first product, and its elements.
static constexpr size_t productStages = 2;

bool isAttention(const KernelView &kernel) {
  ArrayRef<StageView> stages = kernel.stages;
  if (stages.size() < 2 * productStages + 2)
    return false;
  auto isPair = [](const StageView &sum, const StageView &elements) {
    return sum.reduction.size() == 1 && !sum.inLanes && !elements.isReduction() && sum.extents == elements.extents;
  };
  return isPair(stages[0], stages[1]) && isPair(stages[stages.size() - 2], stages.back()) && !stages[stages.size() - 3].isReduction();
}

namespace {

class Attention {
public:
  Attention(const KernelView &kernel, Tile tile, int64_t band, const Machine &machine)
      : kernel(kernel), tile(tile), band(band), machine(machine) {}

  ScheduleAttr write() {
    ArrayRef<StageView> stages = kernel.stages;
    const StageView &scores = stages[1], &map = stages[stages.size() - 3];
    StageAttr last = output();
    SmallVector<StageAttr> all{product(stages.front(), scores), elements(scores)};
    for (const StageView &statistic : stages.drop_front(productStages).drop_back(3))
      all.push_back(along(statistic, kernel.output().name, outermost));
    all.push_back(along(map, kernel.output().name, outermost));
    all.push_back(sumOfProduct(stages[stages.size() - 2], kernel.output().name, "rows", tile, machine.vector, machine).get());
    all.push_back(last);
    return ScheduleAttr::get(kernel.getContext(), all);
  }

private:
  /// Tiles of `stage`, whose rows are cut in tiles by now, inside the loops `order`. Fewer columns than a strip end inside it.
  void writeTiles(StageBuilder &stage, StringRef column, int64_t columns, SmallVector<StringRef> order) const {
    int64_t strip = machine.vector * tile.cb;
    stage.split(column, "strip", "columns", strip, columns < strip ? Tail::Predicate : Tail::ShiftInwards);
    stage.split("columns", "vectors", "lane", machine.vector, Tail::Exact);
    order.append({"strip", "rows", "vectors", "row", "lane"});
    stage.reorder(order).vectorize("lane").unroll("row").unroll("vectors");
  }

  /// The first product. What is added to a map of its size (positions, a mask) comes from memory, a band of it while the band before is
  /// multiplied.
  StageAttr product(const StageView &sum, const StageView &scores) const {
    constexpr int64_t elementsOfLine = 16, mostLines = 4;
    StageBuilder stage = sumOfProduct(sum, scores.name, "rows", tile, machine.vector, machine);
    StringRef added = machine.fetchesFirst ? largeOperand(scores) : StringRef();
    auto [loop, turnsOfTile] = turnsOfSum(sum);
    int64_t turns = turnsOfTile * llvm::divideCeil(scores.extents.back(), machine.vector * tile.cb) * llvm::divideCeil(band, tile.x);
    int64_t lines = llvm::divideCeil(band * scores.extents.back(), elementsOfLine * std::max<int64_t>(turns, 1));
    if (!added.empty() && lines <= mostLines)
      stage.prefetch(added, loop, outermost, lines);
    return stage.get();
  }

  /// The name of an operand of the kernel as large as the map, of which a cache close by keeps little; empty without one.
  StringRef largeOperand(const StageView &scores) const {
    constexpr int64_t large = 256 << 10; // bytes
    for (Value value : scores.op->getOperands()) {
      auto argument = dyn_cast<BlockArgument>(value);
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!argument || !type || !type.hasStaticShape() || type.getShape() != ArrayRef(scores.extents) || 4 * type.getNumElements() < large)
        continue;
      if (auto name = func::FuncOp(kernel.function).getArgAttrOfType<StringAttr>(argument.getArgNumber(), "weft.name"))
        return name.getValue();
    }
    return {};
  }

  StageAttr elements(const StageView &view) const {
    StageBuilder stage(kernel.getContext(), view.name);
    stage.computeAt(kernel.output().name, outermost);
    stage.split(view.loops[view.loops.size() - 2], "rows", "row", tile.x, Tail::ShiftInwards);
    writeTiles(stage, view.loops.back(), view.extents.back(), refs(ArrayRef(view.loops).drop_back(2)));
    return stage.get();
  }

  /// Threads share bands of all matrices.
  StageAttr output() {
    const StageView &out = kernel.output();
    StageBuilder stage(kernel.getContext(), out.name);
    stage.split(out.loops[out.loops.size() - 2], "band", "inside", band, Tail::ShiftInwards);
    stage.split("inside", "rows", "row", tile.x, Tail::Exact);
    SmallVector<StringRef> outer = refs(ArrayRef(out.loops).drop_back(2));
    outer.push_back("band");
    writeTiles(stage, out.loops.back(), out.extents.back(), outer);
    outermost = outer.front().str();
    for (auto [index, loop] : llvm::enumerate(llvm::drop_begin(outer))) {
      std::string both = "t" + std::to_string(index);
      stage.fuse(outermost, loop, both);
      outermost = both;
    }
    stage.parallel(outermost);
    return stage.get();
  }

  /// What is made for each row, or for each of its elements: vectors of these.
  StageAttr along(const StageView &view, StringRef reader, StringRef loop) const {
    StageBuilder stage(kernel.getContext(), view.name);
    stage.computeAt(reader, loop);
    if (!view.isReduction() && view.loops.size() == kernel.output().loops.size())
      stage.split(view.loops.back(), "vo", "vi", machine.vector, Tail::ShiftInwards).vectorize("vi");
    return stage.get();
  }

  const KernelView &kernel;
  const Tile tile;
  const int64_t band;
  const Machine &machine;
  std::string outermost; ///< the loop of the output whose turns are bands
};

} // namespace

ScheduleAttr scheduleAttention(const KernelView &kernel, Tile tile, int64_t band, const Machine &machine) {
  return Attention(kernel, tile, band, machine).write();
}

} // namespace weft
