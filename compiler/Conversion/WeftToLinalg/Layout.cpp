// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How logical tensors lie in memory, as affine expressions: the one place where a channel becomes a block and a lane.

#include "compiler/Conversion/WeftToLinalg/KernelBuilder.h"

using namespace mlir;

namespace weft {

Layout::Layout(RankedTensorType logical) : type(logical), rank(logical.getRank()) {
  if (auto blocked = dyn_cast_or_null<BlockedAttr>(logical.getEncoding()))
    block = blocked.getBlock();
}

RankedTensorType Layout::stored() const { return storedInterior(type); }

RankedTensorType storedInterior(RankedTensorType logical) {
  auto blocked = dyn_cast_or_null<BlockedAttr>(logical.getEncoding());
  if (!blocked)
    return logical;
  return physicalType(RankedTensorType::get(logical.getShape(), logical.getElementType(), blocked.withoutBorder()));
}

SmallVector<std::string> spatialNames(unsigned count, StringRef prefix) {
  SmallVector<std::string> names;
  for (unsigned d = 0; d < count; ++d) {
    unsigned behind = count - 1 - d;
    std::string name = behind < 3 ? std::string(1, "xyz"[behind]) : ("d" + Twine(behind)).str();
    names.push_back((prefix + name).str());
  }
  return names;
}

SmallVector<std::string> Layout::loops() const {
  SmallVector<std::string> names;
  if (rank >= 2)
    names.push_back("n");
  if (rank >= 1)
    names.push_back(isBlocked() ? "cb" : "ch");
  llvm::append_range(names, spatialNames(spatialRank()));
  if (isBlocked())
    names.push_back("c");
  return names;
}

AffineExpr Layout::channel(MLIRContext *context) const {
  AffineExpr outer = getAffineDimExpr(channelDim(), context);
  return isBlocked() ? outer * block + getAffineDimExpr(storedRank() - 1, context) : outer;
}

StageLoops loopsOver(const Layout &layout) {
  StageLoops loops;
  loops.names = layout.loops();
  loops.parallel = loops.names.size();
  return loops;
}

/// The result's logical index in dimension `dim`, as an expression of its stored loops.
static AffineExpr logicalIndex(const Layout &result, unsigned dim, MLIRContext *context) {
  return result.isBlocked() && dim == result.channelDim() ? result.channel(context) : getAffineDimExpr(dim, context);
}

AffineMap broadcastMap(const Layout &operand, const Layout &result, MLIRContext *context) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (operand.isBlocked() && (operand.block != result.block || operand.rank != result.rank))
    return {};
  if (operand.rank > result.rank)
    return {};
  SmallVector<AffineExpr> at;
  unsigned lead = result.rank - operand.rank;
  for (unsigned d = 0; d < operand.rank; ++d) {
    unsigned target = lead + d;
    bool repeated = operand.type.getDimSize(d) == 1 && result.type.getDimSize(target) != 1;
    if (operand.isBlocked())
      at.push_back(repeated ? zero : getAffineDimExpr(target, context));
    else if (repeated)
      at.push_back(zero);
    else if (result.isBlocked() && target == result.channelDim() && operand.type.getDimSize(d) == 1)
      at.push_back(zero); // one channel, stored as the first lane of a block
    else if (result.isBlocked() && target == result.channelDim() && !result.isWhole())
      return {};
    else
      at.push_back(logicalIndex(result, target, context));
  }
  if (operand.isBlocked()) {
    bool repeated = operand.channels() == 1 && result.channels() != 1;
    at.push_back(repeated ? zero : getAffineDimExpr(result.storedRank() - 1, context));
  }
  return AffineMap::get(result.storedRank(), 0, at, context);
}

AffineMap channelVectorMap(RankedTensorType vector, const Layout &result, MLIRContext *context) {
  unsigned loops = result.storedRank();
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (vector.getNumElements() == 1)
    return AffineMap::get(loops, 0, SmallVector<AffineExpr>(vector.getRank(), zero), context);
  AffineExpr outer = getAffineDimExpr(result.channelDim(), context);
  if (vector.getRank() == 1) {
    if (!result.isWhole())
      return {};
    return AffineMap::get(loops, 0, {result.channel(context)}, context);
  }
  if (vector.getRank() != 2)
    return {};
  int64_t block = vector.getDimSize(1);
  if (result.block == block)
    return AffineMap::get(loops, 0, {outer, getAffineDimExpr(loops - 1, context)}, context);
  AffineExpr channel = result.channel(context);
  return AffineMap::get(loops, 0, {channel.floorDiv(block), channel % block}, context);
}

Box slidingWindow(ArrayRef<int64_t> input, ArrayRef<int64_t> output, ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                  ArrayRef<int64_t> dilation, ArrayRef<int64_t> low, double fill) {
  Box window;
  window.fill = fill;
  for (unsigned d = 0, e = kernel.size(); d < e; ++d) {
    int64_t touched = (output[d] - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1;
    window.low.push_back(low[d]);
    window.high.push_back(touched - low[d] - input[d]);
  }
  return window;
}

} // namespace weft
