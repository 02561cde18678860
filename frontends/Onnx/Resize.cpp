// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Resize. Each dimension by itself: an element of the result is a sum of one (nearest) or two (linear) elements of the
// input (cubic: four), picked by tables made here. Whole factors at the common settings become `upsample`.
#include "frontends/Onnx/Importer.h"

#include <cmath>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

constexpr int64_t mostOutputs = 1 << 20;

struct Settings {
  std::string mode, coordinates, nearest;
  double cubic;
  bool excludeOutside;
};

/// Where element `p` of the result lies in the input.
double position(const Settings &settings, double p, double in, double out, double scale) {
  if (settings.coordinates == "asymmetric")
    return p / scale;
  if (settings.coordinates == "align_corners")
    return out == 1 ? 0 : p * (in - 1) / (out - 1);
  if (settings.coordinates == "pytorch_half_pixel" && out == 1)
    return 0;
  if (settings.coordinates == "half_pixel_symmetric") {
    double adjustment = out / (scale * in), center = in / 2;
    return center * (1 - adjustment) + (p + 0.5) / scale - 0.5;
  }
  return (p + 0.5) / scale - 0.5;
}

double rounded(const Settings &settings, double x) {
  if (settings.nearest == "floor")
    return std::floor(x);
  if (settings.nearest == "ceil")
    return std::ceil(x);
  return settings.nearest == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// What the elements around `at` count: two for linear, four for cubic, from floor(at) - size / 2 + 1 on.
Reals factors(const Settings &settings, double at, int64_t in) {
  double t = at - std::floor(at), a = settings.cubic;
  if (settings.mode == "linear")
    return {1 - t, t};
  auto outer = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  auto inner = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  Reals result{outer(1 + t), inner(t), inner(1 - t), outer(2 - t)};
  if (!settings.excludeOutside)
    return result;
  double sum = 0;
  for (int64_t k = 0; k < 4; ++k) {
    double place = std::floor(at) + double(k) - 1;
    sum += result[k] = place < 0 || place >= double(in) ? 0 : result[k];
  }
  for (double &factor : result)
    factor /= sum;
  return result;
}

Value resizeAxis(NodeImport &node, Value x, int64_t axis, int64_t out, double scale, const Settings &settings) {
  if (!x)
    return x;
  int64_t in = shapeOf(x)[axis];
  size_t taps = settings.mode == "nearest" ? 1 : settings.mode == "linear" ? 2 : 4;
  Ints tables[4];
  Folded counts[4];
  auto inside = [&](double at) { return int64_t(std::clamp<double>(at, 0, double(in - 1))); };
  for (int64_t p = 0; p < out; ++p) {
    double at = position(settings, double(p), double(in), double(out), scale);
    if (taps == 1) {
      tables[0].push_back(inside(rounded(settings, at)));
      continue;
    }
    Reals wanted = factors(settings, at, in);
    for (size_t k = 0; k < taps; ++k) {
      tables[k].push_back(inside(std::floor(at) + double(k + 1) - double(taps / 2)));
      counts[k].reals.push_back(wanted[k]);
    }
  }
  Value sum;
  for (size_t k = 0; k < taps; ++k) {
    Value picked = node.make("gather", {x, node.constant(Folded::integers(tables[k]))}, node.number("axis", axis));
    if (taps == 1)
      return picked;
    counts[k].type = Float;
    counts[k].shape.assign(rankOf(x) - axis, 1);
    counts[k].shape[0] = out;
    Value part = node.make("mul", {picked, node.constant(counts[k])});
    sum = sum ? node.make("add", {sum, part}) : part;
  }
  return sum;
}

/// Whether `upsample` with whole factors computes the same.
bool isUpsample(NodeImport &node, ArrayRef<int64_t> shape, ArrayRef<int64_t> out, ArrayRef<double> scales,
                const Settings &settings) {
  if (shape.size() < 3 || shape.size() > 5 || out[0] != shape[0] || out[1] != shape[1])
    return false;
  for (size_t i = 2; i < shape.size(); ++i)
    if (scales[i] != std::floor(scales[i]) || out[i] != shape[i] * int64_t(scales[i]))
      return false;
  bool half = settings.coordinates == "half_pixel" || settings.coordinates == "pytorch_half_pixel";
  if (settings.mode != "nearest")
    return settings.mode == "linear" && settings.coordinates == "half_pixel";
  return half ? StringRef(settings.nearest).starts_with("round")
              : settings.coordinates == "asymmetric" && settings.nearest == "floor";
}

/// Extents of the result and the factors between them and the input.
bool readSizes(NodeImport &node, ArrayRef<int64_t> shape, Ints &out, Reals &scales) {
  std::optional<Ints> axes = node.integers("axes");
  if (!axes)
    axes = countUp(shape.size());
  const Folded *given = node.has(3) ? node.numbers(3, "its sizes") : node.numbers(2, "its scales");
  if (!given)
    return false;
  out.assign(shape.begin(), shape.end());
  scales.assign(shape.size(), 1.0);
  if (given->size() != int64_t(axes->size()))
    return node.fail("has another number of sizes than of dimensions"), false;
  if (node.word("keep_aspect_ratio_policy", "stretch") != "stretch")
    return node.fail("this policy of aspect ratios is not supported"), false;
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = node.axis((*axes)[i], shape.size());
    double value = given->asReal(i), extent = node.has(3) ? value : std::floor(double(shape[axis]) * value);
    if (!(extent >= 1 && extent <= double(mostOutputs)))
      return node.fail("an extent of its result is not from 1 to 2^20"), false;
    out[axis] = int64_t(extent);
    scales[axis] = node.has(3) ? value / double(shape[axis]) : value;
  }
  return !node.failed();
}

void resize(NodeImport &node) {
  Value x = node.floats(0);
  Settings settings{node.word("mode", "nearest"), node.word("coordinate_transformation_mode", "half_pixel"),
                    node.word("nearest_mode", "round_prefer_floor"), node.real("cubic_coeff_a", -0.75),
                    node.integer("exclude_outside", 0) != 0};
  Ints out;
  Reals scales;
  if (!x)
    return;
  if (settings.mode != "nearest" && settings.mode != "linear" && settings.mode != "cubic")
    return node.fail("this mode is not supported");
  if (settings.coordinates == "tf_crop_and_resize" || node.integer("antialias", 0))
    return node.fail("cropping and antialiasing are not supported");
  if (!readSizes(node, shapeOf(x), out, scales))
    return;
  if (isUpsample(node, shapeOf(x), out, scales, settings)) {
    Ints factors;
    for (size_t i = 2; i < out.size(); ++i)
      factors.push_back(int64_t(scales[i]));
    auto mode = InterpolationAttr::get(node.context(),
                                       settings.mode == "linear" ? Interpolation::Linear : Interpolation::Nearest);
    return node.define(0, node.make("upsample", x, {node.list("scale", factors), node.named("mode", mode)}));
  }
  // What align_corners means where the factor gives no whole extent, ONNX and ONNX Runtime do not agree on.
  for (size_t axis = 0; axis < out.size(); ++axis)
    if (settings.coordinates == "align_corners" &&
        std::abs(double(shapeOf(x)[axis]) * scales[axis] - double(out[axis])) > 1e-3)
      return node.fail("align_corners with a factor that gives no whole extent is not supported");
  for (size_t axis = 0; axis < out.size() && !node.failed(); ++axis)
    if (scales[axis] != 1 || out[axis] != shapeOf(x)[axis])
      x = resizeAxis(node, x, axis, out[axis], scales[axis], settings);
  node.define(0, x);
}

} // namespace

std::vector<Conversion> weft::onnxfile::resizeConversions() { return {{"Resize", resize}}; }
