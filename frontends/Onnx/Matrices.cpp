// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Matrix products. One with a constant matrix becomes `linear`, whose weight is packed when compiling.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

bool isMatrixWeight(Value value) { return value && rankOf(value) == 2 && isRecipe(value); }

/// A constant vector on the right is a layer with one output.
bool isVectorWeight(Value value) { return rankOf(value) == 1 && isRecipe(value); }

/// `x` before its leading dimensions became one. Keras writes dense layers so, with the dimensions again behind the product:
/// without both a picture stays one.
Value beforeMerging(Value x) {
  auto merging = x.getDefiningOp<ReshapeOp>();
  if (!merging || rankOf(x) != 2)
    return x;
  ArrayRef<int64_t> whole = shapeOf(merging.getX());
  bool mergesRows = whole.size() > 2 && whole.back() == shapeOf(x)[1] && whole[0] != shapeOf(x)[0];
  return mergesRows ? merging.getX() : x;
}

void matmul(NodeImport &node) {
  Value x = node.floats(0), y = node.floats(1);
  if (!x || !y)
    return;
  if (isVectorWeight(y) && !isRecipe(x) && rankOf(x) > 1) {
    Value product = node.make("linear", {x, node.reshape(y, {1, shapeOf(y)[0]})});
    return node.define(0, product ? node.reshape(product, shapeOf(x).drop_back()) : product);
  }
  if (isMatrixWeight(y) && !isRecipe(x) && rankOf(x) > 1) {
    Value product = node.make("linear", {beforeMerging(x), node.transpose(y, {1, 0})});
    return node.define(0, rankOf(x) == 2 ? node.reshape(product, {shapeOf(x)[0], shapeOf(y)[1]}) : product);
  }
  node.define(0, node.make("matmul", {x, y}));
}

Value scaled(NodeImport &node, Value x, double factor) {
  return factor == 1 ? x : node.make("mul", {x, node.scalar(factor)});
}

/// C as the bias of a linear layer: a vector over the columns; null where it is something else.
Value asBias(NodeImport &node, Value c, int64_t columns) {
  ArrayRef<int64_t> shape = shapeOf(c);
  if (!isRecipe(c) || shape.size() > 2 || (shape.size() == 2 && shape[0] != 1))
    return {};
  int64_t elements = llvm::cast<RankedTensorType>(c.getType()).getNumElements();
  Value vector = node.reshape(c, {elements});
  return elements == columns ? vector : node.expand(vector, {columns});
}

void gemm(NodeImport &node) {
  Value a = node.floats(0), b = node.floats(1), c = node.has(2) ? node.floats(2) : Value();
  if (!a || !b)
    return;
  if (rankOf(a) != 2 || rankOf(b) != 2)
    return node.fail("its factors must be matrices");
  double alpha = node.real("alpha", 1), beta = node.real("beta", 1);
  bool transposed = node.integer("transB", 0);
  if (node.integer("transA", 0))
    a = node.transpose(a, {1, 0});
  if (c)
    c = scaled(node, c, beta);
  if (!isMatrixWeight(b) || isRecipe(a)) {
    Value product = scaled(node, node.make("matmul", {a, transposed ? node.transpose(b, {1, 0}) : b}), alpha);
    return node.define(0, c ? node.make("add", {product, c}) : product);
  }
  Value weight = scaled(node, transposed ? b : node.transpose(b, {1, 0}), alpha);
  if (!weight || node.failed())
    return;
  Operands operands{a, weight};
  Value bias = c ? asBias(node, c, shapeOf(weight)[0]) : Value();
  if (bias)
    operands.push_back(bias);
  Value result = node.make("linear", operands);
  node.define(0, c && !bias ? node.make("add", {result, c}) : result);
}

} // namespace

std::vector<Conversion> weft::onnxfile::matrixConversions() { return {{"MatMul", matmul}, {"Gemm", gemm}}; }
