// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Winograd's minimal filtering F(m x m, 3 x 3).

#include "compiler/Conversion/WeftToLinalg/Winograd.h"

using namespace mlir;

namespace weft {

std::optional<int64_t> winogradTile(std::optional<Algorithm> algorithm) {
  if (algorithm == Algorithm::Winograd2)
    return 2;
  if (algorithm == Algorithm::Winograd4)
    return 4;
  if (algorithm == Algorithm::Winograd6)
    return 6;
  return std::nullopt;
}

FailureOr<Value> lowerWinograd(ConvOp op, KernelBuilder &kernel) {
  return op.emitError("winograd has no kernel yet"), failure();
}

} // namespace weft
