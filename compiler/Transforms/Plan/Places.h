// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where a tensor lies: a buffer, the element it begins with, and a stride for each dimension. The operations between
// kernels are arithmetic on places.
#pragma once

#include "compiler/Transforms/Plan/Values.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

namespace weft::plan {

struct Place {
  int buffer = -1;
  Extent offset;
  Extents strides;

  bool isValid() const { return buffer >= 0; }
  bool operator==(const Place &) const = default;
};

/// Row-major strides, without gaps; nothing when one would depend on two sizes. Neighbours in dimension d share
/// `shared[d]` elements, the border behind the one and before the other: none where it is empty.
std::optional<Extents> denseStrides(llvm::ArrayRef<Extent> extents, llvm::ArrayRef<int64_t> shared = {});

/// The box that begins at `starts` and takes every `steps`-th element; dimensions in `dropped` disappear.
std::optional<Place> boxOf(const Place &whole, llvm::ArrayRef<Extent> starts, llvm::ArrayRef<int64_t> steps,
                           const llvm::SmallBitVector &dropped);

/// The same elements with neighbouring dimensions joined (`groups` index `extents`); nothing when they do not follow
/// each other in memory.
std::optional<Place> collapse(const Place &place, llvm::ArrayRef<Extent> extents,
                              llvm::ArrayRef<mlir::ReassociationIndices> groups);
/// The same elements with dimensions taken apart to `extents`.
std::optional<Place> expand(const Place &place, llvm::ArrayRef<Extent> extents,
                            llvm::ArrayRef<mlir::ReassociationIndices> groups);

/// Whether both address the same elements: strides of dimensions with one element do not matter.
bool sameElements(const Place &a, const Place &b, llvm::ArrayRef<Extent> extents);

/// The kernel function that is called.
mlir::func::FuncOp kernelOf(mlir::func::CallOp call);
/// What a kernel function asks of the strides of argument `index`: its innermost `weft.dense` (at least one) dimensions
/// lie without gaps, as far as their extents are constants of the type. -1 where any stride will do.
llvm::SmallVector<int64_t> wantedStrides(mlir::func::FuncOp kernel, unsigned index);
/// Whether `place` is as argument `index` wants it; dimensions with one element always are.
bool fitsOperand(const Place &place, llvm::ArrayRef<Extent> extents, mlir::func::FuncOp kernel, unsigned index);

} // namespace weft::plan
