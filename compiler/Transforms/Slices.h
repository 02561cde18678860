// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Ranges of a tensor's dimension and tensors put together again: what passes that divide convolutions are made of.
#pragma once

#include "dialects/Weft/Weft.h"

#include "mlir/IR/Builders.h"

namespace weft {

/// Elements [from, to) of a dimension.
struct Range {
  int64_t from, to;
  int64_t size() const { return to - from; }
  bool operator==(const Range &other) const { return from == other.from && to == other.to; }
};

/// Elements `range` of dimension `axis`; `value` itself where that is all of it.
inline mlir::Value slice(mlir::OpBuilder &builder, mlir::Value value, int64_t axis, Range range) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  if (range == Range{0, type.getDimSize(axis)})
    return value;
  llvm::SmallVector<int64_t> start(type.getRank(), 0), stop(type.getShape()), step(type.getRank(), 1);
  start[axis] = range.from;
  stop[axis] = range.to;
  return SliceOp::create(builder, value.getLoc(), value, start, stop, step);
}

inline mlir::Value concat(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<mlir::Value> parts, int64_t axis) {
  return parts.size() == 1 ? parts.front() : ConcatOp::create(builder, loc, parts, axis).getResult();
}

/// `[C, O / groups, window]`, the filter of a transposed convolution, as `[O, C / groups, window]`.
inline mlir::Value exchanged(mlir::OpBuilder &builder, mlir::Value filter, int64_t groups) {
  auto shape = mlir::cast<mlir::RankedTensorType>(filter.getType()).getShape();
  llvm::SmallVector<int64_t> apart{groups, shape[0] / groups, shape[1]}, order{0, 2, 1}, joined{groups * shape[1], shape[0] / groups};
  for (size_t d = 2; d < shape.size(); ++d) {
    apart.push_back(shape[d]);
    joined.push_back(shape[d]);
    order.push_back(d + 1);
  }
  mlir::Value turned = TransposeOp::create(builder, filter.getLoc(), ReshapeOp::create(builder, filter.getLoc(), filter, apart), order);
  return ReshapeOp::create(builder, filter.getLoc(), turned, joined);
}

/// A convolution's result `y` with its bias `[O]` added, if it has one.
inline mlir::Value plusBias(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value y, mlir::Value bias) {
  if (!bias)
    return y;
  auto shape = mlir::cast<mlir::RankedTensorType>(y.getType()).getShape();
  llvm::SmallVector<int64_t> across(shape.size() - 1, 1);
  across[0] = shape[1];
  return AddOp::create(builder, loc, y, builder.createOrFold<ReshapeOp>(loc, bias, across));
}

} // namespace weft
