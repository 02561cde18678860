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
          {"LRN", lrn}};
}
