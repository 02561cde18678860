// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Indices as the operations that pick and scatter read them: known when compiling, which are checked, or computed while
// running, which kernels bring inside or leave out.
#pragma once

#include "frontends/Onnx/Importer.h"

namespace weft::onnxfile {

int64_t elementsIn(llvm::ArrayRef<int64_t> shape);

/// An input as indices of a dimension of `extent` elements.
mlir::Value indexInput(NodeImport &node, int64_t extent, size_t input = 1);

/// A constant of the integers' own type.
mlir::Value integer(NodeImport &node, mlir::Value like, int64_t value);

/// What `indices`, a vector, have picked along `axis`: where they are `nowhere`, so are indices that are picked.
mlir::Value keptNowhere(NodeImport &node, mlir::Value picked, mlir::Value indices, int64_t axis);

/// Indices of one tensor along `axis` of another. Where exporters have repeated them along a dimension, they are told once.
struct LineIndices {
  mlir::Value indices; ///< extents other than that of `axis` are 1, or those of `shape`
  Ints shape;          ///< what they stand for
  int64_t axis;

  /// Whether the same for all lines along `axis`.
  bool isOneLine() const { return elementCount(indices) == shape[axis]; }
};
/// Input 1, of as many dimensions as `shape` and no larger but along `axis`.
std::optional<LineIndices> lineIndices(NodeImport &node, llvm::ArrayRef<int64_t> shape, int64_t axis);

/// Rows of a tensor as a matrix: its leading dimensions as one.
struct TupleRows {
  mlir::Value rows; ///< a vector of integers
  Ints shape;       ///< of the indices, without the dimension of tuples
  int64_t depth;    ///< numbers of a tuple
};
/// Input 1: tuples of indices into the dimensions of `shape` behind the first `batch`, which both share.
std::optional<TupleRows> tupleRows(NodeImport &node, llvm::ArrayRef<int64_t> shape, int64_t batch);

} // namespace weft::onnxfile
