// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The phases as a type, and the passes of each in order. Pipeline.cpp is the only file that orders passes.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mlir {
class OpPassManager;
class DialectRegistry;
} // namespace mlir

namespace weft {

enum class Phase {
#define WEFT_PHASE(name, sentence) name,
#include "compiler/Pipeline/Phases.def"
#undef WEFT_PHASE
};

llvm::StringRef phaseName(Phase phase);
llvm::StringRef phaseSentence(Phase phase);
std::optional<Phase> phaseFromName(llvm::StringRef name);
const std::vector<Phase> &allPhases();

/// What a user may say about how a network is compiled; written into the module as `weft.options` by phase parse, so that
/// a resumed compilation decides as an uninterrupted one.
struct PipelineOptions {
  bool winograd = true;
  double weightsBudget = 1.6; ///< packed weights, as a multiple of their f32 size
  bool smallMemory = false;   ///< --memory=small
  unsigned ensemble = 0;        ///< so many networks averaged, each with weights of its own; 0: one
  int64_t memoryLimitBytes = 0; ///< 0: no promise asked for beside the text's own
  unsigned threads = 1;         ///< whose scratch memory the arena and the promise hold

  bool operator==(const PipelineOptions &) const = default;
};

/// Appends the passes of `phase` (graph ... plan), its legality check last. `parse` and `emit` have no passes.
void addPhase(mlir::OpPassManager &manager, Phase phase, const PipelineOptions &options);

/// All dialects any phase may hold, with the interfaces the passes need.
void registerPipelineDialects(mlir::DialectRegistry &registry);

/// Registers every pass for weft-opt, and `weft-phase-<name>` pipelines.
void registerPipelinePasses();

} // namespace weft
