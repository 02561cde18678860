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

} // namespace weft
