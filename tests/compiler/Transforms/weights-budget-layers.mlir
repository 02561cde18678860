// A layer's larger form, which gains a little more for four times the bytes, does not shut out another layer's smaller one.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=2.4 | FileCheck %s
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=9 | FileCheck %s --check-prefix=RICH

// CHECK-COUNT-2: weft.conv {{.*}}#weft.algorithm<winograd2>
// RICH: weft.conv {{.*}}#weft.algorithm<winograd4>
// RICH: weft.conv {{.*}}#weft.algorithm<winograd2>
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
func.func @net(%x: tensor<1x256x12x12xf32>, %y: tensor<1x256x8x8xf32>) -> (tensor<1x256x12x12xf32>, tensor<1x256x8x8xf32>) attributes {weft.net} {
  %w1 = weft.weight "large.weight" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "small.weight" : tensor<256x256x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x12x12xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x12x12xf32>
  %1 = weft.conv %y, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x8x8xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x8x8xf32>
  return %0, %1 : tensor<1x256x12x12xf32>, tensor<1x256x8x8xf32>
}
}
