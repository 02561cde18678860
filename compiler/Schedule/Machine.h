// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What schedule families know about the machine: a class of processors, not one of them. Costs are in cycles of one
// core.
#pragma once

#include "dialects/Weft/Weft.h"
#include "mlir/IR/BuiltinOps.h"

namespace weft {

struct Machine {
  int64_t vector = 8;       ///< f32 lanes of a vector register; also the block of packed channels
  int64_t registers = 16;   ///< vector registers
  double fmaPerCycle = 2;   ///< vector multiply-adds a cycle
  double bytesPerCycle = 6; ///< read from memory by one core, far from the caches

  /// The class of the module's `weft.target`; AVX2's without one.
  static Machine of(mlir::ModuleOp module);
};

} // namespace weft
