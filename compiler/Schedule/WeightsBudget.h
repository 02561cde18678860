// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which convolutions may pay for speed with memory.
#pragma once

#include "compiler/Schedule/Machine.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace weft {

bool isWinograd(std::optional<Algorithm> algorithm);

/// The convolutions of a network that may use Winograd's algorithm: its filters take four times the memory, so those
/// that gain the most cycles a byte come first, as long as all packed weights stay below `budget` times those written.
llvm::DenseSet<mlir::Operation *> spendWeightsBudget(mlir::func::FuncOp function, const Machine &machine,
                                                     double budget);

} // namespace weft
