// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Every pass, by phase. `compiler/Pipeline/Pipeline.cpp` says in which order they run.
#ifndef WEFT_PASSES_TD
#define WEFT_PASSES_TD

include "mlir/Pass/PassBase.td"

//===-- phase graph ------------------------------------------------------------------------------------------------===//

def MakeEnsemble : Pass<"weft-make-ensemble", "::mlir::ModuleOp"> {
  let summary = "one network several times, each with weights of its own, and the mean of their probabilities";
  let description = [{
    The members read the same inputs. Their weights and paths begin with `ensemble.0.`, `ensemble.1.`, ... Each result becomes the
    mean of the members' softmax: of the one that makes the result, or of one over the channels put behind it; a `log_softmax` gives
    way to a `softmax`.

    ```mlir
    %w = weft.weight "fc.weight" : tensor<10x84xf32>
    %y = weft.linear %x, %w : (tensor<1x84xf32>, tensor<10x84xf32>) -> tensor<1x10xf32>
    return %y : tensor<1x10xf32>
    // becomes, with two members
    %w0 = weft.weight "ensemble.0.fc.weight" : tensor<10x84xf32>
    %y0 = weft.linear %x, %w0 : (tensor<1x84xf32>, tensor<10x84xf32>) -> tensor<1x10xf32>
    %p0 = weft.softmax %y0 axis 1 : (tensor<1x10xf32>) -> tensor<1x10xf32>
    ... the same with "ensemble.1.fc.weight" ...
    %sum = weft.add %p0, %p1 : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<1x10xf32>
    %half = weft.constant dense<0.5> : tensor<f32>
    %mean = weft.mul %sum, %half : (tensor<1x10xf32>, tensor<f32>) -> tensor<1x10xf32>
    return %mean : tensor<1x10xf32>
    ```
  }];
  let options = [Option<"members", "members", "unsigned", "2", "how many networks">];
  let statistics = [Statistic<"numMembers", "members", "networks made">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def DropDropout : Pass<"weft-drop-dropout", "::mlir::ModuleOp"> {
  let summary = "what only training does at random is gone";
  let description = [{
    `dropout` and `stochastic_depth` are the identity at inference; after Huang et al. (`rule` paper) the branch is multiplied
    by the probability that it survives.

    ```mlir
    %y = weft.dropout %x {p = 0.2 : f64} : tensor<1x4096xf32>
    %r = weft.stochastic_depth %y {survive = 0.8 : f64, rule = #weft.survive_rule<paper>} : tensor<1x4096xf32>
    // becomes
    %p = weft.constant dense<0.8> : tensor<f32>
    %r = weft.mul %x, %p : (tensor<1x4096xf32>, tensor<f32>) -> tensor<1x4096xf32>
    ```
  }];
  let statistics = [Statistic<"numDropped", "dropped", "operations removed or turned into a factor">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FoldBatchnorm : Pass<"weft-fold-batchnorm", "::mlir::ModuleOp"> {
  let summary = "batch normalisation moved into the weights before it";
  let description = [{
    With `s = gamma / sqrt(var + eps)` and `t = beta - mean * s`, a `batchnorm` is `x * s + t`. Behind a `conv`, `conv_transpose` or
    `linear` that nobody else reads, `s` scales the weight and the bias, `t` is added to the bias; elsewhere the product and the
    sum stay. `s` and `t` are recipes: no weight is needed to run this pass. Statistics that are no recipes are left alone.

    ```mlir
    %y = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : ...
    %z = weft.batchnorm %y gamma %gamma beta %beta mean %mean var %var : ...
    // becomes
    %s = weft.mul %gamma, (weft.rsqrt (weft.add %var, 1.0e-5))
    %w2 = weft.mul %w, (weft.reshape %s to [64, 1, 1, 1])
    %b2 = weft.sub %beta, (weft.mul %mean, %s)
    %z = weft.conv %x, %w2 bias %b2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : ...
    ```
  }];
  let statistics = [
    Statistic<"numFolded", "folded", "batch normalisations that disappeared into a contraction">,
    Statistic<"numSplit", "split", "batch normalisations that became a product and a sum">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def NameOperations : Pass<"weft-name-operations", "::mlir::ModuleOp"> {
  let summary = "what an exporter has spelled out gets its name again";
  let description = [{
    `0.5 * x * (1 + erf(x / sqrt(2)))`, in whatever order, is `gelu`; `(x - mean) / sqrt(mean((x - mean)^2) + eps) * gamma + beta` is
    `layernorm` where the last dimensions are normalised, and `channelnorm` where dimension 1 of pictures is.

    ```mlir
    %a = weft.div %x, %sqrt2
    %b = weft.erf %a
    %c = weft.add %b, %one
    %d = weft.mul %x, %c
    %y = weft.mul %d, %half
    // becomes
    %y = weft.gelu %x : tensor<1x16x768xf32>
    ```
  }];
  let statistics = [Statistic<"numNamed", "named", "operations recognised">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def MoveChannelsFirst : Pass<"weft-move-channels-first", "::mlir::ModuleOp"> {
  let summary = "work on pictures with channels last done with channels first";
  let description = [{
    Between a `transpose` that moves channels last and those that move them back, `layernorm` over the last dimension becomes
    `channelnorm`, `linear` a 1x1 `conv`, and element-wise operations follow; a `reshape` that merges or parts pixels is nothing on the
    picture. What such operations join moves together, if no more transpositions are left than there were. A `linear` with more outputs
    than inputs whose result is only turned, for convolutions, has its input turned instead.

    ```mlir
    %t = weft.transpose %x [0, 2, 3, 1] : (tensor<1x96x8x8xf32>) -> tensor<1x8x8x96xf32>
    %n = weft.layernorm %t gamma %g beta %b {axis = 3 : i64} : ...
    %l = weft.linear %n, %w : (tensor<1x8x8x96xf32>, tensor<384x96xf32>) -> tensor<1x8x8x384xf32>
    %y = weft.transpose %l [0, 3, 1, 2] : (tensor<1x8x8x384xf32>) -> tensor<1x384x8x8xf32>
    // becomes
    %n = weft.channelnorm %x gamma %g beta %b : ...
    %v = weft.reshape %w to [384, 96, 1, 1] : (tensor<384x96xf32>) -> tensor<384x96x1x1xf32>
    %y = weft.conv %n, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ...
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "operations that now work on channels first">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def MergeBranches : Pass<"weft-merge-branches", "::mlir::ModuleOp"> {
  let summary = "convolutions of one tensor that are added up are one convolution";
  let description = [{
    Where nobody else reads what is added and one window has no more taps than all of theirs. Smaller windows get zeros around them.
    What scales each channel of the tensor, and shifts it, is a window of one tap.

    ```mlir
    %a = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x3xf32>) -> ...
    %b = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x1x1xf32>) -> ...
    %y = weft.add %a, %b
    // becomes
    %z = weft.pad %v constant low [0, 0, 1, 1] high [0, 0, 1, 1]
    %u = weft.add %w, %z
    %y = weft.conv %x, %u stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x3xf32>) -> ...
    ```
  }];
  let statistics = [Statistic<"numMerged", "merged", "branches that became part of another">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def PoolFirst : Pass<"weft-pool-first", "::mlir::ModuleOp"> {
  let summary = "averages behind 1x1 convolutions come before them";
  let description = [{
    `avgpool`, `adaptive_avgpool` and `global_avgpool` of what a `conv` with a window of one element makes for them alone, where they
    leave half of the pixels or less.

    ```mlir
    %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ... -> tensor<1x128x56x56xf32>
    %y = weft.avgpool %0 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : ... -> tensor<1x128x28x28xf32>
    // becomes
    %0 = weft.avgpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : ... -> tensor<1x256x28x28xf32>
    %y = weft.conv %0, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ... -> tensor<1x128x28x28xf32>
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "averages that came before a convolution">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FoldScale : Pass<"weft-fold-scale", "::mlir::ModuleOp"> {
  let summary = "factors and sums behind a contraction moved into its weight and bias";
  let description = [{
    A product of a `conv`, `conv_transpose` or `linear` that nobody else reads with one number, a constant or a weight, becomes a
    recipe on the weight and the bias. So does a product of a `conv` or `linear` with a vector over its output channels; the sum with
    such a vector goes into the bias. What scales and shifts the channels of a `conv` without padding does the same from before.

    ```mlir
    %y = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ...
    %z = weft.mul %y, %c : (tensor<1x320x35x35xf32>, tensor<f32>) -> tensor<1x320x35x35xf32>
    // becomes
    %w2 = weft.mul %w, %c
    %b2 = weft.mul %b, %c
    %z = weft.conv %x, %w2 bias %b2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ...
    ```
  }];
  let statistics = [Statistic<"numFolded", "folded", "factors and sums that disappeared into a contraction">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def OrderProducts : Pass<"weft-order-products", "::mlir::ModuleOp"> {
  let summary = "products beside a sum over edges run in the order that needs less memory";
  let description = [{
    `linear` without bias before an `aggregate` that is linear in it, or `linear` behind one: of `A (X W)` and `(A X) W` the one with
    the smaller matrix between, for the bounds of run-time sizes. Says in `weft.products` of the module what was chosen for each
    layer, in bytes.

    ```mlir
    %1 = weft.aggregate sum(%p, %i) captures(src %x) {...}
    %2 = weft.linear %1, %w : (tensor<?x1433xf32>, tensor<16x1433xf32>) -> tensor<?x16xf32>
    // becomes
    %1 = weft.linear %x, %w : (tensor<?x1433xf32>, tensor<16x1433xf32>) -> tensor<?x16xf32>
    %2 = weft.aggregate sum(%p, %i) captures(src %1) {...}
    ```
  }];
  let statistics = [Statistic<"numSwapped", "products-swapped", "products that moved to the other side of a sum">];
  let dependentDialects = ["::weft::WeftDialect", "::weft::plan::PlanDialect"];
}

//===-- phase layout -----------------------------------------------------------------------------------------------===//

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
    A dilated convolution at least half of whose products are with padding becomes one for each part of the plane where the same taps meet it.
  }];
  let statistics = [Statistic<"numTrimmed", "trimmed", "convolutions whose window became smaller">,
                    Statistic<"numDivided", "divided", "convolutions that became one for each part of their plane">];
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

//===-- phase fuse -------------------------------------------------------------------------------------------------===//

def FormGroups : Pass<"weft-form-groups", "::mlir::ModuleOp"> {
  let summary = "operations gathered into groups, each to become one kernel";
  let description = [{
    A contraction, window, reduction or element-wise operation takes along the element-wise operations behind it, as long
    as one value leaves the group and nothing is computed twice. What only says how elements are addressed (`reshape`,
    `flatten`, `concat`, `split`, `slice`) and recipes of weights stay outside.

    ```mlir
    %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ...
    %s = weft.add %a, %shortcut : tensor<1x16x4x4xf32>
    %r = weft.relu %s : tensor<1x16x4x4xf32>
    // becomes
    %r = weft.group "conv" (%x, %w, %shortcut) {
    ^bb0(%0: tensor<1x16x4x4xf32>, %1: tensor<16x16x1x1xf32>, %2: tensor<1x16x4x4xf32>):
      %a = weft.conv %0, %1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : ...
      %s = weft.add %a, %2 : tensor<1x16x4x4xf32>
      %r = weft.relu %s : tensor<1x16x4x4xf32>
      weft.yield %r : tensor<1x16x4x4xf32>
    } : ... -> tensor<1x16x4x4xf32>
    ```
  }];
  let statistics = [
    Statistic<"numGroups", "groups", "groups made">,
    Statistic<"numFused", "operations-fused", "operations that joined a group">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FuseAttention : Pass<"weft-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "a product, its softmax and the product with that become one kernel";
  let description = [{
    Where registers are few, and the map between the products is larger than a second-level cache, their groups are joined: the kernel
    passes a few rows through all three, and the map never exists.

    ```mlir
    %1 = weft.group "scores" (%q, %k) {matmul}
    %2 = weft.group "softmax" (%1) {softmax}
    %3 = weft.group "values" (%2, %v) {matmul}
    // becomes
    %3 = weft.group "values" (%q, %k, %v) {matmul, softmax, matmul}
    ```
  }];
  let statistics = [Statistic<"numFused", "attentions-fused", "softmaxes joined with the products on both sides">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FusePrologues : Pass<"weft-fuse-prologues", "::mlir::ModuleOp"> {
  let summary = "element-wise operations before a convolution, a window or a softmax moved into its group";
  let description = [{
    A group of element-wise operations that reads one tensor, and whose result only a packed convolution reads, joins the group of
    that convolution, whose kernel applies it strip by strip to what it reads; or of pooling whose windows lie apart. Whatever it reads, it joins a softmax along rows. Its padding becomes a `pad` in the group, and so
    does that of a convolution that reads the caller's image.

    ```mlir
    %1 = weft.group "norm" (%x, %s, %t) {mul, add, relu}
    %2 = weft.group "conv" (%1, %w) {conv}
    // becomes
    %2 = weft.group "conv" (%x, %s, %t, %w) {mul, add, relu, conv}
    ```
  }];
  let statistics = [Statistic<"numFused", "prologues-fused", "groups that joined the convolution behind them">,
                    Statistic<"numPadded", "images-padded", "convolutions that pad the caller's image inside">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FormChains : Pass<"weft-form-chains", "::mlir::ModuleOp"> {
  let summary = "runs of groups that pass rows to each other become one kernel with line buffers";
  let description = [{
    Neighbouring groups (convolutions, pooling, what joins them) of which only the last value is read later may become one
    group, computed a few output rows at a time. What lies between them shrinks to the rows alive. `memory = "small"` cuts the
    network so that the peak is least, and among those cuts takes the fastest; `"fast"` takes a chain only where it is modelled
    to be faster and needs no more memory.

    ```mlir
    %e = weft.group "expand" (%x, %w1) { weft.conv ... } : ... -> tensor<1x96x56x56xf32, ...>
    %d = weft.group "depthwise" (%e, %w2) { weft.conv ... } : ... -> tensor<1x96x56x56xf32, ...>
    %p = weft.group "project" (%d, %w3) { weft.conv ... } : ... -> tensor<1x24x56x56xf32, ...>
    // becomes, where nobody else reads %e and %d
    %p = weft.group "project" (%x, %w1, %w2, %w3) { weft.conv ... weft.conv ... weft.conv ... weft.yield ... }
        {choice = {family = "chain", ...}} : ... -> tensor<1x24x56x56xf32, ...>
    ```
  }];
  let options = [
    Option<"memory", "memory", "std::string", "\"fast\"", "what is aimed at: fast or small">,
  ];
  let statistics = [
    Statistic<"numChains", "chains", "chains formed">,
    Statistic<"numChained", "groups-chained", "groups that became part of a chain">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def FusePooling : Pass<"weft-fuse-pooling", "::mlir::ModuleOp"> {
  let summary = "2x2 max pooling moved into the kernel of the Winograd convolution before it";
  let description = [{
    Where nobody else reads what is pooled. Tiles of the algorithm are whole windows.

    ```mlir
    %a = weft.group "conv" (%x, %w) { weft.conv ... {algorithm = #weft.algorithm<winograd4>, ...} weft.relu ... }
    %p = weft.group "maxpool" (%a) { weft.maxpool ... kernel [2, 2] stride [2, 2] ... }
    // becomes
    %p = weft.group "conv" (%x, %w) { weft.conv ... weft.relu ... weft.maxpool ... }
    ```
  }];
  let statistics = [
    Statistic<"numFused", "poolings-fused", "groups that became part of the convolution before them">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def AssignBorders : Pass<"weft-assign-borders", "::mlir::ModuleOp"> {
  let summary = "padding of windows moved into the border of the buffers they read";
  let description = [{
    The border of a blocked tensor is the largest any reader's window leaves it by. Tensors that share a buffer through
    `concat`, `split` or `slice` share the border, and so do operand and result of a local response normalisation that may work in
    place. A maximum over values that may be negative wants another fill than 0: such a
    reader gets a copy with a border of its own when others want 0. With `fast`, windows also read copies where groups that make or read the
    tensor are slower with a border, by more than the copies take: 1x1 convolutions that run over planes as lines of pixels.

    ```mlir
    %s = weft.group "source" ... -> tensor<1x16x8x8xf32, #weft.blocked<16>>
    %y = weft.group "three" (%s, %w) { weft.conv %a, %b stride [1, 1] pad [1, 1, 1, 1] ... }
    // becomes
    %s = weft.group "source" ... -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
    ```
  }];
  let options = [
    Option<"memory", "memory", "std::string", "\"fast\"", "what is aimed at: fast or small">,
  ];
  let statistics = [
    Statistic<"numBordered", "tensors-bordered", "tensors with a border">,
    Statistic<"numCopies", "border-copies", "tensors copied for windows">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def ChooseSchedules : Pass<"weft-choose-schedules", "::mlir::ModuleOp"> {
  let summary = "each group's family decides from its shapes how it will run";
  let description = [{
    Sets `choice` on every group: the parameters of the cheapest candidate. Groups share a kernel only where it is equal, so tile
    sizes may rely on the extents of all callers. Kernels that can do with less memory to work in get as much as the tensors alive beside them leave
    free below what the network's tensors need at their peak, and with `fast` a little more.

    ```mlir
    %y = weft.group "conv1" (%x, %w) { weft.conv ... {algorithm = #weft.algorithm<direct>} } : ...
    // becomes, on a processor with 16 floats in a vector
    %y = weft.group "conv1" (%x, %w) { ... } {choice = {cb = 2 : i64, family = "direct", x = 8 : i64}} : ...
    ```
  }];
  let options = [
    Option<"memory", "memory", "std::string", "\"fast\"", "what is aimed at: fast or small">,
  ];
  let statistics = [Statistic<"numChosen", "groups-chosen", "groups with a choice">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def TraceFields : Pass<"weft-trace-fields", "::mlir::ModuleOp"> {
  let summary = "each group says what its results are to somebody who looks at them from outside";
  let description = [{
    Sets `fields` on every group: for each result its number of channels where blocks round it up, and its receptive field in
    the network's picture. Kernels no longer tell; the binary carries it to `weft-run`, which cuts patches out of pictures.

    ```mlir
    %y = weft.group "conv1" (%x, %w) {...}
    // becomes
    %y = weft.group "conv1" (%x, %w) {...} {fields = [#weft.field<channels = [64], picture = 0, ...>]}
    ```
  }];
  let statistics = [Statistic<"numTraced", "groups-traced", "groups whose results depend on a picture">];
  let dependentDialects = ["::weft::WeftDialect"];
}

//===-- phase kernels ----------------------------------------------------------------------------------------------===//

def OutlineKernels : Pass<"weft-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "each group becomes a pure function of linalg operations on stored tensors";
  let description = [{
    A kernel takes its inputs, index 0 being the first element it touches, and its outputs, without border, as destinations.
    What the network function keeps are calls, tensor operations that say where things lie, and weights with their recipes.

    ```mlir
    %y = weft.group "conv1" (%x, %w) {...} : (tensor<1x64x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1]>>, ...)
    // becomes
    %e = tensor.empty() : tensor<1x4x8x8x16xf32>
    %c = tensor.cast %e : tensor<1x4x8x8x16xf32> to tensor<1x?x?x?x16xf32>
    %y = call @conv3x3_b16_0(%x0, %w0, %c) {weft.path = "conv1"} : (...) -> tensor<1x?x?x?x16xf32>
    ```
  }];
  let statistics = [Statistic<"numKernels", "kernels", "groups outlined">];
  let dependentDialects = ["::weft::WeftDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def ShareKernels : Pass<"weft-share-kernels", "::mlir::ModuleOp"> {
  let summary = "kernel functions that are alike become one";
  let description = [{
    Compares functions as printed, without name and locations. Those left are numbered again, per name, in order.

    ```mlir
    %a = call @relu_0(%x, %0) {weft.path = "relu1"} : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
    %b = call @relu_1(%y, %1) {weft.path = "relu2"} : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
    // becomes, the two functions being alike
    %a = call @relu_0(%x, %0) {weft.path = "relu1"} : ...
    %b = call @relu_0(%y, %1) {weft.path = "relu2"} : ...
    ```
  }];
  let statistics = [Statistic<"numShared", "kernels-shared", "kernel functions replaced by an equal one">];
}

def VerifyImportable : Pass<"weft-verify-importable", "::mlir::ModuleOp"> {
  let summary = "every kernel function holds only what a KernelDesc can say";
  let description = [{
    Imports each kernel function and drops the result: linalg operations with named loops, a closed list of scalar
    operations, `tensor.empty`, `tensor.dim`, `tensor.pad`, `weft.segment_reduce` and `weft.scatter_reduce`. Anything else is an error at its place.

    ```mlir
    func.func private @relu_0(%x: tensor<1x4x?x?xf32>, %out: tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
        attributes {weft.kernel = "relu"} {
      %0 = linalg.generic {..., weft.loops = ["n", "ch", "y", "x"], weft.stage = "relu"} ins(%x) outs(%out) { ... }
      return %0 : tensor<1x4x?x?xf32>   // importable; an scf.for in its place would be an error
    }
    ```
  }];
  let statistics = [Statistic<"numChecked", "kernels-checked", "kernel functions imported">];
}

def PrintDescs : Pass<"weft-print-descs", "::mlir::ModuleOp"> {
  let summary = "the KernelDesc of every kernel function as text, on standard output";
  let description = [{
    Imports kernel functions, with their schedules where they have one, and prints them in the text form helper processes
    read. The module does not change.

    ```mlir
    func.func private @relu_0(...) attributes {weft.kernel = "relu"} { ... }
    // prints
    kernel relu_0 {
      operand x f32 [1, 4, ?, ?] strides [?, ?, ?, 1]
      output out f32 [1, 4, ?, ?] strides [?, ?, ?, 1]
      stage relu f32 [n < 1, ch < 4, y < out.2, x < out.3] holds out {
        init max(@x[n, ch, y, x], 0)
      }
    }
    ```
  }];
  let statistics = [Statistic<"numPrinted", "kernels-printed", "kernel functions printed">];
}

//===-- phase schedule ---------------------------------------------------------------------------------------------===//

def ScheduleKernels : Pass<"weft-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "a loop schedule for every kernel function";
  let description = [{
    The family named in `weft.choice` writes `sched.schedule`. A kernel function without a choice gets a schedule that is right
    for everything.

    ```mlir
    func.func private @conv1x1_0(...) attributes {weft.choice = {cb = 2 : i64, family = "direct", x = 8 : i64}, weft.kernel = "conv1x1"}
    // gets
    sched.schedule = #sched.schedule<[
      stage<"conv", [compute_at("store", xo), vectorize(c), unroll(cb), unroll(x)], update [...]>,
      stage<"store", [split(cb -> cbo, cbi by 2, shift_inwards), split(x -> xo, xi by 8, shift_inwards), ...]>]>
    ```
  }];
  let statistics = [Statistic<"numScheduled", "kernels-scheduled", "kernel functions with a schedule">];
  let dependentDialects = ["::weft::sched::SchedDialect"];
}

def AllowInPlace : Pass<"weft-allow-in-place", "::mlir::ModuleOp"> {
  let summary = "kernels that may write their result over an operand are told so";
  let description = [{
    Sets `weft.may_alias` where the last stage is element-wise, reads an operand of the result's type once, at the element it
    computes, and computes no element twice; other stages may read that operand before the round of an outer loop in which it is
    overwritten. A split with `shift_inwards` would; it becomes `exact` where its factor divides
    the extent in every call.

    ```mlir
    func.func private @relu(%x: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel = "relu", ...}
    // becomes
    func.func private @relu(...) attributes {weft.kernel = "relu", weft.may_alias = array<i64: 0>, ...}
    ```
  }];
  let statistics = [Statistic<"numAllowed", "kernels-in-place", "kernels that may work in place">];
  let dependentDialects = ["::weft::sched::SchedDialect"];
}

//===-- phase plan -------------------------------------------------------------------------------------------------===//

def BuildPlan : Pass<"weft-build-plan", "::mlir::ModuleOp"> {
  let summary = "every buffer at its offset in one arena, borders and launches in order";
  let description = [{
    The network function becomes a `plan.program`. Pads, concatenations, slices and reshapes become places inside buffers; what
    cannot is a `plan.copy`. Steps run as listed, unless in another order less is alive at once: the best order is searched for
    exactly where blocks of the network are small. A kernel that may works in place. What a kernel works in (`weft.scratch`) is a slice
    of its own, needed during its launch alone. The planner of compiler/MemoryPlan places the slices.

    ```mlir
    %0 = tensor.pad %x low[1] high[1] { ... } : tensor<4xf32> to tensor<6xf32>
    %1 = call @k(%0, %e) {weft.path = "p"} : (tensor<6xf32>, tensor<4xf32>) -> tensor<4xf32>
    // becomes
    plan.copy "pad" %x[0] [4] by [1] f32 to %s[1] [4] by [1] f32
    plan.border %s[0] [6] by [1] f32 low [1] high [1] fill 0.000000e+00 : f32
    plan.launch @k "p" ins(%s[0] [6] by [1] f32) outs(%y[0] [4] by [1] f32)
    ```
  }];
  let options = [
    Option<"memoryLimit", "memory-limit", "int64_t", "0", "largest arena in bytes; 0 takes the module's `weft.memory_limit`">,
    Option<"threads", "threads", "int64_t", "1", "the arena holds the scratch memory of so many">,
  ];
  let statistics = [
    Statistic<"numLaunches", "launches", "kernels launched in one run">,
    Statistic<"numSlices", "slices", "slices of the arena">,
    Statistic<"numReordered", "bytes-reordered", "bytes fewer alive at once than in the order as listed">,
    Statistic<"numInPlace", "in-place", "results written over an operand">,
    Statistic<"numBorders", "borders", "borders filled">,
    Statistic<"numCopies", "copies", "copies that no view could avoid">,
  ];
  let dependentDialects = ["::weft::plan::PlanDialect"];
}

def VerifyPlan : Pass<"weft-verify-plan", "::mlir::ModuleOp"> {
  let summary = "the plan's lifetimes are those its steps need";
  let description = [{
    Derives the lifetime of every piece of every slice again from the views of the steps and compares; checks that nothing
    is read before it is written and that every output is written.

    ```mlir
    %a = plan.slice %arena[0] 16 bytes live [0, 2)
    plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
    plan.launch @k "b" ins (%a[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
    // error: says that bytes [0, 16) live during [0, 2), but its steps need [0, 4)
    ```
  }];
  let statistics = [Statistic<"numPieces", "pieces-checked", "pieces of slices whose lifetime was derived again">];
}

//===-- between phases ---------------------------------------------------------------------------------------------===//

def VerifyPhase : Pass<"weft-verify-phase", "::mlir::ModuleOp"> {
  let summary = "the module is what its phase promises";
  let description = [{
    Checks at the end of a phase what compiler/README.md says of the IR there, beyond the verifiers of single operations. A
    violation is a bug of the compiler, or IR edited by hand.

    ```mlir
    %1 = weft.dropout %0 p 5.000000e-01 : tensor<4xf32>
    // after phase graph: error: `weft.dropout` has no place after phase `graph`
    ```
  }];
  let options = [Option<"phase", "phase", "std::string", "\"graph\"", "the phase that has just ended">];
  let statistics = [Statistic<"numChecked", "operations-checked", "operations looked at">];
}

#endif // WEFT_PASSES_TD
