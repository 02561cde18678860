// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that do the same to all elements of a channel: what passes that fold them into convolutions look for.
#pragma once

#include "dialects/Weft/Weft.h"

namespace weft {

/// What a weight may become part of: f32, known when the network is compiled.
inline bool isParameter(mlir::Value value) {
  mlir::RankedTensorType type = tensorOf(value);
  return type.hasStaticShape() && type.getElementType().isF32() && isRecipe(value);
}

/// `x` of an `Op` of x and a parameter with an element a channel, and that; nothing where `value` is none.
template <typename Op> std::pair<mlir::Value, mlir::Value> channelwise(mlir::Value value) {
  auto op = value.getDefiningOp<Op>();
  if (!op || op.getType().getRank() < 2)
    return {};
  mlir::RankedTensorType image = op.getType();
  for (auto [x, vector] : {std::pair(op.getX(), op.getY()), std::pair(op.getY(), op.getX())}) {
    mlir::RankedTensorType type = tensorOf(vector);
    int64_t at = 1 - (image.getRank() - type.getRank());
    if (isParameter(vector) && x.getType() == image && at >= 0 && type.getNumElements() == image.getDimSize(1) &&
        type.getDimSize(at) == type.getNumElements())
      return {x, vector};
  }
  return {};
}

} // namespace weft
