// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Small tensors of numbers known while importing: shapes, axes, scales.
#pragma once

#include "frontends/Onnx/Schema/Model.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace weft::onnxfile {

struct Folded {
  int32_t type = Int64; ///< Float, Int32, Int64 or Bool
  llvm::SmallVector<int64_t> shape;
  std::vector<int64_t> ints; ///< elements of Int32, Int64 and Bool
  std::vector<double> reals; ///< elements of Float

  bool isReal() const { return type == Float; }
  int64_t size() const { return isReal() ? reals.size() : ints.size(); }
  double asReal(size_t i) const { return isReal() ? reals[i] : double(ints[i]); }

  static Folded real(double value) { return {Float, {}, {}, {value}}; }
  static Folded integer(int64_t value) { return {Int64, {}, {value}, {}}; }
  static Folded integers(llvm::ArrayRef<int64_t> values) {
    return {Int64, {int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end()), {}};
  }
  /// Elements of `tensor`; nothing for types that do not occur here.
  static std::optional<Folded> of(const Tensor &tensor);
};

/// Tensors larger than this stay what they are.
constexpr int64_t mostFoldedInts = 65536, mostFoldedReals = 16;

} // namespace weft::onnxfile
