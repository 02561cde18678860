// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One recipe an algorithm; small groups are joined before.
#include "compiler/Transforms/PackWeights.h"

#include "compiler/Schedule/ConvShape.h"

using namespace mlir;

namespace weft {

static Value shiftedPart(OpBuilder &builder, Value parts, int64_t t, int64_t together, int64_t inputs) {
  auto type = cast<RankedTensorType>(parts.getType());
  SmallVector<int64_t> start(type.getRank(), 0), stop(type.getShape()), step(type.getRank(), 1);
  start[1] = t;
  stop[1] = t + 1;
  Value part = SliceOp::create(builder, parts.getLoc(), parts, start, stop, step);
  SmallVector<int64_t> low(type.getRank(), 0), high(type.getRank(), 0);
  low[3] = t * inputs;
  high[3] = (together - 1 - t) * inputs;
  return PadOp::create(builder, parts.getLoc(), part, low, high, PadMode::Constant, APFloat(0.0));
}

/// Groups smaller than a block join until they fill one: the weight of a joined group holds those of its parts on the
/// diagonal, zeros elsewhere. `[f, o, i, k...]` parts become `[f, o, f * i, k...]`, part t shifted by t * i.
static Value joinGroups(OpBuilder &builder, ConvOp conv, int64_t block) {
  SmallVector<int64_t> filter = conv.getFilter();
  int64_t together = groupsInBlock(conv, block), groups = conv.getGroups() / together;
  if (together == 1)
    return conv.getWeight();
  Location loc = conv.getLoc();
  int64_t outputs = filter[0] / conv.getGroups(), inputs = filter[1];
  SmallVector<int64_t> split{groups, together, outputs, inputs};
  split.append(filter.begin() + 2, filter.end());
  Value parts = ReshapeOp::create(builder, loc, conv.getWeight(), split);
  SmallVector<Value> shifted;
  for (int64_t t = 0; t < together; ++t)
    shifted.push_back(shiftedPart(builder, parts, t, together, inputs));
  Value joined = ConcatOp::create(builder, loc, shifted, 1);
  conv.setGroups(groups);
  filter[1] = together * inputs;
  return ReshapeOp::create(builder, loc, joined, filter);
}

bool packsWhileRunning(ConvOp conv) {
  auto isStatic = [](Value value) { return cast<RankedTensorType>(value.getType()).hasStaticShape(); };
  return conv.isDepthwise() && conv.getFilter()[0] == int64_t(conv.getGroups()) && conv.getSpatialRank() == 2 && !isRecipe(conv.getWeight()) &&
         isStatic(conv.getX()) && isStatic(conv.getWeight());
}

/// `[C, 1, k...]` to `[C / b, k..., b]`, as `pack_depthwise` does when compiling, for a filter computed while running.
static Value packRunning(OpBuilder &builder, ConvOp conv, Value weight, int64_t block) {
  Location loc = conv.getLoc();
  SmallVector<int64_t> filter = conv.getFilter();
  int64_t channels = llvm::alignTo(filter[0], block), taps = filter[2] * filter[3];
  Value rows = ReshapeOp::create(builder, loc, weight, ArrayRef<int64_t>{filter[0], taps});
  if (channels > filter[0])
    rows = PadOp::create(builder, loc, rows, ArrayRef<int64_t>{0, 0}, ArrayRef<int64_t>{channels - filter[0], 0}, PadMode::Constant, APFloat(0.0));
  Value blocks = ReshapeOp::create(builder, loc, rows, ArrayRef<int64_t>{channels / block, block, taps});
  Value turned = TransposeOp::create(builder, loc, blocks, ArrayRef<int64_t>{0, 2, 1});
  return ReshapeOp::create(builder, loc, turned, ArrayRef<int64_t>{channels / block, filter[2], filter[3], block});
}

Value packFilter(OpBuilder &builder, ConvOp conv, Value weight, const Choice &choice, int64_t block) {
  Location loc = conv.getLoc();
  const int64_t lanes = choice.wholeBlocks || conv.getGroups() > 1 ? block : inputLanes(conv.getFilter()[1], block);
  if (choice.transformsFilter)
    return PackFilterOp::create(builder, loc, weight, block, lanes);
  switch (*choice.algorithm) {
  case Algorithm::First:
    return PackFilterOp::create(builder, loc, weight, block, 0);
  case Algorithm::Depthwise:
    if (packsWhileRunning(conv))
      return packRunning(builder, conv, weight, block);
    return PackDepthwiseOp::create(builder, loc, weight, block);
  case Algorithm::Grouped:
    if (permutesLanes(conv, block))
      return PackFilterOp::create(builder, loc, weight, block, 0);
    return PackGroupedOp::create(builder, loc, weight, conv.getGroups(), block, groupLanes(conv, block));
  case Algorithm::Winograd2:
    return WinogradFilterOp::create(builder, loc, weight, 2, block, lanes);
  case Algorithm::Winograd4:
    return WinogradFilterOp::create(builder, loc, weight, 4, block, lanes);
  case Algorithm::Winograd6:
    return WinogradFilterOp::create(builder, loc, weight, 6, block, lanes);
  case Algorithm::Strassen:
    return StrassenFilterOp::create(builder, loc, weight, block, block);
  default:
    return PackFilterOp::create(builder, loc, weight, block, lanes);
  }
}

void packConv(OpBuilder &builder, ConvOp conv, const Choice &choice, int64_t block) {
  bool isGrouped = choice.algorithm == Algorithm::Grouped;
  bool joins = conv.getGroups() > 1 && choice.algorithm != Algorithm::Depthwise &&
               !(isGrouped && (permutesLanes(conv, block) || groupLanes(conv, block) < block));
  Value weight = joins ? joinGroups(builder, conv, block) : conv.getWeight();
  conv.setFilterShape(cast<RankedTensorType>(weight.getType()).getShape());
  conv.setAlgorithm(*choice.algorithm);
  conv.getWeightMutable().assign(packFilter(builder, conv, weight, choice, block));
  if (conv.getBias())
    conv.getBiasMutable().assign(packVector(builder, conv.getBias(), block));
}

void packLinear(OpBuilder &builder, LinearOp linear, Algorithm algorithm, int64_t block, bool packsResult) {
  Location loc = linear.getLoc();
  Value weight = linear.getWeight();
  linear.setFilterShape(linear.getFilter());
  linear.setAlgorithm(algorithm);
  if (block != 0 && !packsResult) { // the result stays plain, and so does what is added to it
    linear.getWeightMutable().assign(PackFilterOp::create(builder, loc, weight, block, 0));
    return;
  }
  if (block == 0) {
    linear.getWeightMutable().assign(TransposeOp::create(builder, loc, weight, ArrayRef<int64_t>{1, 0}));
    return;
  }
  int64_t inputBlock = isBlocked(linear.getX().getType()) ? block : 0;
  linear.getWeightMutable().assign(PackFilterOp::create(builder, loc, weight, block, inputBlock));
  if (linear.getBias())
    linear.getBiasMutable().assign(packVector(builder, linear.getBias(), block));
}

Value packVector(OpBuilder &builder, Value vector, int64_t block) {
  if (cast<RankedTensorType>(vector.getType()).getNumElements() == 1)
    return vector;
  return PackVectorOp::create(builder, vector.getLoc(), vector, block);
}

} // namespace weft
