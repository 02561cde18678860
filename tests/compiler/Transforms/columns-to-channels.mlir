// A window as wide as its plane is one on a line whose channels are the columns.
// RUN: weft-opt %s --weft-columns-to-channels | FileCheck %s

module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func @words
// CHECK: %[[T:.*]] = weft.transpose %arg0 [0, 1, 3, 2]
// CHECK: %[[X:.*]] = weft.reshape %[[T]] to [2, 128, 1, 60]
// CHECK: %[[V:.*]] = weft.transpose %{{.*}} [0, 1, 3, 2]
// CHECK: %[[W:.*]] = weft.reshape %[[V]] to [100, 128, 1, 3]
// CHECK: %[[Y:.*]] = weft.conv %[[X]], %[[W]] stride [1, 2] pad [0, 2, 0, 1] dilation [1, 3]
// CHECK: %[[Z:.*]] = weft.reshape %[[Y]] to [2, 100, 29, 1]
// CHECK: return %[[Z]]
func.func @words(%x: tensor<2x1x60x128xf32>) -> tensor<2x100x29x1xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<100x1x3x128xf32>
  %0 = weft.conv %x, %w stride [2, 1] pad [2, 0, 1, 0] dilation [3, 1] : (tensor<2x1x60x128xf32>, tensor<100x1x3x128xf32>) -> tensor<2x100x29x1xf32>
  return %0 : tensor<2x100x29x1xf32>
}

// Padding beside the plane, a narrower window, one row of results, and channels that fill a block stay.
// CHECK-LABEL: func.func @stay
// CHECK-NOT: weft.transpose
// CHECK: return
func.func @stay(%x: tensor<1x1x60x32xf32>, %z: tensor<1x16x60x32xf32>) -> (tensor<1x8x58x3xf32>, tensor<1x8x58x2xf32>, tensor<1x8x1x1xf32>, tensor<1x8x58x1xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x1x3x32xf32>
  %n = weft.weight "n" : tensor<8x1x3x31xf32>
  %f = weft.weight "f" : tensor<8x1x60x32xf32>
  %c = weft.weight "c" : tensor<8x16x3x32xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 1, 0, 1] dilation [1, 1] : (tensor<1x1x60x32xf32>, tensor<8x1x3x32xf32>) -> tensor<1x8x58x3xf32>
  %1 = weft.conv %x, %n stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x1x60x32xf32>, tensor<8x1x3x31xf32>) -> tensor<1x8x58x2xf32>
  %2 = weft.conv %x, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x1x60x32xf32>, tensor<8x1x60x32xf32>) -> tensor<1x8x1x1xf32>
  %3 = weft.conv %z, %c stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x60x32xf32>, tensor<8x16x3x32xf32>) -> tensor<1x8x58x1xf32>
  return %0, %1, %2, %3 : tensor<1x8x58x3xf32>, tensor<1x8x58x2xf32>, tensor<1x8x1x1xf32>, tensor<1x8x58x1xf32>
}
}
