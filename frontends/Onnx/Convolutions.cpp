// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Conv and ConvTranspose.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// The window's extents from the weight, checked against `kernel_shape`.
std::optional<Ints> kernelOf(NodeImport &node, Value weight) {
  if (!weight)
    return std::nullopt;
  if (!isRecipe(weight))
    return node.fail("a weight that is computed while running is not supported"), std::nullopt;
  if (rankOf(weight) < 3)
    return node.fail("its weight has " + llvm::Twine(rankOf(weight)) + " dimensions"), std::nullopt;
  Ints kernel(shapeOf(weight).drop_front(2));
  std::optional<Ints> given = node.integers("kernel_shape");
  if (given && *given != kernel)
    return node.fail("`kernel_shape` is not the weight's"), std::nullopt;
  return kernel;
}

Operands operandsOf(NodeImport &node, Value x, Value weight) {
  Operands operands{x, weight};
  if (node.has(2)) {
    Value bias = node.floats(2);
    if (bias && !isRecipe(bias))
      node.fail("a bias that is computed while running is not supported");
    operands.push_back(bias);
  }
  return operands;
}

void conv(NodeImport &node) {
  Value x = node.floats(0), weight = node.floats(1);
  std::optional<Ints> kernel = kernelOf(node, weight);
  if (!kernel)
    return;
  std::optional<WindowShape> window = readWindow(node, x, *kernel);
  if (!window)
    return;
  node.define(0, node.make("conv", operandsOf(node, x, weight),
                           {node.list("stride", window->stride), node.list("pad", window->pad),
                            node.list("dilation", window->dilation), node.number("groups", node.integer("group", 1))}));
}

/// Paddings from `output_shape` or auto_pad: what is left over is cut off, the odd one at the end (SAME_UPPER) or not.
void fitOutput(NodeImport &node, WindowShape &window, ArrayRef<int64_t> x, Ints &outputPad) {
  std::optional<Ints> wanted = node.integers("output_shape");
  std::string mode = node.word("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  size_t rank = window.kernel.size();
  if (!wanted && !same)
    return;
  if (wanted && wanted->size() != rank)
    return node.fail("`output_shape` has one entry a spatial dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t out = wanted ? (*wanted)[i] : x[i + 2] * window.stride[i];
    int64_t reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
    int64_t total = window.stride[i] * (x[i + 2] - 1) + outputPad[i] + reach - out;
    if (total < 0) {
      outputPad[i] -= total; // beyond what the windows reach: only the bias
      total = 0;
    }
    window.pad[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.pad[i + rank] = total - window.pad[i];
  }
}

void convTranspose(NodeImport &node) {
  Value x = node.floats(0), weight = node.floats(1);
  std::optional<Ints> kernel = kernelOf(node, weight);
  if (!kernel)
    return;
  std::optional<WindowShape> window = readWindow(node, x, *kernel);
  if (!window)
    return;
  Ints outputPad = node.integers("output_padding").value_or(Ints(kernel->size(), 0));
  if (outputPad.size() != kernel->size())
    return node.fail("`output_padding` has one entry a spatial dimension");
  fitOutput(node, *window, shapeOf(x), outputPad);
  node.define(0, node.make("conv_transpose", operandsOf(node, x, weight),
                           {node.list("stride", window->stride), node.list("pad", window->pad),
                            node.list("output_pad", outputPad), node.list("dilation", window->dilation),
                            node.number("groups", node.integer("group", 1))}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::convolutionConversions() {
  return {{"Conv", conv}, {"ConvTranspose", convTranspose}};
}
