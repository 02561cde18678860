// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations of two or more tensors with NumPy's broadcasting.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

void binary(NodeImport &node, llvm::StringRef op) {
  Value x = node.floats(0), y = node.floats(1);
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
  Value result = node.floats(0);
  for (size_t i = 1; i < node.inputs(); ++i)
    result = node.make(op, {result, node.floats(i)});
  return result;
}

void mean(NodeImport &node) {
  Value sum = chain(node, "add");
  node.define(0, node.inputs() == 1 ? sum : node.make("div", {sum, node.scalar(double(node.inputs()))}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::arithmeticConversions() {
  std::vector<Conversion> conversions{{"Pow", power}, {"Mean", mean}};
  for (auto [onnx, op] : {std::pair("Add", "add"), {"Sub", "sub"}, {"Mul", "mul"}, {"Div", "div"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { binary(node, op); }});
  for (auto [onnx, op] : {std::pair("Sum", "add"), {"Max", "maximum"}, {"Min", "minimum"}})
    conversions.push_back({onnx, [op = op](NodeImport &node) { node.define(0, chain(node, op)); }});
  return conversions;
}
