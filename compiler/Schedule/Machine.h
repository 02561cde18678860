// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What schedule families know about the machine: a class of processors, not one of them; without more said, one with AVX2.
// Costs are in cycles of one core.
#pragma once

#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <limits>

namespace weft {

struct Machine {
  int64_t vector = 8;           ///< f32 lanes of a vector register; also the block of packed channels
  int64_t registers = 16;       ///< vector registers
  bool embedsBroadcast = false; ///< a multiply-add reads a scalar for all its lanes itself, not from a register (AVX-512)
  double fmaPerCycle = 2;       ///< vector multiply-adds a cycle
  bool tiles = false;           ///< products of bf16 in tile registers, sums in f32 (AMX), may be used

  double bytesPerCycle = 6;     ///< read from memory by one core, far from the caches
  int64_t ownStreams = 5;       ///< streams of weights that the processor fetches best by itself; 0: instructions do, of fewer
  bool fetchesAhead = true;     ///< weights are prefetched into a near cache while others are used
  bool smallSecondLevel = true; ///< the second-level cache is one of 256 to 512 KiB
  bool slowThirdLevel = false;  ///< what leaves the second-level cache counts as in memory: best on Sapphire Rapids and on Zen 5
  /// Multiply-adds outrun two loads and the second-level cache, so that register tiles as large as they can be pay.
  bool outrunsLoads = false;
  double farReload = 0;      ///< what it costs to load a vector of weights from the second level, in multiply-adds; 0: as from the first
  int64_t enoughSums = 12;   ///< of a register tile; fewer take longer, though they hide the latency of multiply-adds
  double oneBlockTile = 1;   ///< the time of a register tile of one channel block, where each multiply-add has a load
  bool joinsRows = true;     ///< planes of 1x1 convolutions are lines of pixels where that repeats less work
  bool fusesAttention = true; ///< two products and the softmax between are one kernel where maps are large
  bool raggedTiles = true;   ///< the last of Winograd's tiles have no more points than their results need, where that pays
  bool raggedParts = false;  ///< so they have, with a product for each part of the points that as many tiles have
  bool halvesTiles = false;  ///< what the registers do not hold of a tile of Winograd's is transformed later, in a loop of its own
  bool fetchesFirst = false; ///< lines are fetched into the first-level cache: enough of them at once for a filter or an image from memory
  bool pairsPixels = false;  ///< a blend costs no multiply-add: two pixels share a vector in a channel block that is half empty
  int64_t sumsOfRows = 0;    ///< of register tiles of products of rows, of four vectors then; 0: as of others

  /// Winograd filters up to this are read again and again at the speed of arithmetic; beyond, once each.
  double cachedFilterBytes = 400 << 10;
  double keptFilterBytes = 20 << 20; ///< up to this the third-level cache, of 16 to 32 MiB, keeps one from band to band
  double bandBytes = 4 << 20; ///< the transformed input of a band of Winograd tiles should stay below this
  /// The same where bands are multiplied point by point, since the second-level cache keeps the input and filters of one
  /// point, not of all; 0: they are not, unless there is only one.
  double pointBandBytes = 1.6 * (1 << 20);
  /// Vector operations of Winograd's F(4) to transform one tile of one channel block, there and back, loads and stores
  /// included; measured. They grow with the cube of a tile's side.
  double inputTransform = 300, outputTransform = 250;
  /// Winograd's arithmetic and its filters' way from memory: what part of the shorter the longer does not hide; measured.
  double exposedStreaming = 0.1;
  /// Cycles of one vector operation of a filter's transform in the kernel, loads and stores included; 0: kernels do not transform filters.
  double filterTransform = 1.3;
  double filterReload = 0; ///< more for that after a band whose tiles have taken the filter's place in the second-level cache
  /// Cycles of Strassen's sums for each vector of its input, and of its result, of which a second thread gets half from another core;
  /// 0: not timed, so not chosen.
  double strassenInput = 16, strassenOutput = 16;

  /// What a kernel may work in without the network needing more memory, as far as it can do with less. Of the network
  /// around a group, not of the machine: whoever asks for choices sets it where it is known.
  int64_t roomBytes = std::numeric_limits<int64_t>::max();

  /// Whether a kernel that transforms its filter may work in the bytes by which it is smaller than a transformed one; set likewise.
  bool tradesWeights = true;

  /// What tensors and workspace of a network may take where its tensors take `tensorBytes` at once, of all `samples`: narrower bands of
  /// Winograd's tiles read filters more often, so that may be exceeded a little.
  int64_t allowedBytes(int64_t tensorBytes, int64_t samples) const;

  /// Whether windows that step by so many pixels read a padded picture where it lies: at one pixel each is read so often that a copy pays.
  bool readsInPlace(int64_t step) const { return fetchesFirst && step > 1; }
  /// So many channels, of input and of result, may stay row-major: more would fill most of a block.
  int64_t mostPlanes() const { return vector * 3 / 4; }

  /// Whether sums of a tile leave no registers for what several of them read.
  bool hasFewRegisters() const { return registers < 32; }

  /// The class of the module's `weft.target`; AVX2's without one.
  static Machine of(mlir::ModuleOp module);

private:
  void becomeAvx512();
  void becomeZen4();
  void becomeZen5();
};

/// For how many samples a network may take memory to work in: the first extent of the first input, where there is one and it is known, and
/// nobody has set a limit; else 1.
int64_t samplesOf(mlir::func::FuncOp network);

} // namespace weft
