// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How tensors and weights are stored, as operations: made by phase layout. On weights they are recipes.
#ifndef WEFT_PACKING_TD
#define WEFT_PACKING_TD

include "dialects/Weft/Attributes.td"

def RelayoutOp : Weft_Op<"relayout", [Pure]> {
  let summary = "the same tensor stored another way";
  let description = [{
    The logical tensor does not change; the encoding of the type does. What a layout rounds up or adds as a border is
    filled: the rounded-up channels with 0, the border with its `fill`.

    C1. Operand and result have one shape and element type.

    Example:
    ```mlir
    %y = weft.relayout %x : tensor<1x64x8x8xf32> -> tensor<1x64x8x8xf32, #weft.blocked<16>>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

class Weft_Pack<string mnemonic, dag attributes> : Weft_PureOp<mnemonic> {
  let arguments = !con((ins Weft_FloatTensor:$w), attributes);
  let results = (outs Weft_FloatTensor:$packed);
  let assemblyFormat = "$w attr-dict `:` functional-type(operands, results)";
}

def PackFilterOp : Weft_Pack<"pack_filter", (ins I64Attr:$oc_block, I64Attr:$ic_block)> {
  let summary = "a filter with output and input channels in blocks";
  let description = [{
    `[O, I, k...]` to `[ceil(O / oc_block), ceil(I / ic_block), k..., ic_block, oc_block]`; with `ic_block` 0 to
    `[ceil(O / oc_block), I, k..., oc_block]`. What is rounded up is 0.

    C1. `w` has rank >= 2 and is static.
    C2. `oc_block` >= 1, `ic_block` >= 0.

    Example:
    ```mlir
    %p = weft.pack_filter %w {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<64x32x3x3xf32>) -> tensor<4x2x3x3x16x16xf32>
    ```
  }];
}

def PackDepthwiseOp : Weft_Pack<"pack_depthwise", (ins I64Attr:$block)> {
  let summary = "a depthwise filter with channels in blocks";
  let description = [{
    `[C, 1, k...]` to `[ceil(C / block), k..., block]`. What is rounded up is 0.

    C1. `w` has rank >= 2, is static, and its dimension 1 is 1.
    C2. `block` >= 1.

    Example:
    ```mlir
    %p = weft.pack_depthwise %w {block = 16 : i64} : (tensor<32x1x3x3xf32>) -> tensor<2x3x3x16xf32>
    ```
  }];
}

def PackGroupedOp : Weft_Pack<"pack_grouped", (ins I64Attr:$groups, I64Attr:$oc_block, I64Attr:$ic_block)> {
  let summary = "the filter of a grouped convolution, each group in blocks";
  let description = [{
    `[O, I / G, k...]` to `[G, ceil(O / G / oc_block), ceil(I / G / ic_block), k..., ic_block, oc_block]`. What is rounded up
    is 0.

    C1. `w` has rank >= 2 and is static; `groups` >= 1 divides O.
    C2. `oc_block` >= 1 and `ic_block` >= 1.

    Example:
    ```mlir
    %p = weft.pack_grouped %w {groups = 2 : i64, ic_block = 16 : i64, oc_block = 16 : i64}
           : (tensor<64x32x3x3xf32>) -> tensor<2x2x2x3x3x16x16xf32>
    ```
  }];
}

def PackVectorOp : Weft_Pack<"pack_vector", (ins I64Attr:$block)> {
  let summary = "a value a channel, in blocks";
  let description = [{
    `[C]` to `[ceil(C / block), block]`. What is rounded up is 0.

    C1. `w` has rank 1 and is static.
    C2. `block` >= 1.

    Example:
    ```mlir
    %p = weft.pack_vector %b {block = 16 : i64} : (tensor<1000xf32>) -> tensor<63x16xf32>
    ```
  }];
}

def WinogradFilterOp : Weft_Pack<"winograd_filter", (ins I64Attr:$m, I64Attr:$oc_block, I64Attr:$ic_block)> {
  let summary = "a filter transformed for Winograd's algorithm, in blocks";
  let description = [{
    Each filter g of q x r taps becomes `G g G^T`, on each side with the matrix of F(m, q) and F(m, r) (Lavin and Gray, Fast
    Algorithms for Convolutional Neural Networks, 2016), computed in double precision; where there is one tap nothing is done. Of as
    many points as there are infinity is one; the others are 0, 1, -1, 2, -2, 1/2, -1/2, as many as needed, but 0, 3/4, -3/4, 2 of 5 with
    infinity; 0, 5/8, -5/8, 3/2, -3/2 of 6; 0 and 3/8, 7/8, 5/4, 9/4 of either sign of 10; 0 and 3/8, 3/4, 1, 3/2, 5/2 of either sign of 12. With P points, m + q - 1 or 1 times
    m + r - 1 or 1: `[O, I, q, r]` to `[P, ceil(O / oc_block), ceil(I / ic_block), ic_block, oc_block]`; each slice of
    `[O, I, D, q, r]`, to `[P, ceil(O / oc_block), ceil(I / ic_block), D, ic_block, oc_block]`. What is rounded up is 0.

    C1. `w` is `[O, I, q, r]` or `[O, I, D, q, r]` and static; q and r are 2, 3 or 5 and equal, or one is 1 and the other 2, 3, 5, 7 or 9.
    C2. `m` is 2, 4 or 6; not 6 for 5 x 5 or 9 taps.
    C3. `oc_block` >= 1 and `ic_block` >= 1.

    Example:
    ```mlir
    %p = weft.winograd_filter %w {ic_block = 16 : i64, m = 4 : i64, oc_block = 16 : i64}
           : (tensor<64x32x3x3xf32>) -> tensor<36x4x2x16x16xf32>
    ```
  }];
}

def StrassenFilterOp : Weft_Pack<"strassen_filter", (ins I64Attr:$oc_block, I64Attr:$ic_block)> {
  let summary = "a 1x1 filter as the seven of Strassen's algorithm, in blocks";
  let description = [{
    With even and odd blocks of outputs and of inputs as halves, a_xy of outputs x and inputs y, the filters of the seven
    products in Winograd's form of the algorithm (Strassen, Gaussian Elimination is not Optimal, 1969; Winograd, On
    Multiplication of 2 x 2 Matrices, 1971): a00, a01, a01 - s, a11, a10 + a11, s = a10 + a11 - a00, a00 - a10.
    `[O, I, 1, 1]` to `[7, ceil(O / oc_block / 2), ceil(I / ic_block / 2), ic_block, oc_block]`. What is rounded up is 0 in a.

    C1. `w` is `[O, I, 1, 1]` and static.
    C2. `oc_block` >= 1 and `ic_block` >= 1.

    Example:
    ```mlir
    %p = weft.strassen_filter %w {ic_block = 16 : i64, oc_block = 16 : i64}
           : (tensor<64x32x1x1xf32>) -> tensor<7x2x1x16x16xf32>
    ```
  }];
}

#endif
