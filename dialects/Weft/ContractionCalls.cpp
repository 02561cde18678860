// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of convolutions and matrix products, with the weights they imply.
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

/// The weight given as `weight=`, or the implied one of these extents.
static FailureOr<Value> givenOrImplied(CallBuilder &call, ArrayRef<int64_t> extents, Type elementType) {
  return call.has("weight") ? call.tensor("weight") : call.weight("weight", extents, elementType);
}

/// The bias given as a tensor, the implied one, or none after `bias=false` (a null value).
static FailureOr<Value> biasOf(CallBuilder &call, int64_t outputs, Type elementType) {
  if (std::optional<Value> given = call.optionalTensor("bias"))
    return *given;
  FailureOr<bool> wanted = call.boolean("bias", true);
  if (failed(wanted))
    return failure();
  return *wanted ? call.weight("bias", outputs, elementType) : FailureOr<Value>(Value());
}

static Values without(ArrayRef<Value> operands) {
  Values result;
  llvm::copy_if(operands, std::back_inserter(result), [](Value value) { return static_cast<bool>(value); });
  return result;
}

/// What a convolution's attributes say before its weight is known.
struct ConvArguments {
  Value x;
  RankedTensorType type;
  unsigned spatial = 0;
  Extents kernel, stride, dilation;
  int64_t groups = 1, channels = 0;
};

/// The kernel of a weight that is passed, or `kernel=`.
static FailureOr<Extents> kernelOf(CallBuilder &call, const ConvArguments &arguments) {
  std::optional<Value> weight = call.optionalTensor("weight");
  if (call.has("kernel") || !weight)
    return call.spatial("kernel", arguments.spatial);
  RankedTensorType type = tensorOf(*weight);
  if (type.getRank() == arguments.type.getRank())
    return Extents(type.getShape().drop_front(2));
  call.error(call.locOf("weight")) << "`weight` is " << spell(type) << ", expected rank " << arguments.type.getRank();
  return failure();
}

static FailureOr<ConvArguments> convArguments(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  ConvArguments result;
  result.x = *x;
  result.type = tensorOf(*x);
  if (result.type.getRank() < 3 || result.type.getRank() > 5) {
    call.error(call.loc) << "`" << call.signature.name << "` wants [N, C, W], [N, C, H, W] or [N, C, D, H, W], not "
                         << spell(result.type);
    return failure();
  }
  if (failed(call.wantsKnownSizes(*x)))
    return failure();
  result.spatial = result.type.getRank() - 2;
  result.channels = result.type.getDimSize(1);
  FailureOr<Extents> kernel = kernelOf(call, result), stride = call.spatial("stride", result.spatial, 1),
                     dilation = call.spatial("dilation", result.spatial, 1);
  FailureOr<int64_t> groups = call.integer("groups", 1);
  if (failed(kernel) || failed(stride) || failed(dilation) || failed(groups))
    return failure();
  if (*groups < 1) {
    call.error(call.locOf("groups")) << "`groups` cannot be " << *groups << "; the least is 1";
    return failure();
  }
  if (!ShapedType::isDynamic(result.channels) && result.channels % *groups != 0) {
    call.error(call.locOf("groups")) << "`groups` " << *groups << " does not divide the " << result.channels
                                     << " input channels";
    return failure();
  }
  result.kernel = *kernel, result.stride = *stride, result.dilation = *dilation, result.groups = *groups;
  return result;
}

/// `out=`, or what a passed weight says.
static FailureOr<int64_t> outputsOf(CallBuilder &call, unsigned weightDim, int64_t factor) {
  std::optional<Value> weight = call.optionalTensor("weight");
  bool fromWeight = weight && tensorOf(*weight).getRank() > weightDim;
  return call.integer("out",
                      fromWeight ? std::optional(tensorOf(*weight).getDimSize(weightDim) * factor) : std::nullopt);
}

static LogicalResult checkOutputs(CallBuilder &call, int64_t outputs, int64_t groups) {
  if (outputs < 1)
    call.error(call.locOf("out")) << "`out` cannot be " << outputs << "; the least is 1";
  else if (outputs % groups != 0)
    call.error(call.locOf("out")) << "`groups` " << groups << " does not divide the " << outputs << " output channels";
  return success(outputs >= 1 && outputs % groups == 0);
}

/// The filter mirrored in its spatial dimensions.
static FailureOr<Value> mirrored(CallBuilder &call, Value weight) {
  RankedTensorType type = tensorOf(weight);
  Extents start(type.getRank(), 0), stop(type.getShape()), step(type.getRank(), 1);
  for (int64_t dim = 2; dim < type.getRank(); ++dim)
    start[dim] = type.getDimSize(dim) - 1, stop[dim] = -1, step[dim] = -1;
  FailureOr<Values> result =
      call.make("weft.slice", weight, {call.list("start", start), call.list("stop", stop), call.list("step", step)});
  return failed(result) ? FailureOr<Value>() : FailureOr<Value>(result->front());
}

static FailureOr<Values> buildConv(CallBuilder &call) {
  FailureOr<ConvArguments> args = convArguments(call);
  if (failed(args))
    return failure();
  FailureOr<Extents> pad = windowPadding(call, args->type, args->kernel, args->stride, args->dilation);
  FailureOr<int64_t> outputs = outputsOf(call, 0, 1);
  FailureOr<bool> flip = call.boolean("flip", false);
  if (failed(pad) || failed(outputs) || failed(flip))
    return failure();
  if (failed(checkOutputs(call, *outputs, args->groups)))
    return failure();
  Extents filter{*outputs, ShapedType::isDynamic(args->channels) ? args->channels : args->channels / args->groups};
  llvm::append_range(filter, args->kernel);
  FailureOr<Value> weight = givenOrImplied(call, filter, args->type.getElementType());
  FailureOr<Value> bias = biasOf(call, *outputs, args->type.getElementType());
  if (failed(weight) || failed(bias))
    return failure();
  if (*flip && failed(weight = mirrored(call, *weight)))
    return failure();
  return call.make("weft.conv", without({args->x, *weight, *bias}),
                   {call.list("stride", args->stride), call.list("pad", *pad), call.list("dilation", args->dilation),
                    call.named("groups", call.builder.getI64IntegerAttr(args->groups))});
}

static FailureOr<Values> buildConvTranspose(CallBuilder &call) {
  FailureOr<ConvArguments> args = convArguments(call);
  if (failed(args))
    return failure();
  FailureOr<Extents> pad = call.has("pad") && !isa_and_nonnull<StringAttr>(call.attribute("pad"))
                               ? windowPadding(call, args->type, args->kernel, args->stride, args->dilation)
                               : Extents(2 * args->spatial, 0);
  FailureOr<Extents> extra = call.spatial("output_pad", args->spatial, 0);
  FailureOr<int64_t> outputs = outputsOf(call, 1, args->groups);
  if (call.has("pad") && isa_and_nonnull<StringAttr>(call.attribute("pad"))) {
    call.error(call.locOf("pad")) << "`pad` of `conv_transpose` is an integer or a list of integers";
    return failure();
  }
  if (failed(pad) || failed(extra) || failed(outputs))
    return failure();
  if (failed(checkOutputs(call, *outputs, args->groups)))
    return failure();
  Extents filter{args->channels, *outputs / args->groups};
  llvm::append_range(filter, args->kernel);
  FailureOr<Value> weight = givenOrImplied(call, filter, args->type.getElementType());
  FailureOr<Value> bias = biasOf(call, *outputs, args->type.getElementType());
  if (failed(weight) || failed(bias))
    return failure();
  return call.make("weft.conv_transpose", without({args->x, *weight, *bias}),
                   {call.list("stride", args->stride), call.list("pad", *pad), call.list("output_pad", *extra),
                    call.list("dilation", args->dilation),
                    call.named("groups", call.builder.getI64IntegerAttr(args->groups))});
}

static FailureOr<Values> buildLinear(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x))
    return failure();
  RankedTensorType type = tensorOf(*x);
  if (type.getRank() < 1) {
    call.error(call.loc) << "`linear` wants at least one dimension, not " << spell(type);
    return failure();
  }
  FailureOr<int64_t> outputs = outputsOf(call, 0, 1);
  if (failed(outputs))
    return failure();
  FailureOr<Value> weight = givenOrImplied(call, {*outputs, type.getShape().back()}, type.getElementType());
  FailureOr<Value> bias = failed(weight) ? FailureOr<Value>() : biasOf(call, *outputs, type.getElementType());
  if (failed(weight) || failed(bias))
    return failure();
  return call.make("weft.linear", without({*x, *weight, *bias}), {});
}

std::vector<Signature> weft::contractionCalls() {
  std::vector<Parameter> conv{{"x", Takes::Tensor},       {"out", Takes::Integer},   {"kernel", Takes::Spatial},
                              {"stride", Takes::Spatial}, {"pad", Takes::Anything},  {"dilation", Takes::Spatial},
                              {"groups", Takes::Integer}, {"bias", Takes::Anything}, {"weight", Takes::Anything}};
  std::vector<Parameter> transposed = conv;
  conv.push_back({"flip", Takes::Bool});
  conv.push_back({"fit", Takes::Word});
  transposed.push_back({"output_pad", Takes::Spatial});
  std::vector<Parameter> linear{
      {"x", Takes::Tensor}, {"out", Takes::Integer}, {"bias", Takes::Anything}, {"weight", Takes::Anything}};
  return {{"conv", conv, buildConv, {}, "conv"},
          {"conv_transpose", transposed, buildConvTranspose, {}, "conv_transpose"},
          {"linear", linear, buildLinear, {}, "linear"},
          {"matmul", {{"x", Takes::Tensor}, {"y", Takes::Tensor}}, buildPlainly}};
}
