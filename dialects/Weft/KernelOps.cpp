// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Verifiers of the reductions linalg cannot say.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

YieldOp SegmentReduceOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

YieldOp ScatterReduceOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

/// What both have: maps of `dims` dimensions and `symbols` symbols that index the inputs, and a region of one argument an
/// input and one more that yields `yielded`.
template <typename Op>
static LogicalResult verifyReduction(Op op, unsigned dims, unsigned symbols, ArrayRef<Type> yielded) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  if (type != op.getInit().getType())
    return op.emitOpError("result type ") << type << " is not that of `init`, " << op.getInit().getType();
  SmallVector<AffineMap> maps = op.getMaps();
  if (maps.size() != op.getInputs().size())
    return op.emitOpError("has ") << op.getInputs().size() << " inputs and " << maps.size() << " maps";
  for (auto [map, input] : llvm::zip_equal(maps, op.getInputs())) {
    if (map.getNumDims() != dims || map.getNumSymbols() != symbols)
      return op.emitOpError("map ") << AffineMapAttr::get(map) << " does not have " << dims << " dimensions and "
                                    << (symbols ? "one symbol" : "no symbol");
    if (map.getNumResults() != cast<RankedTensorType>(input.getType()).getRank())
      return op.emitOpError("map ") << AffineMapAttr::get(map) << " does not index " << input.getType();
  }
  Block &block = op.getBody().front();
  if (block.getNumArguments() != maps.size() + 1)
    return op.emitOpError("region takes ") << block.getNumArguments() << " elements, expected " << maps.size() + 1;
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || !llvm::equal(yield.getValues().getTypes(), yielded))
    return op.emitOpError("region yields no ") << TypeRange(yielded);
  return success();
}

LogicalResult SegmentReduceOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  return verifyReduction(*this, type.getRank() + 1, 1, type.getElementType());
}

LogicalResult ScatterReduceOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (getAxis() >= uint64_t(type.getRank()))
    return emitOpError("`axis` is ") << getAxis() << ", and " << type << " has " << type.getRank() << " dimensions";
  return verifyReduction(*this, type.getRank(), 0, {IntegerType::get(getContext(), 32), type.getElementType()});
}
