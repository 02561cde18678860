// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Feature maps: values of the first run, kept until it ends, then drawn and written.

#include "tools/weft-run/Features.h"
#include "compiler/Picture/Mosaic.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <functional>
#include <numeric>

namespace weft::run {

int Features::want(const std::string &text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return weft_complain_usage("`--save-features` takes LAYER=FILE.png, not `%s`", text.c_str());
  requests.push_back({text.substr(0, equals), text.substr(equals + 1), 0, false, {}});
  return 0;
}

int Features::begin(const weft_model &model) {
  for (Request &request : requests)
    if (findLayer(model, request.layer, request.view) != 0)
      return 1;
  return 0;
}

void Features::see(const Values &values, uint32_t view) {
  for (Request &request : requests)
    if (request.view == view && !request.seen) {
      request.values = values.logical(values.view(view));
      request.seen = true;
    }
}

picture::Bitmap featureMosaic(const std::string &layer, const Logical &values) {
  const size_t rank = values.dims.size();
  picture::Tiles tiles{1, 1, rank == 2 ? values.extent(0) : 1, rank ? values.extent(rank - 1) : 1, values.values};
  if (rank > 2) {
    tiles.count = values.extent(1);
    tiles.height = std::accumulate(values.dims.begin() + 2, values.dims.end() - 1, int64_t(1), std::multiplies<>());
    tiles.values = tiles.values.first(static_cast<size_t>(tiles.count * tiles.height * tiles.width));
  }
  picture::MosaicOptions options;
  options.zoom = picture::naturalZoom(tiles, options);
  picture::Bitmap bitmap = picture::mosaic(tiles, options);
  if (bitmap.bytes.empty())
    weft_complain("`%s` is no picture: %lld maps of %lld x %lld (height x width) are none or more than 2^26 pixels",
                  layer.c_str(), static_cast<long long>(tiles.count), static_cast<long long>(tiles.height),
                  static_cast<long long>(tiles.width));
  return bitmap;
}

int writePng(const std::string &file, const picture::Bitmap &bitmap) {
  std::string why;
  const std::string bytes = picture::encodePng(bitmap, why);
  if (bytes.empty())
    return weft_complain("cannot make the PNG `%s`: %s", file.c_str(), why.c_str());
  weft_output output;
  int failed = weft_output_open(&output, file.c_str());
  if (!failed && fwrite(bytes.data(), 1, bytes.size(), output.stream) != bytes.size())
    failed = weft_complain("cannot write `%s`", file.c_str());
  failed = failed || weft_output_finish(&output) || weft_output_publish(&output);
  weft_output_drop(&output);
  return failed;
}

int Features::end() {
  for (const Request &request : requests) {
    const picture::Bitmap bitmap = featureMosaic(request.layer, request.values);
    if (bitmap.bytes.empty() || writePng(request.file, bitmap) != 0)
      return 1;
  }
  return 0;
}

} // namespace weft::run
