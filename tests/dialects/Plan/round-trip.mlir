// A plan must come back as it was printed: phases stop and resume on this text.
// RUN: weft-opt %s | FileCheck %s
// RUN: weft-opt %s | weft-opt | FileCheck %s

func.func private @k(tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32> attributes {weft.may_alias = array<i64: 0>}

// CHECK-LABEL: plan.program @net
plan.program @net {
  // CHECK: plan.size "V" at_most 100
  plan.size "V" at_most 100
  // CHECK: plan.size "E" at_most 1000
  plan.size "E" at_most 1000
  // CHECK: %g.indptr = plan.input "g.indptr" [V + 1] i32 role "indptr" of "g"
  %indptr = plan.input "g.indptr" [V + 1] i32 role "indptr" of "g"
  // CHECK: %g.indices = plan.input "g.indices" [E] i32 role "indices" of "g"
  %indices = plan.input "g.indices" [E] i32 role "indices" of "g"
  // CHECK: %x = plan.input "x" [V, 16] f32
  %x = plan.input "x" [V, 16] f32
  // CHECK: %y = plan.output "y" [V, 4, 4] f32
  %y = plan.output "y" [V, 4, 4] f32
  // CHECK: plan.graph "g" indptr %g.indptr indices %g.indices destinations V sources V edges E
  plan.graph "g" indptr %indptr indices %indices destinations V sources V edges E
  %0 = weft.weight "w" : tensor<16x16xf32>
  // CHECK: %packed = plan.weights 1088 bytes
  %packed = plan.weights 1088 bytes
  // CHECK: %w = plan.slot %packed[64] of %{{.*}} : tensor<16x16xf32>
  %w = plan.slot %packed[64] of %0 : tensor<16x16xf32>
  // CHECK: %arena = plan.arena 13184 bytes lower_bound 13120 threads 2
  %arena = plan.arena 13184 bytes lower_bound 13120 threads 2
  // CHECK: %scratch = plan.slice %arena[12864] 320 bytes live [2, 4)
  %t = plan.slice %arena[12864] 320 bytes live [2, 4)
  // CHECK: %s = plan.slice %arena[64] 12800 bytes live [0, 2) to 6400, [1, 7) to 12800
  %s = plan.slice %arena[64] 12800 bytes live [0, 2) to 6400, [1, 7) to 12800
  // CHECK: plan.border %s[0] [V, 16] by [32, 1] f32 low [0, 1] high [0, 0] fill 0xFF800000 : f32
  plan.border %s[0] [V, 16] by [32, 1] f32 low [0, 1] high [0, 0] fill 0xFF800000 : f32
  // CHECK: plan.launch @k "conv1" in_place [0] ins (%s[16] [100, 16] by [16, 1] f32, %w[0] [16, 16] by [16, 1] f32) outs (%s[16] [100, 16] by [16, 1] f32) scratch(%scratch 256, worker 64)
  plan.launch @k "conv1" in_place [0] ins (%s[16] [100, 16] by [16, 1] f32, %w[0] [16, 16] by [16, 1] f32) outs (%s[16] [100, 16] by [16, 1] f32) scratch(%t 256, worker 64)
  // CHECK: plan.copy "output" %s[0] [V, 4, 4] by [16, 4, 1] f32 to %y[0] [V, 4, 4] by [16, 4, 1] f32
  plan.copy "output" %s[0] [V, 4, 4] by [16, 4, 1] f32 to %y[0] [V, 4, 4] by [16, 4, 1] f32
}

// CHECK: #plan.view<[4 * V + 3] [V, 2] by [2, 1] i32>
module attributes {plan.v = #plan.view<[4 * V + 3] [V, 2] by [2, 1] i32>, plan.e = #plan.extents<[V, 3, 2 * V + 1]>} {}
