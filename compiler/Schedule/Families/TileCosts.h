// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What sums on a matrix unit (AMX) cost: of convolutions (Tiles.cpp) and of products of row-major tensors (TiledProduct.cpp).
#pragma once

#include "compiler/Kernel/TileProduct.h"

#include <algorithm>

namespace weft {

using kernel::lanesOfTile;
using kernel::termsOfStep;
/// A number in its parts, each a bf16.
inline constexpr int64_t bytesOfParts = 2 * kernel::partCount;
/// What the parts of a strip and the filter of some blocks may take in the second-level cache together.
inline constexpr int64_t stripBytes = 640 << 10, filterBytes = 1 << 20;

/// A kernel may always work in so much.
inline constexpr int64_t neverTooMuch = 512 << 10;

/// Fitted to 220 layers of seven networks, of which half are met within 8 % (ns, times the clock at which other families count
/// nothing but multiply-adds): six products of two tiles of 16, which tiles of few pixels do not shorten further; splitting one
/// step of a pixel and of a column; a vector of the result; a byte of the filter on its first way from memory.
inline constexpr double cyclesOfProducts = 114, cyclesOfPixel = 18, cyclesOfColumn = 20, cyclesOfResult = 13, cyclesOfByte = 0.04;
inline constexpr int64_t shortestTile = 10;
/// Splitting a filter takes as long as multiplying fewer pixels with it as it is.
inline constexpr int64_t fewestPixels = 2 * lanesOfTile;
/// Parts of pixels that outgrow the second-level cache come from beyond it for each strip of channel blocks: above so many bytes, and
/// what a byte then takes.
inline constexpr double againBytes = 1.2 * (1 << 20), cyclesOfAgain = 0.25;
/// A byte that another core wrote.
inline constexpr double cyclesOfOthers = 0.6;

/// Of `pixels` one after the other in memory.
inline double tilesOf(int64_t pixels) {
  int64_t rest = pixels % lanesOfTile;
  return double(pixels / lanesOfTile) + (rest ? double(std::max(rest, shortestTile)) / lanesOfTile : 0);
}

/// Blocks of columns that are split together, so that they divide all; `otherwise` where neither two nor three do.
inline int64_t blocksTogether(int64_t blocks, int64_t otherwise) {
  return blocks % 2 == 0 ? 2 : blocks % 3 == 0 ? 3 : otherwise;
}

} // namespace weft
