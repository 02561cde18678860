// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Conv, ConvTranspose, and Col2Im, which is one.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// The window's extents from the weight, checked against `kernel_shape`.
std::optional<Ints> kernelOf(NodeImport &node, Value weight) {
  if (!weight)
    return std::nullopt;
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

/// Filters that put input channel c * taps + t at place t of the block of output channel c.
Folded placingFilters(int64_t channels, ArrayRef<int64_t> block, int64_t taps) {
  Ints shape{channels * taps, 1};
  llvm::append_range(shape, block);
  Folded filters{onnxfile::Float, shape, {}, std::vector<double>(channels * taps * taps, 0)};
  for (int64_t i = 0; i < channels * taps; ++i)
    filters.reals[i * taps + i % taps] = 1;
  return filters;
}

/// Col2Im adds up blocks where they overlap: a transposed convolution, each of whose filters has a single 1.
void columnsToImage(NodeImport &node) {
  Value x = node.floats(0);
  std::optional<Ints> image = node.ints(1, "the shape of its image"), block = node.ints(2, "the shape of its blocks");
  if (!x || !image || !block)
    return;
  std::optional<int64_t> taps = elementsOf(*block);
  size_t rank = block->size();
  if (rankOf(x) != 3 || image->size() != rank || rank < 1 || rank > 3 || !taps || *taps < 1 || shapeOf(x)[1] % *taps)
    return node.fail("its shapes do not fit: [N, C * block, positions] and 1 to 3 spatial dimensions");
  int64_t n = shapeOf(x)[0], channels = shapeOf(x)[1] / *taps;
  Ints drawn{n, channels}, spread{n, channels * *taps}, excess;
  llvm::append_range(drawn, *image);
  if (!elementsOf({shapeOf(x)[1], *taps}) || llvm::any_of(*image, [](int64_t extent) { return extent < 1 || extent > INT32_MAX; }))
    return node.fail("its image or its blocks are too large");
  std::optional<WindowShape> window = readWindow(node, drawn, *block);
  if (!window)
    return;
  for (size_t i = 0; i < rank; ++i) {
    int64_t room = (*image)[i] + window->pad[i] + window->pad[i + rank] - window->dilation[i] * ((*block)[i] - 1) - 1;
    if (room < 0)
      return node.fail("its block is larger than its padded image");
    spread.push_back(room / window->stride[i] + 1);
    excess.push_back(room % window->stride[i]);
  }
  Value filters = node.constant(placingFilters(channels, *block, *taps));
  node.define(0, node.make("conv_transpose", {node.reshape(x, spread), filters},
                           {node.list("stride", window->stride), node.list("pad", window->pad), node.list("output_pad", excess),
                            node.list("dilation", window->dilation), node.number("groups", channels)}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::convolutionConversions() {
  return {{"Conv", conv}, {"ConvTranspose", convTranspose}, {"Col2Im", columnsToImage}};
}
