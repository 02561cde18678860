// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Dump and comparison of layers. A file is called NUMBER-PATH.npy; comparison goes by path, so that two compilations
// that fuse differently can be compared where they have layers of one name and shape.

#include "tools/weft-run/Layers.h"

extern "C" {
#include "runtime/src/main/array.h"
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>

namespace fs = std::filesystem;

namespace weft::run {
namespace {

/// Paths come from a file: only plain characters get into names of files.
std::string fileName(const char *path) {
  std::string name = path;
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-')
      c = '_';
  return name.substr(0, 200);
}

/// "007-conv1.npy" and "conv1.npy" belong to "conv1".
std::string layerOf(const fs::path &file) {
  std::string stem = file.stem().string();
  const size_t digits = stem.find_first_not_of("0123456789");
  return digits != std::string::npos && digits > 0 && stem[digits] == '-' ? stem.substr(digits + 1) : stem;
}

struct Difference {
  double largest = 0, value = 0; ///< |a - b|, and |b|
};

/// Where our element is that element i of the reference is; nothing when the shapes cannot be the same layer. Layers
/// may be stored in blocks of channels, [N, C/16, H, W, 16], and a reference may have them in order, [N, C, H, W].
std::optional<std::vector<int64_t>> placesOf(const weft_model_view &view, const weft_tensor &ours, const weft_tensor &theirs) {
  const int64_t count = weft_count(theirs.dims, theirs.rank, sizeof(float));
  std::vector<int64_t> places(static_cast<size_t>(std::max<int64_t>(0, count)));
  std::iota(places.begin(), places.end(), 0);
  if (ours.rank == theirs.rank && std::equal(ours.dims, ours.dims + ours.rank, theirs.dims))
    return places;
  const int64_t block = ours.rank ? ours.dims[ours.rank - 1] : 1;
  if (ours.rank != theirs.rank + 1 || theirs.rank < 2 || ours.dims[0] != theirs.dims[0] || view.channels != theirs.dims[1] ||
      !std::equal(theirs.dims + 2, theirs.dims + theirs.rank, ours.dims + 2))
    return std::nullopt;
  const std::vector<int64_t> stored = channelPlaces(view, block);
  const int64_t channels = theirs.dims[1], pixels = channels ? count / theirs.dims[0] / channels : 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t image = i / (channels * pixels), channel = stored[i / pixels % channels], pixel = i % pixels;
    places[i] = ((image * ours.dims[1] + channel / block) * pixels + pixel) * block + channel % block;
  }
  return places;
}

template <typename T> Difference differenceOf(const void *ours, const void *theirs, const std::vector<int64_t> &places) {
  Difference found;
  for (size_t i = 0; i < places.size(); ++i) {
    const double a = static_cast<const T *>(ours)[places[i]], b = static_cast<const T *>(theirs)[i];
    if (std::isfinite(b))
      found.value = std::max(found.value, std::abs(b));
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    const double difference = std::abs(a - b);
    found.largest = std::isnan(difference) ? INFINITY : std::max(found.largest, difference);
  }
  return found;
}

Difference differenceOf(uint32_t dtype, const void *ours, const void *theirs, const std::vector<int64_t> &places) {
  switch (dtype) {
  case WEFT_F64:
    return differenceOf<double>(ours, theirs, places);
  case WEFT_I32:
    return differenceOf<int32_t>(ours, theirs, places);
  case WEFT_I64:
    return differenceOf<int64_t>(ours, theirs, places);
  case WEFT_U8:
  case WEFT_BOOL:
    return differenceOf<uint8_t>(ours, theirs, places);
  default:
    return differenceOf<float>(ours, theirs, places);
  }
}

} // namespace

int Layers::begin() {
  std::error_code error;
  if (!dumpFolder.empty() && (fs::create_directories(dumpFolder, error), error))
    return weft_complain("cannot make the folder `%s`: %s", dumpFolder.c_str(), error.message().c_str());
  if (!dumpFolder.empty() && !compareFolder.empty() && fs::equivalent(dumpFolder, compareFolder, error))
    return weft_complain("`--dump-tensors` and `--compare` name the same folder, `%s`: its files would be compared with "
                         "themselves", compareFolder.c_str());
  return compareFolder.empty() ? 0 : listReferences();
}

int Layers::listReferences() {
  std::error_code error;
  std::vector<fs::path> files;
  for (auto it = fs::directory_iterator(compareFolder, error); !error && it != fs::directory_iterator();
       it.increment(error))
    if (it->path().extension() == ".npy")
      files.push_back(it->path());
  if (error)
    return weft_complain("cannot read the folder `%s`: %s", compareFolder.c_str(), error.message().c_str());
  std::sort(files.begin(), files.end());
  for (const fs::path &file : files)
    references[layerOf(file)].push_back(file.string());
  return 0;
}

/// Later runs begin with smaller views again.
void Layers::see(const Values &values, uint32_t view) {
  if (failed || view < nextView)
    return;
  nextView = view + 1;
  std::vector<char> elements = values.stored(values.view(view));
  weft_tensor tensor = values.shapeOf(values.view(view));
  tensor.data = elements.data();
  if (!dumpFolder.empty())
    dump(values.view(view), tensor);
  if (!compareFolder.empty())
    compare(values, values.view(view), tensor);
}

void Layers::dump(const weft_model_view &view, weft_tensor tensor) {
  char number[16];
  std::snprintf(number, sizeof number, "%04u-", nextView);
  const std::string file = dumpFolder + "/" + number + fileName(view.path) + ".npy";
  weft_output output;
  failed |= weft_output_open(&output, file.c_str()) || weft_npy_write(&output, &tensor) ||
            weft_output_finish(&output) || weft_output_publish(&output);
  weft_output_drop(&output);
}

void Layers::compare(const Values &values, const weft_model_view &view, weft_tensor ours) {
  std::vector<std::string> &files = references[fileName(view.path)];
  if (files.empty()) {
    ++others;
    return;
  }
  const std::string file = files.front();
  files.erase(files.begin());
  const weft_port port{view.path, ours.dims, ours.rank, view.dtype, WEFT_PORT_PLAIN, 0};
  weft_info info;
  values.network().api->get_info(&values.network(), &info);
  weft_array theirs = {};
  if (weft_npy_read(file.c_str(), &info, &port, &theirs) != 0) {
    failed = true;
    return;
  }
  const std::optional<std::vector<int64_t>> places = placesOf(view, ours, theirs);
  if (!places) {
    ++others;
  } else {
    const Difference found = differenceOf(view.dtype, ours.data, theirs.data, *places);
    const bool same = found.largest <= tolerance * found.value;
    agreeing += same;
    if (!same && !differs)
      std::printf("`%s` is the first layer that differs: by up to %.3g, its largest value is %.3g\n", view.path,
                  found.largest, found.value);
    differs |= !same;
  }
  weft_array_free(&theirs);
}

int Layers::end() {
  if (!compareFolder.empty() && !failed)
    std::printf("%zu layers agree to %g of their largest value; %zu have no counterpart of that name and shape\n",
                agreeing, tolerance, others);
  return failed || differs;
}

} // namespace weft::run
