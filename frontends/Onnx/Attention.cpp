// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Attention and the rotation of its queries and keys, as the products and the softmax that they are; fusion finds those again.
#include "frontends/Onnx/Indices.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// As scores of what takes no part: finite, so that a row of nothing else has a softmax.
constexpr double leftOut = -1e30;

/// [B, S, heads * D] as [B, heads, S, D], which a tensor of four dimensions is.
Value byHeads(NodeImport &node, Value x, llvm::StringRef attribute) {
  if (!x || rankOf(x) == 4)
    return x;
  int64_t heads = node.integer(attribute, 0);
  if (rankOf(x) != 3 || heads < 1 || shapeOf(x)[2] % heads)
    return node.fail("needs inputs of four dimensions, or of three whose last one divides by `" + attribute + "`"), Value();
  return node.transpose(node.reshape(x, {shapeOf(x)[0], shapeOf(x)[1], heads, shapeOf(x)[2] / heads}), {0, 2, 1, 3});
}

/// [B, heads, S, D] as [B, S, heads * D].
Value joinHeads(NodeImport &node, Value x) {
  if (!x)
    return x;
  Ints shape(shapeOf(x));
  return node.reshape(node.transpose(x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

Value concat(NodeImport &node, Value x, Value y, int64_t axis) { return node.make("concat", {x, y}, node.number("axis", axis)); }

/// `value` behind what was computed in earlier calls, which is input `past` where there is one.
Value withPast(NodeImport &node, Value value, size_t past) { return node.has(past) ? concat(node, node.floats(past), value, 2) : value; }

/// Which keys each query may see by its place: 1, else 0; null where all are seen. Query i stands behind `past` keys.
Value seenByPlace(NodeImport &node, int64_t queries, int64_t keys, int64_t past) {
  bool isCausal = node.integer("is_causal", 0);
  int64_t left = node.integer("left_window_size", -1), right = node.integer("right_window_size", -1);
  if (!isCausal && left < 0 && right < 0)
    return {};
  if (!elementsOf({queries, keys}))
    return node.fail("has too many scores to be masked by their places"), Value();
  Folded seen{Bool, {queries, keys}, {}, {}};
  for (int64_t i = past; i < past + queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      seen.ints.push_back((!isCausal || j <= i) && (left < 0 || j >= i - left) && (right < 0 || j <= i + right));
  return node.constant(seen);
}

void attention(NodeImport &node) {
  Value query = byHeads(node, node.floats(0), "q_num_heads"), newKey = byHeads(node, node.floats(1), "kv_num_heads");
  Value key = withPast(node, newKey, 4), value = withPast(node, byHeads(node, node.floats(2), "kv_num_heads"), 5);
  if (!query || !key || !value)
    return;
  if (node.has(6))
    return node.fail("is not supported with sequences of different lengths");
  if (node.has(4) != node.has(5))
    return node.fail("needs both `past_key` and `past_value`, or none");
  Ints shape(shapeOf(query));
  int64_t heads = shape[1], groups = shapeOf(key)[1], queries = shape[2], keys = shapeOf(key)[2];
  if (heads % groups || shapeOf(value)[1] != groups)
    return node.fail("has " + Twine(heads) + " heads of queries, which do not divide by those of keys and values");
  // Heads that share keys are neighbours: together they have that many more queries.
  Value grouped = node.reshape(query, {shape[0], groups, heads / groups * queries, shape[3]});
  Value scaled = node.make("mul", {grouped, node.scalar(node.real("scale", 1 / std::sqrt(double(shape[3]))))});
  Value scores = node.reshape(node.make("matmul", {scaled, node.transpose(key, {0, 1, 3, 2})}), {shape[0], heads, queries, keys});
  SmallVector<Value, 4> stages{scores};
  if (double cap = node.real("softcap", 0); cap != 0)
    scores = node.make("mul", {node.make("tanh", node.make("mul", {scores, node.scalar(1 / cap)})), node.scalar(cap)});
  stages.push_back(scores);
  Value seen = seenByPlace(node, queries, keys, newKey == key ? 0 : keys - shapeOf(newKey)[2]), mask;
  if (node.has(3) && node.elementType(3) == Bool) {
    mask = node.truths(3);
  } else if (node.has(3)) {
    Value bias = node.floats(3);
    scores = node.make("add", {scores, node.make("maximum", {bias, node.scalar(leftOut)})});
    mask = node.cast(node.make("less", {node.scalar(leftOut), bias}), Float32Type::get(node.context()));
  }
  Value both = seen && mask ? node.make("minimum", {seen, mask}) : seen ? seen : mask;
  auto ofSeen = [&](double otherwise) { return both ? node.make("where", {both, scores, node.scalar(otherwise)}) : scores; };
  stages.push_back(node.wanted(3) ? ofSeen(-std::numeric_limits<double>::infinity()) : Value());
  scores = ofSeen(leftOut);
  Value weights = node.make("softmax", scores, node.number("axis", int64_t(3)));
  if (mask) // a query without keys has a result of zeros
    weights = node.make("where", {both, weights, node.scalar(0)});
  stages.push_back(weights);
  Value result = node.make("matmul", {node.reshape(weights, {shape[0], groups, heads / groups * queries, keys}), value});
  if (node.failed())
    return;
  result = node.reshape(result, {shape[0], heads, queries, shapeOf(value)[3]});
  node.define(0, node.shape(0)->size() == 3 ? joinHeads(node, result) : result);
  if (node.wanted(1))
    node.define(1, key);
  if (node.wanted(2))
    node.define(2, value);
  int64_t mode = node.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return node.fail("has no output of scores of mode " + Twine(mode));
  if (node.wanted(3))
    node.define(3, stages[mode]);
}

/// cos and sin of each place and pair of elements, [B or 1, 1, S, D / 2]: rows of a table where places are given.
Value angles(NodeImport &node, size_t input) {
  Value table = node.floats(input);
  if (node.has(3)) {
    if (!table || rankOf(table) != 2 || node.shape(3)->size() != 2)
      return node.fail("needs tables and positions of two dimensions"), Value();
    Value places = indexInput(node, shapeOf(table)[0], 3);
    table = node.make("gather", {table, places}, node.number("axis", int64_t(0)));
  }
  if (!table)
    return {};
  if (rankOf(table) != 3)
    return node.fail("needs tables of three dimensions where positions are not given"), Value();
  return node.reshape(table, {shapeOf(table)[0], 1, shapeOf(table)[1], shapeOf(table)[2]});
}

void rotaryEmbedding(NodeImport &node) {
  Value x = byHeads(node, node.floats(0), "num_heads"), cosine = angles(node, 1), sine = angles(node, 2);
  if (!x || !cosine || !sine)
    return;
  Ints shape(shapeOf(x));
  int64_t turned = node.integer("rotary_embedding_dim", 0), whole = shape[3];
  turned = turned ? turned : whole;
  if (turned < 2 || turned % 2 || turned > whole || shapeOf(cosine)[3] != turned / 2 || shapeOf(sine)[3] != turned / 2)
    return node.fail("turns " + Twine(turned) + " of " + Twine(whole) + " elements by " + Twine(shapeOf(cosine)[3]) + " angles");
  bool isInterleaved = node.integer("interleaved", 0);
  Value first = isInterleaved ? node.slice(x, 3, 0, turned, 2) : node.slice(x, 3, 0, turned / 2);
  Value second = isInterleaved ? node.slice(x, 3, 1, turned, 2) : node.slice(x, 3, turned / 2, turned);
  auto product = [&](Value a, Value b) { return node.make("mul", {a, b}); };
  Value real = node.make("sub", {product(cosine, first), product(sine, second)});
  Value imaginary = node.make("add", {product(sine, first), product(cosine, second)});
  Value result;
  if (isInterleaved) {
    Ints pairs{shape[0], shape[1], shape[2], turned / 2, 1};
    result = node.reshape(concat(node, node.reshape(real, pairs), node.reshape(imaginary, pairs), 4), {shape[0], shape[1], shape[2], turned});
  } else {
    result = concat(node, real, imaginary, 3);
  }
  if (turned < whole)
    result = concat(node, result, node.slice(x, 3, turned, whole), 3);
  node.define(0, node.shape(0)->size() == 3 ? joinHeads(node, result) : result);
}

} // namespace

std::vector<Conversion> weft::onnxfile::attentionConversions() { return {{"Attention", attention}, {"RotaryEmbedding", rotaryEmbedding}}; }
