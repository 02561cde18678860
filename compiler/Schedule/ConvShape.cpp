// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads a convolution's numbers and picks register tiles.
#include "compiler/Schedule/ConvShape.h"

#include <numeric>

using namespace mlir;

namespace weft {

/// Taps of dimension `d` of the window that meet the input, of those of all results.
static double metOf(ConvOp conv, unsigned d) {
  int64_t input = cast<RankedTensorType>(conv.getX().getType()).getDimSize(2 + d), kernel = conv.getKernel()[d];
  int64_t results = cast<RankedTensorType>(conv.getY().getType()).getDimSize(2 + d), stride = conv.getStride()[d], dilation = conv.getDilation()[d];
  // Of `count` steps `step` apart, those between 0 and `end`, the first at `at`.
  auto inside = [](int64_t at, int64_t step, int64_t count, int64_t end) {
    int64_t first = std::max<int64_t>(llvm::divideCeilSigned(-at, step), 0), last = std::min(llvm::divideCeilSigned(end - at, step), count);
    return std::max<int64_t>(last - first, 0);
  };
  int64_t low = conv.getPad()[d], met = 0;
  for (int64_t i = 0; i < std::min(kernel, results); ++i)
    met += kernel < results ? inside(i * dilation - low, stride, results, input) : inside(i * stride - low, dilation, kernel, input);
  return double(met) / (double(results) * kernel);
}

ConvShape::ConvShape(ConvOp conv) : groups(conv.getGroups()) {
  auto x = cast<RankedTensorType>(conv.getX().getType()), y = cast<RankedTensorType>(conv.getY().getType());
  batch = y.getDimSize(0);
  inputs = x.getDimSize(1);
  outputs = y.getDimSize(1);
  kernel = conv.getKernel();
  llvm::append_range(stride, conv.getStride());
  llvm::append_range(dilation, conv.getDilation());
  for (int64_t extent : kernel)
    window *= extent;
  for (int64_t extent : y.getShape().drop_front(2))
    pixels *= extent;
  width = y.getShape().back();
  height = pixels / std::max<int64_t>(width, 1);
  if (kernel.size() == 3)
    depth = y.getDimSize(2);
  if (x.hasStaticShape() && y.hasStaticShape() && pixels > 0)
    for (unsigned d = 0; d + 1 < kernel.size(); ++d)
      met *= metOf(conv, d);
}

/// Fewer channels together would not hide the loop around them.
constexpr int64_t fewestLanes = 4;

int64_t inputLanes(int64_t inputs, int64_t block) {
  int64_t best = block;
  for (int64_t lanes = block / 2; lanes >= fewestLanes; lanes /= 2)
    if (llvm::alignTo(inputs, lanes) < llvm::alignTo(inputs, best))
      best = lanes;
  return best;
}

int64_t groupsInBlock(ConvOp conv, int64_t block) {
  SmallVector<int64_t> filter = conv.getFilter();
  int64_t inputs = filter[1], outputs = filter[0] / conv.getGroups();
  int64_t together = std::lcm(block / std::gcd(block, inputs), block / std::gcd(block, outputs));
  return conv.getGroups() % together == 0 ? together : 0;
}

int64_t groupLanes(int64_t inputs, int64_t outputs, int64_t block) { return outputs % block == 0 ? std::gcd(inputs, block) : block; }

int64_t groupLanes(ConvOp conv, int64_t block) {
  SmallVector<int64_t> filter = conv.getFilter();
  return groupLanes(filter[1], filter[0] / conv.getGroups(), block);
}

bool permutesLanes(ConvOp conv, int64_t block) {
  constexpr int64_t mostInputs = 4; // what lies in 128 bits moves in one step; of eight, joined groups take as long
  SmallVector<int64_t> filter = conv.getFilter();
  int64_t inputs = filter[1], outputs = filter[0] / conv.getGroups();
  bool gains = outputs > inputs || (inputs > 1 && conv.getKernel().back() > 1);
  return gains && inputs <= mostInputs && outputs % inputs == 0 && block % outputs == 0;
}

/// Accumulators that hide the latency of multiply-adds, four cycles each; in straight code neighbouring tiles help.
static int64_t fewestAccumulators(const Machine &machine, bool slack) {
  return slack ? std::max<int64_t>(7, int64_t(4 * machine.fmaPerCycle)) : 7;
}

bool weightsStay(int64_t pixels, int64_t cb, const Machine &machine) {
  constexpr int64_t mostBesidePixels = 21;
  return machine.hasFewRegisters() ? cb < pixels : pixels * cb > mostBesidePixels;
}

/// Whether a tile leaves registers for what it reads. AVX-512 broadcasts a pixel as part of the multiply-add; AVX2
/// into a register, beside the accumulators and all weights or all other pixels.
static bool fitsRegisters(int64_t x, int64_t cb, const Machine &machine, TileLimits limits) {
  if (x * cb > limits.sums)
    return false;
  if (!machine.embedsBroadcast)
    return x * cb + std::min(x, cb) + 1 <= machine.registers;
  return x * cb + cb + 1 < machine.registers && x * (cb + limits.held) + limits.spare <= machine.registers;
}

TileLimits TileLimits::wide(const Machine &machine, int64_t window) {
  TileLimits limits = striding(machine, window);
  if (!machine.outrunsLoads)
    return limits;
  limits.sums = 28;
  limits.weightReload = 0.6; // they outrun the second-level cache too, where the weights of a strip lie
  if (window > 1)
    limits.three = limits.many = 1.25;
  else
    limits.single = 1.28;
  return limits;
}

TileLimits TileLimits::ofRows(const Machine &machine, bool areFew) {
  TileLimits limits = wide(machine, 1);
  if (machine.sumsOfRows == 0)
    return limits;
  limits.sums = machine.sumsOfRows; // 6x4 has fewest rows and loads
  limits.many = 0.99;
  if (!areFew)
    limits.weightReload = 0.13; // four rows read a strip of five vectors as fast as the second-level cache gives
  return limits;
}

TileLimits TileLimits::striding(const Machine &machine, int64_t window) {
  TileLimits limits;
  if (machine.outrunsLoads && window == 1)
    limits.three = 0.97; // fewest loads for each multiply-add
  if (machine.hasFewRegisters()) {
    limits.weightReload = 0.25; // small tiles, so much of the second-level cache's bandwidth
    limits.many = 1.04;
  }
  return limits;
}

/// A pixel that another tap reads again stays in a register from one to the other, in each phase of the stride that has
/// two taps.
TileLimits TileLimits::unrolledRow(const Machine &machine, int64_t window, int64_t taps, int64_t stride) {
  TileLimits limits = striding(machine, window);
  constexpr int64_t shortRow = 3; // what is moved in and out between so few taps weighs more than the waste of a smaller tile
  limits.held = std::clamp<int64_t>(taps - stride, 0, stride);
  limits.spare = limits.held > 0 && taps <= shortRow ? 6 : 0;
  return limits;
}

TileLimits TileLimits::unrolled(const Machine &machine) {
  TileLimits limits;
  if (machine.hasFewRegisters()) {
    limits.slack = false;
    limits.sums = machine.registers / 2; // the others hold weights
  }
  return limits;
}

double latencyPenalty(int64_t pixels, int64_t cb, const Machine &machine, const TileLimits &limits) {
  constexpr double sumLess = 0.02, fewestLoads = 7.0 / 12;
  int64_t sums = pixels * cb;
  double penalty = std::max(1.0, double(fewestAccumulators(machine, limits.slack)) / sums);
  if (!limits.slack)
    return penalty;
  double loads = machine.hasFewRegisters() ? limits.loadMore * (double(pixels + cb) / sums - fewestLoads) : 0;
  return penalty * (1 + sumLess * std::max<int64_t>(machine.enoughSums - sums, 0) + loads);
}

static double tilePenalty(int64_t pixels, int64_t cb, const Machine &machine, TileLimits limits) {
  double penalty = 1 + limits.weightReload / pixels; // each weight vector is loaded once for so many
  if (!fitsRegisters(pixels, cb, machine, limits))
    penalty *= 3;
  else
    penalty *= latencyPenalty(pixels, cb, machine, limits);
  if (cb == 1)
    penalty *= std::max(limits.single, machine.oneBlockTile);
  if (cb > 2)
    penalty *= cb == 3 ? limits.three : limits.many;
  return penalty;
}

/// Work done in tiles of `tile` for each of `extent` points.
static double repeated(int64_t extent, int64_t tile) { return double(llvm::divideCeil(extent, tile) * tile) / extent; }

static Tile leastTile(int64_t width, int64_t blocks, const Machine &machine, TileLimits limits, bool exact) {
  Tile best;
  double least = -1;
  for (int64_t cb = 1; cb <= std::min(blocks, limits.widest); ++cb)
    for (int64_t x = 1; x <= std::min<int64_t>(width, machine.registers / 2); ++x)
      for (int64_t y = 1; y <= (x == width ? limits.rows : 1) && x * y < machine.registers; ++y) {
        double waste = repeated(width, x) * repeated(limits.rows, y) * repeated(blocks, cb);
        if ((exact && waste > 1) || (limits.wholeBlocks && blocks % cb != 0))
          continue;
        double cost = waste * tilePenalty(x * y, cb, machine, limits) * (y == 1 ? limits.oneRow : 1);
        if (least < 0 || cost < least - 1e-9) {
          least = cost;
          best = {x, cb, waste, y};
        }
      }
  return best;
}

Tile chooseTile(int64_t width, int64_t blocks, const Machine &machine, TileLimits limits) {
  return leastTile(width, blocks, machine, limits, false);
}

Tile chooseExactTile(int64_t width, int64_t blocks, const Machine &machine) {
  return leastTile(width, blocks, machine, {}, true);
}

/// Sums that hide the latency of multiply-adds where tiles are small: five cycles on AVX2's processors.
static int64_t fewestOfChunk(const Machine &machine) { return machine.hasFewRegisters() ? 10 : fewestAccumulators(machine, true); }

/// Multiply-adds of a row of `width` pixels in tiles of `x`, the last of what is left: one with few sums waits for them.
static double costOfChunkRow(int64_t width, int64_t x, int64_t cb, const Machine &machine) {
  constexpr double load = 0.25; // of a vector or a pixel from the first level, in multiply-adds
  auto ofTile = [&](int64_t pixels) {
    return std::max(pixels * cb, fewestOfChunk(machine)) + load * (pixels + cb);
  };
  return width / x * ofTile(x) + (width % x ? ofTile(width % x) : 0);
}

Tile chooseChunkTile(int64_t width, int64_t blocks, const Machine &machine) {
  int64_t mostBlocks = machine.hasFewRegisters() ? 4 : 3; // weights of four, 3x3, fill the first level on AVX-512
  int64_t mostSums = machine.outrunsLoads ? 28 : 21;
  Tile best{0, 1};
  double least = -1;
  auto fits = [&](int64_t x, int64_t cb) {
    int64_t sums = x * cb;
    return machine.embedsBroadcast ? sums <= mostSums && sums + cb + 1 < machine.registers
                                   : sums + std::min(x, cb) + 1 <= machine.registers;
  };
  for (int64_t cb = 2; cb <= std::min(blocks, mostBlocks); ++cb) // one block alone needs a load for each multiply-add
    for (int64_t x = 2; x <= width && fits(x, cb); ++x) {
      int64_t strips = llvm::divideCeil(blocks, cb);
      // A last tile of one pixel has few sums; where a batch shares loops, its code is not of constant extent.
      bool endsWhole = width % x == 0, endsWell = machine.hasFewRegisters() && width % x > 1;
      bool covers = endsWhole || (endsWell && llvm::divideCeil(width, x) <= mostTilesOfChunkRow);
      if (!covers || x * cb < fewestOfChunk(machine))
        continue;
      double waste = double((strips + strips % 2) * cb) / blocks;
      double cost = waste * costOfChunkRow(width, x, cb, machine) / (width * cb);
      if (least < 0 || cost < least - 1e-9) {
        least = cost;
        best = {x, cb, waste};
      }
    }
  return best;
}

int64_t linesOfRow(int64_t pixels, int64_t step) {
  constexpr int64_t lineBytes = 64;
  return llvm::divideCeil(4 * pixels * step, lineBytes) + 1;
}

int64_t linesOf(int64_t vectors, const Machine &machine) {
  constexpr int64_t elementsOfLine = 16;
  return llvm::divideCeil(vectors * machine.vector, elementsOfLine);
}

int64_t linesAhead(int64_t vectorsOfTurn, int64_t cb, int64_t tiles, const Machine &machine) {
  // With one tile all time is streaming, which the processor's own prefetch does best; with many, what the first one
  // waits for is lost in the time of all.
  int64_t linesOfTurn = linesOf(vectorsOfTurn, machine);
  bool pays = tiles >= 2 && tiles <= 2 * cb * linesOfTurn;
  return machine.fetchesAhead && pays ? llvm::divideCeil(linesOfTurn, tiles) : 0;
}

double streamingCycles(double vectors, double weightBytes, const Machine &machine) {
  return std::max(vectors / machine.fmaPerCycle, weightBytes / machine.bytesPerCycle);
}

} // namespace weft
