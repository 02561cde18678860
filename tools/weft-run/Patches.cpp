// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The best answers are kept while the network runs over all pictures; only then are those few pictures read once more
// and the patches cut out.

#include "tools/weft-run/Patches.h"
#include "tools/weft-run/Features.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace weft::run {
namespace {

bool parseRanges(const std::string &text, std::vector<std::pair<int64_t, int64_t>> &ranges) {
  const char *at = text.data(), *end = at + text.size();
  auto number = [&](int64_t &value) {
    const auto [stop, error] = std::from_chars(at, end, value);
    at = stop;
    return error == std::errc() && value >= 0;
  };
  for (;; ++at) {
    int64_t low, high;
    if (!number(low))
      return false;
    high = low;
    if (at != end && *at == '-' && (++at, !number(high) || high < low))
      return false;
    ranges.emplace_back(low, high);
    if (at == end)
      return true;
    if (*at != ',')
      return false;
  }
}

/// Grey where a patch reaches over the edge of its picture.
constexpr float outside = 128;

} // namespace

int Patches::parse(const std::string &text, std::vector<Patches> &all) {
  const size_t equals = text.find('=');
  Patches patches;
  patches.layer = text.substr(0, equals);
  const size_t colon = patches.layer.rfind(':');
  bool good = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
  if (good && colon != std::string::npos) {
    good = parseRanges(patches.layer.substr(colon + 1), patches.channels);
    patches.layer.resize(colon);
  }
  if (!good)
    return weft_complain_usage("`--top-patches` takes LAYER=FILE.png or LAYER:CHANNELS=FILE.png with channels such as "
                               "3,17,20-25, not `%s`",
                               text.c_str());
  patches.file = text.substr(equals + 1);
  all.push_back(std::move(patches));
  return 0;
}

int Patches::begin(const weft_model &model, uint32_t input) {
  if (findLayer(model, layer, number) != 0)
    return 1;
  view = &model.views[number];
  const uint32_t rank = view->channels ? view->rank - 1 : view->rank;
  if (view->axis_count != 2 || view->picture != input || rank < 2 || rank > 4)
    return weft_complain("`%s` has no places in the picture `%s`: its values were not made from one", layer.c_str(),
                         model.inputs[input].name);
  for (uint32_t a = 0; a < view->axis_count; ++a)
    if (view->axes[a].dim == 0 || view->axes[a].dim == 1)
      return weft_complain("`%s` has places along dimension %d, where channels should be", layer.c_str(),
                           view->axes[a].dim);
  const int64_t most = view->channels ? view->channels : view->dims[1];
  for (auto [low, high] : channels)
    if (high >= most)
      return weft_complain("`%s` has channels 0 to %lld, not %lld", layer.c_str(), static_cast<long long>(most - 1),
                           static_cast<long long>(high));
  return 0;
}

void Patches::next(size_t ofFirst, int64_t ofCount) {
  first = ofFirst;
  count = ofCount;
}

bool Patches::wants(int64_t channel) const {
  return channels.empty() || std::any_of(channels.begin(), channels.end(),
                                         [&](auto range) { return range.first <= channel && channel <= range.second; });
}

void Patches::keep(int64_t channel, Answer answer) {
  std::vector<Answer> &list = best[channel];
  const auto place = std::upper_bound(list.begin(), list.end(), answer,
                                      [](const Answer &a, const Answer &b) { return a.value > b.value; });
  list.insert(place, std::move(answer));
  if (list.size() > static_cast<size_t>(most))
    list.pop_back();
}

void Patches::see(const Values &values, uint32_t seen) {
  if (seen != number || count == 0)
    return;
  const Logical layerValues = values.logical(*view);
  const int64_t channelCount = layerValues.extent(1), images = std::min(count, layerValues.extent(0));
  const int64_t height = layerValues.extent(2), width = layerValues.extent(3), plane = height * width;
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c = 0; c < channelCount; ++c) {
      if (!wants(c) || plane == 0)
        continue;
      const float *from = layerValues.values.data() + (n * channelCount + c) * plane;
      const float *top = std::max_element(from, from + plane);
      if (!std::isfinite(*top))
        continue;
      const int64_t at[] = {0, 0, (top - from) / width, (top - from) % width};
      Answer answer{*top, first + static_cast<size_t>(n), {}};
      for (uint32_t a = 0; a < view->axis_count; ++a)
        answer.place.push_back(view->axes[a].dim < 0 ? 0 : at[view->axes[a].dim]);
      keep(c, std::move(answer));
    }
}

/// As large as the receptive field, or the picture where the field is larger.
Patches::Window Patches::windowOf(const Answer &answer, const PicturePort &port) const {
  int64_t low[2], size[2];
  const int64_t extents[] = {port.height, port.width};
  for (int a = 0; a < 2; ++a) {
    const weft_model_axis &axis = view->axes[a];
    const double start = axis.jump * static_cast<double>(answer.place[a]) + axis.start;
    low[a] = static_cast<int64_t>(std::floor(start));
    size[a] = static_cast<int64_t>(std::ceil(start + axis.size)) - low[a];
    if (axis.dim < 0 || size[a] >= extents[a]) {
      low[a] = 0;
      size[a] = extents[a];
    }
  }
  return {low[0], low[1], size[0], size[1]};
}

void Patches::print(int64_t channel, size_t rank, const Answer &answer, const std::string &from,
                    const Window &window) const {
  std::printf("%s channel %lld rank %zu: %.6g at (%lld, %lld), rows %lld to %lld, columns %lld to %lld of %s\n",
              layer.c_str(), static_cast<long long>(channel), rank, answer.value,
              static_cast<long long>(answer.place[0]), static_cast<long long>(answer.place[1]),
              static_cast<long long>(window.top), static_cast<long long>(window.top + window.height - 1),
              static_cast<long long>(window.left), static_cast<long long>(window.left + window.width - 1), from.c_str());
}

/// The patches of a picture go to their tiles.
void Patches::cut(const Picture &picture, const std::vector<Tile> &places, picture::Tiles &tiles,
                  std::vector<float> &values) {
  for (const Tile &place : places)
    for (int64_t c = 0; c < tiles.channels; ++c)
      for (int64_t y = 0; y < place.window.height; ++y)
        for (int64_t x = 0; x < place.window.width; ++x) {
          const int64_t fromY = place.window.top + y, fromX = place.window.left + x;
          if (fromY >= 0 && fromX >= 0 && fromY < picture.height && fromX < picture.width)
            values[static_cast<size_t>(((place.number * tiles.channels + c) * tiles.height + y) * tiles.width + x)] =
                picture.values[static_cast<size_t>((fromY * picture.width + fromX) * picture.channels + c)];
        }
}

int Patches::end(const ImageSet &set, const Preparation &how, const PicturePort &port) const {
  size_t columns = 1;
  for (const auto &[channel, answers] : best)
    columns = std::max(columns, answers.size());
  picture::Tiles tiles{static_cast<int64_t>(best.size() * columns), port.channels, 1, 1, {}};
  std::map<size_t, std::vector<Tile>> byPicture;
  int64_t row = 0;
  for (const auto &[channel, answers] : best) {
    for (size_t rank = 0; rank < answers.size(); ++rank) {
      const Window window = windowOf(answers[rank], port);
      print(channel, rank + 1, answers[rank], set.samples[answers[rank].picture].file, window);
      byPicture[answers[rank].picture].push_back({row * static_cast<int64_t>(columns) + static_cast<int64_t>(rank), window});
      tiles.height = std::max(tiles.height, window.height);
      tiles.width = std::max(tiles.width, window.width);
    }
    ++row;
  }
  picture::MosaicOptions options{.columns = static_cast<int64_t>(columns), .range = {{0.0f, 255.0f}}};
  if (picture::extentOf(tiles, options).height == 0)
    return weft_complain("%lld patches of %lld x %lld (height x width) are none or more than 2^26 pixels: choose channels, "
                         "`--top-patches %s:0-15=%s`, or fewer `--patches`",
                         static_cast<long long>(tiles.count), static_cast<long long>(tiles.height),
                         static_cast<long long>(tiles.width), layer.c_str(), file.c_str());
  options.zoom = picture::naturalZoom(tiles, options);
  std::vector<float> values(static_cast<size_t>(tiles.count * tiles.channels * tiles.height * tiles.width), outside);
  for (const auto &[number, places] : byPicture) {
    Picture picture;
    if (loadPicture(set.samples[number].file, how, port, picture) != 0)
      return 1;
    cut(picture, places, tiles, values);
  }
  tiles.values = values;
  return writePng(file, picture::mosaic(tiles, options));
}

} // namespace weft::run
