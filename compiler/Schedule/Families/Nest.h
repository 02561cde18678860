// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The loop nest most families share: an output stage cut into tiles that stay in registers, and one reduction computed
// inside each tile.
#pragma once

#include "compiler/Schedule/Family.h"

namespace weft {

struct ConvShape;

/// Input channels of one block are unrolled by this: enough to hide the loop, little enough to keep code small.
inline constexpr int64_t channelUnroll = 4;

/// What is cut and unrolled.
struct Nest {
  Nest() = default;
  /// As the parameters of a choice say; those it does not name stay as below.
  explicit Nest(mlir::DictionaryAttr choice);

  int64_t x = 1;              ///< pixels of a row in one tile
  int64_t y = 1;              ///< rows of a plane in one tile
  int64_t cb = 1;             ///< channel blocks in one tile
  bool dividesBlocks = false; ///< those of a tile divide those of a group
  int64_t n = 1;              ///< samples of a batch in one tile; divides it
  std::string splitReduction; ///< a reduction loop to cut by `splitFactor`, the inner part unrolled
  int64_t splitFactor = 0;
  llvm::SmallVector<std::string> unrollReduction; ///< reduction loops to unroll whole; their extents are constants
  int64_t prefetchLines = 0; ///< of the filter of the next channel blocks, fetched at each turn of the window; 0: none
  /// Of each pixel row of the input's next block of channels, fetched at each block; of an image, in a strip of rows, what the next row of
  /// results reads in the same place, fetched at each row of the window. 0: none.
  int64_t inputLines = 0;
  bool streams = false; ///< each weight serves one tile: what is fetched ahead are its own next channels, a block further
  int64_t rows = 0; ///< of a strip that lies outside channel blocks, so that threads share rows; 0: they share blocks
  int64_t band = 0;           ///< tiles of a line in a band that lies outside channel blocks; 0: all
  bool planes = false; ///< threads share planes, not the rows of one
  int64_t columns = 0; ///< threads share so many tiles of each strip of channel blocks, too, of a line or of the only row; 0: all
  /// All tiles of a strip of channel blocks (of its rows and samples) run through one partial sum before the next one:
  /// the weights of one stay in the first-level cache, sums wait in memory. Tiles divide the row, or `width` is what it has
  /// and each of its tiles is code of its own.
  bool chunks = false;
  int64_t width = 0;
  int64_t samples = 1; ///< of a batch that each strip of channel blocks runs through before the next; divides it
};

/// Planes of fewer rows hold less than weights, so threads do not share rows.
inline constexpr int64_t fewestRows = 12;

/// Rows of a plane that one tile may have: more than one only where threads do not share them.
int64_t rowsOfTile(const ConvShape &shape);

/// Samples summed together where a sample has a single pixel: as many as fit the registers, but that few are summed twice where they
/// do not divide the batch.
int64_t samplesTogether(int64_t batch, const Machine &machine);

/// Whether a product of one row, whose weights serve once, reads them from memory.
bool streamsWeights(double weightBytes, const Machine &machine);

/// The choice of a product of `batch` rows with `weightBytes` of `blocks` channel blocks, each a stream of weights. Two
/// streams hide the latency of multiply-adds behind that of memory, and each further one makes all slower, where they are
/// fetched ahead; AVX2's processors fetch more streams of one row better themselves.
llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> rowParameters(int64_t blocks, int64_t batch, double weightBytes,
                                                                     const Machine &machine);

/// Below, threads wait for the one that has a task more.
inline constexpr int64_t enoughTasks = 16;

/// Rows of the strips threads share where planes weigh more than the weights that make them; 0 where threads should
/// share channel blocks, because planes are small. A row of the input has `rowBytes`; each strip is `blockTasks` tasks.
int64_t sharedRows(int64_t height, int64_t rowBytes, int64_t blockTasks);

/// The same for an operation without weights, from its types.
int64_t sharedRows(mlir::Operation *op, const Machine &machine);

/// Whether the kernel has the form `scheduleNest` wants: its output on `n cb ... c`, at most one reduction.
bool isNest(const KernelView &kernel);

/// Puts the loops of a tile, channel blocks first, in the order in which they are unrolled: one pixel after the other
/// where `weightsStay`.
void orderTile(llvm::SmallVectorImpl<llvm::StringRef> &tile, int64_t pixels, int64_t cb, const Machine &machine);

/// The innermost loops of a reduction that can be unrolled before they and a tile of `tile` points pass `limit`
/// multiply-adds. A sum of products keeps a loop: in straight code its first two products would be added to nothing,
/// and LLVM may fuse either of them, so bits would depend on what surrounds the sum.
llvm::SmallVector<std::string> unrollable(const StageView &reduction, int64_t tile, int64_t limit);

/// Whether a tile of all channel blocks of `reduction`, a sum that nothing cuts, ends in one whose filter is half empty, and a vector of
/// two pixels there is faster.
bool pairsPixels(const StageView &reduction, int64_t pixels, int64_t cb, const Machine &machine);

/// Unrolls what is `unrollable`.
void unrollInnermost(const StageView &reduction, int64_t limit, Nest &nest);

/// One tile inside the loops of `order`: the loops `inner` unrolled, channels a vector.
void writeTile(sched::StageBuilder &stage, llvm::SmallVectorImpl<llvm::StringRef> &order,
               llvm::ArrayRef<llvm::StringRef> inner);

/// The stage of the reduction: computed in each tile, at loop `at` of the output stage.
sched::StageAttr scheduleReduction(const KernelView &kernel, const StageView &reduction, const Nest &nest,
                                   llvm::StringRef at, const Machine &machine);

/// The schedule of a kernel on blocked tensors: loops `n cb [z] y x c`, one reduction, one output stage.
sched::ScheduleAttr scheduleNest(const KernelView &kernel, const Nest &nest, const Machine &machine);

} // namespace weft
