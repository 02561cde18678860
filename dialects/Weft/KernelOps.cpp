// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Verifier of the operation that reduces over ragged rows.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

YieldOp SegmentReduceOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

LogicalResult SegmentReduceOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (type != getInit().getType())
    return emitOpError("result type ") << type << " is not that of `init`, " << getInit().getType();
  SmallVector<AffineMap> maps = getMaps();
  if (maps.size() != getInputs().size())
    return emitOpError("has ") << getInputs().size() << " inputs and " << maps.size() << " maps";
  for (auto [map, input] : llvm::zip_equal(maps, getInputs())) {
    if (map.getNumDims() != type.getRank() + 1 || map.getNumSymbols() != 1)
      return emitOpError("map ") << AffineMapAttr::get(map) << " does not have " << type.getRank() + 1
                                 << " dimensions and one symbol";
    if (map.getNumResults() != cast<RankedTensorType>(input.getType()).getRank())
      return emitOpError("map ") << AffineMapAttr::get(map) << " does not index " << input.getType();
  }
  Block &block = getBody().front();
  if (block.getNumArguments() != maps.size() + 1)
    return emitOpError("region takes ") << block.getNumArguments() << " elements, expected " << maps.size() + 1;
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().size() != 1 || yield.getValues()[0].getType() != type.getElementType())
    return emitOpError("region yields no ") << type.getElementType();
  return success();
}
