// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How operations behave towards layouts and groups: the questions phases layout and fuse ask of an operation.
#pragma once

#include "dialects/Weft/Weft.h"

#include <optional>

namespace weft {

/// Each element of the result comes from one element of each operand (operands may be broadcast, parameters be
/// vectors).
bool isPointwise(mlir::Operation *op);

/// A window slides over each channel's plane, or the plane is reduced: blocked tensors stay blocked.
bool isWindow(mlir::Operation *op);

/// Whether it reduces all of each plane and nothing else.
bool reducesPlanes(mlir::Operation *op);

/// Whether it is a reshape that joins or parts the last two dimensions of planes or volumes: the same bytes in a packed layout, too, as
/// long as nothing lies around rows.
bool joinsPixels(mlir::Operation *op);

/// Whether it adds up packed planes: what a mean over planes is, which is a window's.
bool sumsPlanes(mlir::Operation *op);

/// Planes are normalised, alone or in groups of channels.
bool isChannelNorm(mlir::Operation *op);

/// Convolutions and products: what algorithms are chosen for.
bool isContraction(mlir::Operation *op);

/// The one number all elements of a constant are.
std::optional<double> numberOf(mlir::Value value);

/// Whether the operation gives finite values from the finite values in rounded-up channels.
bool isFiniteOnPadding(mlir::Operation *op);

/// Operands that hold one value a channel ([C]); packed where the operation works on blocked tensors.
llvm::SmallVector<mlir::OpOperand *> channelVectors(mlir::Operation *op);

/// Which dimension of `operand` of an element-wise operation runs over the channels of its result: -1 for none, nothing if
/// that cannot be said.
std::optional<int64_t> channelAxis(mlir::OpOperand &operand, mlir::RankedTensorType result);

/// Whether every element is known to be at least 0 (a border of 0 then never wins a maximum).
bool isNonNegative(mlir::Value value);

/// A constant around planes, all channels alike, which leaves finite what stands beside them in a block.
bool padsPlanes(mlir::Operation *op);

} // namespace weft
