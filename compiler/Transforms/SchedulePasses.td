// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The passes of phase `schedule`. A loop schedule for every kernel function, and what may share memory.
#ifndef WEFT_SCHEDULE_PASSES_TD
#define WEFT_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

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

#endif // WEFT_SCHEDULE_PASSES_TD
