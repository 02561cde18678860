// Without this every element of a transposed convolution is gathered tap by tap, ten times slower than a convolution.
// RUN: weft-opt %s --split-input-file --weft-split-transposed | FileCheck %s

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// All four phases read the same pixel: one convolution of four times the channels. Its weight is turned, its bias repeated.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @doubled
// CHECK: weft.slice %[[W:.*]] from [0, 0, 0, 0] to [64, 32, -1, -1] step [1, 1, -2, -2]
// CHECK: weft.transpose
// CHECK: weft.slice %[[W]] from [0, 0, 0, 1] to [64, 32, -1, 0] step [1, 1, -2, -2]
// CHECK: %[[W4:.*]] = weft.concat {{.*}} axis 0 : {{.*}} -> tensor<128x64x1x1xf32>
// CHECK: %[[P:.*]] = weft.conv %arg0, %[[W4]] bias %{{.*}} stride [1, 1] pad [0, 0, 0, 0]
// CHECK: weft.depth_to_space %[[P]] dcr block [2, 2] : (tensor<1x128x8x8xf32>) -> tensor<1x32x16x16xf32>
// CHECK-NOT: weft.conv_transpose
func.func @doubled(%x: tensor<1x64x8x8xf32>) -> tensor<1x32x16x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x32x2x2xf32>
  %b = weft.weight "b" : tensor<32xf32>
  %0 = weft.conv_transpose %x, %w bias %b stride [2, 2] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x64x8x8xf32>, tensor<64x32x2x2xf32>, tensor<32xf32>) -> tensor<1x32x16x16xf32>
  return %0 : tensor<1x32x16x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Windows of 4 at stride 2: each phase has two taps a dimension, with the padding on its own side. Three channels fill no
// block, so there the phases are one convolution, with zeros in a window of 3.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @apart
// CHECK: weft.conv %arg0, {{.*}} pad [1, 1, 0, 0] {{.*}}tensor<16x64x2x2xf32>
// CHECK: weft.conv %arg0, {{.*}} pad [1, 0, 0, 1] {{.*}}tensor<16x64x2x2xf32>
// CHECK: weft.conv %arg0, {{.*}} pad [0, 1, 1, 0] {{.*}}tensor<16x64x2x2xf32>
// CHECK: weft.conv %arg0, {{.*}} pad [0, 0, 1, 1] {{.*}}tensor<16x64x2x2xf32>
// CHECK: weft.concat {{.*}} axis 1
// CHECK: weft.depth_to_space
// CHECK: weft.conv %arg0, {{.*}} pad [1, 1, 1, 1] {{.*}}tensor<12x64x3x3xf32>
// CHECK: weft.depth_to_space
func.func @apart(%x: tensor<1x64x8x8xf32>) -> (tensor<1x16x16x16xf32>, tensor<1x3x16x16xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x16x4x4xf32>
  %v = weft.weight "v" : tensor<64x3x4x4xf32>
  %0 = weft.conv_transpose %x, %w stride [2, 2] pad [1, 1, 1, 1] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x64x8x8xf32>, tensor<64x16x4x4xf32>) -> tensor<1x16x16x16xf32>
  %1 = weft.conv_transpose %x, %v stride [2, 2] pad [1, 1, 1, 1] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x64x8x8xf32>, tensor<64x3x4x4xf32>) -> tensor<1x3x16x16xf32>
  return %0, %1 : tensor<1x16x16x16xf32>, tensor<1x3x16x16xf32>
}
}

// -----

// Each dimension has its own stride: the phases of one that is not doubled are none.
// CHECK-LABEL: func.func @wider
// CHECK: weft.conv %arg0, {{.*}} pad [1, 1, 1, 0] {{.*}}tensor<16x64x3x2xf32>
// CHECK: weft.conv %arg0, {{.*}} pad [1, 0, 1, 1] {{.*}}tensor<16x64x3x2xf32>
// CHECK: weft.depth_to_space %{{.*}} dcr block [1, 2] : (tensor<1x32x8x8xf32>) -> tensor<1x16x8x16xf32>
func.func @wider(%x: tensor<1x64x8x8xf32>) -> tensor<1x16x8x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x16x3x4xf32>
  %0 = weft.conv_transpose %x, %w stride [1, 2] pad [1, 1, 1, 1] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x64x8x8xf32>, tensor<64x16x3x4xf32>) -> tensor<1x16x8x16xf32>
  return %0 : tensor<1x16x8x16xf32>
}

// -----

// Lines and cubes likewise: one channel has eight phases of two taps, a cube has eight phases of one.
// CHECK-LABEL: func.func @other_ranks
// CHECK: weft.conv {{.*}}tensor<8x64x2xf32>
// CHECK: weft.depth_to_space %{{.*}} dcr block [8] : (tensor<1x8x10xf32>) -> tensor<1x1x80xf32>
// CHECK: weft.conv {{.*}}tensor<128x32x1x1x1xf32>
// CHECK: weft.depth_to_space %{{.*}} dcr block [2, 2, 2] : (tensor<1x128x4x5x6xf32>) -> tensor<1x16x8x10x12xf32>
func.func @other_ranks(%x: tensor<1x64x9xf32>, %c: tensor<1x32x4x5x6xf32>) -> (tensor<1x1x80xf32>, tensor<1x16x8x10x12xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x1x16xf32>
  %v = weft.weight "v" : tensor<32x16x2x2x2xf32>
  %0 = weft.conv_transpose %x, %w stride [8] pad [0, 0] output_pad [0] dilation [1]
         : (tensor<1x64x9xf32>, tensor<64x1x16xf32>) -> tensor<1x1x80xf32>
  %1 = weft.conv_transpose %c, %v stride [2, 2, 2] pad [0, 0, 0, 0, 0, 0] output_pad [0, 0, 0] dilation [1, 1, 1]
         : (tensor<1x32x4x5x6xf32>, tensor<32x16x2x2x2xf32>) -> tensor<1x16x8x10x12xf32>
  return %0, %1 : tensor<1x1x80xf32>, tensor<1x16x8x10x12xf32>
}

// -----

// At stride 1 it is a convolution as it stands. Padding beyond the window cuts the input; results that fill no squares are
// computed whole and cut.
// CHECK-LABEL: func.func @edges
// CHECK: weft.conv {{.*}} pad [1, 1, 1, 1] dilation [1, 1]
// CHECK: weft.slice %arg0 from [0, 0, 1, 0] to [1, 8, 8, 8]
// CHECK: weft.slice %{{.*}} from [0, 0, 0, 1] to [1, 8, 7, 8]
// CHECK: weft.conv {{.*}} pad [0, 0, 0, 0]
// CHECK: weft.depth_to_space {{.*}} -> tensor<1x8x18x18xf32>
// CHECK: weft.slice {{.*}} to [1, 8, 17, 18]
// CHECK: weft.slice {{.*}} to [1, 8, 17, 17]
func.func @edges(%x: tensor<1x8x8x8xf32>)
    -> (tensor<1x8x8x8xf32>, tensor<1x8x6x6xf32>, tensor<1x8x17x17xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x8x3x3xf32>
  %v = weft.weight "v" : tensor<8x8x2x2xf32>
  %0 = weft.conv_transpose %x, %w stride [1, 1] pad [1, 1, 1, 1] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x8x8xf32>
  %1 = weft.conv_transpose %x, %v stride [1, 1] pad [2, 2, 1, 1] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x8x8x8xf32>, tensor<8x8x2x2xf32>) -> tensor<1x8x6x6xf32>
  %2 = weft.conv_transpose %x, %w stride [2, 2] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x17x17xf32>
  return %0, %1, %2 : tensor<1x8x8x8xf32>, tensor<1x8x6x6xf32>, tensor<1x8x17x17xf32>
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// With a dilation the stride divides all taps meet in one phase, and with a window smaller than the stride only some phases
// have any: the others are channels of zeros, and the bias is added behind. Dilation 2 at stride 3 leaves taps 2 apart.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @holes
// CHECK: %[[D:.*]] = weft.conv %arg0, {{.*}} stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {{.*}}tensor<16x8x3x3xf32>
// CHECK: %[[Z:.*]] = weft.pad %[[D]] constant low [0, 0, 0, 0] high [0, 48, 0, 0]
// CHECK: %[[S:.*]] = weft.depth_to_space %[[Z]] dcr block [2, 2]
// CHECK: weft.add %[[S]], {{.*}}tensor<16x1x1xf32>
// CHECK: weft.conv %arg0, {{.*}}tensor<64x8x1x1xf32>
// CHECK: weft.slice %[[J:.*]] from [0, 0, 0, 0] to [1, 32, 8, 8]
// CHECK: weft.pad {{.*}} low [0, 0, 0, 0] high [0, 16, 0, 0]
// CHECK: weft.slice %[[J]] from [0, 32, 0, 0] to [1, 64, 8, 8]
// CHECK: weft.pad {{.*}} low [0, 0, 0, 0] high [0, 64, 0, 0]
// CHECK: weft.depth_to_space {{.*}} dcr block [3, 3]
// CHECK: weft.conv {{.*}} dilation [2, 2] {{.*}}tensor<16x8x2x2xf32>
// CHECK: weft.depth_to_space {{.*}} dcr block [3, 3]
// CHECK-NOT: weft.conv_transpose
func.func @holes(%x: tensor<1x8x8x8xf32>) -> (tensor<1x16x16x16xf32>, tensor<1x16x23x23xf32>, tensor<1x16x28x28xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x16x3x3xf32>
  %b = weft.weight "b" : tensor<16xf32>
  %u = weft.weight "u" : tensor<8x16x2x2xf32>
  %v = weft.weight "v" : tensor<8x16x4x4xf32>
  %0 = weft.conv_transpose %x, %w bias %b stride [2, 2] pad [2, 2, 2, 2] output_pad [1, 1] dilation [2, 2]
         : (tensor<1x8x8x8xf32>, tensor<8x16x3x3xf32>, tensor<16xf32>) -> tensor<1x16x16x16xf32>
  %1 = weft.conv_transpose %x, %u stride [3, 3] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1]
         : (tensor<1x8x8x8xf32>, tensor<8x16x2x2xf32>) -> tensor<1x16x23x23xf32>
  %2 = weft.conv_transpose %x, %v stride [3, 3] pad [0, 0, 0, 0] output_pad [0, 0] dilation [2, 2]
         : (tensor<1x8x8x8xf32>, tensor<8x16x4x4xf32>) -> tensor<1x16x28x28xf32>
  return %0, %1, %2 : tensor<1x16x16x16xf32>, tensor<1x16x23x23xf32>, tensor<1x16x28x28xf32>
}
}
