// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `layout`. Operations in the form that a schedule suits, and where their elements lie.
#ifndef WEFT_LAYOUT_PASSES_TD
#define WEFT_LAYOUT_PASSES_TD

include "mlir/Pass/PassBase.td"

def ColumnsToLines : Pass<"weft-columns-to-lines", "::mlir::ModuleOp"> {
  let summary = "planes of one column become lines";
  let description = [{
    Convolutions of K x 1 windows on planes of one column, and the pooling and element-wise operations joined to them, where one of them
    has input channels enough to fill a block. `weft-lines-to-planes` makes planes of one row of these.

    ```mlir
    %y = weft.conv %x, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x64x31x1xf32>, tensor<64x64x3x1xf32>) -> tensor<1x64x31x1xf32>
    // becomes
    %l = weft.reshape %x to [1, 64, 31]
    %v = weft.reshape %w to [64, 64, 3]
    %q = weft.conv %l, %v stride [1] pad [1, 1] dilation [1] : ... -> tensor<1x64x31xf32>
    %y = weft.reshape %q to [1, 64, 31, 1]
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "operations on columns that work on lines">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def LinesToPlanes : Pass<"weft-lines-to-planes", "::mlir::ModuleOp"> {
  let summary = "networks over lines become networks over planes of one row";
  let description = [{
    Convolutions over lines, and what is joined to them by operations that know planes, where one of them has input channels enough to fill
    a block.

    ```mlir
    %y = weft.conv %x, %w stride [2] pad [3, 3] dilation [1] : (tensor<1x64x500xf32>, tensor<128x64x7xf32>) -> tensor<1x128x250xf32>
    // becomes
    %p = weft.reshape %x to [1, 64, 1, 500]
    %v = weft.reshape %w to [128, 64, 1, 7]
    %q = weft.conv %p, %v stride [1, 2] pad [0, 3, 0, 3] dilation [1, 1] : ... -> tensor<1x128x1x250xf32>
    %y = weft.reshape %q to [1, 128, 250]
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "operations on lines that work on planes">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def VolumesToPlanes : Pass<"weft-volumes-to-planes", "::mlir::ModuleOp"> {
  let summary = "convolutions along the first of three spatial dimensions become convolutions of planes";
  let description = [{
    Windows of K x 1 x 1 that Winograd's algorithm has a form for as K x 1, with the element-wise operations behind them.

    ```mlir
    %y = weft.conv %x, %w stride [1, 1, 1] pad [1, 0, 0, 1, 0, 0] dilation [1, 1, 1] : (tensor<1x64x8x56x56xf32>, tensor<64x64x3x1x1xf32>) -> ...
    // becomes
    %p = weft.reshape %x to [1, 64, 8, 3136]
    %v = weft.reshape %w to [64, 64, 3, 1]
    %q = weft.conv %p, %v stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : ... -> tensor<1x64x8x3136xf32>
    %y = weft.reshape %q to [1, 64, 8, 56, 56]
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "operations on volumes that work on planes">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def SplitTransposed : Pass<"weft-split-transposed", "::mlir::ModuleOp"> {
  let summary = "transposed convolutions become convolutions whose results are laid out as squares";
  let description = [{
    One convolution for each of the positions a result can have between two inputs; one for all where these read the same inputs, or
    have too few channels to fill blocks. Positions that no tap reaches are channels of zeros. Extents must be known.

    ```mlir
    %y = weft.conv_transpose %x, %w stride [2, 2] ... : (tensor<1x64x8x8xf32>, tensor<64x32x2x2xf32>) -> tensor<1x32x16x16xf32>
    // becomes
    %4 = weft.concat %w00, %w01, %w10, %w11 axis 0 : ... -> tensor<128x64x1x1xf32>
    %p = weft.conv %x, %4 ... -> tensor<1x128x8x8xf32>
    %y = weft.depth_to_space %p dcr block [2, 2] : (tensor<1x128x8x8xf32>) -> tensor<1x32x16x16xf32>
    ```
  }];
  let statistics = [Statistic<"numSplit", "split", "transposed convolutions that became others">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def TrimWindows : Pass<"weft-trim-windows", "::mlir::ModuleOp"> {
  let summary = "taps of a window that only meet padding are cut off, for all results or for parts of the plane";
  let description = [{
    ```mlir
    %y = weft.conv %x, %w stride [1, 1] pad [12, 12, 12, 12] dilation [12, 12] : (tensor<1x64x7x7xf32>, tensor<32x64x3x3xf32>) -> ...
    // becomes
    %m = weft.slice %w from [0, 0, 1, 1] to [32, 64, 2, 2] step [1, 1, 1, 1]
    %y = weft.conv %x, %m stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x64x7x7xf32>, tensor<32x64x1x1xf32>) -> ...
    ```
    A dilated convolution at least half of whose products are with padding becomes one for each part of the plane where the same taps meet it,
    or, where that would repeat too many weights, a sum of one for each tap, of the part of the plane that the tap meets.
  }];
  let statistics = [Statistic<"numTrimmed", "trimmed", "convolutions whose window became smaller">,
                    Statistic<"numDivided", "divided", "convolutions that became one for each part of their plane, or for each tap">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def ColumnsToChannels : Pass<"weft-columns-to-channels", "::mlir::ModuleOp"> {
  let summary = "windows as wide as planes of few channels become windows on lines of many";
  let description = [{
    ```mlir
    %y = weft.conv %x, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x1x60x128xf32>, tensor<100x1x3x128xf32>) -> tensor<1x100x60x1xf32>
    // becomes
    %t = weft.transpose %x [0, 1, 3, 2]
    %l = weft.reshape %t to [1, 128, 1, 60]
    %v = ... the weight likewise, tensor<100x128x1x3xf32>
    %z = weft.conv %l, %v stride [1, 1] pad [0, 1, 0, 1] dilation [1, 1] : ... -> tensor<1x100x1x60xf32>
    %y = weft.reshape %z to [1, 100, 60, 1]
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "convolutions whose columns became channels">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def SeparatePools : Pass<"weft-separate-pools", "::mlir::ModuleOp"> {
  let summary = "pooling over large windows that overlap goes by rows, then by columns";
  let description = [{
    ```mlir
    %y = weft.maxpool %x kernel [13, 13] stride [1, 1] pad [6, 6, 6, 6] dilation [1, 1] : (tensor<1x512x20x20xf32>) -> tensor<1x512x20x20xf32>
    // becomes
    %r = weft.maxpool %x kernel [1, 13] stride [1, 1] pad [0, 6, 0, 6] dilation [1, 1] : (tensor<1x512x20x20xf32>) -> tensor<1x512x20x20xf32>
    %y = weft.maxpool %r kernel [13, 1] stride [1, 1] pad [6, 0, 6, 0] dilation [1, 1] : (tensor<1x512x20x20xf32>) -> tensor<1x512x20x20xf32>
    ```
  }];
  let statistics = [Statistic<"numSeparated", "separated", "dimensions that got a pool of their own">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def PickPixels : Pass<"weft-pick-pixels", "::mlir::ModuleOp"> {
  let summary = "1x1 convolutions that skip pixels read a copy of the others";
  let description = [{
    Where planes weigh less than the weights, on processors with few registers. A window of one element is what picks.

    ```mlir
    %y = weft.conv %x, %w stride [2, 2] pad [0, 0, 0, 0] ... : (tensor<1x1024x14x14xf32>, tensor<2048x1024x1x1xf32>) -> ...
    // becomes
    %p = weft.maxpool %x kernel [1, 1] stride [2, 2] ... : (tensor<1x1024x14x14xf32>) -> tensor<1x1024x7x7xf32>
    %y = weft.conv %p, %w stride [1, 1] pad [0, 0, 0, 0] ... : (tensor<1x1024x7x7xf32>, tensor<2048x1024x1x1xf32>) -> ...
    ```
  }];
  let statistics = [Statistic<"numPicked", "picked", "convolutions that read a copy">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def TapsToChannels : Pass<"weft-taps-to-channels", "::mlir::ModuleOp"> {
  let summary = "taps of windows become channels where a convolution has few outputs";
  let description = [{
    A convolution with an output for each tap of the window's last dimensions fills blocks; its results, each moved by its tap, are
    added. Where that is less work by the cost model; strides are 1 there.

    ```mlir
    %y = weft.conv %x, %w stride [1, 1] pad [3, 3, 3, 3] ... : (tensor<1x64x96x96xf32>, tensor<3x64x7x7xf32>) -> tensor<1x3x96x96xf32>
    // becomes
    %p = weft.conv %x, %rows stride [1, 1] pad [3, 3, 3, 3] ... : (tensor<1x64x96x96xf32>, tensor<21x64x7x1xf32>) -> tensor<1x21x96x102xf32>
    %y = %p[0:3, x + 0] + %p[3:6, x + 1] + ... + %p[18:21, x + 6]
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "convolutions whose taps became channels">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def SplitGroups : Pass<"weft-split-groups", "::mlir::ModuleOp"> {
  let summary = "grouped convolutions whose groups do not fill blocks of channels become several that do";
  let description = [{
    Output channels whose groups read the same blocks of input channels become a dense convolution of those, with zeros in its
    weight; element-wise operations behind follow. What so many groups together as fill whole blocks can do stays grouped.

    ```mlir
    %y = weft.conv %x, %w ... {groups = 2} : (tensor<1x32x8x8xf32>, tensor<48x16x1x1xf32>) -> tensor<1x48x8x8xf32>
    // becomes, in blocks of 16: rows 16 to 31 belong to both groups
    %a = weft.conv %x[0:16], %w[0:16] : ... -> tensor<1x16x8x8xf32>
    %b = weft.conv %x, pad(%w[16:24]) and pad(%w[24:32]) : ... -> tensor<1x16x8x8xf32>
    %c = weft.conv %x[16:32], %w[32:48] : ... -> tensor<1x16x8x8xf32>
    %y = weft.concat %a, %b, %c axis 1
    ```
  }];
  let statistics = [Statistic<"numSplit", "split", "grouped convolutions that became others">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def DivideElementwise : Pass<"weft-divide-elementwise", "::mlir::ModuleOp"> {
  let summary = "element-wise operations behind a concatenation of channels are computed part by part, before it";
  let description = [{
    Where nobody reads the concatenation for anything else, and each part is made by a kernel that can take the operation along.

    ```mlir
    %c = weft.concat %a, %b axis 1 : (tensor<1x32x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x48x8x8xf32>
    %y = weft.relu %c : tensor<1x48x8x8xf32>
    // becomes
    %p = weft.relu %a : tensor<1x32x8x8xf32>
    %q = weft.relu %b : tensor<1x16x8x8xf32>
    %y = weft.concat %p, %q axis 1 : (tensor<1x32x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x48x8x8xf32>
    ```
  }];
  let statistics = [Statistic<"numDivided", "divided", "operations computed in parts">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def AlignParts : Pass<"weft-align-parts", "::mlir::ModuleOp"> {
  let summary = "channels get zeros behind each part, so that the next one begins with a block";
  let description = [{
    Parts are what concatenations, splits and slices put together and cut; all values whose channels are passed on between them are
    cut alike, or none where that costs more than it saves. Weights are arranged by recipes.

    ```mlir
    %a = weft.conv %x, %v ... : (tensor<1x16x8x8xf32>, tensor<20x16x1x1xf32>) -> tensor<1x20x8x8xf32>
    %b = weft.relu %a : tensor<1x20x8x8xf32>
    %c = weft.concat %a, %b axis 1 : (tensor<1x20x8x8xf32>, tensor<1x20x8x8xf32>) -> tensor<1x40x8x8xf32>
    %y = weft.conv %c, %w ... : (tensor<1x40x8x8xf32>, tensor<16x40x1x1xf32>) -> tensor<1x16x8x8xf32>
    // becomes, in blocks of 16: 20 channels and 12 zeros, twice
    %a = weft.conv %x, pad(%v) ... : (tensor<1x16x8x8xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x8x8xf32>
    %b = weft.relu %a : tensor<1x32x8x8xf32>
    %c = weft.concat %a, %b axis 1 : (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x64x8x8xf32>
    %y = weft.conv %c, concat(pad(%w[0:20]), pad(%w[20:40])) ... : (tensor<1x64x8x8xf32>, ...) -> tensor<1x16x8x8xf32>
    ```
  }];
  let statistics = [Statistic<"numAligned", "aligned", "values with zeros between their channels">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def SplitBatch : Pass<"weft-split-batch", "::mlir::ModuleOp"> {
  let summary = "layers whose planes outweigh their weights run for some samples of a batch at a time";
  let description = [{
    Stretches of layers run from their first to their last for one part of the batch before the next part does, so that what is between
    them stays in the cache; how many samples a part has is decided by the cost model.

    ```mlir
    %a = weft.conv %x, %v ... : (tensor<8x64x56x56xf32>, ...) -> tensor<8x64x56x56xf32>
    %b = weft.conv %a, %w ... : (tensor<8x64x56x56xf32>, ...) -> tensor<8x64x56x56xf32>
    // becomes
    %x0, ... = weft.split %x axis 0 sizes [1, 1, 1, 1, 1, 1, 1, 1]
    %a0 = weft.conv %x0, %v ... : (tensor<1x64x56x56xf32>, ...) -> tensor<1x64x56x56xf32>
    %b0 = weft.conv %a0, %w ... : (tensor<1x64x56x56xf32>, ...) -> tensor<1x64x56x56xf32>
    ... the same seven times more ...
    %b = weft.concat %b0, ... axis 0
    ```
  }];
  let statistics = [Statistic<"numStretches", "stretches", "runs of layers that were divided">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def AssignLayouts : Pass<"weft-assign-layouts", "::mlir::ModuleOp"> {
  let summary = "an algorithm for every contraction and a layout for every tensor";
  let description = [{
    Each contraction gets the cheapest algorithm of its family and a recipe that packs its weight; tensors between take the
    blocked layout as far as that is possible; a `weft.relayout` stands at each seam. A `linear` on a flattened image becomes
    a `conv` whose window is the image.

    ```mlir
    %y = weft.conv %x, %w bias %b stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x64x8x8xf32>, ...)
    // becomes
    %p = weft.pack_filter %w {ic_block = 16, oc_block = 16} : ...
    %q = weft.pack_vector %b {block = 16} : ...
    %y = weft.conv %x, %p bias %q ... {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 64, 64, 3, 3>}
           : (tensor<1x64x8x8xf32, #weft.blocked<16>>, ...)
    ```
  }];
  let options = [
    Option<"winograd", "winograd", "bool", "true", "whether algorithms of fewer products, Winograd's and Strassen's, may be chosen">,
    Option<"weightsBudget", "weights-budget", "double", "1.6", "packed weights, as a multiple of their f32 size">,
  ];
  let statistics = [
    Statistic<"numPacked", "contractions-packed", "contractions with an algorithm and a packed weight">,
    Statistic<"numRelayouts", "relayouts", "conversions between layouts">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

#endif // WEFT_LAYOUT_PASSES_TD
