// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Convolutions and matrix products: the operations most of the time goes to. Phase layout gives each an algorithm.
#ifndef WEFT_CONTRACTION_TD
#define WEFT_CONTRACTION_TD

include "dialects/Weft/Attributes.td"

/// What phase layout adds to a contraction: the algorithm, and the logical shape of a weight that is now packed.
class Weft_Contraction<string mnemonic> : Weft_PureOp<mnemonic> {
  dag packing = (ins OptionalAttr<Weft_AlgorithmAttr>:$algorithm, OptionalAttr<DenseI64ArrayAttr>:$filter_shape);
  string note = "\n\n`algorithm` is set by phase layout. Once the weight is packed, `filter_shape` keeps its logical " #
    "shape, and inference reads that instead of the type of `weight`.";
  let results = (outs Weft_FloatTensor:$y);
}

def ConvOp : Weft_Contraction<"conv"> {
  let summary = "cross-correlation in one to three spatial dimensions";
  let description = [{
    `y[n, o, p...] = bias[o] + sum over i, k... of x[n, i, p * stride - low + k * dilation...] * weight[o, i, k...]`,
    with zeros outside `x`; the sum runs over the input channels of o's group.

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`.
    C2. `weight` is `[O, C / groups, kernel...]`; `groups` divides C and O.
    C3. `bias`, if given, is `[O]`.
    C4. `stride` and `dilation` have one entry >= 1 a spatial dimension; `pad` has two, first the low ones, >= 0.
    C5. The dilated window is no larger than the padded input; the extent of y is
        `(X + low + high - dilation * (K - 1) - 1) / stride + 1`, rounded down.}] # note # [{

    Example:
    ```mlir
    %y = weft.conv %x, %w bias %b stride [2, 2] pad [3, 3, 3, 3] dilation [1, 1]
           : (tensor<1x3x224x224xf32>, tensor<64x3x7x7xf32>, tensor<64xf32>) -> tensor<1x64x112x112xf32>
    ```
  }];
  let arguments = !con((ins Weft_FloatTensor:$x, Weft_FloatTensor:$weight, Optional<Weft_FloatTensor>:$bias,
                            DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad, DenseI64ArrayAttr:$dilation,
                            DefaultValuedAttr<I64Attr, "1">:$groups), packing);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? `stride` $stride `pad` $pad `dilation` $dilation attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The logical shape [O, C / groups, kernel...] of the weight, packed or not.
    ::llvm::SmallVector<int64_t> getFilter();
    ::llvm::SmallVector<int64_t> getKernel() {
      auto filter = getFilter();
      return {filter.begin() + 2, filter.end()};
    }
    int64_t getSpatialRank() { return getStride().size(); }
    /// Whether each channel has a filter of its own (one or more outputs a channel).
    bool isDepthwise() { return getGroups() > 1 && getFilter()[1] == 1; }
  }];
}

def ConvTransposeOp : Weft_Contraction<"conv_transpose"> {
  let summary = "transposed convolution: each input element adds a window to the result";
  let description = [{
    The gradient of `conv` with respect to its input. The extent of y is
    `(X - 1) * stride - low - high + dilation * (K - 1) + output_pad + 1`.

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`.
    C2. `weight` is `[C, O / groups, kernel...]`; `groups` divides C.
    C3. `bias`, if given, is `[O]`.
    C4. `stride`, `dilation` (>= 1) and `output_pad` (>= 0, less than stride or dilation) have one entry a spatial
        dimension; `pad` has two, first the low ones, >= 0.
    C5. No extent of y is below 1.}] # note # [{

    Example:
    ```mlir
    %y = weft.conv_transpose %x, %w stride [2, 2] pad [1, 1, 1, 1] output_pad [1, 1] dilation [1, 1]
           : (tensor<1x64x8x8xf32>, tensor<64x32x3x3xf32>) -> tensor<1x32x16x16xf32>
    ```
  }];
  let arguments = !con((ins Weft_FloatTensor:$x, Weft_FloatTensor:$weight, Optional<Weft_FloatTensor>:$bias,
                            DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad, DenseI64ArrayAttr:$output_pad,
                            DenseI64ArrayAttr:$dilation, DefaultValuedAttr<I64Attr, "1">:$groups), packing);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? `stride` $stride `pad` $pad `output_pad` $output_pad `dilation` $dilation
    attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The logical shape [C, O / groups, kernel...] of the weight, packed or not.
    ::llvm::SmallVector<int64_t> getFilter();
  }];
}

def LinearOp : Weft_Contraction<"linear"> {
  let summary = "matrix product with a weight, on the last dimension";
  let description = [{
    `y[..., o] = bias[o] + sum over i of x[..., i] * weight[o, i]`.

    C1. `x` has rank >= 1; its last dimension is I.
    C2. `weight` is `[O, I]`.
    C3. `bias`, if given, is `[O]`.}] # note # [{

    Example:
    ```mlir
    %y = weft.linear %x, %w bias %b : (tensor<1x512xf32>, tensor<1000x512xf32>, tensor<1000xf32>) -> tensor<1x1000xf32>
    ```
  }];
  let arguments = !con((ins Weft_FloatTensor:$x, Weft_FloatTensor:$weight, Optional<Weft_FloatTensor>:$bias), packing);
  let assemblyFormat = "$x `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The logical shape [O, I] of the weight, packed or not.
    ::llvm::SmallVector<int64_t> getFilter();
  }];
}

def MatmulOp : Weft_PureOp<"matmul"> {
  let summary = "matrix product of two tensors, batched as NumPy does";
  let description = [{
    `z[..., m, n] = sum over k of x[..., m, k] * y[..., k, n]`; leading dimensions are broadcast; a vector on the left is a
    row, on the right a column, and its dimension is dropped from the result.

    C1. Both have rank >= 1 and one element type.
    C2. The last dimension of `x` equals the last but one of `y` (the only one of a vector).
    C3. Leading dimensions can be broadcast.

    Example:
    ```mlir
    %z = weft.matmul %x, %y : (tensor<8x16x32xf32>, tensor<8x32x64xf32>) -> tensor<8x16x64xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_FloatTensor:$y, OptionalAttr<Weft_AlgorithmAttr>:$algorithm);
  let results = (outs Weft_FloatTensor:$z);
  let assemblyFormat = "$x `,` $y attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
}

#endif
