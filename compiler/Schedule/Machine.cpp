// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The table of processor classes.
#include "compiler/Schedule/Machine.h"

using namespace mlir;
using namespace weft;

int64_t Machine::allowedBytes(int64_t tensorBytes) {
  constexpr double exceeded = 0.05;
  constexpr int64_t neverTooMuch = 3 << 20; // caches hold it
  return std::max<int64_t>(tensorBytes * (1 + exceeded), neverTooMuch);
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
  // Zen 4 issues one 512-bit multiply-add a cycle, Sapphire Rapids two; with 256 bits both do two.
  if (target.getName().contains("znver4") || target.getName().contains("x86-64-v4"))
    machine.fmaPerCycle = 1;
  // Twice the arithmetic for each byte, a second-level cache of 2 MiB, a third-level cache no faster than memory.
  if (target.getName().contains("sapphirerapids")) {
    machine.bytesPerCycle = 4;
    machine.cachedFilterBytes = 1 << 20;
    machine.bandBytes = 1.6 * (1 << 20);
    machine.inputTransform = 250;
    machine.outputTransform = 250;
    machine.exposedStreaming = 0.1;
    machine.fetchesAhead = machine.slowThirdLevel = machine.outrunsLoads = true;
    machine.oneBlockTile = 1.15;
  }
  if (target.getName().contains("znver5"))
    machine.becomeZen5();
  return machine;
}

// Second-level caches of 1 MiB and more, and a third-level cache that keeps filters.
void Machine::becomeAvx512() {
  registers = 32;
  embedsBroadcast = true;
  smallSecondLevel = fetchesAhead = joinsRows = raggedTiles = false;
  cachedFilterBytes = 4 << 20;
  pointBandBytes = filterTransform = strassenInput = strassenOutput = 0;
  exposedStreaming = 0.8;
  enoughSums = ownStreams = 0;
}

// Twice the arithmetic of Zen 4 and twice its loads, from caches as large: filters are fetched ahead, bands multiplied point by point.
void Machine::becomeZen5() {
  bytesPerCycle = 10;
  cachedFilterBytes = 500 << 10;
  bandBytes = 1.6 * (1 << 20);
  pointBandBytes = 4 << 20;
  inputTransform = outputTransform = 250;
  exposedStreaming = 0.1;
  oneBlockTile = 1.15;
  enoughSums = 12;
  fetchesAhead = slowThirdLevel = joinsRows = true;
}
