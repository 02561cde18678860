// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Pooling and local response normalisation.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

void pool(NodeImport &node, llvm::StringRef op) {
  node.onlyResults(1);
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
  node.define(0, node.make(op, x, attributes));
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
          {"AveragePool", [](NodeImport &node) { pool(node, "avgpool"); }},
          {"GlobalAveragePool", [](NodeImport &node) { node.define(0, node.make("global_avgpool", node.floats(0))); }},
          {"GlobalMaxPool", [](NodeImport &node) { node.define(0, node.make("global_maxpool", node.floats(0))); }},
          {"LpPool", lpPool},
          {"GlobalLpPool", globalLpPool},
          {"LpNormalization", lpNormalization},
          {"LRN", lrn}};
}
