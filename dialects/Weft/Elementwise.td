// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that compute each element of the result from one element of each operand.
#ifndef WEFT_ELEMENTWISE_TD
#define WEFT_ELEMENTWISE_TD

include "dialects/Weft/Attributes.td"

/// y = f(x), element by element.
class Weft_Unary<string mnemonic, string text, string formula, dag attributes = (ins), list<Trait> traits = []>
    : Weft_PureOp<mnemonic, !listconcat([Weft_PlaceByPlace], traits)> {
  let summary = text;
  let description = "Computes, for each element, `" # formula # "`.\n\n" #
    "C1. The result has the shape and the element type of `x`.\n\n" #
    "Example:\n```mlir\n%y = weft." # mnemonic # " %x : tensor<1x64x56x56xf32>\n```\n";
  let arguments = !con((ins Weft_FloatTensor:$x), attributes);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` custom<SameType>(type($x), type($y))";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location>,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::weft::inferSameShape(adaptor.getX(), types);
    }
  }];
}

/// An activation that does nothing the second time.
class Weft_IdempotentUnary<string mnemonic, string text, string formula>
    : Weft_Unary<mnemonic, text, formula> {
  let hasFolder = 1;
}

def ReluOp : Weft_IdempotentUnary<"relu", "rectified linear unit", "max(x, 0)">;
def Relu6Op : Weft_IdempotentUnary<"relu6", "rectified linear unit cut off at 6", "min(max(x, 0), 6)">;
def SigmoidOp : Weft_Unary<"sigmoid", "logistic function", "1 / (1 + exp(-x))">;
def TanhOp : Weft_Unary<"tanh", "hyperbolic tangent", "tanh(x)">;
def SiluOp : Weft_Unary<"silu", "sigmoid linear unit", "x / (1 + exp(-x))">;
def HardswishOp : Weft_Unary<"hardswish", "piecewise linear silu", "x * max(0, min(1, x / 6 + 1 / 2))">;
def HardsigmoidOp : Weft_Unary<"hardsigmoid", "piecewise linear sigmoid", "max(0, min(1, alpha * x + beta))",
  (ins DefaultValuedAttr<F64Attr, "0.2">:$alpha, DefaultValuedAttr<F64Attr, "0.5">:$beta)>;
def MishOp : Weft_Unary<"mish", "mish", "x * tanh(log(1 + exp(x)))">;
def GeluOp : Weft_Unary<"gelu", "Gaussian error linear unit", "x / 2 * (1 + erf(x / sqrt(2)))",
    (ins DefaultValuedAttr<Weft_GeluModeAttr, "::weft::GeluMode::None">:$approximate)> {
  let description = [{
    Computes `x / 2 * (1 + erf(x / sqrt(2)))`, or with `approximate` tanh
    `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.

    C1. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.gelu %x {approximate = #weft.gelu_mode<tanh>} : tensor<1x16x768xf32>
    ```
  }];
}
def SoftplusOp : Weft_Unary<"softplus", "smooth rectifier", "log(1 + exp(x))">;
def EluOp : Weft_Unary<"elu", "exponential linear unit", "x if x > 0 else alpha * (exp(x) - 1)",
  (ins DefaultValuedAttr<F64Attr, "1.0">:$alpha)>;
def SeluOp : Weft_Unary<"selu", "scaled exponential linear unit", "gamma * (x if x > 0 else alpha * (exp(x) - 1))",
  (ins DefaultValuedAttr<F64Attr, "1.67326319217681884765625">:$alpha,
       DefaultValuedAttr<F64Attr, "1.05070102214813232421875">:$gamma)>;
def CeluOp : Weft_Unary<"celu", "continuously differentiable exponential linear unit",
  "max(0, x) + min(0, alpha * (exp(x / alpha) - 1))", (ins DefaultValuedAttr<F64Attr, "1.0">:$alpha)>;
def LeakyReluOp : Weft_Unary<"leaky_relu", "rectifier with a slope below zero", "x if x >= 0 else alpha * x",
  (ins DefaultValuedAttr<F64Attr, "0.01">:$alpha)>;
def ThresholdedReluOp : Weft_Unary<"thresholded_relu", "rectifier with a threshold", "x if x > alpha else 0",
  (ins DefaultValuedAttr<F64Attr, "1.0">:$alpha)>;
def SoftsignOp : Weft_Unary<"softsign", "softsign", "x / (1 + abs(x))">;
def ErfOp : Weft_Unary<"erf", "error function", "erf(x)">;
def ExpOp : Weft_Unary<"exp", "exponential", "exp(x)">;
def LogOp : Weft_Unary<"log", "natural logarithm", "log(x)">;
def SqrtOp : Weft_Unary<"sqrt", "square root", "sqrt(x)">;
def RsqrtOp : Weft_Unary<"rsqrt", "reciprocal square root", "1 / sqrt(x)">;
def AbsOp : Weft_IdempotentUnary<"abs", "absolute value", "abs(x)">;
def NegOp : Weft_Unary<"neg", "negation", "-x"> { let hasFolder = 1; }
def FloorOp : Weft_IdempotentUnary<"floor", "largest integer not above", "floor(x)">;
def CeilOp : Weft_IdempotentUnary<"ceil", "smallest integer not below", "ceil(x)">;
def RoundOp : Weft_IdempotentUnary<"round", "nearest integer, of two as near the even one", "round(x)">;
def SignOp : Weft_IdempotentUnary<"sign", "sign", "1 if x > 0 else -1 if x < 0 else x, which is 0 or NaN">;
def SinOp : Weft_Unary<"sin", "sine of radians", "sin(x)">;
def CosOp : Weft_Unary<"cos", "cosine of radians", "cos(x)">;
def ReciprocalOp : Weft_Unary<"reciprocal", "reciprocal", "1 / x">;
def ClipOp : Weft_Unary<"clip", "values limited to a range", "min(max(x, min), max)",
    (ins OptionalAttr<F64Attr>:$min, OptionalAttr<F64Attr>:$max)> {
  let description = [{
    Computes `min(max(x, min), max)`; a bound that is absent does not limit.

    C1. The result has the shape and the element type of `x`.
    C2. `min` <= `max` where both are given.

    Example:
    ```mlir
    %y = weft.clip %x {min = 0.0 : f64, max = 6.0 : f64} : tensor<1x64x56x56xf32>
    ```
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def PreluOp : Weft_PureOp<"prelu", [Weft_PlaceByPlace]> {
  let summary = "rectifier with a learned slope below zero";
  let description = [{
    Computes `x if x >= 0 else slope * x`. A slope of one element is for all channels, else there is one a channel
    (dimension 1 of `x`).

    C1. `slope` is a vector of one element or of as many as `x` has channels.
    C2. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.prelu %x, %slope : (tensor<1x64x56x56xf32>, tensor<64xf32>) -> tensor<1x64x56x56xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_FloatTensor:$slope);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// z = f(x, y) with NumPy's broadcasting.
class Weft_Binary<string mnemonic, string text, string formula, list<Trait> traits = []>
    : Weft_PureOp<mnemonic, !listconcat([Weft_PlaceByPlace], traits)> {
  let summary = text;
  let description = "Computes, for each element, `" # formula # "`. Shapes are broadcast as NumPy does: aligned at the " #
    "last dimension, an extent of 1 is repeated.\n\n" #
    "C1. `x` and `y` have one element type, the result's.\n\n" #
    "C2. In each dimension the extents are equal or one of them is 1.\n\n" #
    "Example:\n```mlir\n%z = weft." # mnemonic # " %x, %y : tensor<1x64x56x56xf32>\n" #
    "%w = weft." # mnemonic # " %x, %c : (tensor<1x64x56x56xf32>, tensor<64x1x1xf32>) -> tensor<1x64x56x56xf32>\n```\n";
  let arguments = (ins Weft_Tensor:$x, Weft_Tensor:$y);
  let results = (outs Weft_Tensor:$z);
  let assemblyFormat = "$x `,` $y attr-dict `:` custom<SameTypes>(type($x), type($y), type($z))";
  let hasFolder = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> location,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::weft::inferBroadcast(location, "}] # mnemonic # [{", adaptor.getX(), adaptor.getY(), types);
    }
  }];
}

def AddOp : Weft_Binary<"add", "sum", "x + y", [Commutative]>;
def SubOp : Weft_Binary<"sub", "difference", "x - y">;
def MulOp : Weft_Binary<"mul", "product", "x * y", [Commutative]> {
  let hasCanonicalizer = 1;
}
def DivOp : Weft_Binary<"div", "quotient", "x / y">;
def MinimumOp : Weft_Binary<"minimum", "the smaller of two, NaN if one is", "min(x, y)", [Commutative]>;
def MaximumOp : Weft_Binary<"maximum", "the larger of two, NaN if one is", "max(x, y)", [Commutative]>;
def PowOp : Weft_Binary<"pow", "power", "x ^ y">;

/// 1 where two elements are so, else 0: there are no tensors of truth values.
class Weft_Comparison<string mnemonic, string text, string formula, list<Trait> traits = []>
    : Weft_Binary<mnemonic, text, formula # " ? 1 : 0", traits> {
  let hasFolder = 0;
}

def LessOp : Weft_Comparison<"less", "1 where the first is smaller", "x < y">;
def LessEqualOp : Weft_Comparison<"less_equal", "1 where the first is not larger", "x <= y">;
def EqualOp : Weft_Comparison<"equal", "1 where both are equal", "x == y", [Commutative]>;

def WhereOp : Weft_PureOp<"where", [Weft_PlaceByPlace]> {
  let summary = "one of two tensors, chosen element by element";
  let description = [{
    Computes, for each element, `condition != 0 ? x : y`. Shapes are broadcast as NumPy does.

    C1. All operands have one element type, the result's.
    C2. In each dimension the extents are equal or 1.

    Example:
    ```mlir
    %z = weft.where %c, %x, %y : (tensor<16x16xf32>, tensor<1x8x16x16xf32>, tensor<f32>) -> tensor<1x8x16x16xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$condition, Weft_Tensor:$x, Weft_Tensor:$y);
  let results = (outs Weft_Tensor:$z);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def CastOp : Weft_PureOp<"cast", [Weft_PlaceByPlace]> {
  let summary = "conversion to another element type";
  let description = [{
    Converts each element to `to`, as C does: from float to integer toward zero. From float to `ui8` what lies outside 0 to
    255 becomes the nearest of them; from integer the low bits stay; to `i1` all but 0 is 1.

    C1. The result has the shape of `x` and the element type `to`.

    Example:
    ```mlir
    %y = weft.cast %x to f32 : (tensor<4xi32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, TypeAttr:$to);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `to` $to attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def DropoutOp : Weft_Unary<"dropout", "values dropped at random while training", "x",
    (ins DefaultValuedAttr<F64Attr, "0.5">:$p)> {
  let description = [{
    At inference the identity; while training each element is zero with probability `p` and the others are divided by
    `1 - p`.

    C1. The result has the shape and the element type of `x`.
    C2. 0 <= `p` < 1.

    Example:
    ```mlir
    %y = weft.dropout %x {p = 0.2 : f64} : tensor<1x4096xf32>
    ```
  }];
  let hasVerifier = 1;
}

def StochasticDepthOp : Weft_Unary<"stochastic_depth", "a branch left out at random while training", "x",
    (ins DefaultValuedAttr<F64Attr, "1.0">:$survive,
         DefaultValuedAttr<Weft_SurviveRuleAttr, "::weft::SurviveRule::Identity">:$rule)> {
  let description = [{
    While training a whole sample of the branch is kept with probability `survive`. At inference the identity; with
    `rule` paper (Huang et al., Deep Networks with Stochastic Depth, 2016) the branch is multiplied by `survive`.

    C1. The result has the shape and the element type of `x`.
    C2. 0 < `survive` <= 1.

    Example:
    ```mlir
    %y = weft.stochastic_depth %x {survive = 0.8 : f64, rule = #weft.survive_rule<paper>} : tensor<1x64x8x8xf32>
    ```
  }];
  let hasVerifier = 1;
}

#endif
