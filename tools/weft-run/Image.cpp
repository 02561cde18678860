// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// From a decoded picture to a port's tensor.

#include "tools/weft-run/Image.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <cmath>
#include <fcntl.h>
#include <numeric>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::run {
namespace {

/// Weights are whole numbers of 2^-22, as Pillow's: both passes then round to the same bytes.
constexpr int fractionBits = 22;

/// One output position: weights of the input positions from `first` on.
struct Taps {
  int first = 0;
  std::vector<int> weights;
};

std::vector<Taps> triangleTaps(int from, int to) {
  const double ratio = static_cast<double>(from) / to, support = std::max(1.0, ratio);
  std::vector<Taps> all(to);
  for (int i = 0; i < to; ++i) {
    const double center = (i + 0.5) * ratio;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(from, static_cast<int>(center + support + 0.5));
    std::vector<double> weights;
    for (int k = first; k < end; ++k)
      weights.push_back(std::max(0.0, 1.0 - std::abs((k + 0.5 - center) * (1.0 / support))));
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double weight : weights)
      all[i].weights.push_back(static_cast<int>(0.5 + weight / sum * (1 << fractionBits)));
    all[i].first = first;
  }
  return all;
}

Picture resizeRows(const Picture &in, int width) {
  Picture out{in.height, width, in.channels, std::vector<float>(size_t(in.height) * width * in.channels)};
  const std::vector<Taps> taps = triangleTaps(in.width, width);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < in.channels; ++c) {
        int sum = 1 << (fractionBits - 1);
        for (size_t k = 0; k < taps[x].weights.size(); ++k)
          sum += taps[x].weights[k] *
                 static_cast<int>(in.values[(size_t(y) * in.width + taps[x].first + k) * in.channels + c]);
        out.values[(size_t(y) * width + x) * in.channels + c] =
            static_cast<float>(std::clamp(sum >> fractionBits, 0, 255));
      }
  return out;
}

Picture transposed(const Picture &in) {
  Picture out{in.width, in.height, in.channels, std::vector<float>(in.values.size())};
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      for (int c = 0; c < in.channels; ++c)
        out.values[(size_t(x) * in.height + y) * in.channels + c] =
            in.values[(size_t(y) * in.width + x) * in.channels + c];
  return out;
}

Picture cropped(const Picture &in, int height, int width) {
  Picture out{height, width, in.channels, {}};
  // Half a row goes to the even one, as in torchvision's CenterCrop.
  auto middle = [](int rest) { return static_cast<int>(std::nearbyint(rest / 2.0)); };
  const int top = middle(in.height - height), left = middle(in.width - width);
  for (int y = 0; y < height; ++y) {
    const auto row = in.values.begin() + (ptrdiff_t(top + y) * in.width + left) * in.channels;
    out.values.insert(out.values.end(), row, row + ptrdiff_t(width) * in.channels);
  }
  return out;
}

Picture resizedAsAsked(const Picture &in, const Preparation &how) {
  if (how.resizeHeight == 0)
    return in;
  if (how.resizeWidth != 0)
    return resize(in, how.resizeHeight, how.resizeWidth);
  const int shorter = std::min(in.height, in.width);
  auto scaled = [&](int side) { return std::max(1, static_cast<int>(int64_t(side) * how.resizeHeight / shorter)); };
  return resize(in, scaled(in.height), scaled(in.width));
}

float of(const std::vector<float> &values, int channel) { return values[values.size() == 1 ? 0 : channel]; }

int prepare(const char *file, const Preparation &how, const PicturePort &layout, Picture &picture) {
  picture = resizedAsAsked(picture, how);
  if (how.cropHeight > picture.height || how.cropWidth > picture.width)
    return weft_complain("`%s` is %d x %d (height x width) before `--crop %dx%d`", file, picture.height, picture.width,
                         how.cropHeight, how.cropWidth);
  if (how.cropHeight != 0)
    picture = cropped(picture, how.cropHeight, how.cropWidth);
  if (picture.height != layout.height || picture.width != layout.width)
    return weft_complain("`%s` is %d x %d (height x width); the network takes %lld x %lld: see `--resize` and `--crop`",
                         file, picture.height, picture.width, static_cast<long long>(layout.height),
                         static_cast<long long>(layout.width));
  return 0;
}

} // namespace

Picture resize(const Picture &picture, int height, int width) {
  const Picture narrow = picture.width == width ? picture : resizeRows(picture, width);
  return narrow.height == height ? narrow : transposed(resizeRows(transposed(narrow), height));
}

bool describe(const weft_port &port, PicturePort &pictures) {
  if (port.rank != 4 || std::any_of(port.dims, port.dims + 4, [](weft_extent extent) { return extent < 0; }))
    return false;
  const weft_extent *d = port.dims;
  pictures =
      port.dtype == WEFT_F32 ? PicturePort{true, d[0], d[1], d[2], d[3]} : PicturePort{false, d[0], d[3], d[1], d[2]};
  return (port.dtype == WEFT_F32 || port.dtype == WEFT_U8) && (pictures.channels == 1 || pictures.channels == 3);
}

int loadPicture(const char *file, std::string_view contents, const Preparation &how, const PicturePort &port,
                Picture &picture) {
  return decode(file, contents, static_cast<int>(port.channels), picture) || prepare(file, how, port, picture);
}

int loadPicture(const std::string &file, const Preparation &how, const PicturePort &port, Picture &picture) {
  weft_output_spare(file.c_str());
  const MappedFile mapped(file.c_str());
  if (const char *kind = otherPicture(mapped.contents()))
    return weft_complain("`%s` is a %s picture; PNG and JPEG can be read", file.c_str(), kind);
  if (!isPicture(mapped.contents()))
    return weft_complain("`%s` is no PNG or JPEG that can be read", file.c_str());
  return loadPicture(file.c_str(), mapped.contents(), how, port, picture);
}

void store(const Picture &picture, const Preparation &how, const PicturePort &port, int64_t place, weft_array &array) {
  const size_t pixels = size_t(picture.height) * picture.width, begin = static_cast<size_t>(place) * port.elements();
  for (int c = 0; c < picture.channels; ++c)
    for (size_t i = 0; i < pixels; ++i) {
      const float value = picture.values[i * picture.channels + c];
      if (port.channelsFirst)
        static_cast<float *>(array.data)[begin + c * pixels + i] = (value / 255 - of(how.mean, c)) / of(how.std, c);
      else
        static_cast<unsigned char *>(array.data)[begin + i * picture.channels + c] =
            static_cast<unsigned char>(std::clamp(value + 0.5f, 0.0f, 255.0f));
    }
}

int checkNumbers(const Preparation &how, const weft_port &port, const PicturePort &pictures) {
  const size_t channels = static_cast<size_t>(pictures.channels);
  auto fits = [&](const std::vector<float> &numbers) { return numbers.size() == 1 || numbers.size() == channels; };
  return fits(how.mean) && fits(how.std)
             ? 0
             : weft_complain("`--mean` and `--std` take 1 or %zu numbers for `%s`", channels, port.name);
}

int readPicture(const char *file, std::string_view contents, const Preparation &how, const weft_port &port,
                weft_array &array) {
  PicturePort pictures;
  if (!describe(port, pictures))
    return weft_complain("`%s` is a picture; `%s` takes none (f32[1, C, H, W] or u8[1, H, W, C], C 1 or 3)", file,
                         port.name);
  if (pictures.batch != 1)
    return weft_complain(
        "`%s` is one picture; `%s` takes %lld at once: give `--images` a folder or a list of them, or stack "
        "them in a .npy file",
        file, port.name, static_cast<long long>(pictures.batch));
  Picture picture;
  if (checkNumbers(how, port, pictures) || loadPicture(file, contents, how, pictures, picture))
    return 1;
  array = {nullptr, port.dtype, 4, {port.dims[0], port.dims[1], port.dims[2], port.dims[3]}};
  if (weft_array_allocate(&array, port.name) != 0)
    return 1;
  store(picture, how, pictures, 0, array);
  return 0;
}

MappedFile::MappedFile(const char *file) : map(MAP_FAILED) {
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    bytes = static_cast<size_t>(status.st_size);
    map = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  }
  if (descriptor >= 0)
    close(descriptor);
}

MappedFile::~MappedFile() {
  if (map != MAP_FAILED)
    munmap(map, bytes);
}

std::string_view MappedFile::contents() const {
  return map == MAP_FAILED ? std::string_view() : std::string_view(static_cast<const char *>(map), bytes);
}

} // namespace weft::run
