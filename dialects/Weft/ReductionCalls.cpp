// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of normalisations, softmax, and of sum, mean, max and min over dimensions.
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

static NamedAttribute epsOf(CallBuilder &call, double eps) {
  return call.named("eps", call.builder.getF64FloatAttr(eps));
}

/// The tensor given by this name, or the implied weight.
static FailureOr<Value> parameterOf(CallBuilder &call, StringRef name, ArrayRef<int64_t> extents, Type elementType) {
  return call.has(name) ? call.tensor(name) : call.weight(name, extents, elementType);
}

static FailureOr<Values> buildBatchnorm(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<double> eps = call.real("eps", 1e-5);
  if (failed(x) || failed(eps))
    return failure();
  RankedTensorType type = tensorOf(*x);
  if (type.getRank() < 2) {
    call.error(call.loc) << "`batchnorm` wants [N, C, ...], not " << spell(type);
    return failure();
  }
  Values operands{*x};
  for (StringRef suffix : {"weight", "bias", "running_mean", "running_var"}) {
    FailureOr<Value> weight = parameterOf(call, suffix, type.getDimSize(1), type.getElementType());
    if (failed(weight))
      return failure();
    operands.push_back(*weight);
  }
  return call.make("weft.batchnorm", operands, epsOf(call, *eps));
}

/// x and, unless `affine=false`, a gain and a shift of these extents; the attributes get the segment sizes.
static FailureOr<Values> affineOperands(CallBuilder &call, Value x, ArrayRef<int64_t> extents, Attributes &attributes) {
  FailureOr<bool> affine = call.boolean("affine", true);
  if (failed(affine))
    return failure();
  // `bias=false` leaves out the shift alone.
  bool shift = *affine;
  if (call.has("bias") && !call.optionalTensor("bias")) {
    FailureOr<bool> wanted = call.boolean("bias", true);
    if (failed(wanted))
      return failure();
    shift &= *wanted;
  }
  Values operands{x};
  for (auto [suffix, wanted] : {std::pair<StringRef, bool>("weight", *affine), {"bias", shift}}) {
    if (!wanted)
      continue;
    FailureOr<Value> weight = parameterOf(call, suffix, extents, tensorOf(x).getElementType());
    if (failed(weight))
      return failure();
    operands.push_back(*weight);
  }
  attributes.push_back(call.named("operandSegmentSizes", call.builder.getDenseI32ArrayAttr({1, *affine, shift})));
  return operands;
}

static FailureOr<Values> buildChannelNorm(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<double> eps = call.real("eps", 1e-5);
  bool grouped = call.signature.name == "groupnorm";
  FailureOr<int64_t> groups = grouped ? call.integer("groups") : FailureOr<int64_t>(1);
  if (failed(x) || failed(eps) || failed(groups))
    return failure();
  RankedTensorType type = tensorOf(*x);
  if (type.getRank() < 2) {
    call.error(call.loc) << "`" << call.signature.name << "` wants [N, C, ...], not " << spell(type);
    return failure();
  }
  Attributes attributes{epsOf(call, *eps)};
  if (grouped)
    attributes.push_back(call.named("groups", call.builder.getI64IntegerAttr(*groups)));
  FailureOr<Values> operands = affineOperands(call, *x, type.getDimSize(1), attributes);
  if (failed(operands))
    return failure();
  return call.make(("weft." + call.signature.name).str(), *operands, attributes);
}

static FailureOr<Values> buildLayernorm(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  RankedTensorType type = tensorOf(*x);
  FailureOr<int64_t> axis = call.axis("axis", type.getRank(), -1);
  FailureOr<double> eps = call.real("eps", 1e-5);
  if (failed(axis) || failed(eps))
    return failure();
  Attributes attributes{epsOf(call, *eps), call.named("axis", call.builder.getI64IntegerAttr(*axis))};
  FailureOr<Values> operands = affineOperands(call, *x, type.getShape().drop_front(*axis), attributes);
  if (failed(operands))
    return failure();
  return call.make("weft.layernorm", *operands, attributes);
}

static FailureOr<Values> buildSoftmax(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<int64_t> axis = failed(x) ? FailureOr<int64_t>() : call.axis("axis", tensorOf(*x).getRank(), -1);
  if (failed(axis))
    return failure();
  return call.make(("weft." + call.signature.name).str(), *x,
                   call.named("axis", call.builder.getI64IntegerAttr(*axis)));
}

static FailureOr<Values> buildOrdinalRank(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<int64_t> axis = failed(x) ? FailureOr<int64_t>() : call.axis("axis", tensorOf(*x).getRank(), -1);
  FailureOr<bool> largest = call.boolean("largest", true);
  if (failed(axis) || failed(largest) || failed(call.wantsFloats(*x)))
    return failure();
  return call.make("weft.ordinal_rank", *x,
                   {call.named("axis", call.builder.getI64IntegerAttr(*axis)),
                    call.named("largest", call.builder.getBoolAttr(*largest))});
}

/// The axes to reduce, counted from the front; all without `axis=`.
static FailureOr<Extents> axesOf(CallBuilder &call, int64_t rank) {
  if (!call.has("axis"))
    return Extents();
  FailureOr<Extents> axes = call.integers("axis");
  if (failed(axes))
    return failure();
  for (int64_t &axis : *axes) {
    if (axis < -rank || axis >= rank) {
      call.error(call.locOf("axis")) << "`axis` " << axis << " is not a dimension of a tensor of rank " << rank
                                     << ": it goes from " << -rank << " to " << rank - 1;
      return failure();
    }
    axis = axis < 0 ? axis + rank : axis;
  }
  return axes;
}

static FailureOr<Values> buildReduce(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<bool> keepdims = call.boolean("keepdims", true);
  FailureOr<Extents> axes = failed(x) ? FailureOr<Extents>() : axesOf(call, tensorOf(*x).getRank());
  if (failed(axes) || failed(keepdims) || failed(call.refuseBytes(*x)))
    return failure();
  return call.make(("weft.reduce_" + call.signature.name).str(), *x,
                   {call.list("axes", *axes), call.named("keepdims", call.builder.getBoolAttr(*keepdims))});
}

/// max(x, y) of two tensors is maximum; of one it reduces.
static FailureOr<Values> buildExtremum(CallBuilder &call) {
  if (!call.has("y"))
    return buildReduce(call);
  for (StringRef name : {"axis", "keepdims"})
    if (call.has(name)) {
      call.error(call.locOf(name)) << "`" << name << "` is for `" << call.signature.name
                                   << "` of one tensor, not of two";
      return failure();
    }
  std::optional<Value> x = call.optionalTensor("x"), y = call.optionalTensor("y");
  if (!x && !y)
    return call.missing("x");
  RankedTensorType like = tensorOf(x ? *x : *y);
  FailureOr<Value> left = call.tensorOrNumber("x", like), right = call.tensorOrNumber("y", like);
  if (failed(left) || failed(right) || failed(call.refuseBytes({*left, *right})))
    return failure();
  return call.make(("weft." + call.signature.name + "imum").str(), {*left, *right}, {});
}

std::vector<Signature> weft::reductionCalls() {
  Parameter x{"x", Takes::Tensor}, eps{"eps", Takes::Real}, affine{"affine", Takes::Bool}, axis{"axis", Takes::Integer};
  Parameter weight{"weight", Takes::Anything}, bias{"bias", Takes::Anything};
  std::vector<Parameter> reduce{x, {"axis", Takes::Integers}, {"keepdims", Takes::Bool}};
  std::vector<Parameter> extremum{x, {"y", Takes::Tensor}, {"axis", Takes::Integers}, {"keepdims", Takes::Bool}};
  return {{"batchnorm",
           {x, eps, weight, bias, {"running_mean", Takes::Anything}, {"running_var", Takes::Anything}},
           buildBatchnorm, {}, "batchnorm"},
          {"groupnorm", {x, {"groups", Takes::Integer}, eps, affine, weight, bias}, buildChannelNorm, {}, "groupnorm"},
          {"instancenorm", {x, eps, affine, weight, bias}, buildChannelNorm, {}, "instancenorm"},
          {"channelnorm", {x, eps, affine, weight, bias}, buildChannelNorm, {}, "channelnorm"},
          {"layernorm", {x, axis, eps, affine, weight, bias}, buildLayernorm, {}, "layernorm"},
          {"softmax", {x, axis}, buildSoftmax},
          {"log_softmax", {x, axis}, buildSoftmax},
          {"ordinal_rank", {x, axis, {"largest", Takes::Bool}}, buildOrdinalRank},
          {"sum", reduce, buildReduce},
          {"mean", reduce, buildReduce},
          {"max", extremum, buildExtremum},
          {"min", extremum, buildExtremum}};
}
