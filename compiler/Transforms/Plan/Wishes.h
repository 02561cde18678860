// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which buffer each tensor is made in. Read backwards, a network says where it wants its tensors: the operand of a pad
// inside the bordered buffer, members of a concatenation one behind the other, results in the caller's memory. A tensor
// gets one of these wishes, or a buffer of its own; whoever wished in vain copies.
#pragma once

#include "compiler/Transforms/Plan/Steps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace weft::plan {

class Wishes {
public:
  Wishes(mlir::func::FuncOp network, Values &values, const Bounds &bounds, std::vector<PlannedBuffer> &buffers);

  /// Decides the place of every tensor that a kernel, pad, concatenation or insertion makes.
  mlir::LogicalResult run();

  /// The place decided for `value`; invalid for tensors that are views of others.
  Place placeOf(mlir::Value value) const { return decided.lookup(value); }
  /// Where a reshape that must copy copies to: the first place wished of its result; invalid when nobody wished.
  Place copyTarget(mlir::Value value) const;
  /// A buffer of its own for `value`, dense but for the borders that rows and planes share, and for rows that would meet in a cache.
  mlir::FailureOr<Place> ownBuffer(mlir::Value value);
  /// The dense place of result `index` of the network in the caller's memory.
  mlir::FailureOr<Place> outputPlace(unsigned index);

  /// Where the parts of the tensor `whole` at `place` are.
  mlir::FailureOr<Place> padInterior(mlir::tensor::PadOp pad, const Place &place);
  mlir::FailureOr<Place> concatMember(mlir::tensor::ConcatOp concat, unsigned member, const Place &place);
  mlir::FailureOr<Place> insertedPart(mlir::tensor::InsertSliceOp insert, const Place &place);

private:
  /// In the order in which they are granted.
  enum Kind { Join, Pad, Output, Count };

  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult decide(mlir::Value value);
  bool canWrite(mlir::Value value, const Place &place, const Extents &extents);
  bool rowsMeet(mlir::Value value, const Extents &extents);
  void wish(mlir::Value value, Kind kind, mlir::FailureOr<Place> place);
  mlir::LogicalResult passOn(mlir::Operation *view);
  mlir::LogicalResult visitInsert(mlir::tensor::InsertSliceOp insert);
  mlir::FailureOr<Place> newBuffer(mlir::Value value, PlannedBuffer::Kind kind, unsigned port, mlir::Type type,
                                   const Extents &extents, llvm::ArrayRef<int64_t> shared = {});

  mlir::func::FuncOp network;
  Values &values;
  const Bounds &bounds;
  std::vector<PlannedBuffer> &buffers;
  llvm::DenseMap<mlir::Value, Place> decided;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::pair<Kind, Place>, 2>> wishes;
  llvm::SmallVector<Place> outputs;
};

/// Whether all of `dest` that is ever read has been inserted: it began as `tensor.empty`.
bool beganEmpty(mlir::Value dest);

} // namespace weft::plan
