// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements picked, replaced and found by index. What is picked by indices known when compiling becomes `gather` of rows.
#include "frontends/Onnx/Importer.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// An index counted from 0; a failure outside the extent.
int64_t inside(NodeImport &node, int64_t index, int64_t extent) {
  if (index < -extent || index >= extent) {
    node.fail("index " + llvm::Twine(index) + " of " + llvm::Twine(extent) + " elements");
    return 0;
  }
  return index < 0 ? index + extent : index;
}

Value knownIndices(NodeImport &node, const Folded &given, int64_t extent) {
  Folded fixed = given;
  for (int64_t &index : fixed.ints)
    index = inside(node, index, extent);
  return node.constant(fixed);
}

/// Indices computed while running are brought into range there.
Value computedIndices(NodeImport &node, Value given) {
  if (given && !elementTypeOf(given).isInteger())
    return node.fail("its indices are no integers"), Value();
  return given;
}

void gather(NodeImport &node) {
  Value x = node.tensor(0);
  if (!x)
    return;
  if (!rankOf(x))
    return node.fail("picks from a tensor without dimensions");
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x));
  if (node.failed())
    return;
  int64_t extent = shapeOf(x)[axis];
  const Folded *known = node.folded(1);
  Value indices = known ? knownIndices(node, *known, extent) : computedIndices(node, node.tensor(1));
  node.define(0, node.make("gather", {x, indices}, node.number("axis", axis)));
}

/// Rows of `x` as a matrix of rows of `run` elements, in the order of `rows`.
Value pickRows(NodeImport &node, Value x, int64_t run, ArrayRef<int64_t> rows, ArrayRef<int64_t> shape) {
  if (!x || node.failed())
    return {};
  Value matrix = node.reshape(x, {elementCount(x) / run, run});
  Value picked = node.make("gather", {matrix, node.constant(Folded::integers(rows))}, node.number("axis", int64_t(0)));
  return node.reshape(picked, shape);
}

/// The row that each entry of the last dimension of `indices` names in the leading dimensions of `shape`, behind `batch`
/// dimensions that are shared.
Ints rowsOf(NodeImport &node, const Folded &indices, ArrayRef<int64_t> shape, int64_t batch) {
  int64_t depth = indices.shape.back(), count = depth ? indices.size() / depth : 0, batches = 1;
  for (int64_t extent : shape.take_front(batch))
    batches *= extent;
  Ints rows;
  for (int64_t i = 0; i < count && !node.failed(); ++i) {
    int64_t row = i / std::max<int64_t>(count / batches, 1);
    for (int64_t d = 0; d < depth; ++d)
      row = row * shape[batch + d] + inside(node, indices.ints[i * depth + d], shape[batch + d]);
    rows.push_back(row);
  }
  return rows;
}

/// Indices of GatherND and ScatterND: known, and deep enough for `x`.
const Folded *tupleIndices(NodeImport &node, Value x, int64_t batch) {
  const Folded *indices = node.numbers(1, "its indices");
  if (!indices || !x)
    return nullptr;
  if (indices->isReal() || indices->shape.empty() || indices->shape.back() < 1 || !indices->size() || batch < 0 ||
      batch + indices->shape.back() > rankOf(x) || batch >= indices->rank() ||
      shapeOf(x).take_front(batch) != ArrayRef(indices->shape).take_front(batch))
    return node.fail("its indices do not fit its input"), nullptr;
  return indices;
}

int64_t elementsIn(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

void gatherTuples(NodeImport &node) {
  Value x = node.tensor(0);
  int64_t batch = node.integer("batch_dims", 0);
  const Folded *indices = tupleIndices(node, x, batch);
  if (!indices)
    return;
  ArrayRef<int64_t> inner = shapeOf(x).drop_front(batch + indices->shape.back());
  Ints shape(ArrayRef(indices->shape).drop_back());
  llvm::append_range(shape, inner);
  Ints rows = rowsOf(node, *indices, shapeOf(x), batch);
  node.define(0, pickRows(node, x, elementsIn(inner), rows, shape));
}

/// Every row of the result comes from the input or from the updates.
void scatterTuples(NodeImport &node) {
  Value x = node.tensor(0), updates = node.tensor(2);
  const Folded *indices = tupleIndices(node, x, 0);
  if (!indices || !updates)
    return;
  if (node.word("reduction", "none") != "none")
    return node.fail("only reduction `none` is supported");
  ArrayRef<int64_t> inner = shapeOf(x).drop_front(indices->shape.back());
  int64_t run = elementsIn(inner), count = elementCount(x) / run;
  Ints rows = rowsOf(node, *indices, shapeOf(x), 0), from = countUp(std::min(count, mostComputed + 1));
  if (count > mostComputed || elementCount(updates) != int64_t(rows.size()) * run)
    return node.fail("its updates do not fit its indices, or it has more than 2^22 rows");
  for (auto [i, row] : llvm::enumerate(rows))
    if (!node.failed())
      from[row] = count + i;
  Value all = node.make("concat", {node.reshape(x, {count, run}), node.reshape(updates, {int64_t(rows.size()), run})},
                        node.number("axis", int64_t(0)));
  node.define(0, pickRows(node, all, run, from, shapeOf(x)));
}

/// Each index replaces the position along one axis.
void gatherElements(NodeImport &node) {
  Value x = node.tensor(0);
  const Folded *indices = node.numbers(1, "its indices");
  if (!x || !indices)
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x)), next = 0;
  if (indices->rank() != rankOf(x) || indices->isReal())
    return node.fail("its indices have another number of dimensions");
  Ints strides = denseStrides(shapeOf(x)), rows;
  forEachIndex(indices->shape, [&](ArrayRef<int64_t> at) {
    int64_t row = 0;
    for (int64_t d = 0; d < rankOf(x); ++d)
      row += (d == axis ? inside(node, indices->ints[next], shapeOf(x)[d]) : inside(node, at[d], shapeOf(x)[d])) *
             strides[d];
    ++next;
    rows.push_back(row);
  });
  node.define(0, pickRows(node, x, 1, rows, indices->shape));
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

/// A product with a triangle of ones, the axis last.
void cumulativeSum(NodeImport &node) {
  Value x = node.floats(0);
  std::optional<Ints> given = node.ints(1, "its axis");
  if (!x || !given)
    return;
  if (given->size() != 1)
    return node.fail("has no axis");
  int64_t axis = node.axis((*given)[0], rankOf(x)), exclusive = node.integer("exclusive", 0);
  if (node.failed())
    return;
  int64_t extent = shapeOf(x)[axis];
  if (!elementsOf({extent, extent}))
    return node.fail("a sum over more than 2^11 elements is not supported");
  Ints order = countUp(rankOf(x));
  std::swap(order[axis], order.back());
  bool reverse = node.integer("reverse", 0);
  Value ones = node.constant(triangle(extent, extent, reverse ? -exclusive : exclusive, !reverse));
  Value last = node.transpose(x, order);
  Value flat = node.reshape(last, {elementCount(x) / extent, extent});
  Value sums = node.make("matmul", {flat, ones});
  node.define(0, node.transpose(node.reshape(sums, last ? shapeOf(last) : ArrayRef<int64_t>()), order));
}

/// The smallest, or largest, of the positions that hold the extreme value.
void argExtreme(NodeImport &node, llvm::StringRef reduce) {
  Value x = node.floats(0);
  if (!x)
    return;
  int64_t axis = node.axis(node.integer("axis", 0), rankOf(x)), keep = node.integer("keepdims", 1);
  if (node.failed())
    return;
  int64_t extent = shapeOf(x)[axis];
  if (extent > mostComputed)
    return node.fail("an axis of more than 2^22 elements is not supported");
  bool last = node.integer("select_last_index", 0);
  Folded positions{Float, Ints(rankOf(x) - axis, 1), {}, {}};
  positions.shape[0] = extent;
  for (int64_t i = 0; i < extent; ++i)
    positions.reals.push_back(double(i));
  Value isExtreme = node.make("equal", {x, node.reduce(reduce, x, {axis}, true)});
  Value candidates =
      node.make("where", {isExtreme, node.constant(positions), node.scalar(last ? -1 : double(extent))});
  Value found = node.reduce(last ? "reduce_max" : "reduce_min", candidates, {axis}, keep);
  node.define(0, node.cast(found, IntegerType::get(node.context(), 64)));
}

} // namespace

std::vector<Conversion> weft::onnxfile::indexConversions() {
  return {{"Gather", gather},
          {"GatherND", gatherTuples},
          {"GatherElements", gatherElements},
          {"ScatterND", scatterTuples},
          {"Tile", tile},
          {"Trilu", trilu},
          {"CumSum", cumulativeSum},
          {"ArgMax", [](NodeImport &node) { argExtreme(node, "reduce_max"); }},
          {"ArgMin", [](NodeImport &node) { argExtreme(node, "reduce_min"); }}};
}
