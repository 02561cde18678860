// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tiles in rows and columns, each brought to the range of bytes.

#include "compiler/Picture/Mosaic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weft::picture {
namespace {

constexpr uint8_t between = 255;

struct Range {
  float low = std::numeric_limits<float>::infinity(), high = -std::numeric_limits<float>::infinity();

  explicit Range(std::span<const float> values) {
    for (float value : values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  }

  explicit Range(std::pair<float, float> known) : low(known.first), high(known.second) {}

  uint8_t byte(float value) const {
    if (!std::isfinite(value) || !(high > low))
      return 0;
    const double share = (double(value) - low) / (double(high) - low);
    return static_cast<uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
  }
};

int64_t columnsOf(const Tiles &tiles, const MosaicOptions &options) {
  if (options.columns > 0)
    return std::min(options.columns, tiles.count);
  int64_t columns = 1;
  while (columns * columns < tiles.count)
    ++columns;
  return columns;
}

/// Pixels of `count` tiles in a line, with gaps between and around; -1 where that is more than any picture has.
int64_t line(int64_t count, int64_t size, const MosaicOptions &options) {
  if (count > maxPixels || size > maxPixels / options.zoom)
    return -1;
  const int64_t tile = size * options.zoom + options.gap;
  return count > maxPixels / tile ? -1 : count * tile + options.gap;
}

void drawTile(Bitmap &bitmap, int64_t top, int64_t left, const Tiles &tiles, std::span<const float> values,
              const Range &range, int64_t zoom) {
  for (int64_t y = 0; y < tiles.height * zoom; ++y)
    for (int64_t x = 0; x < tiles.width * zoom; ++x)
      for (int64_t c = 0; c < tiles.channels; ++c)
        bitmap.pixel(top + y, left + x)[c] =
            range.byte(values[(c * tiles.height + y / zoom) * tiles.width + x / zoom]);
}

} // namespace

Extent extentOf(const Tiles &tiles, const MosaicOptions &options) {
  if (tiles.count <= 0 || tiles.height <= 0 || tiles.width <= 0)
    return {};
  const int64_t columns = columnsOf(tiles, options), rows = (tiles.count + columns - 1) / columns;
  const int64_t height = line(rows, tiles.height, options), width = line(columns, tiles.width, options);
  if (height < 0 || width < 0 || height > maxPixels / width)
    return {};
  return {height, width};
}

int64_t naturalZoom(const Tiles &tiles, MosaicOptions options) {
  for (options.zoom = 8; options.zoom > 1; --options.zoom) {
    const Extent extent = extentOf(tiles, options);
    if (extent.height > 0 && extent.height <= 1200 && extent.width <= 1200)
      break;
  }
  return options.zoom;
}

Bitmap mosaic(const Tiles &tiles, const MosaicOptions &options) {
  const Extent extent = extentOf(tiles, options);
  Bitmap bitmap{extent.height, extent.width, static_cast<int>(tiles.channels), {}};
  if (extent.height == 0)
    return bitmap;
  bitmap.bytes.assign(extent.height * extent.width * tiles.channels, between);
  const size_t tileValues = tiles.channels * tiles.height * tiles.width;
  const bool together = options.together || options.range;
  const Range all = options.range ? Range(*options.range) : Range(together ? tiles.values : std::span<const float>());
  const int64_t columns = columnsOf(tiles, options);
  for (int64_t i = 0; i < tiles.count; ++i) {
    const std::span<const float> values = tiles.values.subspan(i * tileValues, tileValues);
    drawTile(bitmap, options.gap + i / columns * (tiles.height * options.zoom + options.gap),
             options.gap + i % columns * (tiles.width * options.zoom + options.gap), tiles, values,
             together ? all : Range(values), options.zoom);
  }
  return bitmap;
}

} // namespace weft::picture
