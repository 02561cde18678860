// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `plan` dialect: every buffer at its offset, every launch in order.
#pragma once

#include "dialects/Plan/Extent.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"

namespace weft::plan {
class ArenaOp;
class InputOp;
class OutputOp;
class SizeOp;
class WeightsOp;

/// Offsets of slices and slots are multiples of this.
inline constexpr int64_t alignmentBytes = 64;

/// On a kernel function: for each result the argument whose memory it may take over, or -1 (DenseI64ArrayAttr).
inline constexpr llvm::StringLiteral mayAliasAttrName = "weft.may_alias";

/// On a kernel function: the memory it works in, as a formula over the extents of its operands (compiler/Kernel/Scratch.h).
/// It is known once code generation has lowered the kernel; without it a plan has no scratch memory.
inline constexpr llvm::StringLiteral scratchAttrName = "weft.scratch";

/// What a launch works in with so many threads: one calls, each other takes a worker's share. Nothing on overflow.
std::optional<int64_t> scratchBytes(int64_t callerBytes, int64_t workerBytes, int64_t threads);

/// The bytes one element occupies in memory; 0 for types no buffer may hold.
int64_t elementBytes(mlir::Type type);
} // namespace weft::plan

#include "dialects/Plan/PlanDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Plan/PlanTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Plan/PlanAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Plan/Plan.h.inc"
