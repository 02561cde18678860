// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reductions; those that are no operation of their own are made of others.
#include "frontends/Onnx/Importer.h"

#include <limits>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

using Axes = ReducedAxes;

} // namespace

std::optional<ReducedAxes> weft::onnxfile::readAxes(NodeImport &node, int64_t rank) {
  ReducedAxes result;
  result.keep = node.integer("keepdims", 1);
  std::optional<Ints> axes = node.integers("axes");
  if (!axes && node.has(1)) {
    axes = node.ints(1, "its axes");
    if (!axes)
      return std::nullopt;
  }
  if (!axes || axes->empty()) {
    result.nothing = node.integer("noop_with_empty_axes", 0);
    axes = countUp(rank);
  }
  for (int64_t axis : *axes)
    result.axes.push_back(node.axis(axis, rank));
  llvm::sort(result.axes);
  return node.failed() ? std::nullopt : std::optional(result);
}

namespace {

Value reduce(NodeImport &node, llvm::StringRef op, Value x, const Axes &axes, bool keep) {
  if (axes.nothing || axes.axes.empty())
    return x;
  return node.make(op, x, {node.list("axes", axes.axes), node.flag("keepdims", keep)});
}

using Make = Value (*)(NodeImport &node, Value x, const Axes &axes);

void import(NodeImport &node, Make make) {
  Value x = node.floats(0);
  if (!x)
    return;
  if (std::optional<Axes> axes = readAxes(node, rankOf(x)))
    node.define(0, make(node, x, *axes));
}

/// One that also takes whole numbers, which it holds as floats meanwhile: exact up to 2^24.
void importWhole(NodeImport &node, Make make) {
  int32_t type = node.elementType(0);
  if (type != Int32 && type != Int64)
    return import(node, make);
  Value x = node.tensor(0);
  std::optional<Axes> axes = x ? readAxes(node, rankOf(x)) : std::nullopt;
  if (!axes)
    return;
  Type whole = elementTypeOf(x);
  Value result = make(node, node.cast(x, Float32Type::get(node.context())), *axes);
  node.defineNumbers(0, node.cast(result, whole));
}

Value sum(NodeImport &node, Value x, const Axes &axes) { return reduce(node, "reduce_sum", x, axes, axes.keep); }
Value mean(NodeImport &node, Value x, const Axes &axes) { return reduce(node, "reduce_mean", x, axes, axes.keep); }
Value largest(NodeImport &node, Value x, const Axes &axes) { return reduce(node, "reduce_max", x, axes, axes.keep); }
Value smallest(NodeImport &node, Value x, const Axes &axes) { return reduce(node, "reduce_min", x, axes, axes.keep); }
Value l1(NodeImport &node, Value x, const Axes &axes) { return sum(node, node.make("abs", x), axes); }
Value squares(NodeImport &node, Value x, const Axes &axes) { return sum(node, node.make("mul", {x, x}), axes); }
Value l2(NodeImport &node, Value x, const Axes &axes) { return node.make("sqrt", squares(node, x, axes)); }
Value logSum(NodeImport &node, Value x, const Axes &axes) { return node.make("log", sum(node, x, axes)); }

/// Products of halves, until one element is left.
Value prod(NodeImport &node, Value x, const Axes &axes) {
  if (axes.nothing)
    return x;
  for (int64_t axis : axes.axes)
    while (x && shapeOf(x)[axis] > 1) {
      int64_t half = shapeOf(x)[axis] / 2, rest = shapeOf(x)[axis] % 2;
      Operands pieces = node.makeAll("split", x, {node.number("axis", axis),
                                                  node.list("sizes", rest ? Ints{half, half, rest} : Ints{half, half})});
      if (node.failed())
        return {};
      x = node.make("mul", {pieces[0], pieces[1]});
      if (rest)
        x = node.make("concat", {x, pieces[2]}, node.number("axis", axis));
    }
  Ints shape;
  for (int64_t i = 0; x && i < rankOf(x); ++i)
    if (axes.keep || !llvm::is_contained(axes.axes, i))
      shape.push_back(shapeOf(x)[i]);
  return node.reshape(x, shape);
}

/// Shifted by the largest element, so that no exponential overflows; by a finite number where that is infinite.
Value logSumExp(NodeImport &node, Value x, const Axes &axes) {
  if (axes.nothing)
    return x;
  constexpr double largest = std::numeric_limits<float>::max();
  Value high = reduce(node, "reduce_max", x, axes, true);
  high = node.make("maximum", {node.make("minimum", {high, node.scalar(largest)}), node.scalar(-largest)});
  Value total = reduce(node, "reduce_sum", node.make("exp", node.make("sub", {x, high})), axes, true);
  Value result = node.make("add", {node.make("log", total), high});
  if (!result || axes.keep)
    return result;
  Ints shape;
  for (auto [i, extent] : llvm::enumerate(shapeOf(result)))
    if (!llvm::is_contained(axes.axes, int64_t(i)))
      shape.push_back(extent);
  return node.reshape(result, shape);
}

} // namespace

std::vector<Conversion> weft::onnxfile::reductionConversions() {
  std::vector<Conversion> conversions;
  for (auto [op, make] : {std::pair<llvm::StringRef, Make>("ReduceSum", sum), {"ReduceMax", largest}, {"ReduceMin", smallest}})
    conversions.push_back({op, [make = make](NodeImport &node) { importWhole(node, make); }});
  for (auto [op, make] : {std::pair<llvm::StringRef, Make>("ReduceMean", mean),
                          {"ReduceProd", prod},
                          {"ReduceL1", l1},
                          {"ReduceL2", l2},
                          {"ReduceSumSquare", squares},
                          {"ReduceLogSum", logSum},
                          {"ReduceLogSumExp", logSumExp}})
    conversions.push_back({op, [make = make](NodeImport &node) { import(node, make); }});
  return conversions;
}
