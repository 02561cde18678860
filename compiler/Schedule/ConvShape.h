// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The numbers of a convolution that costs depend on, and the cost terms families share.
#pragma once

#include "compiler/Schedule/Machine.h"

namespace weft {

struct ConvShape {
  explicit ConvShape(ConvOp conv);

  int64_t batch, inputs, outputs, groups; ///< channels, logical
  int64_t window = 1, pixels = 1;         ///< elements of the kernel and of one output plane
  int64_t width;                          ///< of the output, the last spatial dimension
  int64_t height;                         ///< of the output, all other spatial dimensions
  int64_t depth = 1;                      ///< of the output, where there are three spatial dimensions: part of `height`
  llvm::SmallVector<int64_t> kernel, stride, dilation;
  double met = 1; ///< part of the window's rows (and planes) that lie in the input and not in its padding, of all results

  bool isDense() const { return groups == 1; }
  /// Each channel has a filter, and there are as many outputs as inputs.
  bool isDepthwise() const { return groups == inputs && outputs == inputs && groups > 1; }
  /// Whether rows of the window that lie in padding are left out, where one row of results is summed at a time: a few are not worth it.
  bool trims() const { return met <= 0.98; }
};

/// How many channels of an input block a dense convolution reads together: half or a quarter where the last block is so full
/// that the rest of it need not be read.
int64_t inputLanes(int64_t inputs, int64_t block);

/// The fewest neighbouring groups of a convolution that fill whole blocks of input and of output channels: 1 where each
/// does so alone, 0 where their number does not divide that of all groups.
int64_t groupsInBlock(ConvOp conv, int64_t block);

/// How many channels of an input block a convolution of whole groups reads together: a part of a block where a group's outputs fill
/// blocks and its inputs do not. Such groups need not be joined: all lanes of a block of outputs read the same inputs.
int64_t groupLanes(int64_t inputs, int64_t outputs, int64_t block);
int64_t groupLanes(ConvOp conv, int64_t block);

/// Whether each group's few channels, as many outputs as inputs or a multiple of them, lie in one block: a pixel's block, or the part
/// of it that these outputs read, holds permuted for each lane the input channel of its own group that is wanted, so nothing is
/// multiplied by the zeros of joined groups. A window's taps share permuted pixels.
bool permutesLanes(ConvOp conv, int64_t block);

/// How an output plane is cut: `x` pixels of each of `y` rows by `cb` channel blocks are accumulated in registers. There are
/// several rows only where `x` is all of one.
struct Tile {
  int64_t x = 1, cb = 1;
  double waste = 1; ///< work done, as a multiple of the work needed
  int64_t y = 1;

  int64_t pixels() const { return x * y; }
};

/// Whether a tile passes one pixel after the other, with the weights of one input channel in registers, rather than one
/// block of weights after the other, with its pixels there: where AVX-512 has too many sums for its pixels beside them, and
/// where AVX2 has fewer blocks than pixels.
bool weightsStay(int64_t pixels, int64_t cb, const Machine &machine);

/// What a family's tiles may be.
struct TileLimits {
  int64_t sums = 21;          ///< registers for sums
  bool slack = true;          ///< sums run in a loop, whose end the next tile waits for: it helps to have more
  double weightReload = 0.06; ///< what it costs to load a vector of weights, in multiply-adds
  double loadMore = 0.5;      ///< AVX2: each load for a multiply-add beside those of the best tile
  double single = 1.01;       ///< the time of a tile of one channel block: each multiply-add has a load
  double three = 1.02;        ///< of three: more streams of weights are slower when they come from memory
  double many = 1.02;         ///< of more than three
  int64_t rows = 1;           ///< of the plane, where a tile may have several
  double oneRow = 1;          ///< the time of a tile of one row, which may leave out rows of the window in padding
  bool wholeBlocks = false;   ///< a tile's channel blocks must divide all
  int64_t held = 0;           ///< registers for each pixel, where unrolled taps share them
  int64_t widest = 6;         ///< channel blocks of a tile
  int64_t spare = 0;          ///< registers for weights and what else is live there

  /// Of a convolution or product that steps from pixel to pixel: `scheduleReduction` needs no registers for pixels there.
  static TileLimits wide(const Machine &machine, int64_t window);
  /// Of a product whose rows lie far from each other, each with an address of its own. Few rows have their weight from memory.
  static TileLimits ofRows(const Machine &machine, bool areFew);
  /// Of one that skips pixels.
  static TileLimits striding(const Machine &machine, int64_t window);
  /// Of one whose window's row, `taps` wide, is straight code.
  static TileLimits unrolledRow(const Machine &machine, int64_t window, int64_t taps, int64_t stride);
  /// Of a window that is straight code.
  static TileLimits unrolled(const Machine &machine);
};

/// The time of a tile of so few sums, in that of one with enough. AVX2's best tiles have twelve, of 3 by 4; what each sum less
/// and each load more costs there is measured.
double latencyPenalty(int64_t pixels, int64_t cb, const Machine &machine, const TileLimits &limits);

/// The tile that divides rows and blocks; its accumulators may be few. Below so many another form of the loops is
/// better.
constexpr int64_t fewestExactAccumulators = 7;
Tile chooseExactTile(int64_t width, int64_t blocks, const Machine &machine);

/// The tile for rows of `width` and `blocks` channel blocks. Measured (MEASURED.md): any 7 to 20 accumulators run at
/// the multiply-add peak, so the tile that repeats the least work wins; two channel blocks halve the loads of the input.
Tile chooseTile(int64_t width, int64_t blocks, const Machine &machine, TileLimits limits = {});

/// Tiles of a row of which each is code of its own.
constexpr int64_t mostTilesOfChunkRow = 6;

/// The tile where the weights of a partial sum lie in the first-level cache and serve a whole strip of `blocks` channel
/// blocks (`Nest::chunks`): it divides the row, or where few do, the last is what is left; there is an even number of strips,
/// which two threads share; `x` is 0 if there is none.
Tile chooseChunkTile(int64_t width, int64_t blocks, const Machine &machine);

/// Cache lines of so many vectors.
int64_t linesOf(int64_t vectors, const Machine &machine);

/// Cache lines that `pixels` touch of a row of a plane, `step` apart.
int64_t linesOfRow(int64_t pixels, int64_t step);

/// While one strip of a filter, `cb` blocks wide, serves `tiles` register tiles, the next strip is fetched: so many cache
/// lines of each block at each turn of the loop that uses `vectorsOfTurn` of it. 0 where a machine or a filter that serves
/// long does not need it.
int64_t linesAhead(int64_t vectorsOfTurn, int64_t cb, int64_t tiles, const Machine &machine);

/// Cycles of `vectors` vector multiply-adds while `weightBytes` are streamed: the longer of the two.
double streamingCycles(double vectors, double weightBytes, const Machine &machine);

} // namespace weft
