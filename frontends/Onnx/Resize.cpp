// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Resize. Each dimension by itself: an element of the result is a weighted sum of a few elements of the input (nearest one,
// linear two, cubic four, more when antialiasing), picked by tables made here (`resample`). Whole factors at the common settings become
// `upsample`.
#include "frontends/Onnx/Importer.h"

#include <cmath>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

constexpr int64_t mostOutputs = 1 << 20;
constexpr int64_t mostTaps = 4; // more elements for each result, and a matrix product is better

/// How operation set 10 rounds: down, but up where the result is the smaller.
constexpr const char *ofOldSets = "old";

struct Settings {
  std::string mode, coordinates, nearest;
  double cubic, outside;
  bool excludeOutside, antialias;

  bool crops() const { return coordinates == "tf_crop_and_resize"; }
};

/// One dimension: its extents, the factor between them, and the part of the input that is shown.
struct Axis {
  int64_t in = 0, out = 0;
  double scale = 1, first = 0, last = 1;

  bool isKept() const { return scale == 1 && out == in && first == 0 && last == 1; }
};

/// Where element `p` of the result lies in the input. `Real` is float where the nearest element is taken: halves then are where ONNX
/// Runtime and PyTorch have them.
template <typename Real> Real position(const Settings &settings, const Axis &axis, Real p) {
  Real in = Real(axis.in), out = Real(axis.out), scale = Real(axis.scale), half = Real(0.5);
  if (settings.coordinates == "asymmetric")
    return p / scale;
  if (settings.coordinates == "align_corners")
    return out == 1 ? 0 : p * (in - 1) / (out - 1);
  Real first = Real(axis.first), last = Real(axis.last);
  if (settings.crops())
    return out == 1 ? half * (first + last) * (in - 1) : first * (in - 1) + p * (last - first) * (in - 1) / (out - 1);
  if (settings.coordinates == "pytorch_half_pixel" && out == 1)
    return 0;
  if (settings.coordinates == "half_pixel_symmetric") {
    Real adjustment = out / (scale * in), center = in / 2;
    return center * (1 - adjustment) + (p + half) / scale - half;
  }
  return (p + half) / scale - half;
}

double positionOf(const Settings &settings, const Axis &axis, int64_t p) {
  return settings.mode == "nearest" ? position<float>(settings, axis, float(p)) : position<double>(settings, axis, double(p));
}

double rounded(const Settings &settings, const Axis &axis, double x) {
  bool isUp = settings.nearest == ofOldSets && axis.scale < 1;
  if (!isUp && (settings.nearest == "floor" || settings.nearest == ofOldSets))
    return std::floor(x);
  if (isUp || settings.nearest == "ceil")
    return std::ceil(x);
  return settings.nearest == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// How much an element counts at this distance, in elements of the result where antialiasing.
double weightAt(const Settings &settings, double distance) {
  double d = std::abs(distance), a = settings.cubic;
  if (settings.mode == "linear")
    return std::max(0.0, 1 - d);
  if (d <= 1)
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/// The elements a result is made of: from `begin` on, how much each counts. Places outside read the nearest element.
struct Taps {
  int64_t begin;
  Reals weights;
};

Taps tapsAt(const Settings &settings, const Axis &axis, double at) {
  if (settings.mode == "nearest")
    return {int64_t(rounded(settings, axis, at)), {1}};
  double scale = settings.antialias ? std::min(axis.scale, 1.0) : 1, reach = settings.mode == "linear" ? 1 : 2;
  double base = std::ceil(at) - 1, start = std::floor(-reach / scale) + 1, sum = 0;
  Taps taps{int64_t(base + start), {}};
  for (int64_t i = 0, count = int64_t(2 - 2 * start); i < count; ++i) {
    double place = base + start + double(i);
    bool isOutside = place < 0 || place >= double(axis.in);
    taps.weights.push_back(settings.excludeOutside && isOutside ? 0 : weightAt(settings, (place - at) * scale));
    sum += taps.weights.back();
  }
  for (double &weight : taps.weights)
    weight /= sum;
  return taps;
}

int64_t clamped(const Axis &axis, int64_t place) { return std::clamp<int64_t>(place, 0, axis.in - 1); }

/// A vector along dimension `dim` of a tensor of `rank` dimensions.
Value along(NodeImport &node, Reals values, int64_t dim, int64_t rank) {
  Folded vector{Float, Ints(rank - dim, 1), {}, {values.begin(), values.end()}};
  vector.shape[0] = values.size();
  return node.constant(vector);
}

/// Few elements each, of a picture: a table of places and one of weights.
Value resample(NodeImport &node, Value x, int64_t dim, const Axis &axis, ArrayRef<Taps> taps) {
  Ints shape{int64_t(taps[0].weights.size()), int64_t(taps.size())};
  Folded places{Int32, shape, {}, {}}, weights{Float, shape, {}, {}};
  for (int64_t k = 0; k < shape[0]; ++k)
    for (const Taps &tap : taps) {
      places.ints.push_back(clamped(axis, tap.begin + k));
      weights.reals.push_back(tap.weights[k]);
    }
  return node.make("resample", {x, node.constant(places), node.constant(weights)}, node.number("axis", dim));
}

/// Few elements each: as many gathers, weighted and added.
Value sumOfGathers(NodeImport &node, Value x, int64_t dim, const Axis &axis, ArrayRef<Taps> taps) {
  Value sum;
  size_t count = taps[0].weights.size();
  for (size_t k = 0; k < count; ++k) {
    Ints table;
    Reals weights;
    for (const Taps &tap : taps) {
      table.push_back(clamped(axis, tap.begin + int64_t(k)));
      weights.push_back(tap.weights[k]);
    }
    Value part = node.make("gather", {x, node.constant(Folded::integers(table))}, node.number("axis", dim));
    if (count > 1)
      part = node.make("mul", {part, along(node, weights, dim, rankOf(x))});
    sum = sum ? node.make("add", {sum, part}) : part;
  }
  return sum;
}

/// Many: the dimension last, times a matrix.
Value product(NodeImport &node, Value x, int64_t dim, const Axis &axis, ArrayRef<Taps> taps) {
  if (!elementsOf({axis.in, axis.out}))
    return node.fail("antialiasing makes a matrix of more than 2^22 elements"), Value();
  Folded matrix{Float, {axis.in, axis.out}, {}, std::vector<double>(axis.in * axis.out)};
  for (auto [p, tap] : llvm::enumerate(taps))
    for (auto [k, weight] : llvm::enumerate(tap.weights))
      matrix.reals[clamped(axis, tap.begin + int64_t(k)) * axis.out + int64_t(p)] += weight;
  Ints order = countUp(rankOf(x));
  std::swap(order[dim], order.back());
  return node.transpose(node.make("matmul", {node.transpose(x, order), node.constant(matrix)}), order);
}

Value resizeAxis(NodeImport &node, Value x, int64_t dim, const Axis &axis, const Settings &settings) {
  SmallVector<Taps> taps;
  Reals outside;
  for (int64_t p = 0; p < axis.out; ++p) {
    double at = positionOf(settings, axis, p);
    outside.push_back(at < 0 || at > double(axis.in - 1));
    taps.push_back(tapsAt(settings, axis, std::clamp(at, -4e9, 4e9)));
  }
  int64_t rank = rankOf(x);
  bool few = int64_t(taps[0].weights.size()) <= mostTaps, isSpatial = dim >= 2 && rank <= 5;
  Value result = !few        ? product(node, x, dim, axis, taps)
                 : isSpatial ? resample(node, x, dim, axis, taps)
                             : sumOfGathers(node, x, dim, axis, taps);
  if (!settings.crops() || llvm::all_of(outside, [](double o) { return o == 0; }))
    return result;
  return node.make("where", {along(node, outside, dim, rank), node.scalar(settings.outside), result});
}

/// Whether `upsample` with whole factors computes the same.
bool isUpsample(ArrayRef<Axis> axes, const Settings &settings) {
  if (axes.size() < 3 || axes.size() > 5 || !axes[0].isKept() || !axes[1].isKept())
    return false;
  for (const Axis &axis : axes.drop_front(2))
    if (axis.scale != std::floor(axis.scale) || axis.out != axis.in * int64_t(axis.scale))
      return false;
  bool half = settings.coordinates == "half_pixel" || settings.coordinates == "pytorch_half_pixel";
  if (settings.mode != "nearest")
    return settings.mode == "linear" && settings.coordinates == "half_pixel" && !settings.excludeOutside;
  return half ? StringRef(settings.nearest).starts_with("round")
              : settings.coordinates == "asymmetric" && (settings.nearest == "floor" || settings.nearest == ofOldSets);
}

/// Upsample, and Resize of operation set 10: only factors, every element begins a run of its copies.
bool isOld(NodeImport &node) { return node.node.op == "Upsample" || node.opset < 11; }

/// Which dimensions the inputs speak of.
std::optional<Ints> namedAxes(NodeImport &node, int64_t rank) {
  Ints axes = node.integers("axes").value_or(countUp(rank));
  for (int64_t &axis : axes)
    axis = node.axis(axis, rank);
  return node.failed() ? std::nullopt : std::optional(axes);
}

/// One factor for all: that of the dimension that shrinks most, or least.
bool keepAspectRatio(NodeImport &node, ArrayRef<int64_t> named, MutableArrayRef<Axis> axes) {
  std::string policy = node.word("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || !node.has(3) || named.empty())
    return true;
  if (policy != "not_larger" && policy != "not_smaller")
    return node.fail("this policy of aspect ratios is not supported"), false;
  double scale = axes[named[0]].scale;
  for (int64_t dim : named)
    scale = policy == "not_larger" ? std::min(scale, axes[dim].scale) : std::max(scale, axes[dim].scale);
  for (int64_t dim : named) {
    axes[dim].scale = scale;
    axes[dim].out = int64_t(scale * double(axes[dim].in) + 0.5);
  }
  return true;
}

/// The part of the input that cropping shows.
bool readRegion(NodeImport &node, ArrayRef<int64_t> named, MutableArrayRef<Axis> axes) {
  const Folded *roi = node.numbers(1, "its region");
  if (!roi || roi->size() != int64_t(2 * named.size()))
    return node.fail("its region is not two numbers a dimension"), false;
  for (auto [i, dim] : llvm::enumerate(named)) {
    axes[dim].first = roi->asReal(i);
    axes[dim].last = roi->asReal(i + named.size());
  }
  return true;
}

/// Extents of the result and the factors between them and the input.
bool readSizes(NodeImport &node, ArrayRef<int64_t> named, MutableArrayRef<Axis> axes) {
  const Folded *given = node.has(3) ? node.numbers(3, "its sizes") : nullptr;
  Folded attribute{Float, {}, {}, {}};
  if (const onnxfile::Attribute *scales = node.attribute("scales", onnxfile::Attribute::Floats)) {
    attribute.reals.assign(scales->floats.begin(), scales->floats.end());
    given = &attribute;
  }
  if (!given && !(given = node.numbers(isOld(node) ? 1 : 2, "its scales")))
    return false;
  if (given->size() != int64_t(named.size()))
    return node.fail("has another number of sizes than of dimensions"), false;
  for (auto [i, dim] : llvm::enumerate(named)) {
    Axis &axis = axes[dim];
    double value = given->asReal(i), extent = node.has(3) ? value : std::floor(float(axis.in) * float(value));
    if (!(extent >= 1 && extent <= double(mostOutputs)))
      return node.fail("an extent of its result is not from 1 to 2^20"), false;
    axis.out = int64_t(extent);
    axis.scale = node.has(3) ? value / double(axis.in) : value;
  }
  return keepAspectRatio(node, named, axes);
}

Settings readSettings(NodeImport &node) {
  Settings settings{node.word("mode", "nearest"),
                    node.word("coordinate_transformation_mode", "half_pixel"),
                    node.word("nearest_mode", "round_prefer_floor"),
                    node.real("cubic_coeff_a", -0.75),
                    node.real("extrapolation_value", 0),
                    node.integer("exclude_outside", 0) != 0,
                    node.integer("antialias", 0) != 0};
  if (isOld(node)) {
    settings.coordinates = "asymmetric";
    settings.nearest = ofOldSets;
  }
  if (settings.mode != "nearest" && settings.mode != "linear" && settings.mode != "cubic")
    node.fail("this mode is not supported");
  return settings;
}

/// What these mean where the factor gives no whole extent, ONNX and ONNX Runtime do not agree on.
bool isUnclear(const Settings &settings, const Axis &axis) {
  return (settings.coordinates == "align_corners" || settings.crops()) &&
         std::abs(double(axis.in) * axis.scale - double(axis.out)) > 1e-3;
}

void resize(NodeImport &node) {
  Value x = node.floats(0);
  Settings settings = readSettings(node);
  std::optional<Ints> named = x ? namedAxes(node, rankOf(x)) : std::nullopt;
  if (!named)
    return;
  SmallVector<Axis> axes;
  for (int64_t extent : shapeOf(x))
    axes.push_back({extent, extent});
  if (!readSizes(node, *named, axes) || (settings.crops() && !readRegion(node, *named, axes)))
    return;
  if (isUpsample(axes, settings)) {
    Ints factors;
    for (const Axis &axis : ArrayRef(axes).drop_front(2))
      factors.push_back(int64_t(axis.scale));
    auto mode = InterpolationAttr::get(node.context(),
                                       settings.mode == "linear" ? Interpolation::Linear : Interpolation::Nearest);
    return node.define(0, node.make("upsample", x, {node.list("scale", factors), node.named("mode", mode)}));
  }
  for (const Axis &axis : axes)
    if (isUnclear(settings, axis))
      return node.fail(settings.coordinates + " with a factor that gives no whole extent is not supported");
  for (size_t dim = axes.size(); dim-- > 0;) // columns first: rows, which share their places, are then what is many
    if (x && !axes[dim].isKept())
      x = resizeAxis(node, x, int64_t(dim), axes[dim], settings);
  node.define(0, x);
}

} // namespace

std::vector<Conversion> weft::onnxfile::resizeConversions() {
  return {{"Resize", resize}, {"Upsample", resize}};
}
