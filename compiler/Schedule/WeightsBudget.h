// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which convolutions may pay for speed with memory.
#pragma once

#include "compiler/Schedule/Machine.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace weft {

bool isWinograd(std::optional<Algorithm> algorithm);

/// The convolutions of a network that may use Winograd's algorithm, and which form of it: filters of F(4) take four times
/// the memory, of F(2) less than twice, so what gains the most cycles a byte comes first, as long as all packed weights
/// stay below `budget` times those written.
llvm::DenseMap<mlir::Operation *, Algorithm> spendWeightsBudget(mlir::func::FuncOp function, const Machine &machine,
                                                                double budget);

} // namespace weft
