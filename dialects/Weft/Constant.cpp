// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights and constants.
#include "dialects/Weft/Weft.h"

using namespace mlir;
using namespace weft;

LogicalResult WeightOp::verify() {
  if (getPath().empty())
    return emitOpError() << "has an empty path";
  RankedTensorType type = getValue().getType();
  if (!type.hasStaticShape() || type.getEncoding())
    return emitOpError() << "`" << getPath() << "` is " << type << "; a weight is static and has no encoding";
  return success();
}

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, Where where, Adaptor adaptor, Types &types) {
  auto type = dyn_cast<RankedTensorType>(adaptor.getValue().getShapedType());
  if (!type)
    return emitOptionalError(where, "expected a ranked tensor");
  types.push_back(type);
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }
