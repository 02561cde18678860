// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements picked by index, and what is made by moving elements along a dimension.
#include "frontends/Onnx/Indices.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {


void gather(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  if (!rankOf(x))
    return node.fail("picks from a tensor without dimensions");
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x));
  if (node.failed())
    return;
  Value indices = indexInput(node, shapeOf(x)[axis]);
  Value picked = node.make("gather", {x, indices}, node.number("axis", axis));
  node.define(0, keptNowhere(node, picked, indices, axis));
}

/// Positions that are not 0. Which is known only while running; all have a place, those that are 0 are `nowhere`.
void nonZero(NodeImport &node) {
  Value condition = node.truths(0);
  if (!condition)
    return;
  if (rankOf(condition) != 1 || !elementsOf(shapeOf(condition)))
    return node.fail("is supported only for a vector, or where its input is known when compiling");
  Type type = IntegerType::get(node.context(), 64);
  Value positions = node.constant(Folded::integers(countUp(elementCount(condition))));
  Value kept = node.make("where", {node.cast(condition, type), positions, node.constant(Folded::integer(nowhere))});
  node.defineNumbers(0, node.reshape(kept, {1, elementCount(condition)}));
}

void gatherTuples(NodeImport &node) {
  Value x = node.tensor(0);
  int64_t batch = node.integer("batch_dims", 0);
  std::optional<TupleRows> rows = x ? tupleRows(node, shapeOf(x), batch) : std::nullopt;
  if (!rows)
    return;
  ArrayRef<int64_t> inner = shapeOf(x).drop_front(batch + rows->depth);
  Ints shape(rows->shape);
  llvm::append_range(shape, inner);
  int64_t run = elementsIn(inner);
  Value matrix = node.reshape(x, {elementCount(x) / run, run});
  Value picked = node.make("gather", {matrix, rows->rows}, node.number("axis", int64_t(0)));
  node.define(0, node.reshape(keptNowhere(node, picked, rows->rows, 0), shape));
}

/// Each index replaces the position along one axis.
void gatherElements(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x));
  std::optional<LineIndices> lines = lineIndices(node, shapeOf(x), axis);
  if (!lines)
    return;
  Ints start(rankOf(x), 0), stop(lines->shape), step(rankOf(x), 1);
  stop[axis] = shapeOf(x)[axis];
  if (ArrayRef(stop) != shapeOf(x))
    x = node.make("slice", x, {node.list("start", start), node.list("stop", stop), node.list("step", step)});
  if (!lines->isOneLine())
    return node.define(0, node.make("gather_elements", {x, lines->indices}, node.number("axis", axis)));
  Value vector = node.reshape(lines->indices, {lines->shape[axis]});
  node.define(0, node.make("gather", {x, vector}, node.number("axis", axis)));
}

/// Elements whose condition, which is known, holds.
void compress(NodeImport &node) {
  Value x = node.tensor(0);
  const Folded *condition = node.numbers(1, "its condition");
  if (!x || !condition)
    return;
  bool isFlat = !node.attribute("axis", onnxfile::Attribute::Int);
  if (isFlat)
    x = node.reshape(x, {elementCount(x)});
  int64_t axis = isFlat ? 0 : node.axis(node.integer("axis", 0), rankOf(x));
  if (node.failed() || condition->size() > shapeOf(x)[axis])
    return node.fail("its condition does not fit its input");
  Ints kept;
  for (int64_t i = 0; i < condition->size(); ++i)
    if (condition->asReal(i) != 0)
      kept.push_back(i);
  if (kept.empty())
    return node.fail("keeps nothing");
  node.define(0, node.make("gather", {x, node.constant(Folded::integers(kept))}, node.number("axis", axis)));
}

/// A new dimension along which one element, the index's, has another value.
void oneHot(NodeImport &node) {
  Value indices = node.tensor(0), values = node.floats(2);
  std::optional<Ints> depth = node.ints(1, "its depth");
  if (!indices || !values || !depth)
    return;
  if (depth->size() != 1 || elementCount(values) != 2 || !elementsOf(*depth) || (*depth)[0] < 1)
    return node.fail("has no depth from 1 to 2^22, or not two values");
  int64_t axis = node.axis(node.integer("axis", -1), rankOf(indices) + 1);
  Ints shape(shapeOf(indices));
  shape.insert(shape.begin() + axis, 1);
  Folded places{Float, Ints(rankOf(indices) + 1 - axis, 1), {}, {}};
  places.shape[0] = (*depth)[0];
  for (int64_t i = 0; i < (*depth)[0]; ++i)
    places.reals.push_back(double(i));
  auto value = [&](int64_t i) {
    return node.reshape(node.slice(node.reshape(values, {2}), 0, i, i + 1), {});
  };
  Value at = node.reshape(node.cast(indices, Float32Type::get(node.context())), shape);
  Value isNegative = node.make("less", {at, node.scalar(0)});
  at = node.make("where", {isNegative, node.make("add", {at, node.scalar(double((*depth)[0]))}), at});
  Value isThere = node.make("equal", {at, node.constant(places)});
  node.define(0, node.make("where", {isThere, value(1), value(0)}));
}

/// Repeats along one dimension: [n] as [1, n], expanded to [count, n].
Value repeated(NodeImport &node, Value x, int64_t axis, int64_t count) {
  Ints shape(shapeOf(x)), merged(shapeOf(x));
  if (llvm::MulOverflow(merged[axis], count, merged[axis]))
    return node.fail("its result is too large"), Value();
  shape.insert(shape.begin() + axis, 1);
  Value cut = node.reshape(x, shape);
  shape[axis] = count;
  return node.reshape(node.expand(cut, shape), merged);
}

void tile(NodeImport &node) {
  Value x = node.tensor(0);
  std::optional<Ints> repeats = node.ints(1, "its repeats");
  if (!x || !repeats)
    return;
  if (int64_t(repeats->size()) != rankOf(x))
    return node.fail("has another number of repeats than of dimensions");
  for (int64_t axis = rankOf(x); axis-- > 0 && x;) {
    int64_t count = (*repeats)[axis];
    if (count < 1)
      return node.fail("repeats a dimension " + llvm::Twine(count) + " times");
    if (count > 1)
      x = repeated(node, x, axis, count);
  }
  node.define(0, x);
}

/// Ones on the kept side of a diagonal of an h x w plane.
Folded triangle(int64_t h, int64_t w, int64_t diagonal, bool upper) {
  Folded mask{Float, {h, w}, {}, {}};
  for (int64_t i = 0; i < h; ++i)
    for (int64_t j = 0; j < w; ++j)
      mask.reals.push_back(upper ? j - i >= diagonal : j - i <= diagonal);
  return mask;
}

void trilu(NodeImport &node) {
  Value x = node.floats(0);
  std::optional<Ints> diagonal = node.has(1) ? node.ints(1, "its diagonal") : Ints{0};
  if (!x || !diagonal)
    return;
  if (rankOf(x) < 2 || diagonal->size() != 1)
    return node.fail("its input is no plane");
  int64_t h = shapeOf(x)[rankOf(x) - 2], w = shapeOf(x).back();
  if (!elementsOf({h, w}))
    return node.fail("a plane of more than 2^22 elements is not supported");
  Value mask = node.constant(triangle(h, w, (*diagonal)[0], node.integer("upper", 1)));
  node.define(0, node.make("where", {mask, x, node.scalar(0)}));
}

/// Sums along the rows of a matrix, to each element or up to it: a product with a triangle of ones. Of long rows those of parts, to which
/// what all parts before add up to is added.
Value sumsOfRows(NodeImport &node, Value rows, bool exclusive, bool reverse) {
  constexpr int64_t longRow = 512, part = 64;
  int64_t count = shapeOf(rows)[0], extent = shapeOf(rows)[1];
  auto sumsOf = [&](Value x, int64_t n, bool without) {
    return node.make("matmul", {x, node.constant(triangle(n, n, reverse ? -int64_t(without) : int64_t(without), !reverse))});
  };
  if (extent <= longRow)
    return sumsOf(rows, extent, exclusive);
  int64_t parts = llvm::divideCeil(extent, part), missing = parts * part - extent;
  if (missing)
    rows = node.make("pad", rows, {node.list("low", {0, 0}), node.list("high", {0, missing}), node.number("value", 0.0)});
  Value within = sumsOf(node.reshape(rows, {count * parts, part}), part, exclusive);
  Value before = sumsOfRows(node, node.reduce("reduce_sum", node.reshape(rows, {count, parts, part}), {2}, false), true, reverse);
  Value sums = node.make("add", {node.reshape(within, {count, parts, part}), node.reshape(before, {count, parts, 1})});
  sums = node.reshape(sums, {count, parts * part});
  return missing ? node.slice(sums, 1, 0, extent) : sums;
}

void cumulativeSum(NodeImport &node) {
  Value x = node.floats(0);
  std::optional<Ints> given = node.ints(1, "its axis");
  if (!x || !given)
    return;
  if (given->size() != 1)
    return node.fail("has no axis");
  int64_t axis = node.axis((*given)[0], rankOf(x));
  if (node.failed())
    return;
  int64_t extent = shapeOf(x)[axis];
  Ints order = countUp(rankOf(x));
  std::swap(order[axis], order.back());
  Value last = node.transpose(x, order);
  Value sums = sumsOfRows(node, node.reshape(last, {elementCount(x) / extent, extent}), node.integer("exclusive", 0), node.integer("reverse", 0));
  node.define(0, node.transpose(node.reshape(sums, last ? shapeOf(last) : ArrayRef<int64_t>()), order));
}

} // namespace

std::vector<Conversion> weft::onnxfile::indexConversions() {
  return {{"Gather", gather},
          {"GatherND", gatherTuples},
          {"GatherElements", gatherElements},
          {"Tile", tile},
          {"Trilu", trilu},
          {"CumSum", cumulativeSum},
          {"Compress", compress},
          {"OneHot", oneHot},
          {"NonZero", nonZero}};
}
