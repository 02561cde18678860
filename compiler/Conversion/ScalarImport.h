// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Scalar arith and math operations as expressions of a KernelDesc: the closed list of what a stage may compute.
#pragma once

#include "compiler/Kernel/KernelDesc.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>
#include <optional>

namespace weft {

/// The scalar type of an element; nothing for types no kernel computes with. `index` is I32.
std::optional<kernel::Scalar> scalarTypeOf(mlir::Type type);

class ScalarImporter {
public:
  /// Gives the expression of an operation that is no arithmetic (loads, loop indices), or null.
  using Other = std::function<kernel::ExprPtr(mlir::Operation *, llvm::ArrayRef<kernel::ExprPtr>)>;
  explicit ScalarImporter(Other other) : other(std::move(other)) {}

  void define(mlir::Value value, kernel::ExprPtr expr) { known[value] = std::move(expr); }
  /// Null after an error at the operation that has no expression.
  kernel::ExprPtr import(mlir::Value value);

private:
  kernel::ExprPtr importPick(mlir::arith::SelectOp op);
  kernel::ExprPtr importOp(mlir::Operation *op, llvm::ArrayRef<kernel::ExprPtr> args);

  Other other;
  llvm::DenseMap<mlir::Value, kernel::ExprPtr> known;
};

} // namespace weft
