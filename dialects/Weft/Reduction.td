// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Normalisations and reductions: operations whose result depends on whole dimensions.
#ifndef WEFT_REDUCTION_TD
#define WEFT_REDUCTION_TD

include "dialects/Weft/Attributes.td"

/// y has the shape of x.
class Weft_Normalisation<string mnemonic> : Weft_PureOp<mnemonic> {
  let results = (outs Weft_FloatTensor:$y);
}

def BatchnormOp : Weft_Normalisation<"batchnorm"> {
  let summary = "batch normalisation with running statistics";
  let description = [{
    `y[n, c, ...] = (x[n, c, ...] - mean[c]) / sqrt(var[c] + eps) * gamma[c] + beta[c]`.

    C1. `x` has rank >= 2: `[N, C, ...]`.
    C2. `gamma`, `beta`, `mean` and `var` are `[C]`.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.batchnorm %x gamma %g beta %b mean %m var %v
           : (tensor<1x64x56x56xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<1x64x56x56xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_FloatTensor:$gamma, Weft_FloatTensor:$beta, Weft_FloatTensor:$mean,
                       Weft_FloatTensor:$var, DefaultValuedAttr<F64Attr, "1e-5">:$eps);
  let assemblyFormat = [{
    $x `gamma` $gamma `beta` $beta `mean` $mean `var` $var attr-dict `:` functional-type(operands, results)
  }];
}

def GroupnormOp : Weft_PureOp<"groupnorm", [AttrSizedOperandSegments]> {
  let summary = "normalisation over groups of channels";
  let description = [{
    Each sample's channels are cut into `groups`; each group is shifted and scaled to mean 0 and variance 1 (the variance
    divides by the number of elements), then `y = ... * gamma[c] + beta[c]`.

    C1. `x` has rank >= 2: `[N, C, ...]`; `groups` >= 1 divides C.
    C2. `gamma` and `beta`, if given, are `[C]`.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.groupnorm %x gamma %g beta %b {groups = 32 : i64}
           : (tensor<1x64x8x8xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<1x64x8x8xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Optional<Weft_FloatTensor>:$gamma, Optional<Weft_FloatTensor>:$beta,
                       I64Attr:$groups, DefaultValuedAttr<F64Attr, "1e-5">:$eps);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x (`gamma` $gamma^)? (`beta` $beta^)? attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
}

def InstancenormOp : Weft_PureOp<"instancenorm", [AttrSizedOperandSegments]> {
  let summary = "normalisation of each plane by itself";
  let description = [{
    `groupnorm` with as many groups as channels.

    C1. `x` has rank >= 3: `[N, C, spatial...]`.
    C2. `gamma` and `beta`, if given, are `[C]`.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.instancenorm %x : (tensor<1x64x8x8xf32>) -> tensor<1x64x8x8xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Optional<Weft_FloatTensor>:$gamma, Optional<Weft_FloatTensor>:$beta,
                       DefaultValuedAttr<F64Attr, "1e-5">:$eps);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x (`gamma` $gamma^)? (`beta` $beta^)? attr-dict `:` functional-type(operands, results)";
}

def ChannelnormOp : Weft_PureOp<"channelnorm", [AttrSizedOperandSegments]> {
  let summary = "normalisation of each pixel over its channels";
  let description = [{
    The channels of each place are shifted and scaled together to mean 0 and variance 1, then `y = ... * gamma[c] + beta[c]`:
    what `layernorm` does to the last dimension of pictures with channels last.

    C1. `x` has rank >= 3: `[N, C, spatial...]`.
    C2. `gamma` and `beta`, if given, are `[C]`.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.channelnorm %x gamma %g beta %b
           : (tensor<1x64x8x8xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<1x64x8x8xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Optional<Weft_FloatTensor>:$gamma, Optional<Weft_FloatTensor>:$beta,
                       DefaultValuedAttr<F64Attr, "1e-5">:$eps);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x (`gamma` $gamma^)? (`beta` $beta^)? attr-dict `:` functional-type(operands, results)";
}

def LayernormOp : Weft_PureOp<"layernorm", [AttrSizedOperandSegments]> {
  let summary = "normalisation over the last dimensions";
  let description = [{
    Dimensions `axis` to the last are shifted and scaled together to mean 0 and variance 1, then multiplied by `gamma` and
    shifted by `beta`, element by element.

    C1. 0 <= `axis` < rank of `x`.
    C2. `gamma` and `beta`, if given, have the shape of these dimensions.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.layernorm %x gamma %g beta %b {axis = 2 : i64}
           : (tensor<1x16x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<1x16x768xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Optional<Weft_FloatTensor>:$gamma, Optional<Weft_FloatTensor>:$beta,
                       I64Attr:$axis, DefaultValuedAttr<F64Attr, "1e-5">:$eps);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x (`gamma` $gamma^)? (`beta` $beta^)? attr-dict `:` functional-type(operands, results)";
}

class Weft_AxisOp<string mnemonic, string text, string formula> : Weft_PureOp<mnemonic> {
  let summary = text;
  let description = "Computes `" # formula # "` along dimension `axis`.\n\nC1. 0 <= `axis` < rank of `x`.\n\n" #
    "C2. The result has the shape and the element type of `x`.\n\nExample:\n```mlir\n%y = weft." # mnemonic #
    " %x axis 1 : (tensor<1x1000xf32>) -> tensor<1x1000xf32>\n```\n";
  let arguments = (ins Weft_FloatTensor:$x, I64Attr:$axis);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x `axis` $axis attr-dict `:` functional-type(operands, results)";
}
def SoftmaxOp : Weft_AxisOp<"softmax", "exponentials that sum to 1", "exp(x - max(x)) / sum(exp(x - max(x)))">;
def LogSoftmaxOp : Weft_AxisOp<"log_softmax", "logarithm of softmax", "x - max(x) - log(sum(exp(x - max(x))))">;

def OrdinalRankOp : Weft_PureOp<"ordinal_rank"> {
  let summary = "the place of each element in the sorted line";
  let description = [{
    Along `axis`, how many elements are larger, or equal and in front: the largest gets 0; with `largest` false, smaller.

    C1. 0 <= `axis` < rank of `x`.
    C2. The result has the shape of `x`; its elements are i32.

    Example:
    ```mlir
    %y = weft.ordinal_rank %x axis 1 : (tensor<1x1000xf32>) -> tensor<1x1000xi32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs Weft_IndexTensor:$y);
  let assemblyFormat = "$x `axis` $axis attr-dict `:` functional-type(operands, results)";
}

class Weft_Reduce<string mnemonic, string what> : Weft_PureOp<mnemonic> {
  let summary = what # " over dimensions";
  let description = "Reduces the dimensions in `axes` (all if it is empty) to one element each: the " # what #
    ". They stay with extent 1, or go with `keepdims` false.\n\n" #
    "C1. Each of `axes` is >= 0, below the rank of `x`, and given once.\n\nExample:\n```mlir\n%y = weft." # mnemonic #
    " %x axes [2, 3] {keepdims = false} : (tensor<1x64x8x8xf32>) -> tensor<1x64xf32>\n```\n";
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$axes, DefaultValuedAttr<BoolAttr, "true">:$keepdims);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `axes` $axes attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> location,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::weft::inferReduce(location, adaptor.getX(), adaptor.getAxes(), adaptor.getKeepdims(), types);
    }
  }];
}
def ReduceSumOp : Weft_Reduce<"reduce_sum", "sum">;
def ReduceMeanOp : Weft_Reduce<"reduce_mean", "mean">;
def ReduceMaxOp : Weft_Reduce<"reduce_max", "largest value">;
def ReduceMinOp : Weft_Reduce<"reduce_min", "smallest value">;

#endif
