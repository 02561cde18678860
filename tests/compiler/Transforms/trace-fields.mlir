// Groups say how many channels their results have and which part of the picture an element sees.
// RUN: weft-opt %s --split-input-file --weft-form-groups --weft-trace-fields | FileCheck %s

// Strides multiply; a window of 3 behind a stride of 2 widens the field by 4.
// CHECK-LABEL: func.func @strides
// CHECK: fields = [#weft.field<channels = [], picture = 1, picture_dims = [2, 3], dims = [2, 3], jump = [2.000000e+00, 2.000000e+00], start = [-3.000000e+00, -3.000000e+00], size = [7.000000e+00, 7.000000e+00]>]
// CHECK: fields = [#weft.field<{{.*}}jump = [4.000000e+00, 4.000000e+00], start = [-5.000000e+00, -5.000000e+00], size = [1.100000e+01, 1.100000e+01]>]
func.func @strides(%s: tensor<1x64xf32>, %x: tensor<1x3x64x64xf32>) -> tensor<1x64x16x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x3x7x7xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [3, 3, 3, 3] dilation [1, 1]
         : (tensor<1x3x64x64xf32>, tensor<64x3x7x7xf32>) -> tensor<1x64x32x32xf32>
  %1 = weft.maxpool %0 kernel [3, 3] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x32x32xf32>) -> tensor<1x64x16x16xf32>
  return %1 : tensor<1x64x16x16xf32>
}

// -----

// Blocks round channels up: the number is kept. Paths of one stride join to what the wider one sees.
// CHECK-LABEL: func.func @blocks
// CHECK: channels = [20]{{.*}}start = [-1.000000e+00, -1.000000e+00], size = [3.000000e+00, 3.000000e+00]
func.func @blocks(%x: tensor<1x20x8x8xf32, #weft.blocked<16>>) -> tensor<1x20x8x8xf32, #weft.blocked<16>> attributes {weft.net} {
  %0 = weft.avgpool %x kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x20x8x8xf32, #weft.blocked<16>>) -> tensor<1x20x8x8xf32, #weft.blocked<16>>
  %1 = weft.add %0, %x : tensor<1x20x8x8xf32, #weft.blocked<16>>
  return %1 : tensor<1x20x8x8xf32, #weft.blocked<16>>
}

// -----

// Bytes have their channels last; 480 x 640 become 256 x 341, of which the middle 224 x 224 are taken: from row
// 16 * 480/256 on, and each sees the two or more it was interpolated from.
// CHECK-LABEL: func.func @bytes
// CHECK: picture_dims = [1, 2], dims = [2, 3], jump = [1.875000e+00, {{1\.876.*}}], start = [2.856250e+01, {{.*}}], size = [4.750000e+00,
func.func @bytes(%x: tensor<1x480x640x3xi8>) -> tensor<1x3x224x224xf32> attributes {weft.net} {
  %0 = weft.image_input %x {crop = array<i64: 224, 224>, mean = array<f64: 0.5>, resize = array<i64: 256>, std = array<f64: 0.5>}
         : (tensor<1x480x640x3xi8>) -> tensor<1x3x224x224xf32>
  return %0 : tensor<1x3x224x224xf32>
}

// -----

// A vertex of a graph sees no picture.
// CHECK-LABEL: func.func @vectors
// CHECK: fields = [#weft.field<channels = [], picture = 0, picture_dims = [], dims = []
func.func @vectors(%x: tensor<8x16xf32>) -> tensor<8x16xf32> attributes {weft.net} {
  %0 = weft.relu %x : tensor<8x16xf32>
  return %0 : tensor<8x16xf32>
}

// -----

// Along the dimension of a softmax everything is seen; windows behind it widen the others only.
// CHECK-LABEL: func.func @across
// CHECK: dims = [2, -1]
// CHECK: dims = [2, -1]{{.*}}size = [3.000000e+00,
func.func @across(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> attributes {weft.net} {
  %0 = weft.softmax %x axis 3 : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  %1 = weft.maxpool %0 kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %1 : tensor<1x3x8x8xf32>
}

// -----

// Pooled to one row, every row is seen.
// CHECK-LABEL: func.func @one_row
// CHECK: dims = [-1, 3], jump = [0.000000e+00, 4.000000e+00]
func.func @one_row(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x1x2xf32> attributes {weft.net} {
  %0 = weft.adaptive_avgpool %x out [1, 2] : (tensor<1x3x8x8xf32>) -> tensor<1x3x1x2xf32>
  return %0 : tensor<1x3x1x2xf32>
}

// -----

// Parts of channels that begin with a block are told apart.
// CHECK-LABEL: func.func @parts
// CHECK: channels = [20, 12], picture = 0
func.func @parts(%x: tensor<1x48x8x8xf32, #weft.blocked<16>>) -> tensor<1x48x8x8xf32, #weft.blocked<16>> attributes {weft.net} {
  %0 = weft.relu %x {weft.parts = array<i64: 20, 12>} : tensor<1x48x8x8xf32, #weft.blocked<16>>
  return %0 : tensor<1x48x8x8xf32, #weft.blocked<16>>
}
