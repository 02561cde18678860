// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reading indices. Arithmetic on those computed while running is done there, on integers.
#include "frontends/Onnx/Indices.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

int64_t weft::onnxfile::elementsIn(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

/// An index counted from 0; a failure outside the extent.
static int64_t inside(NodeImport &node, int64_t index, int64_t extent) {
  if (index < -extent || index >= extent) {
    node.fail("index " + llvm::Twine(index) + " of " + llvm::Twine(extent) + " elements");
    return 0;
  }
  return index < 0 ? index + extent : index;
}

static Value computed(NodeImport &node, size_t input = 1) {
  Value given = node.tensor(input);
  if (given && !elementTypeOf(given).isInteger())
    return node.fail("its indices are no integers"), Value();
  return given;
}

/// Known indices, checked; null where they are computed while running.
static const Folded *known(NodeImport &node, size_t input = 1) {
  const Folded *indices = node.folded(input);
  if (indices && indices->isReal())
    return node.fail("its indices are no integers"), nullptr;
  return indices;
}

Value weft::onnxfile::integer(NodeImport &node, Value like, int64_t value) {
  Folded number = Folded::integer(value);
  number.type = elementTypeOf(like).isInteger(32) ? Int32 : Int64;
  return node.constant(number);
}

Value weft::onnxfile::keptNowhere(NodeImport &node, Value picked, Value indices, int64_t axis) {
  if (!picked || !node.partial(1) || !elementTypeOf(picked).isInteger())
    return picked;
  Ints shape(rankOf(picked), 1);
  shape[axis] = shapeOf(picked)[axis];
  if (elementCount(indices) != shape[axis])
    return node.fail("its indices are no vector"), Value();
  Value isNowhere = node.cast(node.make("less", {indices, integer(node, indices, nowhere / 2)}), elementTypeOf(picked));
  return node.make("where", {node.reshape(isNowhere, shape), integer(node, picked, nowhere), picked});
}

Value weft::onnxfile::indexInput(NodeImport &node, int64_t extent, size_t input) {
  const Folded *given = known(node, input);
  if (!given)
    return computed(node, input);
  Folded fixed = *given;
  for (int64_t &index : fixed.ints)
    index = inside(node, index, extent);
  return node.constant(fixed);
}

//===-- Along one dimension --------------------------------------------------------------------------------------===//

/// The tensor without repetitions: extent 1 along each dimension but `axis` along which its elements are the same.
static Folded toldOnce(const Folded &indices, int64_t axis) {
  Folded result = indices;
  for (int64_t dim = 0; dim < indices.rank(); ++dim) {
    if (dim == axis || result.shape[dim] == 1)
      continue;
    Ints strides = denseStrides(result.shape), shape(result.shape);
    strides[dim] = 0;
    std::optional<Folded> repeated = strided(result, shape, strides);
    if (!repeated || repeated->ints != result.ints)
      continue;
    shape[dim] = 1;
    result = *strided(result, shape, strides);
  }
  return result;
}

/// What has been expanded to this shape, with its rank; else the tensor itself.
static Value beforeExpansion(NodeImport &node, Value indices, int64_t axis) {
  auto expand = indices.getDefiningOp<ExpandOp>();
  if (!expand)
    return indices;
  Ints shape(shapeOf(expand.getX()));
  shape.insert(shape.begin(), rankOf(indices) - shape.size(), 1);
  return shape[axis] == shapeOf(indices)[axis] ? node.reshape(expand.getX(), shape) : indices;
}

std::optional<LineIndices> weft::onnxfile::lineIndices(NodeImport &node, ArrayRef<int64_t> shape, int64_t axis) {
  const Folded *given = known(node);
  Value value = given || node.failed() ? Value() : computed(node);
  if (node.failed() || (!given && !value))
    return std::nullopt;
  Ints own(given ? ArrayRef<int64_t>(given->shape) : shapeOf(value));
  if (own.size() != shape.size())
    return node.fail("its indices have another number of dimensions"), std::nullopt;
  for (auto [dim, pair] : llvm::enumerate(llvm::zip_equal(own, shape)))
    if (auto [mine, theirs] = pair; int64_t(dim) != axis && mine > theirs)
      return node.fail("its indices are larger than its input along dimension " + llvm::Twine(dim)), std::nullopt;
  if (!given)
    return LineIndices{beforeExpansion(node, value, axis), own, axis};
  Folded once = toldOnce(*given, axis);
  for (int64_t &index : once.ints)
    index = inside(node, index, shape[axis]);
  if (node.failed())
    return std::nullopt;
  return LineIndices{node.constant(once), own, axis};
}

//===-- Tuples ---------------------------------------------------------------------------------------------------===//

/// How far one step along each of the `depth` dimensions behind the first `batch` goes, in rows, and along those.
static Ints rowStrides(ArrayRef<int64_t> shape, int64_t batch, int64_t depth) {
  return denseStrides(shape.take_front(batch + depth));
}

/// The row that each tuple names.
static Folded knownRows(NodeImport &node, const Folded &indices, ArrayRef<int64_t> shape, int64_t batch) {
  int64_t depth = indices.shape.back(), count = indices.size() / depth;
  int64_t batches = elementsIn(shape.take_front(batch)), perBatch = std::max<int64_t>(count / batches, 1);
  Folded rows{Int64, {count}, {}, {}};
  for (int64_t i = 0; i < count && !node.failed(); ++i) {
    int64_t row = i / perBatch;
    for (int64_t d = 0; d < depth; ++d)
      row = row * shape[batch + d] + inside(node, indices.ints[i * depth + d], shape[batch + d]);
    rows.ints.push_back(row);
  }
  return rows;
}

/// One number of each tuple, counted from the front.
static Value component(NodeImport &node, Value tuples, int64_t d, int64_t extent) {
  Value one = shapeOf(tuples).back() == 1 ? tuples : node.slice(tuples, rankOf(tuples) - 1, d, d + 1);
  if (!one)
    return {};
  Value isNegative = node.make("less", {one, integer(node, one, 0)});
  return node.make("where", {isNegative, node.make("add", {one, integer(node, one, extent)}), one});
}

static Value computedRows(NodeImport &node, Value indices, ArrayRef<int64_t> shape, int64_t batch) {
  int64_t depth = shapeOf(indices).back(), count = elementCount(indices) / depth;
  Ints strides = rowStrides(shape, batch, depth);
  Value rows;
  for (int64_t d = 0; d < depth; ++d) {
    Value part = component(node, indices, d, shape[batch + d]);
    if (part && strides[batch + d] != 1)
      part = node.make("mul", {part, integer(node, part, strides[batch + d])});
    rows = rows ? node.make("add", {rows, part}) : part;
  }
  if (batch && rows) {
    int64_t batches = elementsIn(shape.take_front(batch)), stride = strides[batch - 1];
    Folded first{elementTypeOf(rows).isInteger(32) ? Int32 : Int64, {batches, 1}, {}, {}};
    for (int64_t i = 0; i < batches; ++i)
      first.ints.push_back(i * stride);
    rows = node.make("add", {node.reshape(rows, {batches, count / batches}), node.constant(first)});
  }
  return node.reshape(rows, {count});
}

std::optional<TupleRows> weft::onnxfile::tupleRows(NodeImport &node, ArrayRef<int64_t> shape, int64_t batch) {
  const Folded *given = known(node);
  Value value = given || node.failed() ? Value() : computed(node);
  if (node.failed() || (!given && !value))
    return std::nullopt;
  Ints own(given ? ArrayRef<int64_t>(given->shape) : shapeOf(value));
  int64_t rank = shape.size(), depth = own.empty() ? 0 : own.back();
  if (depth < 1 || hasNoElements(own) || batch < 0 || batch + depth > rank || batch >= int64_t(own.size()) ||
      shape.take_front(batch) != ArrayRef(own).take_front(batch))
    return node.fail("its indices do not fit its input"), std::nullopt;
  Value rows = given ? node.constant(knownRows(node, *given, shape, batch)) : computedRows(node, value, shape, batch);
  if (!rows)
    return std::nullopt;
  own.pop_back();
  return TupleRows{rows, own, depth};
}
