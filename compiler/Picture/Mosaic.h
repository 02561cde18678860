// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Many small pictures as one: filters of a layer, channels of a feature map.
#pragma once

#include "compiler/Picture/Png.h"

#include <optional>
#include <span>
#include <utility>

namespace weft::picture {

/// `count` tiles of one size, row-major as `[count, channels, height, width]`; channels is 1 (grey) or 3 (red, green,
/// blue).
struct Tiles {
  int64_t count = 0, channels = 1, height = 0, width = 0;
  std::span<const float> values;
};

struct MosaicOptions {
  int64_t columns = 0; ///< tiles in a row; 0: the smallest number whose square holds all
  int64_t zoom = 1;    ///< a value becomes zoom x zoom pixels
  int64_t gap = 1;     ///< pixels between tiles and around them
  bool together = false; ///< one range for all tiles: brightness compares across them; else each has its own
  std::optional<std::pair<float, float>> range = std::nullopt; ///< what is black and what white, where that is known
};

/// The largest picture made: 2^26 pixels.
constexpr int64_t maxPixels = int64_t(1) << 26;

/// Height and width the mosaic would have, in pixels; {0, 0} where it would have none or more than `maxPixels`.
struct Extent {
  int64_t height = 0, width = 0;
};
Extent extentOf(const Tiles &tiles, const MosaicOptions &options);

/// A zoom at which tiles of this size are seen well: the largest of 1 ... 8 whose mosaic stays below 1200 pixels a side.
int64_t naturalZoom(const Tiles &tiles, MosaicOptions options);

/// The smallest value of a range is black, the largest white; a range of one value and values that are not finite are
/// black; what lies between tiles is white. Empty where `extentOf` is.
Bitmap mosaic(const Tiles &tiles, const MosaicOptions &options);

} // namespace weft::picture
