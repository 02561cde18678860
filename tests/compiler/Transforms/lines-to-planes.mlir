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

// What makes lines longer or shorter does so along the row alone.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @along
// CHECK: %[[V:.*]] = weft.reshape %{{.*}} to [32, 16, 1, 8]
// CHECK: weft.conv_transpose %{{.*}}, %[[V]] bias %{{.*}} stride [1, 4] pad [0, 2, 0, 2] output_pad [0, 0] dilation [1, 1] : {{.*}} -> tensor<1x16x1x400xf32>
// CHECK: weft.depth_to_space %{{.*}} dcr block [1, 2] : {{.*}} -> tensor<1x8x1x800xf32>
// CHECK: weft.upsample %{{.*}} linear [1, 3]
// CHECK: weft.lrn
// CHECK: weft.adaptive_avgpool %{{.*}} out [1, 7]
func.func @along(%x: tensor<1x32x100xf32>) -> tensor<1x8x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x16x8xf32>
  %b = weft.weight "b" : tensor<16xf32>
  %0 = weft.conv_transpose %x, %w bias %b stride [4] pad [2, 2] output_pad [0] dilation [1] : (tensor<1x32x100xf32>, tensor<32x16x8xf32>, tensor<16xf32>) -> tensor<1x16x400xf32>
  %1 = weft.depth_to_space %0 dcr block [2] : (tensor<1x16x400xf32>) -> tensor<1x8x800xf32>
  %2 = weft.upsample %1 linear [3] : (tensor<1x8x800xf32>) -> tensor<1x8x2400xf32>
  %3 = weft.lrn %2 {size = 3 : i64} : (tensor<1x8x2400xf32>) -> tensor<1x8x2400xf32>
  %4 = weft.adaptive_avgpool %3 out [7] : (tensor<1x8x2400xf32>) -> tensor<1x8x7xf32>
  return %4 : tensor<1x8x7xf32>
}
}

// -----

#target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>

// A convolution of few inputs gains nothing.
module attributes {weft.target = #target} {
// CHECK-LABEL: func.func @stays
// CHECK: weft.conv %arg0, %{{.*}} stride [1] {{.*}} -> tensor<1x16x100xf32>
func.func @stays(%x: tensor<1x4x100xf32>) -> tensor<1x16x100xf32> attributes {weft.net} {
  %v = weft.weight "v" : tensor<16x4x3xf32>
  %0 = weft.conv %x, %v stride [1] pad [1, 1] dilation [1] : (tensor<1x4x100xf32>, tensor<16x4x3xf32>) -> tensor<1x16x100xf32>
  return %0 : tensor<1x16x100xf32>
}
}
