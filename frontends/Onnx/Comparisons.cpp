// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Comparisons, logic and Where. A tensor of bool is one of floats that are 0 or 1 (see Known::isTruth).
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

Value asTruth(NodeImport &node, Value x) { return node.cast(x, Float32Type::get(node.context())); }

/// `op` on the inputs, in this or the other order.
void compare(NodeImport &node, llvm::StringRef op, bool swapped) {
  Value x = node.tensor(0), y = node.tensor(1);
  node.defineTruth(0, asTruth(node, swapped ? node.make(op, {y, x}) : node.make(op, {x, y})));
}

Value negated(NodeImport &node, Value truth) { return node.make("sub", {node.scalar(1), truth}); }

void invert(NodeImport &node) { node.defineTruth(0, negated(node, node.truths(0))); }

void combine(NodeImport &node, llvm::StringRef op) { node.defineTruth(0, node.make(op, {node.truths(0), node.truths(1)})); }

void exclusiveOr(NodeImport &node) {
  node.defineTruth(0, negated(node, node.make("equal", {node.truths(0), node.truths(1)})));
}

void where(NodeImport &node) {
  Value condition = node.truths(0), x = node.tensor(1), y = node.tensor(2);
  if (!condition || !x || !y)
    return;
  if (elementTypeOf(x) != elementTypeOf(y))
    return node.fail("its branches have different types");
  node.define(0, node.make("where", {node.cast(condition, elementTypeOf(x)), x, y}));
}

void isNaN(NodeImport &node) {
  Value x = node.floats(0);
  node.defineTruth(0, negated(node, node.make("equal", {x, x})));
}

void isInfinite(NodeImport &node) {
  Value x = node.floats(0);
  bool above = node.integer("detect_positive", 1), below = node.integer("detect_negative", 1);
  Value size = above && below ? node.make("abs", x) : above ? x : node.make("neg", x);
  if (!above && !below)
    size = node.make("mul", {size, node.scalar(0)});
  node.defineTruth(0, node.make("equal", {size, node.scalar(std::numeric_limits<double>::infinity())}));
}

} // namespace

std::vector<Conversion> weft::onnxfile::comparisonConversions() {
  std::vector<Conversion> rows{{"Not", invert}, {"Xor", exclusiveOr}, {"Where", where}, {"IsNaN", isNaN},
                               {"IsInf", isInfinite}};
  struct Row {
    llvm::StringRef onnx, op;
    bool swapped;
  };
  for (Row row : {Row{"Less", "less", false}, Row{"Greater", "less", true}, Row{"LessOrEqual", "less_equal", false},
                  Row{"GreaterOrEqual", "less_equal", true}, Row{"Equal", "equal", false}})
    rows.push_back({row.onnx, [row](NodeImport &node) { compare(node, row.op, row.swapped); }});
  rows.push_back({"And", [](NodeImport &node) { combine(node, "minimum"); }});
  rows.push_back({"Or", [](NodeImport &node) { combine(node, "maximum"); }});
  return rows;
}
