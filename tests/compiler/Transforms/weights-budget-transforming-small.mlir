// A network of small filters has a small budget: the kernel transforms them for each band, which costs next to nothing beside
// a large plane. The matrix of 64 by 32 channels transformed would take four times as much as is written.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=1.6 | FileCheck %s

// CHECK: weft.pack_filter
// CHECK-NOT: weft.winograd_filter
// CHECK: weft.conv {{.*}}#weft.algorithm<winograd4>
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
func.func @net(%x: tensor<1x64x224x224xf32>) -> tensor<1x32x224x224xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x64x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x224x224xf32>, tensor<32x64x3x3xf32>) -> tensor<1x32x224x224xf32>
  return %0 : tensor<1x32x224x224xf32>
}
}
