// The filter of a layer that runs for one sample of a batch after the other is packed once, so it counts once.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=5 | FileCheck %s

// CHECK-COUNT-4: weft.conv {{.*}}#weft.algorithm<winograd4>
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
func.func @net(%x: tensor<4x64x56x56xf32>) -> tensor<4x64x56x56xf32> attributes {weft.net} {
  %w = weft.weight "weight" : tensor<64x64x3x3xf32>
  %x0, %x1, %x2, %x3 = weft.split %x axis 0 sizes [1, 1, 1, 1]
         : (tensor<4x64x56x56xf32>) -> (tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>)
  %0 = weft.conv %x0, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %1 = weft.conv %x1, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %2 = weft.conv %x2, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %3 = weft.conv %x3, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %y = weft.concat %0, %1, %2, %3 axis 0
         : (tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>) -> tensor<4x64x56x56xf32>
  return %y : tensor<4x64x56x56xf32>
}
}
