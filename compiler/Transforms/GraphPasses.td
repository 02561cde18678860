// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `graph`. The network as a graph: what is computed, made simpler.
#ifndef WEFT_GRAPH_PASSES_TD
#define WEFT_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

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
    `channelnorm`, `linear` a 1x1 `conv`, and element-wise operations follow; ranges of the last dimension (`split`, `slice`, `concat`) become
    ranges of channels; a `reshape` that merges or parts pixels is nothing on the picture. What such operations join moves together, if no more transpositions are left than there were. A `linear` with more outputs
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

def MoveFactorsOut : Pass<"weft-move-factors-out", "::mlir::ModuleOp"> {
  let summary = "factors of a computed weight go to the inputs and results of its convolution";
  let description = [{
    A `conv` or `conv_transpose` whose weight is a constant multiplied or divided by values for each input channel, for each output channel
    or for all keeps the constant. Samples that were written as groups become a batch. Sums of the squares of such weights, which
    normalise them, are taken of the constant.

    ```mlir
    %0 = weft.mul %w, %style : (tensor<1x64x32x3x3xf32>, tensor<1x1x32x1x1xf32>) -> tensor<1x64x32x3x3xf32>
    %1 = weft.reshape %0 to [64, 32, 3, 3] : ...
    %y = weft.conv %x, %1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : ...
    // becomes
    %s = weft.reshape %style to [1, 32, 1, 1] : ...
    %2 = weft.mul %x, %s : (tensor<1x32x16x16xf32>, tensor<1x32x1x1xf32>) -> tensor<1x32x16x16xf32>
    %3 = weft.reshape %w to [64, 32, 3, 3] : ...
    %y = weft.conv %2, %3 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : ...
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "convolutions whose weights are constant now">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def MultiplyTaps : Pass<"weft-multiply-taps", "::mlir::ModuleOp"> {
  let summary = "convolutions with computed weights are products over taps";
  let description = [{
    In a network, a `conv` or `conv_transpose` whose weight or bias is computed while running becomes a `matmul` with what each tap of its
    window reads; where each group has one channel, a sum over taps, but over planes it stays: such a filter is packed while running.

    ```mlir
    %y = weft.conv %x, %computed stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           : (tensor<1x32x8x8xf32>, tensor<64x32x1x1xf32>) -> tensor<1x64x8x8xf32>
    // becomes
    %0 = weft.reshape %x to [1, 1, 32, 64] : ...
    %1 = weft.reshape %computed to [1, 64, 32] : ...
    %2 = weft.matmul %1, %0 : (tensor<1x64x32xf32>, tensor<1x1x32x64xf32>) -> tensor<1x1x64x64xf32>
    %y = weft.reshape %2 to [1, 64, 8, 8] : ...
    ```
  }];
  let statistics = [Statistic<"numDivided", "divided", "convolutions that became products of taps">];
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

def AddParts : Pass<"weft-add-parts", "::mlir::ModuleOp"> {
  let summary = "sums over branches or parts of channels become additions";
  let description = [{
    A `reduce_sum` over dimension 1 of planes, where that has at most eight elements that are ranges of channels (a `reshape`) or were
    stacked (`concat` of one each), and element-wise operations on such. What is small beside them, a factor for each channel, may be cut.

    ```mlir
    %0 = weft.reshape %x to [1, 2, 64, 40, 40] : (tensor<1x128x40x40xf32>) -> tensor<1x2x64x40x40xf32>
    %y = weft.reduce_sum %0 axes [1] {keepdims = false} : (tensor<1x2x64x40x40xf32>) -> tensor<1x64x40x40xf32>
    // becomes
    %0 = weft.slice %x from [0, 0, 0, 0] to [1, 64, 40, 40] step [1, 1, 1, 1] : ... -> tensor<1x64x40x40xf32>
    %1 = weft.slice %x from [0, 64, 0, 0] to [1, 128, 40, 40] step [1, 1, 1, 1] : ... -> tensor<1x64x40x40xf32>
    %y = weft.add %0, %1 : tensor<1x64x40x40xf32>
    ```
  }];
  let statistics = [Statistic<"numSums", "sums", "sums that became additions">];
  let dependentDialects = ["::weft::WeftDialect"];
}

def ExpandLast : Pass<"weft-expand-last", "::mlir::ModuleOp"> {
  let summary = "repeated elements are repeated by the operations that read them";
  let description = [{
    An `expand` moves behind a `transpose`, and goes where an element-wise operation repeats its operand itself.

    ```mlir
    %0 = weft.expand %gate to [1, 256, 40, 40] : (tensor<1x256x1x1xf32>) -> tensor<1x256x40x40xf32>
    %y = weft.mul %x, %0 : tensor<1x256x40x40xf32>
    // becomes
    %y = weft.mul %x, %gate : (tensor<1x256x40x40xf32>, tensor<1x256x1x1xf32>) -> tensor<1x256x40x40xf32>
    ```
  }];
  let statistics = [Statistic<"numDropped", "dropped", "operands that are no longer expanded before they are read">];
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

#endif // WEFT_GRAPH_PASSES_TD
