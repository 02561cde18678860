// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Every pass: those of each phase, and what runs between phases. `compiler/Pipeline/Pipeline.cpp` says in which order they run.
#ifndef WEFT_PASSES_TD
#define WEFT_PASSES_TD

include "compiler/Transforms/FusePasses.td"
include "compiler/Transforms/GraphPasses.td"
include "compiler/Transforms/KernelsPasses.td"
include "compiler/Transforms/LayoutPasses.td"
include "compiler/Transforms/PlanPasses.td"
include "compiler/Transforms/SchedulePasses.td"
include "mlir/Pass/PassBase.td"

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
