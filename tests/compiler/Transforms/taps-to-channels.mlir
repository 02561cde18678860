// Without this the last layer of a network that makes pictures multiplies blocks of which a fifth is used.
// RUN: weft-opt %s --split-input-file --weft-taps-to-channels | FileCheck %s

#target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>

// Three outputs and a row of seven taps are 21 channels; each third of them is moved by its tap, and the bias added once.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @picture
// CHECK: %[[T:.*]] = weft.transpose %{{.*}} [3, 0, 1, 2] : {{.*}} -> tensor<7x3x64x7xf32>
// CHECK: %[[W:.*]] = weft.reshape %[[T]] to [21, 64, 7, 1]
// CHECK: %[[P:.*]] = weft.conv %arg0, %[[W]] stride [1, 1] pad [3, 3, 3, 3] dilation [1, 1] : {{.*}} -> tensor<1x21x96x102xf32>
// CHECK: %[[A:.*]] = weft.slice %[[P]] from [0, 0, 0, 0] to [1, 3, 96, 96]
// CHECK: %[[B:.*]] = weft.slice %[[P]] from [0, 3, 0, 1] to [1, 6, 96, 97]
// CHECK: weft.add %[[A]], %[[B]]
// CHECK: weft.slice %[[P]] from [0, 18, 0, 6] to [1, 21, 96, 102]
// CHECK: %[[BIAS:.*]] = weft.reshape %{{.*}} to [3, 1, 1]
// CHECK: weft.add %{{.*}}, %[[BIAS]]
func.func @picture(%x: tensor<1x64x96x96xf32>) -> tensor<1x3x96x96xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<3x64x7x7xf32>
  %b = weft.weight "b" : tensor<3xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [3, 3, 3, 3] dilation [1, 1]
         : (tensor<1x64x96x96xf32>, tensor<3x64x7x7xf32>, tensor<3xf32>) -> tensor<1x3x96x96xf32>
  return %0 : tensor<1x3x96x96xf32>
}
}

// -----

#target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>

// One output: all nine taps of a dilated window fit a block. Only the last dimensions can move, so a stride along rows keeps the window; so do twelve outputs,
// and a window as large as the plane, which has one result.
// CHECK-LABEL: func.func @mask
// CHECK: weft.conv {{.*}} pad [2, 2, 2, 2] dilation [1, 1] : {{.*}} -> tensor<1x9x36x36xf32>
// CHECK: from [0, 5, 2, 4] to [1, 6, 34, 36]
// CHECK: weft.conv {{.*}} stride [1, 2] {{.*}}tensor<1x64x3x3xf32>
// CHECK: weft.conv {{.*}}tensor<12x64x3x3xf32>
// CHECK: weft.conv {{.*}}tensor<1x64x32x32xf32>) -> tensor<1x1x1x1xf32>
module attributes {weft.target = #target} {
func.func @mask(%x: tensor<1x64x32x32xf32>) -> (tensor<1x1x32x32xf32>, tensor<1x1x32x16xf32>, tensor<1x12x32x32xf32>, tensor<1x1x1x1xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<1x64x3x3xf32>
  %v = weft.weight "v" : tensor<12x64x3x3xf32>
  %u = weft.weight "u" : tensor<1x64x32x32xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [2, 2, 2, 2] dilation [2, 2]
         : (tensor<1x64x32x32xf32>, tensor<1x64x3x3xf32>) -> tensor<1x1x32x32xf32>
  %1 = weft.conv %x, %w stride [1, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x32x32xf32>, tensor<1x64x3x3xf32>) -> tensor<1x1x32x16xf32>
  %2 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x32x32xf32>, tensor<12x64x3x3xf32>) -> tensor<1x12x32x32xf32>
  %3 = weft.conv %x, %u stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x32x32xf32>, tensor<1x64x32x32xf32>) -> tensor<1x1x1x1xf32>
  return %0, %1, %2, %3 : tensor<1x1x32x32xf32>, tensor<1x1x32x16xf32>, tensor<1x12x32x32xf32>, tensor<1x1x1x1xf32>
}
}
