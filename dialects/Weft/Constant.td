// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where fixed values come from: names of weights, and constants written in the text.
#ifndef WEFT_CONSTANT_TD
#define WEFT_CONSTANT_TD

include "dialects/Weft/Attributes.td"

def WeightOp : Weft_Op<"weight", [Pure]> {
  let summary = "the trained tensor of this name";
  let description = [{
    Stands for the tensor called `path` in the weight files. No pass sees its values.

    C1. `path` is not empty.
    C2. The type is static and has no encoding.

    Example:
    ```mlir
    %w = weft.weight "layer1.0.conv1.weight" : tensor<64x64x3x3xf32>
    ```
  }];
  let arguments = (ins StrAttr:$path);
  let results = (outs Weft_Tensor:$value);
  let assemblyFormat = "$path attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def ConstantOp : Weft_PureOp<"constant", [ConstantLike]> {
  let summary = "a tensor written in the text";
  let description = [{
    C1. The result has the type of `value`.

    Example:
    ```mlir
    %c = weft.constant dense<[1.0, 2.0, 1.0]> : tensor<3xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Weft_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

#endif
