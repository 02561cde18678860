// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Arithmetic on known tensors, element by element. Results of float are rounded to float, as they would be while running.
#include "frontends/Onnx/Folding.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;

namespace {

std::optional<int64_t> integerResult(StringRef op, int64_t x, int64_t y, bool remainderOfC) {
  int64_t z = 0;
  if (op == "Add")
    return llvm::AddOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Sub")
    return llvm::SubOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Mul")
    return llvm::MulOverflow(x, y, z) ? std::nullopt : std::optional(z);
  if (op == "Max" || op == "Min")
    return op == "Max" ? std::max(x, y) : std::min(x, y);
  if (op == "Pow") {
    double power = std::pow(double(x), double(y));
    return std::abs(power) < 9e15 ? std::optional<int64_t>(power) : std::nullopt;
  }
  if (y == 0 || (y == -1 && x == INT64_MIN))
    return std::nullopt;
  if (op == "Div")
    return x / y;
  return op != "Mod"                                     ? std::nullopt
         : !remainderOfC && x % y && (x % y < 0) != (y < 0) ? std::optional(x % y + y)
                                                         : std::optional(x % y);
}

std::optional<double> realResult(StringRef op, double x, double y) {
  if (op == "Add" || op == "Sub")
    return op == "Add" ? x + y : x - y;
  if (op == "Mul" || op == "Div")
    return op == "Mul" ? x * y : x / y;
  if (op == "Max" || op == "Min")
    return std::isnan(x) || std::isnan(y) ? NAN : op == "Max" ? std::max(x, y) : std::min(x, y);
  if (op == "Mod")
    return std::fmod(x, y);
  return op == "Pow" ? std::optional<double>(std::pow(x, y)) : std::nullopt;
}

/// Equal, Less, ... and the logical ones; nothing for other operations.
std::optional<bool> truth(StringRef op, double x, double y) {
  if (op == "Equal")
    return x == y;
  if (op == "Less" || op == "Greater")
    return op == "Less" ? x < y : x > y;
  if (op == "LessOrEqual" || op == "GreaterOrEqual")
    return op == "LessOrEqual" ? x <= y : x >= y;
  if (op == "And" || op == "Or")
    return op == "And" ? x && y : x || y;
  return op == "Xor" ? std::optional<bool>(bool(x) != bool(y)) : std::nullopt;
}

/// Two tensors of one shape into one; false where an element has no result.
bool combine(StringRef op, const Folded &x, const Folded &y, bool remainderOfC, Folded &result) {
  for (int64_t i = 0; i < x.size(); ++i) {
    if (result.isReal()) {
      std::optional<double> value = realResult(op, x.asReal(i), y.asReal(i));
      if (!value)
        return false;
      result.append(*value);
      continue;
    }
    std::optional<int64_t> value = integerResult(op, x.ints[i], y.asInt(i), remainderOfC);
    if (!value)
      return false;
    result.ints.push_back(*value);
  }
  return true;
}

bool isComparison(StringRef op) { return truth(op, 0, 0).has_value(); }

std::optional<Folded> binary(NodeImport &node, StringRef op, const Folded &a, const Folded &b) {
  if (a.isReal() != b.isReal() && op != "Pow")
    return std::nullopt;
  Ints shape = commonShape(a.shape, b.shape);
  std::optional<Folded> x = broadcast(a, shape), y = broadcast(b, shape);
  if (!x || !y)
    return std::nullopt;
  Folded result{isComparison(op) ? int32_t(onnxfile::Bool) : a.type, shape, {}, {}};
  if (!isComparison(op))
    return combine(op, *x, *y, node.integer("fmod", 0), result) ? std::optional(std::move(result)) : std::nullopt;
  for (int64_t i = 0; i < x->size(); ++i) {
    bool exact = !x->isReal() && op == "Equal";
    result.ints.push_back(exact ? x->ints[i] == y->ints[i] : *truth(op, x->asReal(i), y->asReal(i)));
  }
  return result;
}

/// Operations of two inputs, and those of many that are chains of them.
bool foldBinary(NodeImport &node) {
  StringRef op = node.node.op == "Sum" ? "Add" : StringRef(node.node.op);
  if (node.inputs() < 1 || !node.folded(0))
    return false;
  Folded result = *node.folded(0);
  for (size_t i = 1; i < node.inputs(); ++i) {
    std::optional<Folded> next = binary(node, op, result, *node.folded(i));
    if (!next)
      return false;
    result = std::move(*next);
  }
  return node.define(0, std::move(result)), true;
}

/// f on each element, where they are real numbers, or where f makes integers of integers.
template <typename F> bool unary(NodeImport &node, bool integersToo, F f) {
  const Folded *x = node.folded(0);
  if (!x || (!x->isReal() && !integersToo))
    return false;
  Folded result{x->type, x->shape, {}, {}};
  for (int64_t i = 0; i < x->size(); ++i)
    result.append(f(x->asReal(i)));
  return node.define(0, std::move(result)), true;
}

bool foldUnary(NodeImport &node) {
  StringRef op = node.node.op;
  if (op == "Neg" || op == "Abs" || op == "Sign")
    return unary(node, true, [op](double x) {
      return op == "Neg" ? -x : op == "Abs" ? std::abs(x) : double(x > 0) - double(x < 0);
    });
  using Function = double (*)(double);
  static const std::pair<StringRef, Function> functions[] = {
      {"Sqrt", [](double x) { return std::sqrt(x); }},   {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},   {"Round", [](double x) { return std::nearbyint(x); }},
      {"Exp", [](double x) { return std::exp(x); }},     {"Log", [](double x) { return std::log(x); }},
      {"Sin", [](double x) { return std::sin(x); }},     {"Cos", [](double x) { return std::cos(x); }},
      {"Reciprocal", [](double x) { return 1 / x; }},    {"Tanh", [](double x) { return std::tanh(x); }},
      {"Relu", [](double x) { return x < 0 ? 0.0 : x; }}};
  for (auto [name, function] : functions)
    if (op == name)
      return unary(node, false, function);
  return false;
}

bool foldNot(NodeImport &node) {
  Folded result = *node.folded(0);
  if (result.isReal())
    return false;
  for (int64_t &value : result.ints)
    value = !value;
  return node.define(0, std::move(result)), true;
}

bool foldClip(NodeImport &node) {
  if (node.opset < 11)
    return false; // its bounds are attributes
  Folded result = *node.folded(0);
  for (size_t i : {1, 2}) {
    if (!node.has(i))
      continue;
    if (node.folded(i)->size() != 1)
      return false;
    Folded bound{result.type, {}, {}, {}};
    bound.append(*node.folded(i), 0);
    std::optional<Folded> next = binary(node, i == 1 ? "Max" : "Min", result, bound);
    if (!next)
      return false;
    result = std::move(*next);
  }
  return node.define(0, std::move(result)), true;
}

bool foldCast(NodeImport &node) {
  const Folded *x = node.folded(0);
  int64_t to = node.integer("to", 0);
  if (node.node.op == "CastLike")
    to = node.elementType(1);
  if (to == Float16 || to == BFloat16)
    to = Float;
  if (to != Float && to != Double && to != Int32 && to != Int64 && to != onnxfile::Bool)
    return false;
  Folded result{int32_t(to), x->shape, {}, {}};
  for (int64_t i = 0; i < x->size(); ++i)
    result.append(*x, i);
  return node.define(0, std::move(result)), true;
}

bool foldWhere(NodeImport &node) {
  const Folded *choice = node.folded(0), *x = node.folded(1), *y = node.folded(2);
  if (!choice || !x || !y || x->type != y->type || choice->isReal())
    return false;
  Ints shape = commonShape(commonShape(choice->shape, x->shape), y->shape);
  std::optional<Folded> which = broadcast(*choice, shape), a = broadcast(*x, shape), b = broadcast(*y, shape);
  if (!which || !a || !b)
    return false;
  Folded result{x->type, shape, {}, {}};
  for (int64_t i = 0; i < which->size(); ++i)
    result.append(which->ints[i] ? *a : *b, i);
  return node.define(0, std::move(result)), true;
}

bool foldRange(NodeImport &node) {
  const Folded *start = node.folded(0), *limit = node.folded(1), *step = node.folded(2);
  if (!start || !limit || !step || start->size() != 1 || limit->size() != 1 || step->size() != 1 ||
      start->type != limit->type || start->type != step->type || step->asReal(0) == 0)
    return false;
  double count = std::ceil((limit->asReal(0) - start->asReal(0)) / step->asReal(0));
  if (!(count <= double(mostComputed)))
    return false;
  Folded result{start->type, {std::max<int64_t>(int64_t(count), 0)}, {}, {}};
  for (int64_t i = 0; i < result.shape[0]; ++i)
    if (result.isReal())
      result.append(start->reals[0] + double(i) * step->reals[0]);
    else
      result.ints.push_back(int64_t(uint64_t(start->ints[0]) + uint64_t(i) * uint64_t(step->ints[0])));
  return node.define(0, std::move(result)), true;
}

bool foldIdentity(NodeImport &node) {
  node.onlyResults(1);
  return node.define(0, *node.folded(0)), true;
}

} // namespace

std::vector<FoldRow> weft::onnxfile::elementFolds() {
  std::vector<FoldRow> rows{{"Not", foldNot},     {"Clip", foldClip},   {"Cast", foldCast},        {"CastLike", foldCast},
                            {"Where", foldWhere}, {"Range", foldRange}, {"Identity", foldIdentity}};
  for (StringRef op : {"Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Pow", "Sum", "Equal", "Less", "Greater",
                       "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor"})
    rows.push_back({op, foldBinary});
  for (StringRef op : {"Neg", "Abs", "Sign", "Sqrt", "Floor", "Ceil", "Round", "Exp", "Log", "Sin", "Cos", "Reciprocal",
                       "Tanh", "Relu"})
    rows.push_back({op, foldUnary});
  return rows;
}
