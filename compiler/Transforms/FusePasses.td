// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `fuse`. Operations gathered into groups, each to become one kernel, with a choice of schedule.
#ifndef WEFT_FUSE_PASSES_TD
#define WEFT_FUSE_PASSES_TD

include "mlir/Pass/PassBase.td"

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
    that convolution, whose kernel applies it strip by strip to what it reads; or of pooling or a sum whose windows lie apart, whole
    planes among them. Whatever it reads, it joins a softmax along rows. Its padding becomes a `pad` in the group, and so does that
    of a convolution that reads the caller's image.

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

#endif // WEFT_FUSE_PASSES_TD
