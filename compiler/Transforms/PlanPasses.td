// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `plan`. Where every buffer lies, and when.
#ifndef WEFT_PLAN_PASSES_TD
#define WEFT_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

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

#endif // WEFT_PLAN_PASSES_TD
