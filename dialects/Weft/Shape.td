// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that move elements and compute nothing (image_input, which also scales, is the door for pictures).
#ifndef WEFT_SHAPE_TD
#define WEFT_SHAPE_TD

include "dialects/Weft/Attributes.td"

def ConcatOp : Weft_PureOp<"concat"> {
  let summary = "tensors one behind the other";
  let description = [{
    Joins its operands along dimension `axis`.

    C1. There is at least one operand; all have one rank and element type.
    C2. 0 <= `axis` < rank.
    C3. All other dimensions are equal.

    Example:
    ```mlir
    %y = weft.concat %a, %b axis 1 : (tensor<1x64x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x96x8x8xf32>
    ```
  }];
  let arguments = (ins Variadic<Weft_Tensor>:$xs, I64Attr:$axis);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$xs `axis` $axis attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def SplitOp : Weft_PureOp<"split"> {
  let summary = "one tensor cut into several";
  let description = [{
    Cuts dimension `axis` into pieces of `sizes`, in order.

    C1. 0 <= `axis` < rank.
    C2. `sizes` has at least one entry, all >= 1, and their sum is the extent of the dimension.

    Example:
    ```mlir
    %a, %b = weft.split %x axis 1 sizes [32, 32] : (tensor<1x64x8x8xf32>) -> (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>)
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, I64Attr:$axis, DenseI64ArrayAttr:$sizes);
  let results = (outs Variadic<Weft_Tensor>:$ys);
  let assemblyFormat = "$x `axis` $axis `sizes` $sizes attr-dict `:` functional-type(operands, results)";
}

def SliceOp : Weft_PureOp<"slice"> {
  let summary = "part of a tensor, with steps";
  let description = [{
    In each dimension the elements `start, start + step, ...` before `stop`. A negative step walks backwards; `stop` -1 then
    means that element 0 is the last.

    C1. `start`, `stop` and `step` have one entry a dimension.
    C2. `step` is not 0. Forwards: 0 <= `start` <= `stop`, `stop` <= extent. Backwards: -1 <= `stop` <= `start` < extent.
    C3. A dimension of run-time extent is taken whole: `start` 0, `stop` the largest i64, `step` 1.

    Example:
    ```mlir
    %y = weft.slice %x from [0, 0, 1, 1] to [1, 64, 8, 8] step [1, 1, 2, 2] : (tensor<1x64x8x8xf32>) -> tensor<1x64x4x4xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$stop, DenseI64ArrayAttr:$step);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = [{
    $x `from` $start `to` $stop `step` $step attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def GatherOp : Weft_PureOp<"gather"> {
  let summary = "rows picked by index";
  let description = [{
    `y[a..., i..., b...] = x[a..., indices[i...], b...]`, where a are the dimensions of `x` before `axis` and b those behind.
    Negative indices count from the end; what lies outside is brought to the nearest index that is inside.

    C1. 0 <= `axis` < rank of `x`.
    C2. `indices` are i32 or i64.

    Example:
    ```mlir
    %y = weft.gather %x[%i] axis 0 : (tensor<1000x64xf32>, tensor<16xi32>) -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, Weft_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `[` $indices `]` `axis` $axis attr-dict `:` functional-type(operands, results)";
}

def GatherElementsOp : Weft_PureOp<"gather_elements"> {
  let summary = "elements picked by index, each from its own line";
  let description = [{
    `y[a..., i, b...] = x[a..., indices[a..., i, b...], b...]`, where a are the dimensions of `x` before `axis` and b those
    behind; where `indices` has extent 1 in one of them, it is the same along it. Indices are brought inside as those of `gather`.

    C1. 0 <= `axis` < rank of `x`.
    C2. `indices` are i32 or i64, of the rank of `x`; its extents but that of `axis` are 1 or those of `x`.

    Example:
    ```mlir
    %y = weft.gather_elements %x[%i] axis 1 : (tensor<2x1000x64xf32>, tensor<2x16x1xi64>) -> tensor<2x16x64xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, Weft_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `[` $indices `]` `axis` $axis attr-dict `:` functional-type(operands, results)";
}

def ScatterOp : Weft_PureOp<"scatter"> {
  let summary = "elements put, or added, where an index says";
  let description = [{
    Begins with `x`; then for each element of `updates`, along `axis` in order, `y[a..., indices[a..., i, b...], b...]` becomes
    `updates[a..., i, b...]` (`put`), or the sum, product, maximum or minimum of both (`add mul max min`), where a are the dimensions
    before `axis` and b those behind; where `indices` has extent 1 in one of them, it is the same along it. Negative indices count from
    the end; an update whose index is outside is left out.

    C1. 0 <= `axis` < rank of `x`.
    C2. `updates` has the element type and the extents of `x`, but along `axis` any.
    C3. `indices` are i32 or i64, of the rank of `x`; along `axis` there are as many as `updates`, its other extents are 1 or those of `x`.

    Example:
    ```mlir
    %y = weft.scatter add %x[%i] by %u axis 0
           : (tensor<100x64xf32>, tensor<400x1xi64>, tensor<400x64xf32>) -> tensor<100x64xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, Weft_IndexTensor:$indices, Weft_Tensor:$updates, I64Attr:$axis,
                       Weft_ScatterKindAttr:$kind);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = [{
    custom<Word>($kind) $x `[` $indices `]` `by` $updates `axis` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def ResampleOp : Weft_PureOp<"resample"> {
  let summary = "a spatial dimension whose elements are weighted sums of a few others";
  let description = [{
    `y[a..., p, b...] = sum over k of weights[k, p] * x[a..., indices[k, p], b...]`, where a are the dimensions of `x` before `axis`
    and b those behind, added in the order of k. Indices are brought inside as those of `gather`. Resizing, by any factor and
    between any points, is one a dimension.

    C1. `x` has rank 3 to 5: `[N, C, spatial...]`; 2 <= `axis` < rank of `x`.
    C2. `indices` (i32) and `weights` (the elements of `x`) are of one shape of two dimensions, at least 1 of each.

    Example:
    ```mlir
    %y = weft.resample %x[%i] by %w axis 2 : (tensor<1x64x8x8xf32>, tensor<2x16xi32>, tensor<2x16xf32>) -> tensor<1x64x16x8xf32>
    ```
  }];
  let arguments = (ins Weft_FloatTensor:$x, Weft_IndexTensor:$indices, Weft_FloatTensor:$weights, I64Attr:$axis);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat =
      "$x `[` $indices `]` `by` $weights `axis` $axis attr-dict `:` functional-type(operands, results)";
}

def ReshapeOp : Weft_PureOp<"reshape"> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    C1. The entries of `shape` are >= 1, but one may be -1: that extent is what is left over.
    C2. The number of elements does not change.

    Example:
    ```mlir
    %y = weft.reshape %x to [1, 8, -1] : (tensor<1x64x4x4xf32>) -> tensor<1x8x128xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$shape);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `to` $shape attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def FlattenOp : Weft_PureOp<"flatten"> {
  let summary = "a matrix of everything before and everything from an axis";
  let description = [{
    The dimensions before `axis` become one, those from `axis` on another.

    C1. 0 <= `axis` <= rank of `x`.

    Example:
    ```mlir
    %y = weft.flatten %x axis 1 : (tensor<1x512x7x7xf32>) -> tensor<1x25088xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DefaultValuedAttr<I64Attr, "1">:$axis);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `axis` $axis attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def TransposeOp : Weft_PureOp<"transpose"> {
  let summary = "dimensions in another order";
  let description = [{
    Dimension i of the result is dimension `perm[i]` of `x`.

    C1. `perm` is a permutation of the dimensions of `x`.

    Example:
    ```mlir
    %y = weft.transpose %x [0, 2, 1] : (tensor<1x16x64xf32>) -> tensor<1x64x16xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x $perm attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def ExpandOp : Weft_PureOp<"expand", [Weft_PlaceByPlace]> {
  let summary = "a tensor repeated along dimensions of extent 1";
  let description = [{
    Broadcasts `x` to `shape`: aligned at the last dimension, an extent of 1 is repeated; -1 keeps the extent of `x`.

    C1. `shape` has at least as many entries as `x` dimensions, each >= 1 or -1.
    C2. Each extent of `x` is 1 or that of `shape`.

    Example:
    ```mlir
    %y = weft.expand %x to [4, 64, 8, 8] : (tensor<64x1x1xf32>) -> tensor<4x64x8x8xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$shape);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `to` $shape attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def PadOp : Weft_PureOp<"pad"> {
  let summary = "elements added before and behind each dimension";
  let description = [{
    `constant` adds `value`, `edge` repeats the outermost element, `reflect` mirrors at it without repeating it.

    C1. `low` and `high` have one entry >= 0 a dimension.
    C2. With `reflect` they are smaller than the extent; with `edge` the extent is not 0.

    Example:
    ```mlir
    %y = weft.pad %x constant low [0, 0, 1, 1] high [0, 0, 1, 1] : (tensor<1x3x8x8xf32>) -> tensor<1x3x10x10xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DefaultValuedAttr<Weft_PadModeAttr, "::weft::PadMode::Constant">:$mode,
                       DefaultValuedAttr<F64Attr, "0.0">:$value);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x custom<Word>($mode) `low` $low `high` $high attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def ChannelShuffleOp : Weft_PureOp<"channel_shuffle"> {
  let summary = "channels of several groups interleaved";
  let description = [{
    Channel `g * (C / groups) + i` goes to `i * groups + g`.

    With `stored = [channels, parts, part]` there are so many channels, in more places: `x` holds each group at the beginning of its
    share of the places, the result the channels in `parts` of one size, each at the beginning of `part` places. What the others hold
    is finite.

    C1. `x` has rank >= 2: `[N, C, ...]`; `groups` >= 1 divides C, and the channels.
    C2. The result has the shape and the element type of `x`; with `stored` it has `parts * part` channels.
    C3. `parts` >= 1 divides the channels; each group and each part fits its places.

    Example:
    ```mlir
    %y = weft.channel_shuffle %x groups 2 : (tensor<1x116x28x28xf32>) -> tensor<1x116x28x28xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, I64Attr:$groups, OptionalAttr<DenseI64ArrayAttr>:$stored);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x `groups` $groups (`stored` $stored^)? attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def DepthToSpaceOp : Weft_PureOp<"depth_to_space"> {
  let summary = "blocks of channels laid out as squares of pixels, or rectangles";
  let description = [{
    With `block` [a, b], `dcr`: `y[n, c, h * a + i, w * b + j] = x[n, (i * b + j) * C' + c, h, w]`; `crd` (PyTorch's pixel_shuffle):
    `x[n, (c * a + i) * b + j, h, w]`, where C' is the number of channels of y. With one spatial dimension or three,
    likewise: lines and cubes.

    C1. `x` is `[N, C, spatial...]` with one to three spatial dimensions; `block` has one entry >= 1 a spatial dimension, and
        their product divides C.

    Example:
    ```mlir
    %y = weft.depth_to_space %x crd block [2, 2] : (tensor<1x64x8x8xf32>) -> tensor<1x16x16x16xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseI64ArrayAttr:$block,
                       DefaultValuedAttr<Weft_DepthModeAttr, "::weft::DepthMode::DCR">:$mode);
  let results = (outs Weft_Tensor:$y);
  let assemblyFormat = "$x custom<Word>($mode) `block` $block attr-dict `:` functional-type(operands, results)";
}

def ImageInputOp : Weft_PureOp<"image_input"> {
  let summary = "pictures as bytes made into the tensor a network wants";
  let description = [{
    Resizes `[N, H, W, C]` bytes so that the picture has extent `resize` (linear, half_pixel; one entry: the shorter side,
    the other in proportion, rounded down), cuts `crop` out of the middle, and gives
    `y[n, c, h, w] = (x[n, h, w, c] / 255 - mean[c]) / std[c]`.

    C1. `x` is `u8[N, H, W, C]` (ui8 or i8 in the IR) of static extents.
    C2. `mean` and `std` have one entry or C; `std` is not 0.
    C3. `resize` has one entry or two (H, W), `crop` two, all >= 1, if given; `crop` is no larger than the resized picture.

    Example:
    ```mlir
    %y = weft.image_input %x {crop = array<i64: 224, 224>, mean = array<f64: 0.5>, resize = array<i64: 256>, std = array<f64: 0.5>}
           : (tensor<1x480x640x3xi8>) -> tensor<1x3x224x224xf32>
    ```
  }];
  let arguments = (ins Weft_Tensor:$x, DenseF64ArrayAttr:$mean, DenseF64ArrayAttr:$std,
                       OptionalAttr<DenseI64ArrayAttr>:$resize, OptionalAttr<DenseI64ArrayAttr>:$crop);
  let results = (outs Weft_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

#endif
