// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that move elements, on known tensors of any rank.
#include "frontends/Onnx/Folding.h"

#include "llvm/Support/MathExtras.h"

using namespace weft;
using namespace weft::onnxfile;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

bool define(NodeImport &node, std::optional<Folded> result) {
  return result && (node.define(0, std::move(*result)), true);
}

bool foldShape(NodeImport &node) {
  std::optional<Ints> shape = node.shape(0);
  if (!shape)
    return false;
  int64_t rank = shape->size();
  auto bounded = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = bounded(node.integer("start", 0)), end = bounded(node.integer("end", rank));
  node.define(0, Folded::integers(ArrayRef(*shape).slice(start, std::max<int64_t>(end - start, 0))));
  return true;
}

bool foldSize(NodeImport &node) {
  int64_t elements = 1;
  for (int64_t extent : node.shape(0).value_or(Ints()))
    if (llvm::MulOverflow(elements, extent, elements))
      return false;
  return node.define(0, Folded::integer(elements)), true;
}

bool foldSlice(NodeImport &node) {
  const Folded *x = node.folded(0);
  std::optional<SliceRange> range = x ? readSlice(node, x->shape) : std::nullopt;
  if (!range)
    return node.failed();
  Ints strides = denseStrides(x->shape);
  int64_t offset = 0;
  for (int64_t i = 0; i < x->rank(); ++i) {
    offset += range->start[i] * strides[i];
    strides[i] *= range->step[i];
  }
  return define(node, strided(*x, range->extents(), strides, offset));
}

bool foldConcat(NodeImport &node) {
  const Folded *first = node.folded(0);
  if (!first || !first->rank())
    return false;
  int64_t axis = node.axis(node.integer("axis", 0), first->rank());
  if (node.failed())
    return true;
  Folded result{first->type, first->shape, {}, {}};
  result.shape[axis] = 0;
  for (size_t i = 0; i < node.inputs(); ++i) {
    const Folded *part = node.folded(i);
    if (!part || part->type != first->type || part->rank() != first->rank())
      return false;
    for (int64_t d = 0; d < first->rank(); ++d)
      if (d != axis && part->shape[d] != first->shape[d])
        return false;
    result.shape[axis] += part->shape[axis];
  }
  std::optional<int64_t> before = elementsOf(ArrayRef(result.shape).take_front(axis));
  if (!elementsOf(result.shape) || !before)
    return false;
  for (int64_t outer = 0; outer < *before; ++outer)
    for (size_t i = 0; i < node.inputs(); ++i) {
      const Folded *part = node.folded(i);
      int64_t run = *before ? part->size() / *before : 0;
      for (int64_t k = 0; k < run; ++k)
        result.append(*part, outer * run + k);
    }
  return node.define(0, std::move(result)), true;
}

bool foldSplit(NodeImport &node) {
  const Folded *x = node.folded(0);
  if (!x || !x->rank() || node.node.outputs.empty())
    return false;
  int64_t axis = node.axis(node.integer("axis", 0), x->rank()), start = 0;
  std::optional<Ints> sizes = node.failed() ? std::nullopt : readSplit(node, x->shape[axis]);
  if (!sizes)
    return true;
  Ints strides = denseStrides(x->shape), shape = x->shape;
  Folded whole = *x; // results may be stored where `x` is
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    shape[axis] = size;
    std::optional<Folded> piece = strided(whole, shape, strides, start * strides[axis]);
    if (!piece)
      return false;
    node.define(i, std::move(*piece));
    start += size;
  }
  return true;
}

/// Reshape, Flatten, Squeeze and Unsqueeze: only the shape changes.
bool foldReshape(NodeImport &node) {
  const Folded *x = node.folded(0);
  std::optional<Ints> shape = x ? newShape(node, x->shape) : std::nullopt;
  if (!shape || elementsOf(*shape) != x->size()) {
    node.fail("its shape has another number of elements");
    return true;
  }
  Folded result = *x;
  result.shape = *shape;
  return node.define(0, std::move(result)), true;
}

bool foldTranspose(NodeImport &node) {
  const Folded *x = node.folded(0);
  Ints reversed = countUp(x->rank());
  std::reverse(reversed.begin(), reversed.end());
  Ints perm = node.integers("perm").value_or(reversed), sorted = perm, shape, strides;
  llvm::sort(sorted);
  if (sorted != countUp(x->rank()))
    return node.fail("`perm` does not name every dimension once"), true;
  for (int64_t from : perm) {
    shape.push_back(x->shape[from]);
    strides.push_back(denseStrides(x->shape)[from]);
  }
  return define(node, strided(*x, shape, strides));
}

bool foldExpand(NodeImport &node) {
  const Folded *x = node.folded(0), *shape = node.folded(1);
  if (!x || !shape || shape->isReal())
    return false;
  return define(node, broadcast(*x, commonShape(x->shape, shape->ints)));
}

bool foldTile(NodeImport &node) {
  const Folded *x = node.folded(0), *repeats = node.folded(1);
  if (!x || !repeats || repeats->isReal() || repeats->size() != x->rank())
    return false;
  Ints shape, strides, dense = denseStrides(x->shape);
  for (int64_t i = 0; i < x->rank(); ++i) { // [n] as [repeats, n]
    shape.append({repeats->ints[i], x->shape[i]});
    strides.append({0, dense[i]});
  }
  std::optional<Folded> result = strided(*x, shape, strides);
  if (!result)
    return false;
  Ints merged;
  for (int64_t i = 0; i < x->rank(); ++i)
    merged.push_back(shape[2 * i] * shape[2 * i + 1]);
  result->shape = merged;
  return define(node, std::move(result));
}

bool foldConstantOfShape(NodeImport &node) {
  std::optional<Ints> shape = node.ints(0, "its shape");
  if (!shape)
    return true;
  Folded value = Folded::real(0);
  if (const Attribute *attribute = node.attribute("value", Attribute::Tensor)) {
    std::optional<Folded> given = Folded::of(*attribute->tensor);
    if (!given || given->size() != 1)
      return node.fail("its value is not one number of a supported type"), true;
    value = *given;
  }
  value.shape = {};
  if (std::optional<Folded> filled = broadcast(value, *shape))
    return node.define(0, std::move(*filled)), true;
  return node.define(0, node.expand(node.constant(value), *shape)), true;
}

/// Ones on a diagonal of a plane of the input's shape.
bool foldEyeLike(NodeImport &node) {
  std::optional<Ints> shape = node.shape(0);
  int64_t type = node.integer("dtype", node.elementType(0)), diagonal = node.integer("k", 0);
  bool isKnown = type == Float || type == Double || type == Int32 || type == Int64 || type == onnxfile::Bool;
  if (!shape || shape->size() != 2 || !isKnown || !elementsOf(*shape))
    return false;
  Folded result{int32_t(type), *shape, {}, {}};
  forEachIndex(*shape, [&](ArrayRef<int64_t> at) { result.append(at[1] - at[0] == diagonal ? 1.0 : 0.0); });
  return node.define(0, std::move(result)), true;
}

/// The elements of planes on one side of a diagonal; the others become 0.
bool foldTrilu(NodeImport &node) {
  const Folded *x = node.folded(0);
  if (!x || x->rank() < 2 || (node.has(1) && node.folded(1)->size() != 1))
    return false;
  int64_t k = node.has(1) ? node.folded(1)->asInt(0) : 0, upper = node.integer("upper", 1), i = 0;
  Folded result = *x;
  forEachIndex(x->shape, [&](ArrayRef<int64_t> at) {
    int64_t off = at.back() - at[at.size() - 2];
    if (upper ? off < k : off > k)
      x->isReal() ? void(result.reals[i] = 0) : void(result.ints[i] = 0);
    ++i;
  });
  return node.define(0, std::move(result)), true;
}

/// Positions of elements that are not 0, a column each.
bool foldNonZero(NodeImport &node) {
  const Folded *x = node.folded(0);
  std::vector<Ints> found;
  int64_t i = 0;
  forEachIndex(x->shape, [&](ArrayRef<int64_t> at) {
    if (x->asReal(i++) != 0)
      found.push_back(Ints(at));
  });
  Folded result{Int64, {x->rank(), int64_t(found.size())}, {}, {}};
  for (int64_t d = 0; d < x->rank(); ++d)
    for (const Ints &at : found)
      result.ints.push_back(at[d]);
  return node.define(0, std::move(result)), true;
}

} // namespace

std::vector<FoldRow> weft::onnxfile::shapeFolds() {
  return {{"Shape", foldShape},
          {"Size", foldSize},
          {"EyeLike", foldEyeLike},
          {"ConstantOfShape", foldConstantOfShape},
          {"Slice", foldSlice},
          {"Concat", foldConcat},
          {"Split", foldSplit},
          {"Reshape", foldReshape},
          {"Flatten", foldReshape},
          {"Squeeze", foldReshape},
          {"Unsqueeze", foldReshape},
          {"Transpose", foldTranspose},
          {"Expand", foldExpand},
          {"Tile", foldTile},
          {"Trilu", foldTrilu},
          {"NonZero", foldNonZero}};
}
