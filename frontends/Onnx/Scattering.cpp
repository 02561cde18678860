// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements replaced by index, or added to: what message passing on graphs is exported as. Rows that are put where indices
// known when compiling say are gathered; all others are scattered.
#include "frontends/Onnx/Indices.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// The reduction's name in the dialect.
std::optional<ScatterKind> kindOf(NodeImport &node) {
  std::string word = node.word("reduction", "none");
  if (word == "none")
    return ScatterKind::Put;
  std::optional<ScatterKind> kind = symbolizeScatterKind(word);
  if (!kind)
    node.fail("reduction `" + word + "` is not supported");
  return kind;
}

/// The input in another shape. Kernels begin with a number where it is the same everywhere: then it is one constant.
Value begin(NodeImport &node, ArrayRef<int64_t> shape) {
  std::optional<double> number = node.uniform(0);
  if (!number || !elementsOf(shape))
    return node.reshape(node.tensor(0), shape);
  Folded all{node.elementType(0), Ints(shape), {}, {}};
  if (all.isReal())
    all.reals.assign(*elementsOf(shape), *number);
  else
    all.ints.assign(*elementsOf(shape), int64_t(*number));
  return node.constant(all);
}

Value scatter(NodeImport &node, ScatterKind kind, Value x, Value indices, Value updates, int64_t axis) {
  return node.make("scatter", {x, indices, updates},
                   {node.number("axis", axis), node.named("kind", ScatterKindAttr::get(node.context(), kind))});
}

/// Every row of the result comes from the input or from the updates: the last one that says so.
Value putRows(NodeImport &node, Value x, Value updates, DenseElementsAttr rows) {
  int64_t count = shapeOf(x)[0];
  if (count > mostComputed)
    return node.fail("puts rows among more than 2^22"), Value();
  Ints from = countUp(count);
  for (auto [i, row] : llvm::enumerate(rows.getValues<int64_t>()))
    from[row] = count + i;
  Value all = node.make("concat", {x, updates}, node.number("axis", int64_t(0)));
  return node.make("gather", {all, node.constant(Folded::integers(from))}, node.number("axis", int64_t(0)));
}

void scatterTuples(NodeImport &node) {
  std::optional<Ints> shape = node.shape(0);
  Value updates = node.tensor(2);
  std::optional<ScatterKind> kind = kindOf(node);
  std::optional<TupleRows> rows = shape && updates && kind ? tupleRows(node, *shape, 0) : std::nullopt;
  if (!rows)
    return;
  int64_t run = elementsIn(ArrayRef(*shape).drop_front(rows->depth)), count = elementsIn(ArrayRef(*shape).take_front(rows->depth));
  int64_t terms = shapeOf(rows->rows)[0];
  if (elementCount(updates) != terms * run)
    return node.fail("its updates do not fit its indices");
  Value x = begin(node, {count, run});
  updates = node.reshape(updates, {terms, run});
  auto known = rows->rows.getDefiningOp<ConstantOp>();
  Value y = !known || kind != ScatterKind::Put
                ? scatter(node, *kind, x, node.reshape(rows->rows, {terms, 1}), updates, 0)
                : putRows(node, x, updates, cast<DenseElementsAttr>(known.getValue()));
  node.define(0, node.reshape(y, *shape));
}

void scatterElements(NodeImport &node) {
  std::optional<Ints> shape = node.shape(0);
  Value updates = node.tensor(2);
  std::optional<ScatterKind> kind = kindOf(node);
  if (!shape || !updates || !kind)
    return;
  int64_t axis = node.axis(node.integer("axis", 0), shape->size());
  std::optional<LineIndices> lines = node.failed() ? std::nullopt : lineIndices(node, *shape, axis);
  if (!lines)
    return;
  Ints fitting(*shape);
  fitting[axis] = lines->shape[axis];
  if (fitting != lines->shape || shapeOf(updates) != ArrayRef(fitting))
    return node.fail("its indices or updates do not have the extents of its input beside the axis, which is not supported");
  node.define(0, scatter(node, *kind, begin(node, *shape), lines->indices, updates, axis));
}

} // namespace

std::vector<Conversion> weft::onnxfile::scatterConversions() {
  return {{"ScatterND", scatterTuples}, {"ScatterElements", scatterElements}, {"Scatter", scatterElements}};
}
