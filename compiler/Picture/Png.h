// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pictures of bytes, and their PNG form through libpng.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::picture {

/// Rows from the top, channels interleaved: 1 (grey) or 3 (red, green, blue).
struct Bitmap {
  int64_t height = 0, width = 0;
  int channels = 1;
  std::vector<uint8_t> bytes; ///< height * width * channels

  uint8_t *pixel(int64_t y, int64_t x) { return bytes.data() + (y * width + x) * channels; }
};

/// The picture as a PNG file, the same bytes for the same picture. Empty where libpng refused: `why` then says the
/// reason.
std::string encodePng(const Bitmap &bitmap, std::string &why);

} // namespace weft::picture
