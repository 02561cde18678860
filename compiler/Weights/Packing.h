// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the packing operations of recipes make of a weight: the blocks that kernels read.
#pragma once

#include "compiler/Weights/HostTensor.h"
#include "compiler/Weights/PackLoops.h"
#include "mlir/IR/Operation.h"

#include <functional>
#include <optional>

namespace weft {

/// How the filter of a convolution is packed: to as many arrays as its transform has points, each of blocks of so many outputs.
struct Packing {
  int64_t points, outputs;
  std::function<void(FilterView filter, float *packed)> pack;
};

/// Nothing for operations whose filter is packed as a whole, or that pack none.
std::optional<Packing> packingOf(mlir::Operation *op);

/// Packs f32 `filter` to `type` by blocks of outputs, as many as stay in the cache until they are taken.
mlir::LogicalResult packInPieces(mlir::RankedTensorType type, const Packing &packing, const HostTensor &filter, TakeBytes take);

/// Fills `y` with all that packing operation `op` makes of `w`; false if they are not f32.
bool packWeight(mlir::Operation *op, HostTensor &y, const HostTensor &w);

} // namespace weft
