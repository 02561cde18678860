// Small tiles do not divide short rows: where no window leaves the planes, they run through all pixels as one line. Not where a
// window is larger.
// RUN: weft-opt %s --weft-assign-layouts=winograd=false --weft-form-groups --weft-choose-schedules | FileCheck %s

module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @lines
// CHECK: choice = {ahead = {{[23]}} : i64, cb = {{[34]}} : i64, family = "direct", lines = 1 : i64, x = {{[34]}} : i64}
// CHECK: choice = {cb = 2 : i64, family = "direct", lines = 1 : i64, prefetch = 1 : i64, x = 5 : i64}
// CHECK-NOT: lines
func.func @lines(%x: tensor<1x512x14x14xf32>, %z: tensor<1x512x7x7xf32>) -> (tensor<1x512x14x14xf32>, tensor<1x512x7x7xf32>) attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<512x512x1x1xf32>
  %w2 = weft.weight "w2" : tensor<512x512x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x14x14xf32>
  %1 = weft.conv %z, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x7x7xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x7x7xf32>
  %2 = weft.conv %1, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x512x7x7xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32>
  return %0, %2 : tensor<1x512x14x14xf32>, tensor<1x512x7x7xf32>
}

// Planes one pixel wide are no lines: the kernel would have their width as a constant.
// CHECK-LABEL: func.func @columns
// CHECK: family = "direct"
// CHECK-NOT: lines
func.func @columns(%x: tensor<1x48x37x1xf32>) -> tensor<1x56x37x1xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<56x48x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x48x37x1xf32>, tensor<56x48x1x1xf32>) -> tensor<1x56x37x1xf32>
  return %0 : tensor<1x56x37x1xf32>
}

// What is repeated along rows or columns would be repeated in another way along a line.
// CHECK-LABEL: func.func @rows
// CHECK: family = "direct"
// CHECK-NOT: lines
func.func @rows(%x: tensor<1x512x14x14xf32>, %r: tensor<1x512x14x1xf32>) -> tensor<1x512x14x14xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<512x512x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x14x14xf32>
  %1 = weft.mul %0, %r : (tensor<1x512x14x14xf32>, tensor<1x512x14x1xf32>) -> tensor<1x512x14x14xf32>
  return %1 : tensor<1x512x14x14xf32>
}
}
