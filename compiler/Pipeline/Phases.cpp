// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names and sentences of the phases, from the one list in Phases.def.

#include "compiler/Pipeline/Pipeline.h"

namespace weft {
namespace {
struct PhaseInfo {
  llvm::StringRef name, sentence;
};
constexpr PhaseInfo infos[] = {
#define WEFT_PHASE(name, sentence) {#name, sentence},
#include "compiler/Pipeline/Phases.def"
#undef WEFT_PHASE
};
} // namespace

llvm::StringRef phaseName(Phase phase) { return infos[static_cast<int>(phase)].name; }
llvm::StringRef phaseSentence(Phase phase) { return infos[static_cast<int>(phase)].sentence; }

std::optional<Phase> phaseFromName(llvm::StringRef name) {
  for (Phase phase : allPhases())
    if (phaseName(phase) == name)
      return phase;
  return std::nullopt;
}

const std::vector<Phase> &allPhases() {
  static const std::vector<Phase> phases = {
#define WEFT_PHASE(name, sentence) Phase::name,
#include "compiler/Pipeline/Phases.def"
#undef WEFT_PHASE
  };
  return phases;
}

} // namespace weft
