// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Every pass, by phase. `compiler/Pipeline/Pipeline.cpp` says in which order they run.
#ifndef WEFT_PASSES_TD
#define WEFT_PASSES_TD

include "mlir/Pass/PassBase.td"

//===-- phase layout -----------------------------------------------------------------------------------------------===//

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
    Option<"winograd", "winograd", "bool", "true", "whether Winograd's algorithm may be chosen">,
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
  }];
  let statistics = [
    Statistic<"numGroups", "groups", "groups made">,
    Statistic<"numFused", "operations-fused", "operations that joined a group">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def AssignBorders : Pass<"weft-assign-borders", "::mlir::ModuleOp"> {
  let summary = "padding of windows moved into the border of the buffers they read";
  let description = [{
    The border of a blocked tensor is the largest any reader's window leaves it by. Tensors that share a buffer through
    `concat`, `split` or `slice` share the border. A maximum over values that may be negative wants another fill than 0: such a
    reader gets a copy with a border of its own when others want 0.
  }];
  let statistics = [
    Statistic<"numBordered", "tensors-bordered", "tensors with a border">,
    Statistic<"numCopies", "border-copies", "tensors copied because two readers want different fills">,
  ];
  let dependentDialects = ["::weft::WeftDialect"];
}

def ChooseSchedules : Pass<"weft-choose-schedules", "::mlir::ModuleOp"> {
  let summary = "each group's family decides from its shapes how it will run";
  let description = [{
    Sets `choice` on every group: the parameters of the cheapest candidate. Groups share a kernel only where it is equal, so tile
    sizes may rely on the extents of all callers.
  }];
  let statistics = [Statistic<"numChosen", "groups-chosen", "groups with a choice">];
  let dependentDialects = ["::weft::WeftDialect"];
}

//===-- phase schedule ---------------------------------------------------------------------------------------------===//

def ScheduleKernels : Pass<"weft-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "a loop schedule for every kernel function";
  let description = [{
    The family named in `weft.choice` writes `sched.schedule`. Says in `weft.may_alias` which argument a result may take over:
    only where the schedule computes every element once.
  }];
  let statistics = [Statistic<"numScheduled", "kernels-scheduled", "kernel functions with a schedule">];
  let dependentDialects = ["::weft::sched::SchedDialect"];
}

#endif // WEFT_PASSES_TD
