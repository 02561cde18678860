// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pooling, its way back, and local response normalisation.
#include "frontends/Onnx/Indices.h"

#include <limits>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// Numbers up to this are exact in f32.
constexpr int64_t mostExact = 1 << 24;

/// Where the element that tap `at` of a window reads lies in its plane, `[1, 1, out...]`.
Value placesOfTap(NodeImport &node, const WindowShape &window, ArrayRef<int64_t> at, ArrayRef<int64_t> plane, ArrayRef<int64_t> out) {
  Folded places{Float, {1, 1}, {}, {}};
  llvm::append_range(places.shape, out);
  forEachIndex(out, [&](ArrayRef<int64_t> pixel) {
    int64_t place = 0;
    for (size_t i = 0; i < plane.size(); ++i)
      place = place * plane[i] + pixel[i] * window.stride[i] + at[i] * window.dilation[i] - window.pad[i];
    places.reals.push_back(double(place));
  });
  return node.constant(places);
}

/// The place of the first of the largest elements of each window, among all elements of x.
Value placesOfLargest(NodeImport &node, Value x, const WindowShape &window, ArrayRef<int64_t> out) {
  ArrayRef<int64_t> shape = shapeOf(x), plane = shape.drop_front(2);
  size_t rank = plane.size();
  if (elementsIn(plane) > mostExact || elementsIn(out) > mostComputed || shape[0] * shape[1] > mostComputed)
    return node.fail("its result 1 is supported for planes of at most 2^24 elements"), Value();
  Ints low(2, 0), high(2, 0);
  for (size_t i = 0; i < rank; ++i) {
    low.push_back(window.pad[i]);
    high.push_back(std::max<int64_t>(0, (out[i] - 1) * window.stride[i] + (window.kernel[i] - 1) * window.dilation[i] + 1 - plane[i] - low.back()));
  }
  Value padded = node.make("pad", x, {node.list("low", low), node.list("high", high), node.number("value", -std::numeric_limits<double>::infinity())});
  Value largest, places;
  forEachIndex(window.kernel, [&](ArrayRef<int64_t> at) {
    Ints start(2, 0), stop(shape.take_front(2)), step(2, 1);
    for (size_t i = 0; i < rank; ++i) {
      start.push_back(at[i] * window.dilation[i]);
      stop.push_back(start.back() + (out[i] - 1) * window.stride[i] + 1);
      step.push_back(window.stride[i]);
    }
    Value tap = node.make("slice", padded, {node.list("start", start), node.list("stop", stop), node.list("step", step)});
    Value own = placesOfTap(node, window, at, plane, out);
    Value isLarger = largest ? node.make("less", {largest, tap}) : Value();
    places = isLarger ? node.make("where", {isLarger, own, places}) : own;
    largest = isLarger ? node.make("where", {isLarger, tap, largest}) : tap;
  });
  Folded planes = Folded::integers({});
  planes.shape = {shape[0], shape[1]};
  planes.shape.append(rank, 1);
  for (int64_t i = 0; i < shape[0] * shape[1]; ++i)
    planes.ints.push_back(i * elementsIn(plane));
  return node.make("add", {node.cast(places, IntegerType::get(node.context(), 64)), node.constant(planes)});
}

/// Elements go to places in a result of zeros that MaxPool of its shape would take them from.
void maxUnpool(NodeImport &node) {
  Value x = node.floats(0), places = node.tensor(1);
  std::optional<Ints> kernel = node.integers("kernel_shape");
  std::optional<WindowShape> window = x && places && kernel ? readWindow(node, x, *kernel) : std::nullopt;
  if (!window)
    return node.fail("has no `kernel_shape`");
  Ints shape(shapeOf(x).take_front(2));
  for (size_t i = 0, rank = kernel->size(); i < rank; ++i)
    shape.push_back((shapeOf(x)[2 + i] - 1) * window->stride[i] + (*kernel)[i] - window->pad[i] - window->pad[rank + i]);
  if (node.has(2))
    if (std::optional<Ints> given = node.ints(2, "its shape"); given && *given != shape)
      return node.fail("is supported for the shape that its windows give");
  int64_t elements = elementsIn(shapeOf(x));
  if (llvm::any_of(shape, [](int64_t extent) { return extent < 1; }) || shapeOf(places) != shapeOf(x) || !elementsOf(shape))
    return node.fail("its indices do not fit its input, or its result is too large");
  Folded zeros{Float, {*elementsOf(shape)}, {}, {}};
  zeros.reals.assign(*elementsOf(shape), 0);
  Value all = node.make("scatter", {node.constant(zeros), node.reshape(places, {elements}), node.reshape(x, {elements})},
                        {node.number("axis", int64_t(0)), node.named("kind", ScatterKindAttr::get(node.context(), ScatterKind::Put))});
  node.define(0, node.reshape(all, shape));
}

void pool(NodeImport &node, llvm::StringRef op) {
  node.onlyResults(op == "maxpool" ? 2 : 1);
  Value x = node.floats(0);
  std::optional<Ints> kernel = node.integers("kernel_shape");
  if (!kernel)
    return node.fail("has no `kernel_shape`");
  std::optional<WindowShape> window = readWindow(node, x, *kernel);
  if (!window)
    return;
  SmallVector<NamedAttribute> attributes{node.list("kernel", window->kernel), node.list("stride", window->stride),
                                         node.list("pad", window->pad), node.list("dilation", window->dilation),
                                         node.flag("ceil_mode", node.integer("ceil_mode", 0))};
  if (op == "avgpool")
    attributes.push_back(node.flag("count_include_pad", node.integer("count_include_pad", 0)));
  Value y = node.make(op, x, attributes);
  node.define(0, y);
  if (y && node.wanted(1) && node.integer("storage_order", 0))
    return node.fail("its result 1 is supported with `storage_order` 0");
  if (y && node.wanted(1))
    node.define(1, placesOfLargest(node, x, *window, shapeOf(y).drop_front(2)));
}

Value rooted(NodeImport &node, Value sum, int64_t p) {
  return p == 1 ? sum : p == 2 ? node.make("sqrt", sum) : node.make("pow", {sum, node.scalar(1 / double(p))});
}

Value powered(NodeImport &node, Value x, int64_t p) {
  return p == 2 ? node.make("mul", {x, x})
         : p == 1 ? node.make("abs", x)
                  : node.make("pow", {node.make("abs", x), node.scalar(double(p))});
}

/// Padding at the ends for which windows that begin inside the input are whole.
void padForCeil(WindowShape &window, ArrayRef<int64_t> x) {
  size_t rank = window.kernel.size();
  for (size_t i = 0; i < rank; ++i) {
    int64_t reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
    int64_t way = x[i + 2] + window.pad[i] + window.pad[i + rank] - reach, rest = way % window.stride[i];
    bool beginsInside = way - rest + window.stride[i] < x[i + 2] + window.pad[i];
    int64_t toNext = beginsInside ? window.stride[i] - rest : 0;
    window.pad[i + rank] += rest > 0 ? toNext : -rest; // below 0 where one window is all there is
  }
}

/// The sum of powers in each window is a convolution with ones.
void lpPool(NodeImport &node) {
  Value x = node.floats(0);
  int64_t p = node.integer("p", 2);
  std::optional<Ints> kernel = node.integers("kernel_shape");
  std::optional<WindowShape> window = kernel ? readWindow(node, x, *kernel) : std::nullopt;
  if (!window || p < 1)
    return node.fail("has no `kernel_shape`, or its `p` is not 1 or more");
  if (node.integer("ceil_mode", 0))
    padForCeil(*window, shapeOf(x));
  int64_t channels = shapeOf(x)[1];
  Ints filter{channels, 1};
  llvm::append_range(filter, *kernel);
  Value ones = node.expand(node.reshape(node.scalar(1), Ints(filter.size(), 1)), filter);
  Value sum = node.make("conv", {powered(node, x, p), ones},
                        {node.list("stride", window->stride), node.list("pad", window->pad),
                         node.list("dilation", window->dilation), node.number("groups", channels)});
  node.define(0, rooted(node, sum, p));
}

/// The p-norm over all that `axes` name, kept as dimensions of extent 1.
Value norm(NodeImport &node, Value x, int64_t p, ArrayRef<int64_t> axes) {
  if (p < 1)
    return node.fail("its `p` is not 1 or more"), Value();
  return rooted(node, node.reduce("reduce_sum", powered(node, x, p), axes, true), p);
}

void globalLpPool(NodeImport &node) {
  Value x = node.floats(0);
  if (!x)
    return;
  if (rankOf(x) < 3)
    return node.fail("its input has no spatial dimensions");
  node.define(0, norm(node, x, node.integer("p", 2), ArrayRef(countUp(rankOf(x))).drop_front(2)));
}

void lpNormalization(NodeImport &node) {
  Value x = node.floats(0);
  if (!x)
    return;
  int64_t axis = node.axis(node.integer("axis", -1), rankOf(x));
  Value size = norm(node, x, node.integer("p", 2), {axis});
  // A row of zeros stays one.
  Value divisor = node.make("where", {size, size, node.scalar(1)});
  node.define(0, node.make("div", {x, divisor}));
}

void lrn(NodeImport &node) {
  int64_t size = node.integer("size", 0);
  node.define(0, node.make("lrn", node.floats(0),
                           {node.number("size", size), node.number("alpha", node.real("alpha", 1e-4)),
                            node.number("beta", node.real("beta", 0.75)), node.number("k", node.real("bias", 1))}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::poolingConversions() {
  return {{"MaxPool", [](NodeImport &node) { pool(node, "maxpool"); }},
          {"MaxUnpool", maxUnpool},
          {"AveragePool", [](NodeImport &node) { pool(node, "avgpool"); }},
          {"GlobalAveragePool", [](NodeImport &node) { node.define(0, node.make("global_avgpool", node.floats(0))); }},
          {"GlobalMaxPool", [](NodeImport &node) { node.define(0, node.make("global_maxpool", node.floats(0))); }},
          {"LpPool", lpPool},
          {"GlobalLpPool", globalLpPool},
          {"LpNormalization", lpNormalization},
          {"LRN", lrn}};
}
