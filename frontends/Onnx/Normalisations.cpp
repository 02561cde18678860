// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations and softmax.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;

namespace {

/// A value for each channel, as `x` is read: [C] as [C, 1, ...].
Value acrossPlanes(NodeImport &node, Value vector, Value x) {
  Ints shape(rankOf(x) - 1, 1);
  shape[0] = vector ? elementCount(vector) : 1;
  return node.reshape(vector, shape);
}

NamedAttribute segments(NodeImport &node, ArrayRef<int32_t> sizes) {
  return node.named("operandSegmentSizes", DenseI32ArrayAttr::get(node.context(), sizes));
}

bool areFixed(ValueRange parameters) {
  return llvm::all_of(parameters, [](Value value) { return !value || isRecipe(value); });
}

/// Scale and shift, each of which may be missing, as operations of their own.
Value scaledAndShifted(NodeImport &node, Value x, Value scale, Value shift) {
  x = scale ? node.make("mul", {x, scale}) : x;
  return shift ? node.make("add", {x, shift}) : x;
}

/// A normalisation with parameters for each channel. Those computed while running are applied behind it.
void normalizeChannels(NodeImport &node, llvm::StringRef op, Value x, Value scale, Value shift,
                       SmallVector<NamedAttribute> attributes) {
  if (!x || !scale || !shift)
    return;
  attributes.push_back(node.number("eps", node.real("epsilon", 1e-5)));
  if (areFixed({scale, shift})) {
    attributes.push_back(segments(node, {1, 1, 1}));
    return node.define(0, node.make(op, {x, scale, shift}, attributes));
  }
  attributes.push_back(segments(node, {1, 0, 0}));
  node.define(0, scaledAndShifted(node, node.make(op, x, attributes), acrossPlanes(node, scale, x),
                                  acrossPlanes(node, shift, x)));
}

/// Statistics of this batch; those of the file are moved toward them.
void normalizeBatch(NodeImport &node) {
  Value x = node.floats(0), scale = node.floats(1), shift = node.floats(2), means = node.floats(3),
        variances = node.floats(4);
  if (node.failed())
    return;
  if (rankOf(x) < 2)
    return node.fail("its input has no channels");
  Ints axes = countUp(rankOf(x));
  axes.erase(axes.begin() + 1);
  double momentum = node.real("momentum", 0.9), eps = node.real("epsilon", 1e-5);
  Value mean = node.reduce("reduce_mean", x, axes, false);
  Value off = node.make("sub", {x, acrossPlanes(node, mean, x)});
  Value variance = node.reduce("reduce_mean", node.make("mul", {off, off}), axes, false);
  Value factor = node.make("mul", {scale, node.make("rsqrt", node.make("add", {variance, node.scalar(eps)}))});
  Value scaled = node.make("mul", {off, acrossPlanes(node, factor, x)});
  node.define(0, node.make("add", {scaled, acrossPlanes(node, shift, x)}));
  auto moved = [&](Value old, Value now) {
    return node.make("add", {node.make("mul", {old, node.scalar(momentum)}),
                             node.make("mul", {now, node.scalar(1 - momentum)})});
  };
  if (node.wanted(1))
    node.define(1, moved(means, mean));
  if (node.wanted(2))
    node.define(2, moved(variances, variance));
}

void batchNormalization(NodeImport &node) {
  // Exporters write instance and weight normalisation so: more results, statistics of the batch.
  if (node.integer("training_mode", 0))
    return node.onlyResults(3), normalizeBatch(node);
  node.onlyResults(1);
  Operands operands;
  for (size_t i = 0; i < 5; ++i)
    operands.push_back(node.floats(i));
  if (node.failed())
    return;
  double eps = node.real("epsilon", 1e-5);
  Value x = operands[0];
  if (!areFixed(ArrayRef(operands).drop_front())) {
    if (rankOf(x) < 2)
      return node.fail("its input has no channels");
    Value factor = node.make("mul", {operands[1], node.make("rsqrt", node.make("add", {operands[4], node.scalar(eps)}))});
    Value off = node.make("sub", {x, acrossPlanes(node, operands[3], x)});
    return node.define(0, scaledAndShifted(node, off, acrossPlanes(node, factor, x), acrossPlanes(node, operands[2], x)));
  }
  node.define(0, node.make("batchnorm", operands, node.number("eps", eps)));
}

/// One value a group, repeated for the group's channels.
Value perChannel(NodeImport &node, Value value, int64_t groups, int64_t channels) {
  if (!value || shapeOf(value) == ArrayRef<int64_t>(channels) || groups < 1 || channels % groups)
    return value;
  Value column = node.reshape(value, {groups, 1});
  return node.reshape(node.expand(column, {groups, channels / groups}), {channels});
}

/// [N, C, ...] of which `x` is [N, groups, ...], the channels of a group beside one another: exporters write group
/// normalisation so, with instance normalisation between two reshapes.
Value beforeGrouping(Value x) {
  auto grouping = x.getDefiningOp<ReshapeOp>();
  if (!grouping || rankOf(x) < 3 || rankOf(grouping.getX()) < 3)
    return {};
  ArrayRef<int64_t> whole = shapeOf(grouping.getX()), grouped = shapeOf(x);
  bool isGrouping = grouping.getType().hasStaticShape() && whole[0] == grouped[0] && whole[1] % grouped[1] == 0;
  return isGrouping ? grouping.getX() : Value();
}

void instanceNormalization(NodeImport &node) {
  Value x = node.floats(0), scale = node.floats(1), shift = node.floats(2);
  if (!x || !scale || !shift)
    return;
  Value whole = beforeGrouping(x);
  if (!whole || !areFixed({scale, shift}))
    return normalizeChannels(node, "instancenorm", x, scale, shift, {});
  int64_t groups = shapeOf(x)[1], channels = shapeOf(whole)[1];
  Value y = node.make(
      "groupnorm", {whole, perChannel(node, scale, groups, channels), perChannel(node, shift, groups, channels)},
      {node.number("groups", groups), node.number("eps", node.real("epsilon", 1e-5)), segments(node, {1, 1, 1})});
  node.define(0, node.reshape(y, Ints(shapeOf(x))));
}

void groupNormalization(NodeImport &node) {
  Value x = node.floats(0), scale = node.floats(1), shift = node.floats(2);
  int64_t groups = node.integer("num_groups", 0);
  if (!x || !scale || !shift)
    return;
  if (rankOf(x) < 2)
    return node.fail("its input has no channels");
  if (node.opset < 21) {
    scale = perChannel(node, scale, groups, shapeOf(x)[1]);
    shift = perChannel(node, shift, groups, shapeOf(x)[1]);
  }
  normalizeChannels(node, "groupnorm", x, scale, shift, {node.number("groups", groups)});
}

/// Mean and 1 / deviation, the further results of LayerNormalization.
void statistics(NodeImport &node, Value x, int64_t axis, double eps) {
  Ints axes;
  for (int64_t i = axis; i < rankOf(x); ++i)
    axes.push_back(i);
  auto mean = [&](Value of) {
    return node.make("reduce_mean", of, {node.list("axes", axes), node.flag("keepdims", true)});
  };
  Value center = mean(x), off = node.make("sub", {x, center});
  Value variance = node.make("add", {mean(node.make("mul", {off, off})), node.scalar(eps)});
  if (node.wanted(1))
    node.define(1, center);
  if (node.wanted(2))
    node.define(2, node.make("reciprocal", node.make("sqrt", variance)));
}

void layerNormalization(NodeImport &node) {
  Value x = node.floats(0), scale = node.floats(1), shift = node.has(2) ? node.floats(2) : Value();
  if (!x || !scale || node.failed())
    return;
  int64_t axis = node.axis(node.integer("axis", -1), rankOf(x));
  ArrayRef<int64_t> inner = shapeOf(x).drop_front(axis);
  bool fixed = areFixed({scale, shift});
  Operands operands{x};
  for (Value parameter : {scale, shift})
    if (parameter && fixed)
      operands.push_back(node.expand(parameter, inner));
  Value y = node.make("layernorm", operands,
                      {node.number("axis", axis), node.number("eps", node.real("epsilon", 1e-5)),
                       segments(node, {1, fixed, fixed && shift})});
  node.define(0, fixed ? y : scaledAndShifted(node, y, scale, shift));
  if (node.wanted(1) || node.wanted(2))
    statistics(node, x, axis, node.real("epsilon", 1e-5));
}

/// Shifted and scaled to mean 0 and variance 1 over the axes.
void meanVariance(NodeImport &node) {
  Value x = node.floats(0);
  Ints axes = node.integers("axes").value_or(Ints{0, 2, 3});
  if (!x)
    return;
  for (int64_t &axis : axes)
    axis = node.axis(axis, rankOf(x));
  Value off = node.make("sub", {x, node.reduce("reduce_mean", x, axes, true)});
  Value variance = node.reduce("reduce_mean", node.make("mul", {off, off}), axes, true);
  node.define(0, node.make("div", {off, node.make("add", {node.make("sqrt", variance), node.scalar(1e-9)})}));
}

/// Divided by the root of the mean square over the last dimensions.
void rootMeanSquare(NodeImport &node) {
  Value x = node.floats(0), scale = node.floats(1);
  if (!x)
    return;
  Ints axes;
  for (int64_t i = node.axis(node.integer("axis", -1), rankOf(x)); i < rankOf(x); ++i)
    axes.push_back(i);
  Value mean = node.reduce("reduce_mean", node.make("mul", {x, x}), axes, true);
  Value root = node.make("rsqrt", node.make("add", {mean, node.scalar(node.real("epsilon", 1e-5))}));
  node.define(0, node.make("mul", {node.make("mul", {x, root}), scale}));
}

/// Before operation set 13 everything from the axis on is one dimension.
void softmax(NodeImport &node, llvm::StringRef op) {
  Value x = node.floats(0);
  if (!x)
    return;
  int64_t rank = rankOf(x), axis = node.axis(node.integer("axis", node.opset < 13 ? 1 : -1), rank);
  if (node.opset >= 13 || axis == rank - 1)
    return node.define(0, node.make(op, x, node.number("axis", axis)));
  Ints shape(shapeOf(x));
  Value flat = node.make("flatten", x, node.number("axis", axis));
  node.define(0, node.reshape(node.make(op, flat, node.number("axis", int64_t(1))), shape));
}

} // namespace

std::vector<Conversion> weft::onnxfile::normalisationConversions() {
  return {{"BatchNormalization", batchNormalization},
          {"InstanceNormalization", instanceNormalization},
          {"GroupNormalization", groupNormalization},
          {"LayerNormalization", layerNormalization},
          {"MeanVarianceNormalization", meanVariance},
          {"RMSNormalization", rootMeanSquare},
          {"Softmax", [](NodeImport &node) { softmax(node, "softmax"); }},
          {"LogSoftmax", [](NodeImport &node) { softmax(node, "log_softmax"); }}};
}
