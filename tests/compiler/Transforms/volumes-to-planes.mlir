// A window along time alone has no tiles for Winograd's algorithm as a window of three dimensions.
// RUN: weft-opt %s --split-input-file --weft-volumes-to-planes --canonicalize | FileCheck %s

#target = #weft.target<name = "cpu:znver5", vector = 16, features = []>

// What follows element by element moves with it; whoever knows volumes reads volumes.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @time
// CHECK: %[[X:.*]] = weft.reshape %arg0 to [1, 64, 8, 400]
// CHECK: %[[W:.*]] = weft.reshape %{{.*}} to [32, 64, 3, 1]
// CHECK: %[[C:.*]] = weft.conv %[[X]], %[[W]] bias %{{.*}} stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : {{.*}} -> tensor<1x32x8x400xf32>
// CHECK: %[[R:.*]] = weft.relu %[[C]]
// CHECK: %[[B:.*]] = weft.reshape %arg1 to [1, 32, 8, 400]
// CHECK: %[[A:.*]] = weft.add %[[R]], %[[B]]
// CHECK: %[[S:.*]] = weft.reshape %{{.*}} to [1, 32, 1, 1]
// CHECK: %[[M:.*]] = weft.mul %[[A]], %[[S]]
// CHECK: %[[V:.*]] = weft.reshape %[[M]] to [1, 32, 8, 20, 20]
// CHECK: weft.maxpool %[[V]]
func.func @time(%x: tensor<1x64x8x20x20xf32>, %y: tensor<1x32x8x20x20xf32>) -> tensor<1x32x4x10x10xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x64x3x1x1xf32>
  %b = weft.weight "b" : tensor<32xf32>
  %s = weft.weight "s" : tensor<1x32x1x1x1xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1, 1] pad [1, 0, 0, 1, 0, 0] dilation [1, 1, 1]
         : (tensor<1x64x8x20x20xf32>, tensor<32x64x3x1x1xf32>, tensor<32xf32>) -> tensor<1x32x8x20x20xf32>
  %1 = weft.relu %0 : tensor<1x32x8x20x20xf32>
  %2 = weft.add %1, %y : tensor<1x32x8x20x20xf32>
  %3 = weft.mul %2, %s : (tensor<1x32x8x20x20xf32>, tensor<1x32x1x1x1xf32>) -> tensor<1x32x8x20x20xf32>
  %4 = weft.maxpool %3 kernel [2, 2, 2] stride [2, 2, 2] pad [0, 0, 0, 0, 0, 0] dilation [1, 1, 1] : (tensor<1x32x8x20x20xf32>) -> tensor<1x32x4x10x10xf32>
  return %4 : tensor<1x32x4x10x10xf32>
}
}

// -----

#target = #weft.target<name = "cpu:znver5", vector = 16, features = []>

// A stride has no form; rows with something around them are other bytes, which few terms do not outweigh.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @stay
// CHECK-NOT: weft.reshape
func.func @stay(%x: tensor<1x16x8x20x20xf32>) -> (tensor<1x16x4x20x20xf32>, tensor<1x16x8x20x20xf32>, tensor<1x16x8x20x20xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x1x1xf32>
  %v = weft.weight "v" : tensor<16x16x1x3x3xf32>
  %0 = weft.conv %x, %w stride [2, 1, 1] pad [1, 0, 0, 1, 0, 0] dilation [1, 1, 1]
         : (tensor<1x16x8x20x20xf32>, tensor<16x16x3x1x1xf32>) -> tensor<1x16x4x20x20xf32>
  %1 = weft.relu %x : tensor<1x16x8x20x20xf32>
  %2 = weft.conv %1, %w stride [1, 1, 1] pad [1, 0, 0, 1, 0, 0] dilation [1, 1, 1]
         : (tensor<1x16x8x20x20xf32>, tensor<16x16x3x1x1xf32>) -> tensor<1x16x8x20x20xf32>
  %3 = weft.conv %2, %v stride [1, 1, 1] pad [0, 1, 1, 0, 1, 1] dilation [1, 1, 1]
         : (tensor<1x16x8x20x20xf32>, tensor<16x16x1x3x3xf32>) -> tensor<1x16x8x20x20xf32>
  %4 = weft.conv %1, %v stride [1, 1, 1] pad [0, 1, 1, 0, 1, 1] dilation [1, 1, 1]
         : (tensor<1x16x8x20x20xf32>, tensor<16x16x1x3x3xf32>) -> tensor<1x16x8x20x20xf32>
  return %0, %3, %4 : tensor<1x16x4x20x20xf32>, tensor<1x16x8x20x20xf32>, tensor<1x16x8x20x20xf32>
}
}
