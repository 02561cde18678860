// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Photographs as inputs: decoded, resized, cropped, normalised, in the order the port wants.
#pragma once

extern "C" {
#include "runtime/src/main/array.h"
}

#include <array>
#include <string_view>
#include <vector>

namespace weft::run {

/// What is done between decoding and the network, in this order. Zero sizes: not done.
struct Preparation {
  int resizeHeight = 0, resizeWidth = 0; ///< width 0: the shorter side becomes `resizeHeight`, the ratio is kept
  int cropHeight = 0, cropWidth = 0;     ///< taken from the middle
  std::vector<float> mean{0}, std{1};    ///< of values in 0 ... 1; one for all channels, or one each
};

/// Interleaved channels, values 0 ... 255.
struct Picture {
  int height = 0, width = 0, channels = 0;
  std::vector<float> values;
};

bool isPicture(std::string_view contents);

/// PNG and JPEG, as 1 (grey) or 3 channels (red, green, blue). 0, or 1 with a complaint.
int decode(const char *file, std::string_view contents, int channels, Picture &picture);

/// With a triangle filter as wide as the reduction, as Pillow's BILINEAR, but without rounding to bytes in between.
Picture resize(const Picture &picture, int height, int width);

/// For ports f32[1, C, H, W] (normalised) and u8[1, H, W, C] (as decoded), C 1 or 3. 0, or 1 with a complaint.
int readPicture(const char *file, std::string_view contents, const Preparation &preparation, const weft_port &port,
                weft_array &array);

} // namespace weft::run
