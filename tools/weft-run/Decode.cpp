// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// PNG through libpng's simplified interface, JPEG through libjpeg. Both are asked for the size first; pictures too
// large for any network are refused before memory is taken.

#include "tools/weft-run/Image.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
// After the library itself.
#include <jerror.h>
#include <png.h>

namespace weft::run {
namespace {

constexpr uint64_t maxPixels = 1 << 26;

bool isPng(std::string_view contents) { return contents.starts_with("\x89PNG\r\n\x1a\n"); }
bool isJpeg(std::string_view contents) { return contents.starts_with("\xff\xd8\xff"); }

int tooLarge(const char *file, uint64_t width, uint64_t height) {
  return weft_complain("`%s` has %llu x %llu pixels; at most 2^26 can be read", file,
                       static_cast<unsigned long long>(width), static_cast<unsigned long long>(height));
}

void keep(const std::vector<unsigned char> &bytes, int height, int width, int channels, Picture &picture) {
  picture = {height, width, channels, std::vector<float>(bytes.begin(), bytes.end())};
}

int decodePng(const char *file, std::string_view contents, int channels, Picture &picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, contents.data(), contents.size()))
    return weft_complain("`%s` is a damaged PNG: %s", file, image.message);
  if (uint64_t(image.width) * image.height > maxPixels) {
    png_image_free(&image);
    return tooLarge(file, image.width, image.height);
  }
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::vector<unsigned char> bytes(PNG_IMAGE_SIZE(image));
  const png_color white = {255, 255, 255}; // what transparent pixels lie on
  if (!png_image_finish_read(&image, &white, bytes.data(), 0, nullptr))
    return weft_complain("`%s` is a damaged PNG: %s", file, image.message);
  keep(bytes, static_cast<int>(image.height), static_cast<int>(image.width), channels, picture);
  return 0;
}

struct JpegFailure {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  bool isAtEnd, lacksPixels;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void failJpeg(j_common_ptr info) {
  auto *failure = reinterpret_cast<JpegFailure *>(info->err);
  failure->manager.format_message(info, failure->text);
  std::longjmp(failure->back, 1);
}

/// Most warnings come with pictures that are whole, if scratched. But behind the end of a file the library goes on in
/// grey.
void noteWarning(j_common_ptr info, int level) {
  auto *failure = reinterpret_cast<JpegFailure *>(info->err);
  failure->isAtEnd |= level < 0 && info->err->msg_code == JWRN_JPEG_EOF;
  failure->lacksPixels |= level < 0 && failure->isAtEnd && info->err->msg_code == JWRN_HIT_MARKER;
}

bool isFourInks(const jpeg_decompress_struct &info) {
  return info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
}

/// Four inks to red, green and blue, or to grey, as Pillow converts them. Adobe's files hold what is left of the paper.
std::vector<unsigned char> withoutInks(const std::vector<unsigned char> &inks, bool inverted, int channels) {
  std::vector<unsigned char> out;
  out.reserve(inks.size() / 4 * static_cast<size_t>(channels));
  for (size_t i = 0; i + 3 < inks.size(); i += 4) {
    int paper[4], color[3];
    for (int k = 0; k < 4; ++k)
      paper[k] = inverted ? inks[i + k] : 255 - inks[i + k];
    for (int k = 0; k < 3; ++k)
      color[k] = (paper[k] * paper[3] + 127) / 255;
    if (channels == 1)
      out.push_back(static_cast<unsigned char>((color[0] * 19595 + color[1] * 38470 + color[2] * 7471 + 32768) >> 16));
    else
      for (int value : color)
        out.push_back(static_cast<unsigned char>(value));
  }
  return out;
}

/// Everything between the jumps: no object with a destructor is made here.
int decodeJpegRows(const char *file, jpeg_decompress_struct &info, int channels, std::vector<unsigned char> &bytes) {
  jpeg_read_header(&info, TRUE);
  if (uint64_t(info.image_width) * info.image_height > maxPixels)
    return tooLarge(file, info.image_width, info.image_height);
  info.out_color_space = isFourInks(info) ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
  const size_t rowBytes = size_t(info.output_width) * static_cast<size_t>(info.output_components);
  bytes.resize(rowBytes * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = bytes.data() + rowBytes * info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
  }
  if (reinterpret_cast<JpegFailure *>(info.err)->lacksPixels)
    failJpeg(reinterpret_cast<j_common_ptr>(&info));
  jpeg_finish_decompress(&info);
  return 0;
}

int decodeJpeg(const char *file, std::string_view contents, int channels, Picture &picture) {
  std::vector<unsigned char> bytes;
  jpeg_decompress_struct info = {};
  JpegFailure failure = {};
  info.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = failJpeg;
  failure.manager.emit_message = noteWarning;
  if (setjmp(failure.back)) {
    jpeg_destroy_decompress(&info);
    return weft_complain("`%s` is a damaged JPEG: %s", file, failure.text);
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(contents.data()), contents.size());
  const int failed = decodeJpegRows(file, info, channels, bytes);
  if (!failed && isFourInks(info))
    bytes = withoutInks(bytes, info.saw_Adobe_marker, channels);
  if (!failed)
    keep(bytes, static_cast<int>(info.output_height), static_cast<int>(info.output_width), channels, picture);
  jpeg_destroy_decompress(&info);
  return failed;
}

} // namespace

const char *otherPicture(std::string_view contents) {
  if (contents.starts_with("GIF8"))
    return "GIF";
  if (contents.starts_with("RIFF") && contents.substr(0, 12).ends_with("WEBP"))
    return "WebP";
  if (contents.starts_with("BM"))
    return "BMP";
  if (contents.starts_with("II*") || contents.starts_with("MM"))
    return "TIFF";
  return contents.substr(0, 12).ends_with("ftypavif") ? "AVIF" : nullptr;
}

bool isPicture(std::string_view contents) { return isPng(contents) || isJpeg(contents); }

int decode(const char *file, std::string_view contents, int channels, Picture &picture) {
  return isPng(contents) ? decodePng(file, contents, channels, picture) : decodeJpeg(file, contents, channels, picture);
}

} // namespace weft::run
