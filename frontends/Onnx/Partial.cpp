// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements that are picked by a condition known only while running: graph networks drop the edges from a vertex to itself. How many
// are left is not known, so none moves: those that are dropped stay where they are, their indices are `nowhere`, and what is
// computed for them is never read, since scattering leaves it out. Here it is decided which operations may see such tensors.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

using Axis = std::optional<int64_t>;

/// Operations that compute each element of the result from elements of one place, aligned at the last dimension.
bool isElementwise(llvm::StringRef op) {
  return llvm::is_contained({"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Where", "Equal", "Not", "And", "Or", "Less", "Greater", "LessOrEqual",
                             "GreaterOrEqual", "Exp", "Log", "Sqrt", "Neg", "Abs", "Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "Softplus", "Gelu", "Erf",
                             "Clip", "Reciprocal", "Cast", "Identity", "Dropout", "Expand"},
                            op);
}

/// The dimension of `to` that dimension `axis` of `from`, with the same elements in the same order, has become.
Axis reshaped(ArrayRef<int64_t> from, ArrayRef<int64_t> to, int64_t axis) {
  auto before = [](ArrayRef<int64_t> shape, int64_t axis) {
    int64_t elements = 1;
    for (int64_t extent : shape.take_front(axis))
      elements *= extent;
    return elements;
  };
  for (int64_t dim = 0; dim < int64_t(to.size()); ++dim)
    if (to[dim] == from[axis] && before(to, dim) == before(from, axis))
      return dim;
  return std::nullopt;
}

/// Of one input's dimension `axis`, that of the result; nothing where the operation cannot have it.
Axis moved(NodeImport &node, size_t input, int64_t axis, ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  llvm::StringRef op = node.node.op;
  int64_t rank = from.size(), rankAfter = to.size();
  if (isElementwise(op))
    return rankAfter - (rank - axis);
  if (op == "Transpose") {
    std::optional<Ints> perm = node.integers("perm");
    return perm ? llvm::find(*perm, axis) - perm->begin() : rank - 1 - axis;
  }
  if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Flatten")
    return input == 0 ? reshaped(from, to, axis) : std::nullopt;
  if (op == "Concat")
    return axis;
  if (op == "Slice")
    return from[axis] == to[axis] && readSlice(node, from)->step[axis] == 1 ? Axis(axis) : std::nullopt;
  if (op == "Gather") {
    int64_t picked = node.axis(node.integer("axis", 0), input == 0 ? rank : rankAfter - rank + 1);
    if (input == 1)
      return picked + axis;
    return axis == picked ? std::nullopt : Axis(axis < picked ? axis : axis + rankAfter - rank);
  }
  if (op == "GatherND")
    return input == 1 && axis + 1 < rank && !node.integer("batch_dims", 0) ? Axis(axis) : std::nullopt;
  if (op == "MatMul" || op == "Gemm")
    return input == 0 && axis + 1 < rank && rank == rankAfter && !node.integer("transA", 0) ? Axis(axis) : std::nullopt;
  if (op == "ReduceSum" || op == "ReduceMean" || op == "ReduceMax") {
    std::optional<ReducedAxes> reduced = readAxes(node, rank);
    if (!reduced || llvm::is_contained(reduced->axes, axis))
      return std::nullopt;
    return reduced->keep ? axis : axis - llvm::count_if(reduced->axes, [&](int64_t other) { return other < axis; });
  }
  return std::nullopt;
}

/// Whether a scatter puts what does not exist nowhere.
bool scattersNowhere(NodeImport &node) {
  Axis indices = node.partial(1);
  if (node.partial(0) || !indices)
    return false;
  if (node.node.op == "ScatterND")
    return *indices == 0 && node.shape(1)->back() == 1;
  return node.node.op == "ScatterElements" && *indices == node.axis(node.integer("axis", 0), node.shape(1)->size());
}

} // namespace

std::optional<int64_t> weft::onnxfile::partialResult(NodeImport &node) {
  if (node.node.op == "NonZero")
    return 1;
  Axis result;
  bool isAny = false;
  for (size_t i = 0; i < node.inputs(); ++i)
    isAny |= node.partial(i).has_value();
  if (!isAny || scattersNowhere(node))
    return std::nullopt;
  for (size_t i = 0; i < node.inputs(); ++i) {
    Axis axis = node.partial(i);
    if (!axis)
      continue;
    Axis after = moved(node, i, *axis, *node.shape(i), node.resultShape());
    if (!after || (result && result != after)) {
      node.fail("reads elements that NonZero has picked while running, whose number is not known; here they would count all");
      return std::nullopt;
    }
    result = after;
  }
  return result;
}
