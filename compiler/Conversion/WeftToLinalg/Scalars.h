// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One element of an element-wise operation as arith and math: used by stages over tensors and by regions over one edge.
#pragma once

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace weft {

/// The element of `op`'s result from the elements of its operands; null when `op` is not element-wise.
mlir::Value scalarOf(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op, mlir::ValueRange elements);

/// A constant of the type of `like`, which is a float or an integer.
mlir::Value constantLike(mlir::ImplicitLocOpBuilder &builder, mlir::Value like, double value);

/// arith knows integers without sign only: a byte `ui8` as `i8`, the same bits.
mlir::Value signless(mlir::ImplicitLocOpBuilder &builder, mlir::Value value);

/// Sum, product and the like for floats and for integers.
mlir::Value addOf(mlir::ImplicitLocOpBuilder &builder, mlir::Value a, mlir::Value b);
mlir::Value mulOf(mlir::ImplicitLocOpBuilder &builder, mlir::Value a, mlir::Value b);
mlir::Value maxOf(mlir::ImplicitLocOpBuilder &builder, mlir::Value a, mlir::Value b);
mlir::Value minOf(mlir::ImplicitLocOpBuilder &builder, mlir::Value a, mlir::Value b);

/// An index of so much, and that of a stage's loop.
mlir::Value number(mlir::ImplicitLocOpBuilder &builder, int64_t value);
mlir::Value indexOf(mlir::ImplicitLocOpBuilder &builder, unsigned loop);

/// `a * factor + c` of indices.
mlir::Value scaled(mlir::ImplicitLocOpBuilder &builder, mlir::Value a, int64_t factor, mlir::Value c);

/// `values[index of loop]`, as a chain of selections.
mlir::Value pick(mlir::ImplicitLocOpBuilder &builder, unsigned loop, llvm::ArrayRef<mlir::Value> values);

} // namespace weft
