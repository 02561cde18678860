// Memory a kernel works in must cost nothing where a tensor that is no longer needed leaves room, and hold all threads.
// RUN: weft-opt %s --weft-build-plan --weft-verify-plan | FileCheck %s
// RUN: weft-opt %s --weft-build-plan=threads=3 --weft-verify-plan | FileCheck %s --check-prefix=THREE
// RUN: not weft-opt %S/Inputs/unbounded-scratch.mlir --weft-build-plan 2>&1 | FileCheck %s --check-prefix=UNBOUNDED

func.func private @k(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// Holds 64 bytes in the thread that calls, and as many as a result has in each thread of its loop.
func.func private @works(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32>
  attributes {weft.kernel, weft.scratch = "(alloc 64 (parallel t 0 8 (alloc (* 4 (extent 1 0)) (seq))))"}

// CHECK-NOT: weft.scratch
// CHECK: %arena = plan.arena 512 bytes lower_bound 512
// CHECK-DAG: %scratch = plan.slice %arena[{{[0-9]+}}] 192 bytes live [4, 6)
// CHECK-DAG: %{{.*}} = plan.slice %arena[{{[0-9]+}}] 256 bytes live [0, 4)
// CHECK: plan.launch @works "third" ins ({{.*}}) outs (%y[0] [32] by [1] f32) scratch(%scratch 192, worker 128)
// THREE: %arena = plan.arena 704 bytes lower_bound 704 threads 3
// THREE: %scratch = plan.slice %arena[{{[0-9]+}}] 448 bytes live [4, 6)
// THREE: scratch(%scratch 192, worker 128)
func.func @net(%x: tensor<64xf32> {weft.name = "x"}) -> (tensor<32xf32> {weft.name = "y"}) attributes {weft.net} {
  %e = tensor.empty() : tensor<64xf32>
  %ed = tensor.cast %e : tensor<64xf32> to tensor<?xf32>
  %f = tensor.empty() : tensor<32xf32>
  %fd = tensor.cast %f : tensor<32xf32> to tensor<?xf32>
  %xd = tensor.cast %x : tensor<64xf32> to tensor<?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "first"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = call @k(%0, %ed) {weft.path = "second"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %2 = call @works(%1, %fd) {weft.path = "third"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %3 = tensor.cast %2 : tensor<?xf32> to tensor<32xf32>
  return %3 : tensor<32xf32>
}

// UNBOUNDED: error: compiler bug: the scratch memory of `works` cannot be bounded
