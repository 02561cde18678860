// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations of one tensor, element by element: a row each.
#include "frontends/Onnx/Importer.h"

#include <numbers>

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// A number an operation takes from an attribute of the same or another name.
struct Parameter {
  llvm::StringRef onnx, weft;
  double otherwise;
};

struct Row {
  llvm::StringRef onnx, weft;
  llvm::SmallVector<Parameter> parameters = {};
};

void importRow(NodeImport &node, const Row &row) {
  Value x = node.floats(0);
  SmallVector<NamedAttribute> attributes;
  for (const Parameter &parameter : row.parameters)
    attributes.push_back(node.number(parameter.weft, node.real(parameter.onnx, parameter.otherwise)));
  node.define(0, node.make(row.weft, x, attributes));
}

void gelu(NodeImport &node) {
  std::string mode = node.word("approximate", "none");
  if (mode != "none" && mode != "tanh")
    node.fail("approximate `" + mode + "` is not supported");
  auto attribute = GeluModeAttr::get(node.context(), mode == "tanh" ? GeluMode::Tanh : GeluMode::None);
  node.define(0, node.make("gelu", node.floats(0), node.named("approximate", attribute)));
}

/// Whether `slope` has one element for each channel of `x`, and none for anything else.
bool isPerChannel(ArrayRef<int64_t> slope, ArrayRef<int64_t> x) {
  int64_t channels = x.size() - 2, count = 1;
  for (int64_t extent : slope)
    count *= extent;
  int64_t at = int64_t(slope.size()) - 1 - channels;
  return count == 1 || (at >= 0 && slope[at] == count && count == x[1]);
}

void prelu(NodeImport &node) {
  Value x = node.floats(0), slope = node.floats(1);
  if (!x || !slope)
    return;
  if (rankOf(x) >= 2 && isPerChannel(shapeOf(slope), shapeOf(x))) {
    int64_t count = llvm::cast<RankedTensorType>(slope.getType()).getNumElements();
    return node.define(0, node.make("prelu", {x, node.reshape(slope, {count})}));
  }
  Value below = node.make("neg", node.make("relu", node.make("neg", x)));
  node.define(0, node.make("add", {node.make("relu", x), node.make("mul", {below, slope})}));
}

/// A bound of Clip: absent, known, or a value.
bool readBound(NodeImport &node, size_t input, llvm::StringRef name, SmallVectorImpl<NamedAttribute> &attributes) {
  if (!node.has(input))
    return true;
  const Folded *value = node.folded(input);
  if (!value || value->size() != 1)
    return false;
  attributes.push_back(node.number(name, value->asReal(0)));
  return true;
}

/// Of integers. A bound beyond 2^53 either way says that there is none.
void clipWhole(NodeImport &node) {
  constexpr int64_t most = int64_t(1) << 53;
  Value x = node.tensor(0);
  for (auto [bound, op] : {std::pair<size_t, llvm::StringRef>(1, "maximum"), {2, "minimum"}}) {
    const Folded *known = node.has(bound) ? node.folded(bound) : nullptr;
    bool isNone = known && !known->isReal() && known->size() == 1 && (bound == 1 ? known->ints[0] <= -most : known->ints[0] >= most);
    if (node.has(bound) && !isNone)
      x = node.make(op, {x, node.tensor(bound)});
  }
  node.define(0, x);
}

void clip(NodeImport &node) {
  if (int32_t type = node.elementType(0); type == Int32 || type == Int64)
    return clipWhole(node);
  Value x = node.floats(0);
  SmallVector<NamedAttribute> attributes;
  if (node.opset < 11) // bounds were attributes
    for (llvm::StringRef name : {"min", "max"})
      if (node.attribute(name, onnxfile::Attribute::Float))
        attributes.push_back(node.number(name, node.real(name, 0)));
  const Folded *low = node.has(1) ? node.folded(1) : nullptr, *high = node.has(2) ? node.folded(2) : nullptr;
  bool isOrdered = !low || !high || (low->size() == 1 && high->size() == 1 && low->asReal(0) <= high->asReal(0));
  if (isOrdered && readBound(node, 1, "min", attributes) && readBound(node, 2, "max", attributes))
    return node.define(0, attributes.empty() ? x : node.make("clip", x, attributes));
  if (node.has(1))
    x = node.make("maximum", {x, node.floats(1)});
  if (node.has(2))
    x = node.make("minimum", {x, node.floats(2)});
  node.define(0, x);
}

void identity(NodeImport &node) { node.define(0, node.tensor(0)); }

void dropout(NodeImport &node) {
  node.onlyResults(1);
  if (node.has(2)) {
    const Folded *training = node.folded(2);
    const Folded *ratio = node.has(1) ? node.folded(1) : nullptr;
    bool dropsNothing = ratio && ratio->size() == 1 && ratio->asReal(0) == 0;
    if (!training || training->size() != 1 || training->isReal() || (training->ints[0] && !dropsNothing))
      node.fail("training is not supported");
  }
  identity(node);
}

void convert(NodeImport &node) {
  int64_t to = node.node.op == "CastLike" ? node.elementType(1) : node.integer("to", 0);
  int32_t from = node.elementType(0);
  Value x = from == UInt8 || from == Int8 ? node.quantised(0) : node.tensor(0);
  if (!x)
    return;
  if (isReal(to))
    to = Float;
  if (to == from)
    return node.define(0, x);
  if (to == onnxfile::Bool) {
    Value zero = node.cast(node.make("equal", {x, node.cast(node.scalar(0), elementTypeOf(x))}),
                           Float32Type::get(node.context()));
    return node.defineTruth(0, node.make("sub", {node.scalar(1), zero}));
  }
  if (to != Float && to != Int32 && to != Int64)
    return node.fail("conversion to " + nameOf(to) + " is not supported");
  Type type =
      to == Float ? Type(Float32Type::get(node.context())) : IntegerType::get(node.context(), to == Int32 ? 32 : 64);
  node.defineNumbers(0, node.cast(x, type));
}

/// x * sigmoid(alpha * x), of operation set 24 but in use before.
void swish(NodeImport &node) {
  double alpha = node.real("alpha", 1);
  Value x = node.floats(0);
  if (alpha == 1)
    return node.define(0, node.make("silu", x));
  Value gate = node.make("sigmoid", node.make("mul", {x, node.scalar(alpha)}));
  node.define(0, node.make("mul", {x, gate}));
}

/// Nearer to 0 by `bias`, and 0 where it is no further than `lambd`.
void shrink(NodeImport &node) {
  Value x = node.floats(0), limit = node.scalar(node.real("lambd", 0.5)), bias = node.scalar(node.real("bias", 0));
  Value above = node.make("less", {limit, x}), below = node.make("less", {x, node.make("neg", limit)});
  Value rest = node.make("where", {below, node.make("add", {x, bias}), node.scalar(0)});
  node.define(0, node.make("where", {above, node.make("sub", {x, bias}), rest}));
}

void tangent(NodeImport &node) {
  Value x = node.floats(0);
  node.define(0, node.make("div", {node.make("sin", x), node.make("cos", x)}));
}

/// The angle of a slope. Beyond tan(pi / 8) it is that of (x - 1) / (x + 1) and a quarter, beyond tan(3 pi / 8) that of -1 / x and a half of
/// pi; the polynomial is Cephes' (atanf).
Value arcTangentOf(NodeImport &node, Value x) {
  using std::numbers::pi;
  auto op = [&](llvm::StringRef name, Value a, Value b) { return node.make(name, {a, b}); };
  Value slope = node.make("abs", x), one = node.scalar(1);
  Value isSteep = op("less", node.scalar(2.414213562373095), slope), isMiddling = op("less", node.scalar(0.4142135623730950), slope);
  Value middling = op("div", op("sub", slope, one), op("add", slope, one));
  Value t = node.make("where", {isSteep, op("div", node.scalar(-1), slope), node.make("where", {isMiddling, middling, slope})});
  Value start = node.make("where", {isSteep, node.scalar(pi / 2), node.make("where", {isMiddling, node.scalar(pi / 4), node.scalar(0)})});
  Value z = op("mul", t, t), sum = node.scalar(8.05374449538e-2);
  for (double c : {-1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1})
    sum = op("add", op("mul", sum, z), node.scalar(c));
  return op("mul", node.make("sign", x), op("add", start, op("add", op("mul", op("mul", sum, z), t), t)));
}

void arcTangent(NodeImport &node) { node.define(0, arcTangentOf(node, node.floats(0))); }

Value arcSineOf(NodeImport &node, Value x) {
  Value one = node.scalar(1), rest = node.make("mul", {node.make("sub", {one, x}), node.make("add", {one, x})});
  return arcTangentOf(node, node.make("div", {x, node.make("sqrt", rest)}));
}

void arcSine(NodeImport &node) { node.define(0, arcSineOf(node, node.floats(0))); }
void arcCosine(NodeImport &node) { node.define(0, node.make("sub", {node.scalar(std::numbers::pi / 2), arcSineOf(node, node.floats(0))})); }

} // namespace

std::vector<Conversion> weft::onnxfile::activationConversions() {
  static const Row rows[] = {
      {"Relu", "relu"},
      {"Sigmoid", "sigmoid"},
      {"Tanh", "tanh"},
      {"HardSwish", "hardswish"},
      {"HardSigmoid", "hardsigmoid", {{"alpha", "alpha", 0.2}, {"beta", "beta", 0.5}}},
      {"Mish", "mish"},
      {"Softplus", "softplus"},
      {"Softsign", "softsign"},
      {"Elu", "elu", {{"alpha", "alpha", 1}}},
      {"Selu", "selu", {{"alpha", "alpha", 1.67326319217681884765625}, {"gamma", "gamma", 1.05070102214813232421875}}},
      {"Celu", "celu", {{"alpha", "alpha", 1}}},
      {"LeakyRelu", "leaky_relu", {{"alpha", "alpha", 0.01}}},
      {"ThresholdedRelu", "thresholded_relu", {{"alpha", "alpha", 1}}},
      {"Erf", "erf"},
      {"Exp", "exp"},
      {"Log", "log"},
      {"Sqrt", "sqrt"},
      {"Abs", "abs"},
      {"Neg", "neg"},
      {"Floor", "floor"},
      {"Ceil", "ceil"},
      {"Round", "round"},
      {"Sign", "sign"},
      {"Sin", "sin"},
      {"Cos", "cos"},
      {"Reciprocal", "reciprocal"},
  };
  std::vector<Conversion> conversions{{"Gelu", gelu},       {"PRelu", prelu},  {"Clip", clip},  {"Identity", identity},
                                      {"Dropout", dropout}, {"Cast", convert}, {"CastLike", convert},
                                      {"Swish", swish},     {"Shrink", shrink}, {"Tan", tangent},
                                      {"Atan", arcTangent}, {"Asin", arcSine}, {"Acos", arcCosine}};
  for (const Row &row : rows)
    conversions.push_back({row.onnx, [row](NodeImport &node) { importRow(node, row); }});
  return conversions;
}
