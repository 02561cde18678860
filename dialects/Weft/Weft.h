// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The weft dialect: include this for its operations, attributes and how tensors are stored.
#pragma once

#include "dialects/Weft/Shapes.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <memory>

namespace weft {
/// Gives what a region over one edge yields, from the rows of that edge.
using EdgeBodyBuilder =
    llvm::function_ref<mlir::Value(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange rows)>;
class YieldOp;
} // namespace weft

#include "dialects/Weft/WeftDialect.h.inc"
#include "dialects/Weft/WeftEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Weft/WeftAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Weft/WeftOps.h.inc"

namespace weft {

void registerWeftDialect(mlir::DialectRegistry &registry);

/// The encoding of a blocked tensor type; null if it has none.
BlockedAttr getBlocked(mlir::Type type);
inline bool isBlocked(mlir::Type type) { return static_cast<bool>(getBlocked(type)); }
mlir::RankedTensorType withEncoding(mlir::RankedTensorType type, mlir::Attribute encoding);
mlir::RankedTensorType withoutEncoding(mlir::RankedTensorType type);
/// The stored shape, border included, without an encoding. A type without an encoding is its own.
mlir::RankedTensorType physicalType(mlir::RankedTensorType type);

/// Whether `value` is a recipe: made from weights and constants by operations of this dialect alone.
bool isRecipe(mlir::Value value);
/// All recipes of a block. Asking for one value at a time walks to the beginning of the network each time.
llvm::DenseSet<mlir::Value> recipesIn(mlir::Block &block);

/// Whether an operation may stand in a region over one edge: one whose result, element by element, is scalar code. Sums and
/// products over more than one element of a row are not, but for `dot`.
bool mayStandAtEdge(mlir::Operation *op);

/// The path of an operation: the name its location carries ("layer1.0.conv1"), empty if none.
llvm::StringRef pathOf(mlir::Location loc);

} // namespace weft
