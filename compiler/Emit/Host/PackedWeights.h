// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recipes evaluated into the packed weights, with the header of runtime/src/common/weights.h: as a file, or as an
// object to link.
#pragma once

#include "compiler/Weights/Recipes.h"
#include "dialects/Plan/Plan.h"

namespace weft::emit {

struct PackedWeights {
  uint64_t dataBytes = 0;
  uint64_t headerChecksum = 0; ///< goes into the network's descriptor, see HostOptions
};

/// Evaluates every slot of `program` and writes `path` (beside it first, then renamed): the weights file, or with
/// `symbol` an object file that defines it in the page-aligned section `.weft.weights`. Memory beside the file's own
/// pages is bounded by the largest recipe. Fails after an error that has been reported.
mlir::FailureOr<PackedWeights> writePackedWeights(plan::ProgramOp program, RecipeEvaluator &recipes,
                                                  llvm::StringRef path, llvm::StringRef symbol = "");

/// A checksum of what the slots are and where: two networks with the same number can share a file's layout.
uint64_t slotsChecksum(plan::ProgramOp program);

} // namespace weft::emit
