// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The table of processor classes.
#include "compiler/Schedule/Machine.h"

using namespace mlir;
using namespace weft;

int64_t Machine::allowedBytes(int64_t tensorBytes, int64_t samples) const {
  if (hasFewRegisters()) // more gains nothing there
    samples = 1;
  const double exceeded = samples > 1 ? 0.15 : 0.05; // the workspace of one sample is a smaller part of a batch
  const int64_t neverTooMuch = std::clamp<int64_t>(samples, 1, 4) * (3 << 20); // caches hold it
  return std::max<int64_t>(tensorBytes * (1 + exceeded), neverTooMuch);
}

/// Whether the text or an option says how much memory a network may take.
static bool hasMemoryLimit(ModuleOp module) {
  auto options = module->getAttrOfType<DictionaryAttr>("weft.options");
  auto given = options ? options.getAs<IntegerAttr>("memory_limit") : IntegerAttr();
  return module->hasAttr("weft.memory_limit") || (given && given.getInt() > 0);
}

int64_t weft::samplesOf(func::FuncOp network) {
  if (hasMemoryLimit(network->getParentOfType<ModuleOp>()))
    return 1;
  auto first = network.getNumArguments() ? dyn_cast<RankedTensorType>(network.getArgument(0).getType()) : RankedTensorType();
  return first && first.getRank() > 1 && !first.isDynamicDim(0) ? std::max<int64_t>(first.getDimSize(0), 1) : 1;
}

Machine Machine::of(mlir::ModuleOp module) {
  Machine machine;
  auto target = module->getAttrOfType<TargetAttr>("weft.target");
  if (!target)
    return machine;
  machine.vector = target.getVector();
  machine.tiles = llvm::is_contained(target.getFeatures(), StringAttr::get(target.getContext(), "amx-bf16"));
  if (machine.vector >= 16)
    machine.becomeAvx512();
  StringRef name = target.getName();
  // Twice the arithmetic for each byte, a second-level cache of 2 MiB, a third-level cache no faster than memory.
  if (name.contains("sapphirerapids")) {
    machine.bytesPerCycle = 4;
    machine.cachedFilterBytes = 1 << 20;
    machine.inputTransform = machine.outputTransform = 250;
    machine.outrunsLoads = true;
    machine.oneBlockTile = 1.15;
  }
  if (name.contains("znver4") || name.contains("znver5") || name.contains("x86-64-v4"))
    machine.becomeZen4();
  if (name.contains("znver5"))
    machine.becomeZen5();
  return machine;
}

void Machine::becomeAvx512() {
  registers = 32;
  embedsBroadcast = true;
  smallSecondLevel = joinsRows = fusesAttention = raggedTiles = false;
  slowThirdLevel = true;
  bandBytes = 1.6 * (1 << 20);
  pointBandBytes = filterTransform = strassenInput = strassenOutput = 0;
  enoughSums = ownStreams = 0;
}

// One 512-bit multiply-add a cycle where others do two; with 256 bits all do two. Lines fetched into the first level are not dropped
// (Emit/Kernels/Prefetches.h), so a second-level cache of 1 MiB finds filters from memory in time.
void Machine::becomeZen4() {
  fmaPerCycle = 1;
  cachedFilterBytes = 500 << 10;
  pointBandBytes = 4 << 20;
  filterTransform = 2;
  fetchesFirst = raggedParts = halvesTiles = pairsPixels = true;
}

// Twice the arithmetic of Zen 4 and twice its loads, from caches as large.
void Machine::becomeZen5() {
  fmaPerCycle = 2;
  bytesPerCycle = 10;
  cachedFilterBytes = 250 << 10;
  inputTransform = outputTransform = 250;
  oneBlockTile = 1.15;
  farReload = 0.25;
  enoughSums = 12;
  filterReload = 6;
  sumsOfRows = 24;
  joinsRows = fusesAttention = true;
}
