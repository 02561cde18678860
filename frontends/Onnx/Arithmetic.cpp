// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations of two or more tensors with NumPy's broadcasting.
#include "frontends/Onnx/Indices.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// An input of float, or of integers: indices are computed.
Value operand(NodeImport &node, size_t i) {
  bool isInteger = node.elementType(i) == Int32 || node.elementType(i) == Int64;
  return isInteger ? node.tensor(i) : node.floats(i);
}

void binary(NodeImport &node, llvm::StringRef op) {
  Value x = operand(node, 0), y = operand(node, 1);
  node.define(0, node.make(op, {x, y}));
}

Value asFloat(NodeImport &node, Value x) { return node.cast(x, Float32Type::get(node.context())); }

/// Powers that are simpler than a logarithm: exact for negative bases too.
void power(NodeImport &node) {
  Value x = node.floats(0);
  if (!x)
    return;
  const Folded *exponent = node.folded(1);
  if (!exponent || exponent->size() != 1 || exponent->shape.size() > size_t(rankOf(x)))
    return node.define(0, node.make("pow", {x, asFloat(node, node.tensor(1))}));
  double y = exponent->asReal(0);
  if (y == 1)
    return node.define(0, x);
  if (y == 2)
    return node.define(0, node.make("mul", {x, x}));
  if (y == 3)
    return node.define(0, node.make("mul", {node.make("mul", {x, x}), x}));
  if (y == 0.5)
    return node.define(0, node.make("sqrt", x));
  if (y == -1)
    return node.define(0, node.make("reciprocal", x));
  node.define(0, node.make("pow", {x, node.scalar(y)}));
}

Value chain(NodeImport &node, llvm::StringRef op) {
  Value result = operand(node, 0);
  for (size_t i = 1; i < node.inputs(); ++i)
    result = node.make(op, {result, operand(node, i)});
  return result;
}

bool readsIntegers(NodeImport &node) { return node.elementType(0) == Int32 || node.elementType(0) == Int64; }

/// Integers divided by known positive ones, towards zero or down. Each kernel divides what is not negative.
Value quotient(NodeImport &node, bool down) {
  const Folded *divisor = node.numbers(1, "what integers are divided by");
  Value x = node.tensor(0), y = node.tensor(1);
  if (!divisor || !x || !y)
    return {};
  if (llvm::any_of(divisor->ints, [](int64_t value) { return value < 1; }))
    return node.fail("divides integers by numbers below 1, which is not supported"), Value();
  Value zero = integer(node, x, 0);
  Value below = node.make("maximum", {node.make("sub", {zero, x}), zero});
  if (down)
    below = node.make("add", {below, node.make("sub", {y, integer(node, x, 1)})});
  return node.make("sub", {node.make("div", {node.make("maximum", {x, zero}), y}), node.make("div", {below, y})});
}

void divide(NodeImport &node) {
  if (readsIntegers(node))
    return node.define(0, quotient(node, false));
  node.define(0, node.make("div", {node.floats(0), node.floats(1)}));
}

/// The remainder of C, or of Python.
void moduloOf(NodeImport &node) {
  bool ofC = node.integer("fmod", 0);
  if (readsIntegers(node)) {
    Value whole = quotient(node, !ofC);
    return node.define(0, node.make("sub", {node.tensor(0), node.make("mul", {whole, node.tensor(1)})}));
  }
  Value x = node.floats(0), y = node.floats(1), quotient = node.make("div", {x, y});
  if (ofC)
    quotient = node.make("mul", {node.make("sign", quotient), node.make("floor", node.make("abs", quotient))});
  else
    quotient = node.make("floor", quotient);
  node.define(0, node.make("sub", {x, node.make("mul", {quotient, y})}));
}

void mean(NodeImport &node) {
  Value sum = chain(node, "add");
  node.define(0, node.inputs() == 1 ? sum : node.make("div", {sum, node.scalar(double(node.inputs()))}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::arithmeticConversions() {
  std::vector<Conversion> conversions{{"Pow", power}, {"Mean", mean}, {"Mod", moduloOf}, {"Div", divide}};
  for (auto [onnx, op] : {std::pair("Add", "add"), {"Sub", "sub"}, {"Mul", "mul"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { binary(node, op); }});
  for (auto [onnx, op] : {std::pair("Sum", "add"), {"Max", "maximum"}, {"Min", "minimum"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { node.define(0, chain(node, op)); }});
  return conversions;
}
