// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where a value of a tile lands in the mosaic and how bright it is, read back through libpng's decoder.

#include "compiler/Picture/Mosaic.h"

#include <gtest/gtest.h>
#include <limits>
#include <png.h>

using namespace weft::picture;

namespace {

Bitmap decoded(const std::string &file, int channels) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&image, file.data(), file.size())) << image.message;
  EXPECT_EQ(image.format, unsigned(channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB)); // as it is in the file
  Bitmap bitmap{image.height, image.width, channels, std::vector<uint8_t>(PNG_IMAGE_SIZE(image))};
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, bitmap.bytes.data(), 0, nullptr));
  return bitmap;
}

Bitmap throughPng(const Tiles &tiles, const MosaicOptions &options) {
  std::string why;
  std::string file = encodePng(mosaic(tiles, options), why);
  EXPECT_EQ(why, "");
  return decoded(file, static_cast<int>(tiles.channels));
}

TEST(Mosaic, EachTileHasItsOwnRangeUnlessAskedOtherwise) {
  const float values[] = {0, 1, /**/ 10, 20, /**/ 5, 5};
  const Tiles tiles{3, 1, 1, 2, values};
  Bitmap own = throughPng(tiles, {});
  // Two columns of tiles 2 wide, one pixel between and around: 7 x 5.
  ASSERT_EQ(own.width, 7);
  ASSERT_EQ(own.height, 5);
  EXPECT_EQ(*own.pixel(1, 1), 0);
  EXPECT_EQ(*own.pixel(1, 2), 255);
  EXPECT_EQ(*own.pixel(1, 3), 255); // the gap
  EXPECT_EQ(*own.pixel(1, 5), 255);
  EXPECT_EQ(*own.pixel(3, 1), 0);   // one value is no range
  EXPECT_EQ(*own.pixel(3, 4), 255); // no fourth tile
  MosaicOptions options;
  options.together = true;
  Bitmap together = throughPng(tiles, options);
  EXPECT_EQ(*together.pixel(1, 2), 13);  // 1 of 0 ... 20
  EXPECT_EQ(*together.pixel(1, 4), 128); // 10 of 0 ... 20
  EXPECT_EQ(*together.pixel(3, 1), 64);  // 5 of 0 ... 20
}

TEST(Mosaic, ColoursAreInterleavedAndPixelsZoomed) {
  const float values[] = {0, 1, /*green*/ 2, 3, /*blue*/ 4, 5};
  MosaicOptions options;
  options.zoom = 3;
  options.gap = 0;
  Bitmap bitmap = throughPng({1, 3, 1, 2, values}, options);
  ASSERT_EQ(bitmap.width, 6);
  ASSERT_EQ(bitmap.height, 3);
  EXPECT_EQ(std::vector<uint8_t>(bitmap.pixel(2, 2), bitmap.pixel(2, 2) + 3), (std::vector<uint8_t>{0, 102, 204}));
  EXPECT_EQ(std::vector<uint8_t>(bitmap.pixel(0, 3), bitmap.pixel(0, 3) + 3), (std::vector<uint8_t>{51, 153, 255}));
}

TEST(Mosaic, ValuesThatAreNotFiniteAreBlackAndLeaveTheRangeAlone) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {-1, infinity, std::numeric_limits<float>::quiet_NaN(), 1};
  Bitmap bitmap = throughPng({1, 1, 2, 2, values}, {});
  EXPECT_EQ(*bitmap.pixel(1, 1), 0);
  EXPECT_EQ(*bitmap.pixel(1, 2), 0);
  EXPECT_EQ(*bitmap.pixel(2, 1), 0);
  EXPECT_EQ(*bitmap.pixel(2, 2), 255);
}

TEST(Mosaic, WhatNoPictureHoldsIsRefusedBeforeMemoryIsTaken) {
  const int64_t huge = std::numeric_limits<int64_t>::max() / 4;
  EXPECT_EQ(extentOf({huge, 1, 3, 3, {}}, {.columns = 1}).height, 0);
  EXPECT_EQ(extentOf({4, 1, huge, huge, {}}, {}).width, 0);
  EXPECT_EQ(extentOf({1, 1, 10000, 10000, {}}, {}).width, 0);
  EXPECT_EQ(extentOf({0, 1, 3, 3, {}}, {}).height, 0);
  EXPECT_EQ(mosaic({huge, 1, 3, 3, {}}, {.columns = 1}).bytes.size(), 0u);
}

TEST(Mosaic, SmallFiltersAreShownLargerThanLargeOnes) {
  EXPECT_EQ(naturalZoom({64, 3, 11, 11, {}}, {}), 8);
  EXPECT_EQ(naturalZoom({1024, 1, 11, 11, {}}, {}), 3);
  EXPECT_EQ(naturalZoom({512, 1, 56, 56, {}}, {}), 1);
}

} // namespace
