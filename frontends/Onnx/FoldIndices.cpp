// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Elements of known tensors picked and replaced by index: degrees of vertices, shapes that exporters put together.
#include "frontends/Onnx/Folding.h"

using namespace weft;
using namespace weft::onnxfile;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

/// Counted from 0; a failure outside the extent.
int64_t inside(NodeImport &node, int64_t index, int64_t extent) {
  if (index < -extent || index >= extent)
    return node.fail("index " + llvm::Twine(index) + " of " + llvm::Twine(extent) + " elements"), 0;
  return index < 0 ? index + extent : index;
}

/// Indices pick whole slices along `axis`; what lies before it and behind it stays.
bool foldGather(NodeImport &node) {
  const Folded *x = node.folded(0), *index = node.folded(1);
  if (!x || !index || index->isReal() || !x->rank())
    return false;
  int64_t axis = node.axis(node.integer("axis", 0), x->rank());
  if (node.failed())
    return true;
  ArrayRef<int64_t> shape = x->shape;
  int64_t extent = shape[axis];
  Ints result(shape.take_front(axis));
  result.append(index->shape.begin(), index->shape.end());
  llvm::append_range(result, shape.drop_front(axis + 1));
  std::optional<int64_t> before = elementsOf(shape.take_front(axis)), behind = elementsOf(shape.drop_front(axis + 1));
  if (!elementsOf(result) || !before || !behind)
    return false;
  Folded made{x->type, result, {}, {}};
  std::vector<int64_t> rows;
  for (int64_t at : index->ints)
    rows.push_back(inside(node, at, extent));
  if (node.failed())
    return true;
  for (int64_t outer = 0; outer < *before; ++outer)
    for (int64_t row : rows)
      for (int64_t inner = 0; inner < *behind; ++inner)
        made.append(*x, (outer * extent + row) * *behind + inner);
  return node.define(0, std::move(made)), true;
}

/// Where each index of a tensor along `axis` is among the elements of one of `shape`, whose other extents are no smaller.
std::optional<std::vector<int64_t>> placesAlong(NodeImport &node, const Folded &indices, ArrayRef<int64_t> shape, int64_t axis) {
  if (indices.isReal() || indices.shape.size() != shape.size())
    return std::nullopt;
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (int64_t(dim) != axis && indices.shape[dim] > extent)
      return std::nullopt;
  Ints strides = denseStrides(shape);
  std::vector<int64_t> places;
  forEachIndex(indices.shape, [&](ArrayRef<int64_t> at) {
    int64_t place = inside(node, indices.ints[places.size()], shape[axis]) * strides[axis];
    for (int64_t dim = 0; dim < int64_t(shape.size()); ++dim)
      place += dim == axis ? 0 : at[dim] * strides[dim];
    places.push_back(place);
  });
  return places;
}

/// The first element of each row that tuples, the last dimension of `indices`, name.
std::optional<std::vector<int64_t>> placesOfTuples(NodeImport &node, const Folded &indices, ArrayRef<int64_t> shape) {
  int64_t depth = indices.rank() ? indices.shape.back() : 0;
  if (indices.isReal() || depth < 1 || depth > int64_t(shape.size()))
    return std::nullopt;
  Ints strides = denseStrides(shape);
  std::vector<int64_t> places(indices.size() / depth, 0);
  for (size_t i = 0; i < places.size(); ++i)
    for (int64_t d = 0; d < depth; ++d)
      places[i] += inside(node, indices.ints[i * depth + d], shape[d]) * strides[d];
  return places;
}

bool foldGatherElements(NodeImport &node) {
  const Folded *x = node.folded(0), *indices = node.folded(1);
  int64_t axis = node.axis(node.integer("axis", 0), x->rank());
  auto places = node.failed() ? std::nullopt : placesAlong(node, *indices, x->shape, axis);
  if (!places || node.failed())
    return node.failed();
  Folded result{x->type, indices->shape, {}, {}};
  for (int64_t place : *places)
    result.append(*x, place);
  return node.define(0, std::move(result)), true;
}

bool foldGatherTuples(NodeImport &node) {
  const Folded *x = node.folded(0), *indices = node.folded(1);
  auto places = node.integer("batch_dims", 0) ? std::nullopt : placesOfTuples(node, *indices, x->shape);
  if (!places || node.failed())
    return node.failed();
  ArrayRef<int64_t> inner = ArrayRef(x->shape).drop_front(indices->shape.back());
  Ints shape(ArrayRef(indices->shape).drop_back());
  shape.append(inner.begin(), inner.end());
  std::optional<int64_t> run = elementsOf(inner);
  if (!run || !elementsOf(shape))
    return false;
  Folded result{x->type, shape, {}, {}};
  for (int64_t place : *places)
    for (int64_t k = 0; k < *run; ++k)
      result.append(*x, place + k);
  return node.define(0, std::move(result)), true;
}

/// What an update makes of the element that is there.
template <typename T> T reduced(StringRef reduction, T present, T update) {
  return reduction == "add"   ? present + update
         : reduction == "mul" ? present * update
         : reduction == "max" ? std::max(present, update)
         : reduction == "min" ? std::min(present, update)
                              : update;
}

/// `run` elements at each place, in order.
bool scatter(NodeImport &node, const Folded &x, ArrayRef<int64_t> places, int64_t run) {
  const Folded *updates = node.folded(2);
  std::string reduction = node.word("reduction", "none");
  if (node.failed() || updates->type != x.type || updates->size() != int64_t(places.size()) * run)
    return node.failed();
  Folded result = x;
  int64_t next = 0;
  for (int64_t place : places)
    for (int64_t k = 0; k < run; ++k, ++next)
      if (x.isReal())
        result.reals[place + k] = float(reduced(reduction, result.reals[place + k], updates->reals[next]));
      else
        result.ints[place + k] = reduced(reduction, result.ints[place + k], updates->ints[next]);
  return node.define(0, std::move(result)), true;
}

bool foldScatterTuples(NodeImport &node) {
  const Folded *x = node.folded(0), *indices = node.folded(1);
  auto places = placesOfTuples(node, *indices, x->shape);
  std::optional<int64_t> run = places ? elementsOf(ArrayRef(x->shape).drop_front(indices->shape.back())) : std::nullopt;
  return run ? scatter(node, *x, *places, *run) : node.failed();
}

bool foldScatterElements(NodeImport &node) {
  const Folded *x = node.folded(0), *indices = node.folded(1);
  int64_t axis = node.axis(node.integer("axis", 0), x->rank());
  auto places = node.failed() || indices->shape != node.folded(2)->shape ? std::nullopt : placesAlong(node, *indices, x->shape, axis);
  return places ? scatter(node, *x, *places, 1) : node.failed();
}

} // namespace

std::vector<FoldRow> weft::onnxfile::indexFolds() {
  return {{"Gather", foldGather},
          {"GatherElements", foldGatherElements},
          {"GatherND", foldGatherTuples},
          {"ScatterElements", foldScatterElements},
          {"ScatterND", foldScatterTuples}};
}
