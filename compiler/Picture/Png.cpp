// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// libpng's simplified interface: once for the size, once for the bytes.

#include "compiler/Picture/Png.h"

#include <png.h>

namespace weft::picture {

std::string encodePng(const Bitmap &bitmap, std::string &why) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(bitmap.width);
  image.height = static_cast<png_uint_32>(bitmap.height);
  image.format = bitmap.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string file;
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, bitmap.bytes.data(), 0, nullptr)) {
    file.resize(size);
    if (png_image_write_to_memory(&image, file.data(), &size, 0, bitmap.bytes.data(), 0, nullptr))
      return file;
  }
  why = image.message;
  return "";
}

} // namespace weft::picture
