// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pictures read at places that differ for each region or pixel: RoiAlign, DeformConv.
#include "frontends/Onnx/Sampling.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// Corner `c` of the boxes `[R, 4]` in pixels: `[R, 1]`.
Value corner(NodeImport &node, Value boxes, int64_t c, double scale, double shift) {
  Floats f{node};
  return f.add(f.mul(node.slice(boxes, 1, c, c + 1), scale), shift);
}

/// Places of `count` samples between two corners: `[R, count]`.
Value spread(NodeImport &node, Value low, Value size, int64_t count) {
  Folded steps{Float, {1, count}, {}, {}};
  for (int64_t i = 0; i < count; ++i)
    steps.reals.push_back((double(i) + 0.5) / double(count));
  return node.make("add", {low, node.make("mul", {size, node.constant(steps)})});
}

/// Samples of one picture: the mean, or largest, of those in each bin.
void roiAlign(NodeImport &node) {
  Value x = node.floats(0), boxes = node.floats(1);
  if (!x || !boxes)
    return;
  int64_t samples = node.integer("sampling_ratio", 0), rows = node.integer("output_height", 1), columns = node.integer("output_width", 1);
  double scale = node.real("spatial_scale", 1);
  bool halfPixel = node.word("coordinate_transformation_mode", node.opset < 16 ? "output_half_pixel" : "half_pixel") == "half_pixel";
  std::string mode = node.word("mode", "avg");
  if (rankOf(x) != 4 || shapeOf(x)[0] != 1 || rankOf(boxes) != 2 || shapeOf(boxes)[1] != 4)
    return node.fail("is supported for one picture, with boxes of four corners");
  if (samples < 1)
    return node.fail("takes as many samples as the boxes are large; a `sampling_ratio` of 1 or more is supported");
  if (mode != "avg")
    return node.fail("mode `" + mode + "` is not supported; `avg` is");
  int64_t height = shapeOf(x)[2], width = shapeOf(x)[3], count = shapeOf(boxes)[0], channels = shapeOf(x)[1];
  Floats f{node};
  auto places = [&](int64_t c, int64_t bins, int64_t extent) {
    Value low = corner(node, boxes, c, scale, halfPixel ? -0.5 : 0), high = corner(node, boxes, c + 2, scale, halfPixel ? -0.5 : 0);
    Value size = f.op("sub", high, low);
    if (!halfPixel)
      size = f.op("maximum", size, f.number(1));
    return Sampled{spread(node, low, size, bins * samples), extent};
  };
  // A sample more than one pixel outside counts 0; nearer ones read the edge.
  Sampled down = places(1, rows, height), across = places(0, columns, width);
  auto exists = [&](Sampled &dim) {
    Value inside = f.within(dim.at, -1, double(dim.extent));
    dim.at = f.clip(dim.at, 0, double(dim.extent - 1));
    return inside;
  };
  Value insideDown = exists(down), insideAcross = exists(across);
  if (node.failed())
    return;
  Ints grid{count, rows * samples, columns * samples};
  auto whole = [&](Value v, bool isDown) {
    return node.reshape(node.expand(node.reshape(v, isDown ? Ints{count, rows * samples, 1} : Ints{count, 1, columns * samples}), grid),
                        {1, 1, elementsIn(grid)});
  };
  down.at = whole(down.at, true), across.at = whole(across.at, false);
  Value inside = f.op("mul", whole(insideDown, true), whole(insideAcross, false));
  Value read = f.op("mul", sample(f, pixelsOf(node, x), combined(f, {down, across}, false, false)), inside);
  Value bins = node.reshape(read, {channels, count, rows, samples, columns, samples});
  Value means = node.reduce("reduce_mean", bins, {3, 5}, false);
  node.define(0, node.transpose(means, {1, 0, 2, 3}));
}

/// A number for each tap and pixel of the result: where the window would read along one dimension, as `[1, 1, taps, ...]`.
Value undeformed(NodeImport &node, const WindowShape &window, int64_t dim, ArrayRef<int64_t> out) {
  Ints shape{1, 1, window.kernel[0] * window.kernel[1], 1, 1};
  shape[3 + dim] = out[dim];
  Folded places{Float, shape, {}, {}};
  for (int64_t tap = 0; tap < shape[2]; ++tap) {
    int64_t along = dim == 0 ? tap / window.kernel[1] : tap % window.kernel[1];
    for (int64_t i = 0; i < out[dim]; ++i)
      places.reals.push_back(double(i * window.stride[dim] - window.pad[dim] + along * window.dilation[dim]));
  }
  return node.constant(places);
}

/// The product of what taps read, `[N, pixels * taps, C]`, and the weight: `[N, O, out...]`.
Value productOfRuns(NodeImport &node, Value read, Value weight, int64_t taps, ArrayRef<int64_t> out) {
  int64_t n = shapeOf(read)[0], c = shapeOf(read)[2], o = shapeOf(weight)[0];
  Value rows = node.reshape(read, {n, out[0] * out[1], taps * c});
  Value turned = node.reshape(node.transpose(node.reshape(weight, {o, c, taps}), {0, 2, 1}), {o, taps * c});
  Operands operands{rows, turned};
  if (node.has(3))
    operands.push_back(node.floats(3));
  return node.reshape(node.transpose(node.make("linear", operands), {0, 2, 1}), {n, o, out[0], out[1]});
}

/// Each tap of the window reads where an offset says; what they read are the channels of a 1x1 convolution, or with all channels of a
/// place together, the rows of a product.
void deformConv(NodeImport &node) {
  Value x = node.floats(0), weight = node.floats(1), offset = node.floats(2);
  if (!x || !weight || !offset)
    return;
  if (rankOf(x) != 4 || rankOf(weight) != 4 || rankOf(offset) != 4 || !isRecipe(weight))
    return node.fail("is supported for pictures, with constant weights");
  std::optional<WindowShape> window = readWindow(node, x, shapeOf(weight).drop_front(2));
  if (!window)
    return;
  int64_t n = shapeOf(x)[0], c = shapeOf(x)[1], parts = node.integer("offset_group", 1), groups = node.integer("group", 1);
  int64_t taps = window->kernel[0] * window->kernel[1], o = shapeOf(weight)[0];
  Ints out(shapeOf(offset).drop_front(2));
  if (parts < 1 || c % parts || shapeOf(offset)[0] != n || shapeOf(offset)[1] != parts * taps * 2)
    return node.fail("its offsets do not fit its input and window");
  Floats f{node};
  Value pairs = node.reshape(offset, {n, parts, taps, 2, out[0], out[1]});
  int64_t places = taps * out[0] * out[1];
  bool byRuns = parts == 1 && groups == 1 && readsRuns(c);
  auto ordered = [&](Value value) { // taps last, so that those of a pixel lie together
    return byRuns ? node.transpose(node.reshape(value, {n, 1, taps, out[0] * out[1]}), {0, 1, 3, 2}) : value;
  };
  SmallVector<Sampled> dims;
  for (int64_t d = 0; d < 2; ++d) {
    Value own = node.make("slice", pairs, {node.list("start", {0, 0, 0, d, 0, 0}), node.list("stop", {n, parts, taps, d + 1, out[0], out[1]}),
                                           node.list("step", {1, 1, 1, 1, 1, 1})});
    Value at = f.op("add", node.reshape(own, {n, parts, taps, out[0], out[1]}), undeformed(node, *window, d, out));
    dims.push_back({node.reshape(ordered(at), {n * parts, 1, places}), shapeOf(x)[2 + d]});
  }
  Value pixels = pixelsOf(node, node.reshape(x, {n * parts, c / parts, shapeOf(x)[2], shapeOf(x)[3]}));
  if (node.failed())
    return;
  if (byRuns) {
    Value runs = sampleRuns(f, pixels, combined(f, dims, false, true));
    if (node.has(4))
      runs = f.op("mul", runs, node.reshape(ordered(node.floats(4)), {n, places, 1}));
    return node.define(0, productOfRuns(node, runs, weight, taps, out));
  }
  Value read = sample(f, pixels, combined(f, dims, false, true));
  if (node.has(4))
    read = f.op("mul", read, node.reshape(node.floats(4), {n * parts, 1, places}));
  Operands operands{node.reshape(read, {n, c * taps, out[0], out[1]}), node.reshape(weight, {o, c / groups * taps, 1, 1})};
  if (node.has(3))
    operands.push_back(node.floats(3));
  node.define(0, node.make("conv", operands, {node.list("stride", {1, 1}), node.list("pad", {0, 0, 0, 0}), node.list("dilation", {1, 1}),
                                              node.number("groups", groups)}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::regionConversions() {
  return {{"RoiAlign", roiAlign}, {"DeformConv", deformConv}};
}
