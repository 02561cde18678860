// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// QuantizeLinear and DequantizeLinear. Integers are held as floats, which are exact for all of 8 bits: weights that are
// integers in the file are scaled when they are packed, activations are rounded as they would be.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// One number, or one for each entry of the axis, as a tensor to be read beside `x`.
Value alongAxis(NodeImport &node, Value parameter, Value x) {
  if (!parameter || !x || elementCount(parameter) == 1)
    return parameter ? node.reshape(parameter, {}) : Value();
  if (node.integer("block_size", 0))
    return node.fail("scales of blocks are not supported"), Value();
  int64_t axis = node.axis(node.integer("axis", 1), rankOf(x));
  if (node.failed() || rankOf(parameter) != 1 || shapeOf(parameter)[0] != shapeOf(x)[axis])
    return node.fail("its scales do not fit its input"), Value();
  Ints shape(rankOf(x) - axis, 1);
  shape[0] = shapeOf(parameter)[0];
  return node.reshape(parameter, shape);
}

void dequantize(NodeImport &node) {
  Value x = node.quantised(0);
  Value scale = alongAxis(node, node.floats(1), x);
  if (node.has(2))
    x = node.make("sub", {x, alongAxis(node, node.quantised(2), x)});
  node.defineNumbers(0, node.make("mul", {x, scale}));
}

/// The type of the result: of the zero point, or what an attribute says.
int32_t quantisedType(NodeImport &node) {
  int64_t type = node.integer("output_dtype", 0);
  return node.has(2) ? node.elementType(2) : type ? int32_t(type) : int32_t(UInt8);
}

void quantize(NodeImport &node) {
  Value x = node.floats(0);
  Value scale = alongAxis(node, node.floats(1), x);
  int32_t type = quantisedType(node);
  if (type != Int8 && type != UInt8)
    return node.fail("quantising to " + nameOf(type) + " is not supported");
  Value whole = node.make("round", node.make("div", {x, scale}));
  if (node.has(2))
    whole = node.make("add", {whole, alongAxis(node, node.quantised(2), x)});
  double low = type == Int8 ? -128 : 0;
  node.defineQuantised(
      0, node.make("clip", whole, {node.number("min", low), node.number("max", low + 255)}), type);
}

} // namespace

std::vector<Conversion> weft::onnxfile::quantisationConversions() {
  return {{"QuantizeLinear", quantize}, {"DequantizeLinear", dequantize}};
}
