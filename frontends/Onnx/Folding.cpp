// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What exporters compute on shapes is computed here: small tensors of integers, and numbers, from known inputs.
#include "frontends/Onnx/Importer.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace weft;
using namespace weft::onnxfile;
using llvm::ArrayRef;
using llvm::StringRef;

template <typename From, typename To> static void decode(const Tensor &tensor, std::vector<To> &to) {
  to.resize(tensor.elements);
  for (int64_t i = 0; i < tensor.elements; ++i) {
    From value;
    std::memcpy(&value, tensor.bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = value;
  }
}

std::optional<Folded> Folded::of(const Tensor &tensor) {
  Folded result;
  result.type = tensor.type;
  result.shape.assign(tensor.dims.begin(), tensor.dims.end());
  bool fits = tensor.elements <= (tensor.type == Float ? mostFoldedReals : mostFoldedInts);
  if (!fits)
    return std::nullopt;
  switch (tensor.type) {
  case Float:
    decode<float>(tensor, result.reals);
    return result;
  case Int32:
    decode<int32_t>(tensor, result.ints);
    return result;
  case Int64:
    decode<int64_t>(tensor, result.ints);
    return result;
  case onnxfile::Bool:
    decode<uint8_t>(tensor, result.ints);
    return result;
  default:
    return std::nullopt;
  }
}

namespace {

/// An element whichever type it has.
void append(Folded &to, const Folded &from, size_t i) {
  if (to.isReal())
    to.reals.push_back(from.asReal(i));
  else
    to.ints.push_back(from.isReal() ? int64_t(std::clamp(from.reals[i], -9e18, 9e18)) : from.ints[i]);
}

std::optional<int64_t> product(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    if (extent < 0 || llvm::MulOverflow(elements, extent, elements) || elements > mostFoldedInts)
      return std::nullopt;
  return elements;
}

/// The elements of `from` in the order of `shape`, repeated where an extent is 1.
std::optional<Folded> broadcast(const Folded &from, ArrayRef<int64_t> shape) {
  std::optional<int64_t> elements = product(shape);
  if (!elements || from.shape.size() > shape.size())
    return std::nullopt;
  Folded result{from.type, Ints(shape), {}, {}};
  size_t shift = shape.size() - from.shape.size();
  for (size_t i = 0; i < from.shape.size(); ++i)
    if (from.shape[i] != 1 && from.shape[i] != shape[i + shift])
      return std::nullopt;
  for (int64_t flat = 0; flat < *elements; ++flat) {
    int64_t rest = flat, index = 0, stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      int64_t at = rest % shape[i];
      rest /= shape[i];
      if (i < shift)
        continue;
      index += (from.shape[i - shift] == 1 ? 0 : at) * stride;
      stride *= from.shape[i - shift];
    }
    append(result, from, index);
  }
  return result;
}

Ints commonShape(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  Ints shape(std::max(a.size(), b.size()), 1);
  for (ArrayRef<int64_t> side : {a, b})
    for (size_t i = 0; i < side.size(); ++i)
      if (int64_t &extent = shape[shape.size() - side.size() + i]; extent == 1)
        extent = side[i];
  return shape;
}

std::optional<int64_t> integerResult(StringRef op, int64_t x, int64_t y) {
  int64_t z = 0;
  if (op == "Add")
    return llvm::AddOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Sub")
    return llvm::SubOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Mul")
    return llvm::MulOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Div" || op == "Mod")
    if (y == 0 || (y == -1 && x == INT64_MIN))
      return std::nullopt;
  if (op == "Div")
    return x / y;
  if (op == "Mod")
    return x % y && (x % y < 0) != (y < 0) ? x % y + y : x % y;
  if (op == "Max" || op == "Min")
    return op == "Max" ? std::max(x, y) : std::min(x, y);
  return std::nullopt;
}

std::optional<double> realResult(StringRef op, double x, double y) {
  float a = float(x), b = float(y);
  if (op == "Add" || op == "Sub")
    return op == "Add" ? a + b : a - b;
  if (op == "Mul" || op == "Div")
    return op == "Mul" ? a * b : a / b;
  if (op == "Max" || op == "Min")
    return op == "Max" ? std::max(a, b) : std::min(a, b);
  return op == "Pow" ? std::optional<double>(std::pow(a, b)) : std::nullopt;
}

bool foldBinary(NodeImport &node, StringRef op) {
  const Folded *a = node.folded(0), *b = node.folded(1);
  if (!a || !b || node.inputs() != 2 || (a->isReal() != b->isReal() && op != "Pow"))
    return false;
  Ints shape = commonShape(a->shape, b->shape);
  std::optional<Folded> x = broadcast(*a, shape), y = broadcast(*b, shape);
  if (!x || !y)
    return false;
  bool compares = op == "Equal" || op == "Less" || op == "Greater";
  Folded result{compares ? int32_t(onnxfile::Bool) : a->type, shape, {}, {}};
  for (int64_t i = 0; i < x->size(); ++i) {
    if (compares) {
      double left = x->asReal(i), right = y->asReal(i);
      result.ints.push_back(op == "Equal" ? left == right : op == "Less" ? left < right : left > right);
    } else if (result.isReal()) {
      std::optional<double> value = realResult(op, x->asReal(i), y->asReal(i));
      if (!value)
        return false;
      result.reals.push_back(*value);
    } else {
      std::optional<int64_t> value = integerResult(op, x->ints[i], y->ints[i]);
      if (!value)
        return false;
      result.ints.push_back(*value);
    }
  }
  return node.define(0, std::move(result)), true;
}

bool foldUnary(NodeImport &node, double (*f)(double)) {
  const Folded *x = node.folded(0);
  if (!x)
    return false;
  Folded result = *x;
  for (double &value : result.reals)
    value = float(f(value));
  for (int64_t &value : result.ints)
    value = int64_t(f(double(value)));
  return node.define(0, std::move(result)), true;
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

bool foldCast(NodeImport &node) {
  const Folded *x = node.folded(0);
  int64_t to = node.integer("to", 0);
  if (!x || (to != Float && to != Int32 && to != Int64 && to != onnxfile::Bool))
    return false;
  Folded result{int32_t(to), x->shape, {}, {}};
  for (int64_t i = 0; i < x->size(); ++i)
    append(result, *x, i);
  if (to == onnxfile::Bool)
    for (int64_t i = 0; i < x->size(); ++i)
      result.ints[i] = x->asReal(i) != 0;
  for (int64_t &value : result.ints)
    value = to == Int32 ? int32_t(value) : value;
  for (double &value : result.reals)
    value = float(value);
  return node.define(0, std::move(result)), true;
}

/// Rows of `x` along its first dimension, or all of it where `index` has no dimension.
bool foldGather(NodeImport &node) {
  const Folded *x = node.folded(0), *index = node.folded(1);
  if (!x || !index || index->isReal() || x->shape.size() != 1 || node.integer("axis", 0) > 0)
    return false;
  Folded result{x->type, index->shape, {}, {}};
  for (int64_t at : index->ints) {
    if (at < -x->size() || at >= x->size())
      return node.fail("index " + llvm::Twine(at) + " of " + llvm::Twine(x->size()) + " elements"), true;
    append(result, *x, at < 0 ? at + x->size() : at);
  }
  return node.define(0, std::move(result)), true;
}

bool foldSlice(NodeImport &node) {
  const Folded *x = node.folded(0);
  if (!x || x->shape.size() != 1)
    return false;
  std::optional<Ints> start = node.ints(1, "its starts"), stop = node.ints(2, "its ends");
  std::optional<Ints> step = node.has(4) ? node.ints(4, "its steps") : Ints(1, 1);
  if (!start || !stop || !step || start->size() != 1 || stop->size() != 1 || step->size() != 1 || step->front() == 0)
    return false;
  int64_t size = x->size(), by = std::clamp<int64_t>(step->front(), -size - 1, size + 1);
  auto bounded = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp<int64_t>(at < 0 ? (at < -size ? -1 : at + size) : at, low, high);
  };
  Folded result{x->type, {0}, {}, {}};
  if (by > 0)
    for (int64_t i = bounded(start->front(), 0, size), end = bounded(stop->front(), 0, size); i < end; i += by)
      append(result, *x, i);
  else
    for (int64_t i = bounded(start->front(), -1, size - 1), end = bounded(stop->front(), -1, size - 1); i > end;
         i += by)
      append(result, *x, i);
  result.shape[0] = result.size();
  return node.define(0, std::move(result)), true;
}

bool foldConcat(NodeImport &node) {
  const Folded *first = node.inputs() ? node.folded(0) : nullptr;
  if (!first || first->shape.size() != 1)
    return false;
  Folded result{first->type, {0}, {}, {}};
  for (size_t i = 0; i < node.inputs(); ++i) {
    const Folded *part = node.folded(i);
    if (!part || part->shape.size() != 1 || part->type != first->type || result.size() > mostFoldedInts)
      return false;
    for (int64_t k = 0; k < part->size(); ++k)
      append(result, *part, k);
  }
  result.shape[0] = result.size();
  return node.define(0, std::move(result)), true;
}

/// Reshape, Squeeze and Unsqueeze between a number and a list.
bool foldReshape(NodeImport &node, StringRef op) {
  const Folded *x = node.folded(0);
  if (!x)
    return false;
  Folded result = *x;
  std::optional<Ints> axes = node.integers("axes");
  if (!axes && node.has(1) && node.folded(1))
    axes = node.ints(1, "its axes");
  if (op == "Reshape") {
    if (!axes || axes->size() > 1 || (axes->size() == 1 && (*axes)[0] != -1 && (*axes)[0] != x->size()) ||
        (axes->empty() && x->size() != 1))
      return false;
    result.shape = axes->empty() ? Ints() : Ints{x->size()};
  } else if (op == "Unsqueeze") {
    if (!x->shape.empty() || !axes || axes->size() != 1)
      return false;
    result.shape = {1};
  } else {
    if (x->shape.size() != 1 || x->size() != 1)
      return false;
    result.shape = {};
  }
  return node.define(0, std::move(result)), true;
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
  std::optional<int64_t> elements = product(*shape);
  if (elements) {
    value.shape = {};
    if (std::optional<Folded> filled = broadcast(value, *shape))
      return node.define(0, std::move(*filled)), true;
  }
  value.shape = {};
  return node.define(0, node.expand(node.constant(value), *shape)), true;
}

bool foldWhere(NodeImport &node) {
  const Folded *choice = node.folded(0), *x = node.folded(1), *y = node.folded(2);
  if (!choice || !x || !y || x->type != y->type)
    return false;
  Ints shape = commonShape(commonShape(choice->shape, x->shape), y->shape);
  std::optional<Folded> which = broadcast(*choice, shape), a = broadcast(*x, shape), b = broadcast(*y, shape);
  if (!which || !a || !b)
    return false;
  Folded result{x->type, shape, {}, {}};
  for (int64_t i = 0; i < which->size(); ++i)
    append(result, which->ints[i] ? *a : *b, i);
  return node.define(0, std::move(result)), true;
}

bool foldRange(NodeImport &node) {
  const Folded *start = node.folded(0), *limit = node.folded(1), *step = node.folded(2);
  if (!start || !limit || !step || start->isReal() || limit->isReal() || step->isReal() || start->size() != 1 ||
      limit->size() != 1 || step->size() != 1 || step->ints[0] == 0)
    return false;
  Folded result{start->type, {0}, {}, {}};
  int64_t by = step->ints[0];
  for (int64_t i = start->ints[0]; by > 0 ? i < limit->ints[0] : i > limit->ints[0];) {
    result.ints.push_back(i);
    if (result.size() > mostFoldedInts || llvm::AddOverflow(i, by, i))
      return false;
  }
  result.shape[0] = result.size();
  return node.define(0, std::move(result)), true;
}

bool foldExpand(NodeImport &node) {
  const Folded *x = node.folded(0), *shape = node.folded(1);
  if (!x || !shape || shape->isReal())
    return false;
  std::optional<Folded> result = broadcast(*x, commonShape(x->shape, shape->ints));
  return result && (node.define(0, std::move(*result)), true);
}

bool foldProduct(NodeImport &node) {
  const Folded *x = node.folded(0);
  if (!x || x->isReal() || x->shape.size() != 1)
    return false;
  int64_t value = 1;
  for (int64_t factor : x->ints)
    if (llvm::MulOverflow(value, factor, value))
      return false;
  Folded result = Folded::integer(value);
  result.type = x->type;
  if (node.integer("keepdims", 1))
    result.shape = {1};
  return node.define(0, std::move(result)), true;
}

bool foldIdentity(NodeImport &node) {
  const Folded *x = node.folded(0);
  return x && (node.define(0, *x), true);
}

} // namespace

bool weft::onnxfile::foldNode(NodeImport &node) {
  StringRef op = node.node.op;
  if (op == "Shape")
    return foldShape(node);
  if (op == "Size")
    return foldSize(node);
  if (op == "ConstantOfShape")
    return foldConstantOfShape(node);
  for (size_t i = 0; i < node.inputs(); ++i)
    if (node.has(i) && !node.folded(i))
      return false;
  if (!node.inputs())
    return false;
  using Fold = bool (*)(NodeImport &);
  static const llvm::StringMap<Fold> folds{
      {"Cast", foldCast},     {"Gather", foldGather},      {"Slice", foldSlice},
      {"Concat", foldConcat}, {"Where", foldWhere},        {"Range", foldRange},
      {"Expand", foldExpand}, {"ReduceProd", foldProduct}, {"Identity", foldIdentity}};
  if (auto fold = folds.find(op); fold != folds.end())
    return fold->second(node);
  if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze")
    return foldReshape(node, op);
  if (op == "Sqrt" || op == "Floor" || op == "Ceil" || op == "Neg")
    return foldUnary(
        node, op == "Sqrt"    ? [](double x) { return std::sqrt(x); }
              : op == "Floor" ? [](double x) { return std::floor(x); }
              : op == "Ceil"  ? [](double x) { return std::ceil(x); }
                              : [](double x) { return -x; });
  for (StringRef known : {"Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Pow", "Equal", "Less", "Greater"})
    if (op == known)
      return foldBinary(node, op);
  return false;
}

llvm::ArrayRef<StringRef> weft::onnxfile::foldedOnly() {
  static const StringRef names[] = {"Shape",      "Size", "ConstantOfShape", "Where", "Range",
                                    "ReduceProd", "Mod",  "Equal",           "Less",  "Greater"};
  return names;
}
