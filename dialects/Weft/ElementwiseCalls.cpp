// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Calls of elementwise operations: relu(x), x + y, clip(x, min=0), prelu(x).
#include "dialects/Weft/CallBuilder.h"

using namespace mlir;
using namespace weft;

static Signature unary(StringRef name, std::vector<StringRef> reals = {}) {
  Signature signature{name, {{"x", Takes::Tensor}}, buildPlainly};
  for (StringRef real : reals)
    signature.parameters.push_back({real, Takes::Real});
  return signature;
}

/// One of two operands may be a number.
static FailureOr<Values> buildBinary(CallBuilder &call) {
  std::optional<Value> x = call.optionalTensor("x"), y = call.optionalTensor("y");
  if (!x && !y) {
    call.error(call.loc) << "`" << call.signature.name << "` needs at least one tensor";
    return failure();
  }
  RankedTensorType like = tensorOf(x ? *x : *y);
  FailureOr<Value> left = call.tensorOrNumber("x", like), right = call.tensorOrNumber("y", like);
  if (failed(left) || failed(right) || failed(call.refuseBytes({*left, *right})))
    return failure();
  StringRef op = call.signature.op.empty() ? call.signature.name : call.signature.op;
  return call.make(("weft." + op).str(), {*left, *right}, {});
}

static FailureOr<Values> buildPow(CallBuilder &call) {
  for (StringRef name : {"x", "y"})
    if (std::optional<Value> operand = call.optionalTensor(name))
      if (failed(call.wantsFloats(*operand)))
        return failure();
  return buildBinary(call);
}

/// Integers have no operation of their own for it.
static FailureOr<Values> buildNegation(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  if (failed(x) || failed(call.refuseBytes(*x)))
    return failure();
  auto element = dyn_cast<IntegerType>(tensorOf(*x).getElementType());
  if (!element)
    return call.make("weft.neg", *x, {});
  auto zero = DenseElementsAttr::get(RankedTensorType::get({}, element), call.builder.getIntegerAttr(element, 0));
  return call.make("weft.sub", {call.constant(zero), *x}, {});
}

static Signature binary(StringRef name) { return {name, {{"x", Takes::Tensor}, {"y", Takes::Tensor}}, buildBinary}; }

/// Either branch may be a number.
static FailureOr<Values> buildWhere(CallBuilder &call) {
  FailureOr<Value> condition = call.tensor("condition");
  if (failed(condition))
    return failure();
  RankedTensorType like = tensorOf(*condition);
  FailureOr<Value> x = call.tensorOrNumber("x", like), y = call.tensorOrNumber("y", like);
  if (failed(x) || failed(y) || failed(call.refuseBytes({*condition, *x, *y})))
    return failure();
  return call.make("weft.where", {*condition, *x, *y}, {});
}

static FailureOr<Values> buildGelu(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<StringRef> mode = call.has("approximate") ? call.word("approximate", {"none", "tanh"}) : StringRef("none");
  if (failed(x) || failed(mode))
    return failure();
  auto attribute = GeluModeAttr::get(call.builder.getContext(), *symbolizeGeluMode(*mode));
  return call.make("weft.gelu", *x, call.named("approximate", attribute));
}

static FailureOr<Values> buildStochasticDepth(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<double> survive = call.real("survive");
  FailureOr<StringRef> rule = call.has("rule") ? call.word("rule", {"identity", "paper"}) : StringRef("identity");
  if (failed(x) || failed(survive) || failed(rule))
    return failure();
  auto attribute = SurviveRuleAttr::get(call.builder.getContext(), *symbolizeSurviveRule(*rule));
  return call.make("weft.stochastic_depth", *x,
                   {call.named("survive", call.builder.getF64FloatAttr(*survive)), call.named("rule", attribute)});
}

/// One slope for all channels unless `shared=false`.
static FailureOr<Values> buildPrelu(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<bool> shared = call.boolean("shared", true);
  if (failed(x) || failed(shared))
    return failure();
  RankedTensorType type = tensorOf(*x);
  if (!*shared && type.getRank() < 2) {
    call.error(call.locOf("shared")) << spell(type) << " has no channels to give a slope each";
    return failure();
  }
  FailureOr<Value> slope = call.has("weight")
                               ? call.tensor("weight")
                               : call.weight("weight", *shared ? 1 : type.getDimSize(1), type.getElementType());
  if (failed(slope))
    return failure();
  return call.make("weft.prelu", {*x, *slope}, {});
}

static FailureOr<Values> buildCast(CallBuilder &call) {
  FailureOr<Value> x = call.tensor("x");
  FailureOr<StringRef> to = call.word("to", {"f32", "f64", "i32", "i64", "u8", "bool"});
  if (failed(x) || failed(to))
    return failure();
  Type type = llvm::StringSwitch<Type>(*to)
                  .Case("f32", call.builder.getF32Type())
                  .Case("f64", call.builder.getF64Type())
                  .Case("i32", call.builder.getI32Type())
                  .Case("i64", call.builder.getI64Type())
                  .Case("u8", call.builder.getIntegerType(8, /*isSigned=*/false))
                  .Default(call.builder.getI1Type());
  return call.make("weft.cast", *x, call.named("to", TypeAttr::get(type)));
}

std::vector<Signature> weft::elementwiseCalls() {
  std::vector<Signature> calls;
  for (StringRef name : {"relu", "relu6", "sigmoid", "tanh", "silu", "hardswish", "mish", "softplus", "softsign", "erf",
                         "exp", "log", "sqrt", "rsqrt", "abs", "floor", "ceil", "round", "sign", "sin", "cos",
                         "reciprocal"})
    calls.push_back(unary(name));
  for (StringRef name : {"elu", "celu", "leaky_relu", "thresholded_relu"})
    calls.push_back(unary(name, {"alpha"}));
  calls.push_back(unary("hardsigmoid", {"alpha", "beta"}));
  calls.push_back(unary("selu", {"alpha", "gamma"}));
  calls.push_back(unary("clip", {"min", "max"}));
  calls.push_back(unary("dropout", {"p"}));
  for (StringRef name : {"add", "sub", "mul", "div", "minimum", "maximum", "less", "less_equal", "equal"})
    calls.push_back(binary(name));
  calls.push_back({"pow", {{"x", Takes::Tensor}, {"y", Takes::Tensor}}, buildPow});
  calls.push_back({"neg", {{"x", Takes::Tensor}}, buildNegation});
  calls.push_back({"where", {{"condition", Takes::Tensor, true}, {"x", Takes::Tensor}, {"y", Takes::Tensor}}, buildWhere});
  calls.push_back({"gelu", {{"x", Takes::Tensor}, {"approximate", Takes::Word}}, buildGelu});
  calls.push_back({"stochastic_depth",
                   {{"x", Takes::Tensor}, {"survive", Takes::Real}, {"rule", Takes::Word}},
                   buildStochasticDepth});
  calls.push_back(
      {"prelu", {{"x", Takes::Tensor}, {"shared", Takes::Bool}, {"weight", Takes::Tensor}}, buildPrelu, {}, "prelu"});
  calls.push_back({"cast", {{"x", Takes::Tensor}, {"to", Takes::Word, true}}, buildCast});
  return calls;
}
