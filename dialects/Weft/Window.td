// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that read a window of each plane: pooling, local response normalisation, upsampling.
#ifndef WEFT_WINDOW_TD
#define WEFT_WINDOW_TD

include "dialects/Weft/Attributes.td"

class Weft_Pool<string mnemonic> : Weft_PureOp<mnemonic> {
  dag window = (ins Weft_FloatTensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad,
                    DenseI64ArrayAttr:$dilation, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode);
  string constraints = [{

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`.
    C2. `kernel`, `stride` and `dilation` have one entry >= 1 a spatial dimension; `pad` has two, first the low ones,
        >= 0 and smaller than the dilated window.
    C3. The dilated window is no larger than the padded input; the extent of y is
        `(X + low + high - dilation * (K - 1) - 1) / stride + 1`, rounded down, or up with `ceil_mode`; a last window
        that would begin in the padding behind `x` is left out.
  }];
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = [{
    $x `kernel` $kernel `stride` $stride `pad` $pad `dilation` $dilation attr-dict
    `:` functional-type(operands, results)
  }];
}

def MaxpoolOp : Weft_Pool<"maxpool"> {
  let summary = "largest value of each window";
  let description = "Padding never wins: it counts as the lowest value.\n" # constraints # [{

    Example:
    ```mlir
    %y = weft.maxpool %x kernel [3, 3] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<1x64x112x112xf32>) -> tensor<1x64x56x56xf32>
    ```
  }];
  let arguments = window;
}

def AvgpoolOp : Weft_Pool<"avgpool"> {
  let summary = "mean of each window";
  let description = [{
    The sum of the window divided by the number of its elements inside `x`; with `count_include_pad`, by the number inside
    the padded input.
  }] # constraints # [{

    Example:
    ```mlir
    %y = weft.avgpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
           : (tensor<1x6x28x28xf32>) -> tensor<1x6x14x14xf32>
    ```
  }];
  let arguments = !con(window, (ins DefaultValuedAttr<BoolAttr, "false">:$count_include_pad));
}

class Weft_GlobalPool<string mnemonic, string what> : Weft_PureOp<mnemonic> {
  let summary = what # " of each plane";
  let description = "Reduces all spatial dimensions to 1.\n\nC1. `x` has rank 3 to 5: `[N, C, spatial...]`.\n\n" #
    "C2. The result is `[N, C, 1...]`.\n\nExample:\n```mlir\n%y = weft." # mnemonic #
    " %x : (tensor<1x512x7x7xf32>) -> tensor<1x512x1x1xf32>\n```\n";
  let arguments = (ins Weft_FloatTensor:$x);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def GlobalAvgpoolOp : Weft_GlobalPool<"global_avgpool", "mean">;
def GlobalMaxpoolOp : Weft_GlobalPool<"global_maxpool", "largest value">;

def AdaptiveAvgpoolOp : Weft_PureOp<"adaptive_avgpool"> {
  let summary = "mean over windows chosen to give a wanted extent";
  let description = [{
    Element i of a dimension is the mean of x from `floor(i * X / out)` to `ceil((i + 1) * X / out)`.

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`.
    C2. `out` has one entry >= 1 a spatial dimension.

    Example:
    ```mlir
    %y = weft.adaptive_avgpool %x out [6, 6] : (tensor<1x256x13x13xf32>) -> tensor<1x256x6x6xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, DenseI64ArrayAttr:$out);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x `out` $out attr-dict `:` functional-type(operands, results)";
  let hasCanonicalizer = 1;
}

def LrnOp : Weft_Unary<"lrn", "local response normalisation across channels",
    "x / (k + alpha / size * sum of squares of `size` neighbouring channels) ^ beta",
    (ins I64Attr:$size, DefaultValuedAttr<F64Attr, "1e-4">:$alpha, DefaultValuedAttr<F64Attr, "0.75">:$beta,
         DefaultValuedAttr<F64Attr, "1.0">:$k)> {
  let description = [{
    `y[n, c, ...] = x[n, c, ...] / (k + alpha / size * S) ^ beta`, where S is the sum of the squares of channels
    `c - floor((size - 1) / 2)` to `c + ceil((size - 1) / 2)` that exist. As in ONNX and PyTorch, `alpha` is divided by
    the window's size (Krizhevsky's paper and Caffe's WITHIN do not agree on this: multiply alpha by size for the paper's).

    C1. `x` has rank >= 2: `[N, C, ...]`.
    C2. `size` >= 1.
    C3. The result has the shape and the element type of `x`.

    Example:
    ```mlir
    %y = weft.lrn %x {size = 5 : i64} : tensor<1x96x55x55xf32>
    ```
  }];
  let hasVerifier = 1;
}

def UpsampleOp : Weft_PureOp<"upsample"> {
  let summary = "each plane enlarged by whole factors";
  let description = [{
    `nearest`: `y[p] = x[floor(p / scale)]`. `linear`: interpolated between the two nearest in each dimension at
    `(p + 1/2) / scale - 1/2`, clamped to `x` (ONNX's half_pixel).

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`.
    C2. `scale` has one entry >= 1 a spatial dimension.

    Example:
    ```mlir
    %y = weft.upsample %x linear [2, 2] : (tensor<1x64x8x8xf32>) -> tensor<1x64x16x16xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, DenseI64ArrayAttr:$scale,
                       DefaultValuedAttr<Weft_InterpolationAttr, "::weft::Interpolation::Nearest">:$mode);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x custom<Word>($mode) $scale attr-dict `:` functional-type(operands, results)";
}

#endif
