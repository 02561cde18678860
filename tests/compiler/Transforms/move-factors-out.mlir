// A generator's modulated convolution keeps its constant filter, which is packed and transformed when compiling; what is computed for
// each sample multiplies inputs and results.
// RUN: weft-opt %s --split-input-file --weft-move-factors-out --canonicalize | FileCheck %s

// Both sides: the style of inputs, and what normalises outputs. The bias is added behind.
// CHECK-LABEL: @both
// CHECK: %[[S:.*]] = weft.reshape %arg1 to [1, 4, 1, 1]
// CHECK: %[[X:.*]] = weft.mul %arg0, %[[S]]
// CHECK: %[[W:.*]] = weft.reshape %{{.*}} to [8, 4, 3, 3]
// CHECK: %[[Y:.*]] = weft.conv %[[X]], %[[W]] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<8x4x3x3xf32>)
// CHECK: %[[D:.*]] = weft.reshape %arg2 to [1, 8, 1, 1]
// CHECK: %[[Z:.*]] = weft.div %[[Y]], %[[D]]
// CHECK: weft.add %[[Z]],
func.func @both(%x: tensor<1x4x9x9xf32>, %s: tensor<1x1x4x1x1xf32>, %d: tensor<1x8x1x1x1xf32>) -> tensor<1x8x9x9xf32> {
  %w = weft.weight "w" : tensor<1x8x4x3x3xf32>
  %b = weft.weight "b" : tensor<8xf32>
  %0 = weft.mul %w, %s : (tensor<1x8x4x3x3xf32>, tensor<1x1x4x1x1xf32>) -> tensor<1x8x4x3x3xf32>
  %1 = weft.div %0, %d : (tensor<1x8x4x3x3xf32>, tensor<1x8x1x1x1xf32>) -> tensor<1x8x4x3x3xf32>
  %2 = weft.reshape %1 to [8, 4, 3, 3] : (tensor<1x8x4x3x3xf32>) -> tensor<8x4x3x3xf32>
  %y = weft.conv %x, %2 bias %b stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<8x4x3x3xf32>, tensor<8xf32>) -> tensor<1x8x9x9xf32>
  return %y : tensor<1x8x9x9xf32>
}

// -----

// Samples written as groups are a batch again; a transposed convolution has inputs first.
// CHECK-LABEL: @samples
// CHECK: %[[X:.*]] = weft.reshape %arg0 to [2, 4, 5, 5]
// CHECK: %[[S:.*]] = weft.reshape %arg1 to [2, 4, 1, 1]
// CHECK: %[[T:.*]] = weft.mul %[[X]], %[[S]]
// CHECK: %[[W:.*]] = weft.transpose %{{.*}} [1, 0, 2, 3] : (tensor<8x4x3x3xf32>) -> tensor<4x8x3x3xf32>
// CHECK: %[[Y:.*]] = weft.conv_transpose %[[T]], %[[W]] stride [2, 2] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] : (tensor<2x4x5x5xf32>, tensor<4x8x3x3xf32>) -> tensor<2x8x11x11xf32>
// CHECK: weft.reshape %[[Y]] to [1, 16, 11, 11]
func.func @samples(%x: tensor<1x8x5x5xf32>, %s: tensor<2x1x4x1x1xf32>) -> tensor<1x16x11x11xf32> {
  %w = weft.weight "w" : tensor<1x8x4x3x3xf32>
  %0 = weft.mul %w, %s : (tensor<1x8x4x3x3xf32>, tensor<2x1x4x1x1xf32>) -> tensor<2x8x4x3x3xf32>
  %1 = weft.transpose %0 [0, 2, 1, 3, 4] : (tensor<2x8x4x3x3xf32>) -> tensor<2x4x8x3x3xf32>
  %2 = weft.reshape %1 to [8, 8, 3, 3] : (tensor<2x4x8x3x3xf32>) -> tensor<8x8x3x3xf32>
  %y = weft.conv_transpose %x, %2 stride [2, 2] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] {groups = 2 : i64} : (tensor<1x8x5x5xf32>, tensor<8x8x3x3xf32>) -> tensor<1x16x11x11xf32>
  return %y : tensor<1x16x11x11xf32>
}

// -----

// What a group of outputs shares stays in the weight of a transposed convolution; each input channel has a factor of its own.
// CHECK-LABEL: @groups
// CHECK: %[[T:.*]] = weft.mul %{{.*}}, %arg1
// CHECK: weft.conv_transpose %arg0, %[[T]]
// CHECK: %[[S:.*]] = weft.reshape %arg2 to [1, 4, 1, 1]
// CHECK: %[[X:.*]] = weft.mul %arg0, %[[S]]
// CHECK: weft.conv_transpose %[[X]], %{{.*}} {groups = 2 : i64}
func.func @groups(%x: tensor<1x4x5x5xf32>, %o: tensor<1x2x1x1xf32>, %i: tensor<4x1x1x1xf32>) -> (tensor<1x4x5x5xf32>, tensor<1x4x5x5xf32>) {
  %w = weft.weight "w" : tensor<4x2x1x1xf32>
  %0 = weft.mul %w, %o : (tensor<4x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<4x2x1x1xf32>
  %1 = weft.conv_transpose %x, %0 stride [1, 1] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] {groups = 2 : i64} : (tensor<1x4x5x5xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x5x5xf32>
  %2 = weft.mul %w, %i : (tensor<4x2x1x1xf32>, tensor<4x1x1x1xf32>) -> tensor<4x2x1x1xf32>
  %3 = weft.conv_transpose %x, %2 stride [1, 1] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] {groups = 2 : i64} : (tensor<1x4x5x5xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x5x5xf32>
  return %1, %3 : tensor<1x4x5x5xf32>, tensor<1x4x5x5xf32>
}

// -----

// A factor whose samples stand behind its channels is turned.
// CHECK-LABEL: @turned
// CHECK: %[[M:.*]] = weft.reshape %arg1 to [4, 2]
// CHECK: %[[T:.*]] = weft.transpose %[[M]] [1, 0]
// CHECK: %[[S:.*]] = weft.reshape %[[T]] to [2, 4, 1, 1]
// CHECK: weft.mul %{{.*}}, %[[S]]
func.func @turned(%x: tensor<1x8x5x5xf32>, %s: tensor<4x2x1x1x1xf32>) -> tensor<1x6x5x5xf32> {
  %w = weft.weight "w" : tensor<4x1x3x1x1xf32>
  %0 = weft.mul %w, %s : (tensor<4x1x3x1x1xf32>, tensor<4x2x1x1x1xf32>) -> tensor<4x2x3x1x1xf32>
  %1 = weft.transpose %0 [1, 2, 0, 3, 4] : (tensor<4x2x3x1x1xf32>) -> tensor<2x3x4x1x1xf32>
  %2 = weft.reshape %1 to [6, 4, 1, 1] : (tensor<2x3x4x1x1xf32>) -> tensor<6x4x1x1xf32>
  %y = weft.conv %x, %2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 2 : i64} : (tensor<1x8x5x5xf32>, tensor<6x4x1x1xf32>) -> tensor<1x6x5x5xf32>
  return %y : tensor<1x6x5x5xf32>
}

// -----

// A factor of the window, or of inputs and outputs at once, stays where it is.
// CHECK-LABEL: @others
// CHECK: %[[A:.*]] = weft.mul %{{.*}}, %arg1
// CHECK: weft.conv %arg0, %[[A]]
// CHECK: %[[B:.*]] = weft.mul %{{.*}}, %arg2
// CHECK: weft.conv %{{.*}}, %[[B]]
func.func @others(%x: tensor<1x4x9x9xf32>, %taps: tensor<3x3xf32>, %pairs: tensor<4x4x1x1xf32>) -> tensor<1x4x9x9xf32> {
  %w = weft.weight "w" : tensor<4x4x3x3xf32>
  %0 = weft.mul %w, %taps : (tensor<4x4x3x3xf32>, tensor<3x3xf32>) -> tensor<4x4x3x3xf32>
  %1 = weft.conv %x, %0 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x9x9xf32>
  %2 = weft.mul %w, %pairs : (tensor<4x4x3x3xf32>, tensor<4x4x1x1xf32>) -> tensor<4x4x3x3xf32>
  %3 = weft.conv %1, %2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x9x9xf32>
  return %3 : tensor<1x4x9x9xf32>
}

// -----

// What normalises: sums of the squares of w * s are sums of squares of w, summed over the window when compiling, times those of s.
// CHECK-LABEL: @squares
// CHECK: %[[W:.*]] = weft.mul
// CHECK: %[[Q:.*]] = weft.reduce_sum %[[W]] axes [3, 4] : (tensor<1x8x4x3x3xf32>) -> tensor<1x8x4x1x1xf32>
// CHECK: %[[S:.*]] = weft.mul %arg0, %arg0 : tensor<1x1x4x1x1xf32>
// CHECK: %[[P:.*]] = weft.mul %[[Q]], %[[S]]
// CHECK: %[[R:.*]] = weft.reduce_sum %[[P]] axes [2]
// CHECK: weft.reshape %[[R]] to [1, 8]
func.func @squares(%s: tensor<1x1x4x1x1xf32>) -> tensor<1x8xf32> {
  %w = weft.weight "w" : tensor<1x8x4x3x3xf32>
  %0 = weft.mul %w, %s : (tensor<1x8x4x3x3xf32>, tensor<1x1x4x1x1xf32>) -> tensor<1x8x4x3x3xf32>
  %1 = weft.mul %0, %0 : tensor<1x8x4x3x3xf32>
  %2 = weft.reduce_sum %1 axes [2, 3, 4] {keepdims = false} : (tensor<1x8x4x3x3xf32>) -> tensor<1x8xf32>
  return %2 : tensor<1x8xf32>
}
