// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Values between kernels: addressed through the model's table of views, copied out of the arena.

#include "tools/weft-run/Values.h"

extern "C" {
#include "runtime/src/main/array.h"
#include "runtime/src/main/complain.h"
}

#include <algorithm>
#include <cstring>

namespace weft::run {

static bool alike(const weft_model_view &a, const weft_model_view &b) {
  return a.rank == b.rank && a.dtype == b.dtype && a.channels == b.channels && a.output == b.output &&
         std::equal(a.dims, a.dims + a.rank, b.dims) && std::strcmp(a.path, b.path) == 0;
}

std::vector<uint32_t> partsOf(const weft_model &model, uint32_t view) {
  const weft_model_view &one = model.views[view];
  std::vector<uint32_t> parts;
  for (uint32_t other = 0; other < model.view_count; ++other)
    if (alike(model.views[other], one))
      parts.push_back(other);
  const bool isBatch = one.rank > 1 && one.dims[0] > 0 && model.input_count > 0 && model.inputs[0].rank > 0 &&
                       one.dims[0] * static_cast<int64_t>(parts.size()) == model.inputs[0].dims[0];
  return isBatch ? parts : std::vector<uint32_t>{view};
}

int Values::begin(const weft_model &ofModel, weft_instance *instance, const weft_tensor *inputs,
                  const weft_tensor *ofOutputs, std::vector<Watcher *> ofWatchers) {
  model = &ofModel;
  outputs = ofOutputs;
  watchers = std::move(ofWatchers);
  if (watchers.empty())
    return 0;
  if (model->view_count == 0 || model->views == nullptr)
    return weft_complain("`%s` was compiled without a table of its layers", model->name);
  for (uint32_t i = 0; i < model->size_count; ++i)
    sizes.push_back(model->sizes[i].bound);
  for (uint32_t i = 0; i < model->view_count; ++i)
    parts.push_back(partsOf(*model, i));
  learnSizes(model->inputs, model->input_count, inputs);
  learnSizes(model->outputs, model->output_count, outputs);
  model->api->observe(instance, seen, this, &arena);
  return 0;
}

/// A size no tensor has as a dimension is taken at its bound: what lies behind the real one is harmless to look at.
void Values::learnSizes(const weft_port *ports, uint32_t count, const weft_tensor *tensors) {
  for (uint32_t i = 0; i < count; ++i)
    for (uint32_t d = 0; d < ports[i].rank; ++d)
      if (ports[i].dims[d] < 0)
        sizes[-(ports[i].dims[d] + 1)] = tensors[i].dims[d] - (ports[i].role == WEFT_PORT_INDPTR);
}

void Values::seen(void *self, uint32_t launch, int end) {
  auto *values = static_cast<Values *>(self);
  const weft_model &model = *values->model;
  if (!end) {
    if (launch == 0)
      values->nextView = 0;
    return;
  }
  for (; values->nextView < model.view_count && model.views[values->nextView].launch == launch; ++values->nextView) {
    const uint32_t last = values->parts[values->nextView].back();
    if (values->nextView != last) {
      const std::vector<char> part = values->ownElements(model.views[values->nextView]);
      std::vector<char> &earlier = values->earlierParts[last];
      earlier.insert(earlier.end(), part.begin(), part.end());
      continue;
    }
    for (Watcher *watcher : values->watchers)
      watcher->see(*values, values->nextView);
    values->earlierParts.erase(last);
  }
}

weft_tensor Values::shapeOf(const weft_model_view &view) const {
  weft_tensor tensor = ownShape(view);
  if (const size_t count = parts[numberOf(view)].size(); count > 1)
    tensor.dims[0] *= static_cast<int64_t>(count);
  return tensor;
}

std::vector<char> Values::stored(const weft_model_view &view) const {
  std::vector<char> elements = ownElements(view);
  if (const auto earlier = earlierParts.find(numberOf(view)); earlier != earlierParts.end())
    elements.insert(elements.begin(), earlier->second.begin(), earlier->second.end());
  return elements;
}

weft_tensor Values::ownShape(const weft_model_view &view) const {
  weft_tensor tensor{nullptr, view.dtype, view.rank, {}};
  for (uint32_t d = 0; d < view.rank; ++d)
    tensor.dims[d] = view.dims[d] >= 0 ? view.dims[d] : sizes[-(view.dims[d] + 1)];
  return tensor;
}

std::vector<char> Values::ownElements(const weft_model_view &view) const {
  const weft_tensor shape = ownShape(view);
  const size_t element = weft_dtype_bytes(view.dtype);
  const int64_t count = std::max<int64_t>(0, weft_count(shape.dims, shape.rank, element));
  const auto *base = view.output ? static_cast<const unsigned char *>(outputs[view.output - 1].data) : arena;
  std::vector<char> values(static_cast<size_t>(count) * element);
  std::vector<int64_t> index(view.rank, 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t place = 0;
    for (uint32_t d = 0; d < view.rank; ++d)
      place += index[d] * view.strides[d];
    std::memcpy(values.data() + i * element, base + view.offset + place * static_cast<int64_t>(element), element);
    for (uint32_t d = view.rank; d-- > 0 && ++index[d] == shape.dims[d];)
      index[d] = 0;
  }
  return values;
}

std::vector<int64_t> channelPlaces(const weft_model_view &view, int64_t block) {
  std::vector<int64_t> places;
  int64_t begin = 0;
  for (uint32_t part = 0; part < view.part_count; ++part) {
    for (int64_t c = 0; c < view.parts[part]; ++c)
      places.push_back(begin + c);
    begin += (view.parts[part] + block - 1) / block * block;
  }
  return places;
}

/// `[N, C/16, s..., 16]` becomes `[N, C, s...]`, `[C/16, 16]` becomes `[C]`.
Logical Values::logical(const weft_model_view &view) const {
  const std::vector<char> bytes = stored(view);
  const auto *in = reinterpret_cast<const float *>(bytes.data());
  const weft_tensor shape = shapeOf(view);
  if (view.channels == 0)
    return {std::vector<int64_t>(shape.dims, shape.dims + shape.rank),
            std::vector<float>(in, in + bytes.size() / sizeof(float))};
  const int64_t channels = view.channels, block = shape.dims[shape.rank - 1];
  const bool batched = shape.rank > 2;
  const int64_t images = batched ? shape.dims[0] : 1, blocks = shape.dims[batched];
  const std::vector<int64_t> places = channelPlaces(view, block);
  Logical out;
  if (batched)
    out.dims.push_back(images);
  out.dims.push_back(channels);
  out.dims.insert(out.dims.end(), shape.dims + 1 + batched, shape.dims + shape.rank - 1);
  const int64_t pixels = images * blocks ? static_cast<int64_t>(bytes.size() / sizeof(float)) / images / blocks / block : 0;
  out.values.reserve(static_cast<size_t>(images * channels * pixels));
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c : places)
      for (int64_t p = 0; p < pixels; ++p)
        out.values.push_back(in[((n * blocks + c / block) * pixels + p) * block + c % block]);
  return out;
}

} // namespace weft::run
