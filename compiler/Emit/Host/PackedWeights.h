// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recipes evaluated into the packed weights, with the header of runtime/src/common/weights.h: as a file, or as an
// object to link.
#pragma once

#include "compiler/Weights/Recipes.h"
#include "dialects/Plan/Plan.h"

namespace weft::emit {

/// Bytes of the weights file, or with `symbol` of an object file that defines it in the page-aligned section
/// `.weft.weights`.
uint64_t packedWeightsBytes(plan::ProgramOp program, llvm::StringRef symbol);

/// Evaluates every slot of `program` and fills `file`, so many zeros, with the weights file or the object file. Memory
/// beside it is bounded by the largest recipe. Gives the checksum of the header, which goes into the network's
/// descriptor (see HostOptions); fails after an error that has been reported.
mlir::FailureOr<uint64_t> packWeights(plan::ProgramOp program, RecipeEvaluator &recipes, llvm::StringRef symbol,
                                      char *file);

/// A checksum of what the slots are and where: two networks with the same number can share a file's layout.
uint64_t slotsChecksum(plan::ProgramOp program);

} // namespace weft::emit
