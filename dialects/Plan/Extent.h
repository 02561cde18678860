// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A number of a plan that may depend on one run-time size: `scale * size + add`. Extents, strides and offsets of views
// are of this form, so that one plan holds for every V, E and G up to their bounds.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace weft::plan {

/// The largest value of each run-time size, by name.
using Bounds = llvm::StringMap<int64_t>;

struct Extent {
  int64_t scale = 0;     ///< 0 exactly when `size` is null
  mlir::StringAttr size; ///< the name of a run-time size
  int64_t add = 0;

  Extent() = default;
  Extent(int64_t constant) : add(constant) {}
  static Extent of(mlir::StringAttr size, int64_t scale = 1, int64_t add = 0);

  bool isConstant() const { return !size; }
  bool operator==(const Extent &) const = default;

  /// The value where the sizes are `at`; nothing when the size has no value there or the result leaves 64 bits.
  std::optional<int64_t> evaluate(const Bounds &at) const;
};

/// Sums and products stay in this form only when they depend on one size, linearly.
std::optional<Extent> add(Extent a, Extent b);
std::optional<Extent> multiply(Extent a, Extent b);
/// a / by, where it is known to come out whole for every value of the size.
std::optional<Extent> divide(Extent a, int64_t by);

llvm::hash_code hash_value(const Extent &extent);
void print(llvm::raw_ostream &out, const Extent &extent);
mlir::ParseResult parseExtent(mlir::AsmParser &parser, Extent &extent);
/// `[V, 3, 4 * V + 1]`
mlir::ParseResult parseExtents(mlir::AsmParser &parser, llvm::SmallVectorImpl<Extent> &extents);
void printExtents(mlir::AsmPrinter &printer, llvm::ArrayRef<Extent> extents);
/// The same form from a text such as the entries of `weft.dims`.
std::optional<Extent> extentFromText(llvm::StringRef text, mlir::MLIRContext *context);

} // namespace weft::plan
