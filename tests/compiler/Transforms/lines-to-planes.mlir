// Without this a network that listens runs without the algorithms of one that sees.
// RUN: weft-opt %s --split-input-file --weft-lines-to-planes --canonicalize | FileCheck %s

#target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>

// What is joined moves together, parameters and broadcast vectors with it; whoever knows lines alone reads lines.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @sound
// CHECK: %[[X:.*]] = weft.reshape %arg0 to [1, 32, 1, 100]
// CHECK: %[[W:.*]] = weft.reshape %{{.*}} to [64, 32, 1, 7]
// CHECK: %[[C:.*]] = weft.conv %[[X]], %[[W]] bias %{{.*}} stride [1, 2] pad [0, 3, 0, 2] dilation [1, 1] : {{.*}} -> tensor<1x64x1x50xf32>
// CHECK: %[[S:.*]] = weft.reshape %{{.*}} to [64, 1, 1]
// CHECK: %[[M:.*]] = weft.mul %[[C]], %[[S]]
// CHECK: %[[P:.*]] = weft.maxpool %[[M]] kernel [1, 3] stride [1, 2] pad [0, 1, 0, 0] dilation [1, 1]
// CHECK: %[[A:.*]] = weft.slice %[[P]] from [0, 0, 0, 1] to [1, 64, 1, 25] step [1, 1, 1, 2]
// CHECK: %[[B:.*]] = weft.pad %[[A]] constant low [0, 0, 0, 2] high [0, 0, 0, 1]
// CHECK: %[[J:.*]] = weft.concat %[[B]], %[[B]] axis 3
// CHECK: %[[L:.*]] = weft.reshape %[[J]] to [1, 64, 30]
// CHECK: weft.softmax %[[L]] axis 2
func.func @sound(%x: tensor<1x32x100xf32>) -> tensor<1x64x30xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x32x7xf32>
  %b = weft.weight "b" : tensor<64xf32>
  %s = weft.weight "s" : tensor<64x1xf32>
  %0 = weft.conv %x, %w bias %b stride [2] pad [3, 2] dilation [1] : (tensor<1x32x100xf32>, tensor<64x32x7xf32>, tensor<64xf32>) -> tensor<1x64x50xf32>
  %1 = weft.mul %0, %s : (tensor<1x64x50xf32>, tensor<64x1xf32>) -> tensor<1x64x50xf32>
  %2 = weft.maxpool %1 kernel [3] stride [2] pad [1, 0] dilation [1] : (tensor<1x64x50xf32>) -> tensor<1x64x25xf32>
  %3 = weft.slice %2 from [0, 0, 1] to [1, 64, 25] step [1, 1, 2] : (tensor<1x64x25xf32>) -> tensor<1x64x12xf32>
  %4 = weft.pad %3 constant low [0, 0, 2] high [0, 0, 1] : (tensor<1x64x12xf32>) -> tensor<1x64x15xf32>
  %5 = weft.concat %4, %4 axis 2 : (tensor<1x64x15xf32>, tensor<1x64x15xf32>) -> tensor<1x64x30xf32>
  %6 = weft.softmax %5 axis 2 : (tensor<1x64x30xf32>) -> tensor<1x64x30xf32>
  return %6 : tensor<1x64x30xf32>
}
}

// -----

#target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>

// A convolution of few inputs gains nothing; what lays channels out along a line has no form for one row of a plane.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @stays
// CHECK: weft.conv %arg0, %{{.*}} stride [1] {{.*}} -> tensor<1x32x100xf32>
// CHECK: weft.depth_to_space
// CHECK: weft.conv %arg1, %{{.*}} stride [1] {{.*}} -> tensor<1x16x100xf32>
func.func @stays(%x: tensor<1x32x100xf32>, %y: tensor<1x4x100xf32>) -> (tensor<1x16x200xf32>, tensor<1x16x100xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x32x3xf32>
  %v = weft.weight "v" : tensor<16x4x3xf32>
  %0 = weft.conv %x, %w stride [1] pad [1, 1] dilation [1] : (tensor<1x32x100xf32>, tensor<32x32x3xf32>) -> tensor<1x32x100xf32>
  %1 = weft.depth_to_space %0 dcr block 2 : (tensor<1x32x100xf32>) -> tensor<1x16x200xf32>
  %2 = weft.conv %y, %v stride [1] pad [1, 1] dilation [1] : (tensor<1x4x100xf32>, tensor<16x4x3xf32>) -> tensor<1x16x100xf32>
  return %1, %2 : tensor<1x16x200xf32>, tensor<1x16x100xf32>
}
}
