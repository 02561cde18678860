// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Extreme elements and where they are. TopK asks for each element how many come before it, and scatters it there; long lines
// do so in parts first.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// 0, 1, ... along `axis` of a tensor of `rank` dimensions, as floats.
Value positionsAlong(NodeImport &node, int64_t extent, int64_t axis, int64_t rank) {
  Folded positions{Float, Ints(rank - axis, 1), {}, {}};
  positions.shape[0] = extent;
  for (int64_t i = 0; i < extent; ++i)
    positions.reals.push_back(double(i));
  return node.constant(positions);
}

/// The smallest, or largest, of the positions that hold the extreme value.
Value extremePosition(NodeImport &node, Value x, llvm::StringRef reduce, int64_t axis, bool last, bool keep) {
  int64_t extent = shapeOf(x)[axis];
  if (extent > mostComputed)
    return node.fail("an axis of more than 2^22 elements is not supported"), Value();
  Value isExtreme = node.make("equal", {x, node.reduce(reduce, x, {axis}, true)});
  Value candidates = node.make("where", {isExtreme, positionsAlong(node, extent, axis, rankOf(x)), node.scalar(last ? -1 : double(extent))});
  Value found = node.reduce(last ? "reduce_max" : "reduce_min", candidates, {axis}, keep);
  // Among numbers that are none, nothing is the largest.
  return last ? node.make("maximum", {found, node.scalar(0)}) : node.make("minimum", {found, node.scalar(double(extent - 1))});
}

void argExtreme(NodeImport &node, llvm::StringRef reduce) {
  Value x = node.floats(0);
  int64_t axis = x ? node.axis(node.integer("axis", 0), rankOf(x)) : 0, keep = node.integer("keepdims", 1);
  if (node.failed())
    return;
  Value found = extremePosition(node, x, reduce, axis, node.integer("select_last_index", 0), keep);
  node.define(0, node.cast(found, IntegerType::get(node.context(), 64)));
}

/// 1 at the first of the largest, else 0. Before operation set 13 everything from the axis on is one dimension.
void hardmax(NodeImport &node) {
  Value x = node.floats(0);
  if (!x)
    return;
  int64_t axis = node.axis(node.integer("axis", node.opset < 13 ? 1 : -1), rankOf(x));
  Ints shape(shapeOf(x));
  if (node.opset < 13) {
    x = node.make("flatten", x, node.number("axis", axis));
    axis = 1;
  }
  if (!x || node.failed())
    return;
  Value found = extremePosition(node, x, "reduce_max", axis, false, true);
  node.define(0, node.reshape(node.make("equal", {positionsAlong(node, shapeOf(x)[axis], axis, rankOf(x)), found}), shape));
}

/// Elements of a part of a line that is compared with itself whole, for `k` of `n`, and what that takes, in comparisons; n where
/// parts gain nothing. What is left of them is sorted likewise.
struct Part {
  int64_t elements;
  double comparisons;
};

Part partFor(int64_t n, int64_t k) {
  constexpr double toPut = 20; // an element where its rank says
  Part best{n, double(n) * (double(n) + toPut)};
  for (int64_t elements = 32; elements <= 1024; elements *= 2) {
    int64_t parts = (n + elements - 1) / elements, left = parts * std::min(k, elements);
    if (left > n / 2)
      continue;
    double comparisons = double(parts) * double(elements) * (double(elements) + toPut) + partFor(left, k).comparisons;
    if (comparisons < best.comparisons)
      best = {elements, comparisons};
  }
  return best;
}

Value along(NodeImport &node, llvm::StringRef op, ValueRange operands) { return node.make(op, operands, node.number("axis", int64_t(1))); }

struct Sorted {
  Value values, positions; ///< [lines, k]; positions are i64
};

/// 0, `step`, ... as a line.
Value counting(NodeImport &node, int64_t count, int64_t step) {
  Folded line{Int64, {1, count}, {}, {}};
  for (int64_t i = 0; i < count; ++i)
    line.ints.push_back(i * step);
  return node.constant(line);
}

/// The first `k` of each line of x, `[lines, n]`, in order.
Sorted firstOf(NodeImport &node, Value x, int64_t k, bool largest) {
  int64_t lines = shapeOf(x)[0], n = shapeOf(x)[1];
  Value ranks = node.make("ordinal_rank", x, {node.number("axis", int64_t(1)), node.flag("largest", largest)});
  Value places = node.expand(counting(node, n, 1), {lines, n});
  Value none = node.constant(Folded{Int64, {lines, k}, std::vector<int64_t>(lines * k, 0), {}});
  auto put = ScatterKindAttr::get(node.context(), ScatterKind::Put);
  Value positions = node.make("scatter", {none, ranks, places}, {node.number("axis", int64_t(1)), node.named("kind", put)});
  return {along(node, "gather_elements", {x, positions}), positions};
}

/// The first `k` of each part of a line, until what is left of all is short.
Sorted sorted(NodeImport &node, Value x, int64_t k, bool largest) {
  if (!x)
    return {};
  int64_t lines = shapeOf(x)[0], n = shapeOf(x)[1], together = partFor(n, k).elements;
  int64_t parts = (n + together - 1) / together, kept = std::min(k, together);
  if (k == 1 && n <= mostComputed) {
    llvm::StringRef reduce = largest ? "reduce_max" : "reduce_min";
    Value first = extremePosition(node, x, reduce, 1, false, true);
    return {node.reduce(reduce, x, {1}, true), node.cast(first, IntegerType::get(node.context(), 64))};
  }
  if (together == n)
    return firstOf(node, x, k, largest);
  if (int64_t rest = parts * together - n) {
    double last = largest ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    x = node.make("pad", x, {node.list("low", {0, 0}), node.list("high", {0, rest}), node.number("value", last)});
  }
  Sorted each = firstOf(node, node.reshape(x, {lines * parts, together}), kept, largest);
  Value firsts = node.reshape(counting(node, parts, together), {1, parts, 1});
  Value positions = node.make("add", {node.reshape(each.positions, {lines, parts, kept}), firsts});
  Sorted all = sorted(node, node.reshape(each.values, {lines, parts * kept}), k, largest);
  return {all.values, along(node, "gather_elements", {node.reshape(positions, {lines, parts * kept}), all.positions})};
}

void topK(NodeImport &node) {
  Value x = node.floats(0);
  std::optional<Ints> k = node.has(1) ? node.ints(1, "how many it takes") : Ints{node.integer("k", 0)};
  if (!x || !k)
    return;
  int64_t axis = node.axis(node.integer("axis", -1), rankOf(x));
  if (node.failed() || k->size() != 1 || (*k)[0] < 1 || (*k)[0] > shapeOf(x)[axis])
    return node.fail("takes no number of elements between 1 and what there is");
  Ints order = countUp(rankOf(x));
  std::swap(order[axis], order.back());
  Value last = node.transpose(x, order);
  if (!last)
    return;
  int64_t n = shapeOf(last).back(), lines = elementCount(x) / n;
  Sorted found = sorted(node, node.reshape(last, {lines, n}), (*k)[0], node.integer("largest", 1));
  Ints shape(shapeOf(last));
  shape.back() = (*k)[0];
  if (node.failed())
    return;
  node.define(0, node.transpose(node.reshape(found.values, shape), order));
  node.define(1, node.transpose(node.reshape(found.positions, shape), order));
}

} // namespace

std::vector<Conversion> weft::onnxfile::sortConversions() {
  return {{"TopK", topK},
          {"Hardmax", hardmax},
          {"ArgMax", [](NodeImport &node) { argExtreme(node, "reduce_max"); }},
          {"ArgMin", [](NodeImport &node) { argExtreme(node, "reduce_min"); }}};
}
