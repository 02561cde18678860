// RUN: weft-opt --weft-columns-to-lines %s | FileCheck %s
// Windows down one column, and what is joined to them, slide along lines.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func @text
// CHECK: weft.reshape %{{.*}} to [1, 64, 31]
// CHECK: weft.conv {{.*}} stride [1] pad [1, 1] dilation [1] {{.*}} -> tensor<1x64x31xf32>
// CHECK: weft.relu {{.*}} : tensor<1x64x31xf32>
// CHECK: weft.maxpool {{.*}} -> tensor<1x64x15xf32>
// CHECK: weft.reshape %{{.*}} to [1, 64, 15, 1]
func.func @text(%x: tensor<1x64x31x1xf32>) -> tensor<1x64x15x1xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x3x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x64x31x1xf32>, tensor<64x64x3x1xf32>) -> tensor<1x64x31x1xf32>
  %1 = weft.relu %0 : tensor<1x64x31x1xf32>
  %2 = weft.maxpool %1 kernel [3, 1] stride [2, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x64x31x1xf32>) -> tensor<1x64x15x1xf32>
  return %2 : tensor<1x64x15x1xf32>
}
// A window that reads beside the column sees a plane; a few channels are packed along columns as they are.
// CHECK-LABEL: func.func @beside
// CHECK: weft.conv {{.*}} pad [1, 1, 1, 1]
// CHECK: weft.conv {{.*}} pad [1, 0, 1, 0]
func.func @beside(%x: tensor<1x64x31x1xf32>, %z: tensor<1x4x31x1xf32>) -> (tensor<1x64x31x3xf32>, tensor<1x4x31x1xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x3x1xf32>
  %v = weft.weight "v" : tensor<4x4x3x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x64x31x1xf32>, tensor<64x64x3x1xf32>) -> tensor<1x64x31x3xf32>
  %1 = weft.conv %z, %v stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x4x31x1xf32>, tensor<4x4x3x1xf32>) -> tensor<1x4x31x1xf32>
  return %0, %1 : tensor<1x64x31x3xf32>, tensor<1x4x31x1xf32>
}
}
