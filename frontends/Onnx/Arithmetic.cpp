// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations of two or more tensors with NumPy's broadcasting.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// An input of float, or of integers where `op` is exact on those too: indices are computed.
Value operand(NodeImport &node, size_t i, llvm::StringRef op) {
  bool isInteger = node.elementType(i) == Int32 || node.elementType(i) == Int64;
  return isInteger && op != "div" ? node.tensor(i) : node.floats(i);
}

void binary(NodeImport &node, llvm::StringRef op) {
  Value x = operand(node, 0, op), y = operand(node, 1, op);
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
  Value result = operand(node, 0, op);
  for (size_t i = 1; i < node.inputs(); ++i)
    result = node.make(op, {result, operand(node, i, op)});
  return result;
}

/// The remainder of C, or of Python for integers.
void moduloOf(NodeImport &node) {
  bool ofC = node.integer("fmod", 0);
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
  std::vector<Conversion> conversions{{"Pow", power}, {"Mean", mean}, {"Mod", moduloOf}};
  for (auto [onnx, op] : {std::pair("Add", "add"), {"Sub", "sub"}, {"Mul", "mul"}, {"Div", "div"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { binary(node, op); }});
  for (auto [onnx, op] : {std::pair("Sum", "add"), {"Max", "maximum"}, {"Min", "minimum"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { node.define(0, chain(node, op)); }});
  return conversions;
}
