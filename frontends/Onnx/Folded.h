// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tensors of numbers known while importing (shapes, axes, masks, whatever is computed from them), and how elements of one
// become another.
#pragma once

#include "frontends/Onnx/Schema/Model.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace weft::onnxfile {

using Ints = llvm::SmallVector<int64_t>;
using Reals = llvm::SmallVector<double>;

struct Folded {
  int32_t type = Int64; ///< Float, Double, Int32, Int64 or Bool
  Ints shape;
  std::vector<int64_t> ints; ///< elements of Int32, Int64 and Bool
  std::vector<double> reals; ///< elements of Float and Double

  bool isReal() const { return onnxfile::isReal(type); }
  int64_t size() const { return isReal() ? reals.size() : ints.size(); }
  int64_t rank() const { return shape.size(); }
  double asReal(size_t i) const { return isReal() ? reals[i] : double(ints[i]); }
  /// Real numbers are cut off toward zero and brought into range.
  int64_t asInt(size_t i) const;
  /// Appends an element, converted to this type.
  void append(const Folded &from, size_t i);
  void append(double value);

  static Folded real(double value) { return {Float, {}, {}, {value}}; }
  static Folded integer(int64_t value) { return {Int64, {}, {value}, {}}; }
  static Folded integers(llvm::ArrayRef<int64_t> values) {
    return {Int64, {int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end()), {}};
  }
  /// A tensor without elements: `shape` has an extent of 0.
  static Folded empty(int32_t type, llvm::ArrayRef<int64_t> shape) { return {type, Ints(shape), {}, {}}; }
  /// Elements of `tensor`; nothing for other types and for more elements than stay numbers.
  static std::optional<Folded> of(const Tensor &tensor);
};

/// Real initialisers of more elements than this stay weights. Integers, and what is computed, have at most `mostComputed`.
constexpr int64_t mostFoldedReals = 16, mostComputed = 1 << 22;

/// The product of the extents; nothing above `mostComputed`.
std::optional<int64_t> elementsOf(llvm::ArrayRef<int64_t> shape);
bool hasNoElements(llvm::ArrayRef<int64_t> shape);

/// Of a dense tensor, in elements.
Ints denseStrides(llvm::ArrayRef<int64_t> shape);

/// Calls `visit` with the position of each element of a tensor of `shape`, last dimension fastest.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// A tensor of `shape` whose element at (i, j, ...) is element offset + i * strides[0] + j * strides[1] ... of `from`.
/// Nothing where it would be too large.
std::optional<Folded> strided(const Folded &from, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides,
                              int64_t offset = 0);

/// NumPy's broadcasting; nothing where the shapes do not fit.
std::optional<Folded> broadcast(const Folded &from, llvm::ArrayRef<int64_t> shape);
Ints commonShape(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

} // namespace weft::onnxfile
