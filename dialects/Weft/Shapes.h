// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The arithmetic of shapes: what inference and verifiers of all categories share. Encodings are ignored throughout.
// Errors go to an optional location, as in InferTypeOpInterface: without one they are silent.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Value.h"

#include <optional>
#include <string>
#include <variant>

namespace weft {

using Types = llvm::SmallVectorImpl<mlir::Type>;
using Where = std::optional<mlir::Location>;
using Extents = llvm::SmallVector<int64_t>;

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// Equal, or unknown on either side.
inline bool agree(int64_t a, int64_t b) {
  return a == b || mlir::ShapedType::isDynamic(a) || mlir::ShapedType::isDynamic(b);
}

/// Whether the types agree in everything but the encoding, where `?` agrees with any extent.
bool sameLogicalTypes(mlir::TypeRange lhs, mlir::TypeRange rhs);

/// "f32[1, 64, 56, 56]": a tensor type as the language writes it.
std::string spell(mlir::RankedTensorType type);
std::string spell(llvm::ArrayRef<int64_t> extents);

/// "H": the name of dimension `dim` of an image of this rank; "0", "1", ... where none is usual.
std::string dimensionName(unsigned rank, unsigned dim);

/// Adds a type without an encoding.
mlir::LogicalResult succeedWith(Types &types, llvm::ArrayRef<int64_t> extents, mlir::Type elementType);
mlir::LogicalResult inferSameShape(mlir::Value x, Types &types);
/// NumPy's broadcasting of two tensors of one element type; `verb` is the mnemonic, for the error.
mlir::LogicalResult inferBroadcast(Where where, llvm::StringRef verb, mlir::Value x, mlir::Value y, Types &types);
mlir::LogicalResult inferBroadcast(Where where, llvm::StringRef verb, mlir::RankedTensorType a, mlir::RankedTensorType b,
                                   Types &types);
/// Broadcasts two lists of extents; on failure the number of the dimension of the result that does not fit.
std::variant<Extents, unsigned> broadcast(llvm::ArrayRef<int64_t> x, llvm::ArrayRef<int64_t> y);
mlir::LogicalResult inferReduce(Where where, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepdims, Types &types);

/// x must have rank 3 to 5; gives the number of spatial dimensions.
mlir::FailureOr<unsigned> spatialRank(Where where, mlir::RankedTensorType x);
/// `values` must have `count` entries, none below `least`.
mlir::LogicalResult checkList(Where where, llvm::StringRef name, llvm::ArrayRef<int64_t> values, size_t count,
                              int64_t least);
/// 0 <= axis < limit.
mlir::LogicalResult checkAxis(Where where, int64_t axis, int64_t limit);
/// `value`, if there is one, must be a tensor of these extents.
mlir::LogicalResult checkShape(Where where, llvm::StringRef name, mlir::Value value, llvm::ArrayRef<int64_t> extents);
/// `value`, if there is one, must have one element a channel of `x`: `[C]`, or packed as `[ceil(C / b), b]` where `x`
/// is blocked by b.
mlir::LogicalResult checkPerChannel(Where where, llvm::StringRef name, mlir::Value value, mlir::RankedTensorType x);

/// A window sliding over the spatial dimensions of a tensor; one entry a dimension, `pad` low ones first.
struct Window {
  llvm::ArrayRef<int64_t> kernel, stride, pad, dilation;
  bool ceilMode = false;

  unsigned rank() const { return stride.size(); }
  int64_t low(unsigned dim) const { return pad[dim]; }
  int64_t high(unsigned dim) const { return pad[rank() + dim]; }
  int64_t dilated(unsigned dim) const { return dilation[dim] * (kernel[dim] - 1) + 1; }
  mlir::LogicalResult check(Where where, unsigned spatialRank) const;
  /// The extents after the window has slid over `[N, C, spatial...]`, appended to `result`.
  mlir::LogicalResult slide(Where where, llvm::ArrayRef<int64_t> x, Extents &result) const;
};

mlir::LogicalResult verifyInferredShape(mlir::Operation *op);

/// The trait of operations whose declared result types must agree with what inference says.
template <typename ConcreteOp> class InferredShape : public mlir::OpTrait::TraitBase<ConcreteOp, InferredShape> {
public:
  static mlir::LogicalResult verifyRegionTrait(mlir::Operation *op) { return verifyInferredShape(op); }
};

/// The trait of operations that compute each element of the result from one element of each operand, of the same place.
template <typename ConcreteOp> class PlaceByPlace : public mlir::OpTrait::TraitBase<ConcreteOp, PlaceByPlace> {};

} // namespace weft
