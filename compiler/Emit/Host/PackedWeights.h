// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recipes evaluated into the packed weights, with the header of runtime/src/common/weights.h: a file, or part of one.
#pragma once

#include "compiler/Support/Files.h"
#include "compiler/Weights/Recipes.h"
#include "dialects/Plan/Plan.h"

namespace weft::emit {

/// With their header.
uint64_t packedWeightsBytes(plan::ProgramOp program);

/// Evaluates every slot of `program` and writes it with the header to `file`, so many zeros. Memory is bounded by the
/// largest recipes. Gives the checksum of the header, which goes into the descriptor of a network whose weights are in a
/// file of their own (see HostOptions); fails after an error that has been reported.
mlir::FailureOr<uint64_t> packWeights(plan::ProgramOp program, RecipeEvaluator &recipes, const FilePart &file);

/// A checksum of what the slots are and where: two networks with the same number can share a file's layout.
uint64_t slotsChecksum(plan::ProgramOp program);

} // namespace weft::emit
