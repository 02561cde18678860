// Layers of different size share a kernel; another choice, window or constant is another kernel.
// RUN: weft-opt %s --weft-outline-kernels --weft-share-kernels | FileCheck %s

// CHECK-LABEL: func.func @net
// CHECK: call @relu_0
// CHECK: call @relu_0
// CHECK: call @relu_1
// CHECK: call @clip_0
// CHECK: call @clip_1
// CHECK: call @clip_0
// CHECK: func.func private @relu_0
// CHECK: func.func private @relu_1
// CHECK: func.func private @clip_0
// CHECK: func.func private @clip_1
// CHECK-NOT: func.func
func.func @net(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x4x4xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x4x4xf32>) attributes {weft.net} {
  %a = weft.relu %x : tensor<1x4x8x8xf32>
  %b = weft.relu %y : tensor<1x4x4x4xf32>
  %c = weft.group "other" (%a) {
  ^bb0(%i: tensor<1x4x8x8xf32>):
    %r = weft.relu %i : tensor<1x4x8x8xf32>
    weft.yield %r : tensor<1x4x8x8xf32>
  } {choice = {family = "pointwise", x = 4 : i64}} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %d = weft.clip %c {max = 3.0 : f64} : tensor<1x4x8x8xf32>
  %e = weft.clip %d {max = 2.0 : f64} : tensor<1x4x8x8xf32>
  %f = weft.clip %b {max = 3.0 : f64} : tensor<1x4x4x4xf32>
  return %e, %f : tensor<1x4x8x8xf32>, tensor<1x4x4x4xf32>
}
