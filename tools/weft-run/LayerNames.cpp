// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Layers by name: which view is meant, what else there is, and the table of --info.

#include "tools/weft-run/Labels.h"
#include "tools/weft-run/Values.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <algorithm>
#include <cstdio>
#include <string>

namespace weft::run {
namespace {

bool isPlaced(const weft_model_view &view) { return view.dtype == WEFT_F32; }

std::string nearest(const weft_model &model, const std::string &name) {
  std::string best;
  if (name.size() > 256)
    return best;
  size_t least = name.size() / 2 + 2;
  for (uint32_t v = 0; v < model.view_count; ++v)
    if (const size_t far = editDistance(model.views[v].path, name); isPlaced(model.views[v]) && far < least) {
      least = far;
      best = model.views[v].path;
    }
  return best;
}

/// The last view that writes the output of that name.
bool findOutput(const weft_model &model, const std::string &name, uint32_t &view) {
  bool found = false;
  for (uint32_t v = 0; v < model.view_count; ++v)
    if (const uint32_t output = model.views[v].output; output && name == model.outputs[output - 1].name) {
      view = v;
      found = true;
    }
  return found;
}

std::string shape(const weft_model &model, const weft_model_view &view, size_t parts) {
  std::string text = "[";
  const uint32_t rank = view.channels ? view.rank - 1 : view.rank, channelDim = rank > 1;
  for (uint32_t d = 0; d < rank; ++d) {
    const weft_extent extent = view.channels && d == channelDim ? weft_extent(view.channels)
                               : d == 0                        ? view.dims[d] * weft_extent(parts)
                                                               : view.dims[d];
    text += d ? ", " : "";
    text += extent >= 0 ? std::to_string(extent) : std::string(model.sizes[-(extent + 1)].name);
  }
  return text + "]";
}

/// One number of each axis: "35 x 35"; "all" where everything is seen.
std::string eachAxis(const weft_model_view &view, double weft_model_axis::*number) {
  std::string text;
  for (uint32_t a = 0; a < view.axis_count; ++a) {
    char digits[32] = "all";
    if (view.axes[a].dim >= 0)
      std::snprintf(digits, sizeof digits, "%.6g", view.axes[a].*number);
    text += (a ? " x " : "") + std::string(digits);
  }
  return text;
}

/// Element (i, j) sees so many elements of the picture, from `every * i + from` on.
std::string field(const weft_model_view &view) {
  if (view.axis_count == 0)
    return "";
  if (std::all_of(view.axes, view.axes + view.axis_count, [](const weft_model_axis &axis) { return axis.dim < 0; }))
    return "  sees all";
  return "  sees " + eachAxis(view, &weft_model_axis::size) + " every " + eachAxis(view, &weft_model_axis::jump) +
         " from " + eachAxis(view, &weft_model_axis::start);
}

} // namespace

int findLayer(const weft_model &model, const std::string &name, uint32_t &view) {
  bool found = findOutput(model, name, view);
  for (uint32_t v = 0; v < model.view_count && !found; ++v)
    if (name == model.views[model.view_count - 1 - v].path) {
      view = model.view_count - 1 - v;
      found = true;
    }
  if (found && !isPlaced(model.views[view]))
    return weft_complain("the values of `%s` are not f32", name.c_str());
  if (found)
    return 0;
  const std::string best = nearest(model, name), meant = best.empty() ? "" : "; did you mean `" + best + "`?";
  return weft_complain("no kernel of `%s` leaves a result called `%s`%s `--info` lists those that do; a layer inside a kernel "
                       "becomes a result with `weftc --outputs=%s`",
                       model.name, name.c_str(), best.empty() ? ":" : meant.c_str(), name.c_str());
}

void printLayers(const weft_model &model) {
  for (uint32_t v = 0; v < model.view_count; ++v)
    if (const std::vector<uint32_t> parts = partsOf(model, v); parts.back() == v)
      std::printf("layer   %s: %s%s\n", model.views[v].path, shape(model, model.views[v], parts.size()).c_str(),
                  field(model.views[v]).c_str());
}

} // namespace weft::run
