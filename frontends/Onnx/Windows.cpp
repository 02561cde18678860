// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Attributes all windows share, and what auto_pad means.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

/// An attribute with `count` entries, all at least `least`.
static Ints entries(NodeImport &node, llvm::StringRef name, size_t count, int64_t otherwise, int64_t least) {
  std::optional<Ints> given = node.integers(name);
  if (!given)
    return Ints(count, otherwise);
  if (given->size() != count || llvm::any_of(*given, [&](int64_t value) { return value < least; })) {
    node.fail("`" + name + "` must have " + llvm::Twine(count) + " entries, each at least " + llvm::Twine(least));
    return Ints(count, otherwise);
  }
  return *given;
}

/// Padding for which the result has ceil(x / stride) elements; the odd one goes to the end, or the beginning.
static void padSame(WindowShape &window, ArrayRef<int64_t> x, bool lower) {
  size_t rank = window.kernel.size();
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent = x[i + 2], out = (extent + window.stride[i] - 1) / window.stride[i];
    int64_t reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
    int64_t total = std::max<int64_t>(0, (out - 1) * window.stride[i] + reach - extent);
    window.pad[i] = (total + lower) / 2;
    window.pad[i + rank] = total - window.pad[i];
  }
}

std::optional<WindowShape> weft::onnxfile::readWindow(NodeImport &node, Value x, ArrayRef<int64_t> kernel) {
  return x ? readWindow(node, shapeOf(x), kernel) : std::nullopt;
}

std::optional<WindowShape> weft::onnxfile::readWindow(NodeImport &node, ArrayRef<int64_t> x, ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  if (rank < 1 || rank > 3 || x.size() != rank + 2) {
    node.fail("its window has " + llvm::Twine(rank) + " dimensions, its input " + llvm::Twine(x.size()) +
              "; 1 to 3 spatial dimensions are supported");
    return std::nullopt;
  }
  WindowShape window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.stride = entries(node, "strides", rank, 1, 1);
  window.dilation = entries(node, "dilations", rank, 1, 1);
  window.pad = entries(node, "pads", 2 * rank, 0, 0);
  std::string mode = node.word("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    padSame(window, x, mode == "SAME_LOWER");
  else if (mode == "VALID")
    window.pad.assign(2 * rank, 0);
  else if (mode != "NOTSET")
    node.fail("auto_pad is unknown");
  return node.failed() ? std::nullopt : std::optional(window);
}
