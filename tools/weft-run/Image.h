// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Photographs as inputs: decoded, resized, cropped, normalised, in the order the port wants.
#pragma once

extern "C" {
#include "runtime/src/main/array.h"
}

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace weft::run {

/// What is done between decoding and the network, in this order. Zero sizes: not done.
struct Preparation {
  int resizeHeight = 0, resizeWidth = 0; ///< width 0: the shorter side becomes `resizeHeight`, the ratio is kept
  int cropHeight = 0, cropWidth = 0;     ///< taken from the middle
  std::vector<float> mean{0}, std{1};    ///< of values in 0 ... 1; one for all channels, or one each
};

/// Interleaved channels, whole values 0 ... 255.
struct Picture {
  int height = 0, width = 0, channels = 0;
  std::vector<float> values;
};

bool isPicture(std::string_view contents);
/// What kind of picture it is that is not read ("GIF"), or nothing.
const char *otherPicture(std::string_view contents);

/// PNG and JPEG, as 1 (grey) or 3 channels (red, green, blue). 0, or 1 with a complaint.
int decode(const char *file, std::string_view contents, int channels, Picture &picture);

/// The bytes Pillow's BILINEAR gives: a triangle filter as wide as the reduction, first along rows, each pass rounded
/// (Pillow 13 begins with columns where that is less work, and then differs by at most 1).
Picture resize(const Picture &picture, int height, int width);

/// A port that takes pictures: f32[N, C, H, W] (normalised) or u8[N, H, W, C] (as decoded), C 1 or 3.
struct PicturePort {
  bool channelsFirst;
  int64_t batch, channels, height, width;

  size_t elements() const { return static_cast<size_t>(channels * height * width); } ///< of one picture
};

/// Whether `port` is one.
bool describe(const weft_port &port, PicturePort &pictures);

/// Decodes a file in memory, resizes and crops; the result fits the port. 0, or 1 with a complaint.
int loadPicture(const char *file, std::string_view contents, const Preparation &how, const PicturePort &port,
                Picture &picture);
/// The same of a file.
int loadPicture(const std::string &file, const Preparation &how, const PicturePort &port, Picture &picture);

/// Writes a picture that fits the port as number `place` of the array's batch. `how` has as many means as fit
/// (checkNumbers).
void store(const Picture &picture, const Preparation &how, const PicturePort &port, int64_t place, weft_array &array);
int checkNumbers(const Preparation &how, const weft_port &port, const PicturePort &pictures);

/// For ports of one picture. 0, or 1 with a complaint.
int readPicture(const char *file, std::string_view contents, const Preparation &preparation, const weft_port &port,
                weft_array &array);

/// A regular file in memory while this lives; empty when there is none.
class MappedFile {
public:
  explicit MappedFile(const char *file);
  MappedFile(const MappedFile &) = delete;
  ~MappedFile();
  std::string_view contents() const;

private:
  void *map;
  size_t bytes = 0;
};

} // namespace weft::run
