// A network whose filters another part of it computes (dynamic filters, hypernetworks) runs; no kernel packs a weight while running, but for filters of one channel each.
// RUN: weft-opt %s --split-input-file --weft-multiply-taps --canonicalize --verify-diagnostics | FileCheck %s

// Nine taps of four channels are the terms of one product.
// CHECK-LABEL: @dense
// CHECK: weft.pad %arg0 constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK: weft.slice %{{.*}} from [0, 0, 2, 1] to [1, 4, 9, 8] step [1, 1, 2, 2]
// CHECK: weft.matmul %{{.*}}, %{{.*}} : (tensor<1x8x36xf32>, tensor<1x1x36x16xf32>)
func.func @dense(%x: tensor<1x4x8x8xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<1x8x4x4xf32> attributes {weft.net} {
  %y = weft.conv %x, %w stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x8x8xf32>, tensor<8x4x3x3xf32>) -> tensor<1x8x4x4xf32>
  return %y : tensor<1x8x4x4xf32>
}

// -----

// Over planes, filters of one channel each are packed while running.
// CHECK-LABEL: @planes
// CHECK-NEXT: weft.conv %arg0, %arg1
func.func @planes(%x: tensor<1x4x9x9xf32>, %w: tensor<4x1x3x3xf32>) -> tensor<1x4x7x7xf32> attributes {weft.net} {
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 4 : i64} : (tensor<1x4x9x9xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x7x7xf32>
  return %y : tensor<1x4x7x7xf32>
}

// One channel a group, over lines: a sum over taps.
// CHECK-LABEL: @depthwise
// CHECK-COUNT-3: weft.mul
// CHECK-NOT: weft.matmul
func.func @depthwise(%x: tensor<1x4x9xf32>, %w: tensor<4x1x3xf32>) -> tensor<1x4x7xf32> attributes {weft.net} {
  %y = weft.conv %x, %w stride [1] pad [0, 0] dilation [1] {groups = 4 : i64} : (tensor<1x4x9xf32>, tensor<4x1x3xf32>) -> tensor<1x4x7xf32>
  return %y : tensor<1x4x7xf32>
}

// -----

// Transposed: zeros between the elements, taps from the last to the first.
// CHECK-LABEL: @transposed
// CHECK: weft.pad %{{.*}} constant low [0, 0, 0, 0] high [0, 0, 0, 1]
// CHECK: weft.pad %{{.*}} constant low [0, 0, 1] high [0, 0, 0]
// CHECK: weft.slice %{{.*}} from [0, 0, 2] to [1, 4, 9] step [1, 1, 1]
// CHECK: weft.slice %{{.*}} from [0, 0, 1] to [1, 4, 8] step [1, 1, 1]
// CHECK: weft.slice %{{.*}} from [0, 0, 0] to [1, 4, 7] step [1, 1, 1]
// CHECK: weft.matmul
func.func @transposed(%x: tensor<1x4x4xf32>, %w: tensor<4x2x3xf32>) -> tensor<1x2x7xf32> attributes {weft.net} {
  %y = weft.conv_transpose %x, %w stride [2] pad [1, 1] output_pad [0] dilation [1] : (tensor<1x4x4xf32>, tensor<4x2x3xf32>) -> tensor<1x2x7xf32>
  return %y : tensor<1x2x7xf32>
}

// -----

// Of a constant weight a computed bias is added behind.
// CHECK-LABEL: @bias
// CHECK: %[[Y:.*]] = weft.conv %arg0, %{{[^ ]*}} stride
// CHECK: weft.add %[[Y]],
func.func @bias(%x: tensor<1x4x8x8xf32>, %b: tensor<8xf32>) -> tensor<1x8x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x4x1x1xf32>
  %y = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  return %y : tensor<1x8x8x8xf32>
}

// -----

// A sum of constant filters stays a filter: weft-assign-layouts mixes the packed ones.
// CHECK-LABEL: @mixed
// CHECK: %[[W:.*]] = weft.reshape
// CHECK: weft.conv %arg0, %[[W]]
func.func @mixed(%x: tensor<1x4x8x8xf32>, %f: tensor<1x3xf32>) -> tensor<1x8x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x3xf32>
  %0 = weft.linear %f, %w : (tensor<1x3xf32>, tensor<32x3xf32>) -> tensor<1x32xf32>
  %1 = weft.reshape %0 to [8, 4, 1, 1] : (tensor<1x32xf32>) -> tensor<8x4x1x1xf32>
  %y = weft.conv %x, %1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32>
  return %y : tensor<1x8x8x8xf32>
}

// -----

func.func @large(%x: tensor<1x1x64x64xf32>, %w: tensor<1x1x33x33xf32>) -> tensor<1x1x32x32xf32> attributes {weft.net} {
  // expected-error @+1 {{its weight is computed while running and has 1089 taps; at most 1024 are supported}}
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x1x64x64xf32>, tensor<1x1x33x33xf32>) -> tensor<1x1x32x32xf32>
  return %y : tensor<1x1x32x32xf32>
}

// -----

func.func @unknown(%x: tensor<?x4x8x8xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<?x8x6x6xf32> attributes {weft.net} {
  // expected-error @+1 {{its weight is computed while running, so the shape of its input must be known when compiling}}
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<?x4x8x8xf32>, tensor<8x4x3x3xf32>) -> tensor<?x8x6x6xf32>
  return %y : tensor<?x8x6x6xf32>
}
