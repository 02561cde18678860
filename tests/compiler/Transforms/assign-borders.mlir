// Kernels never ask whether a pixel exists: the buffer has a border as wide as its readers' windows reach.
// RUN: weft-opt %s --split-input-file --weft-assign-borders | FileCheck %s
// RUN: weft-opt %s --split-input-file --weft-assign-borders=memory=small | FileCheck %s --check-prefix=SMALL

// The larger of two readers decides; a stride that leaves a rest needs nothing behind.
// CHECK-LABEL: func.func @widest
// CHECK: weft.group "source"
// CHECK: weft.relu {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.000000e+00>>
// CHECK: weft.group "three"
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<1x16x8x8xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.000000e+00>>
func.func @widest(%x: tensor<1x16x8x8xf32, #weft.blocked<16>>, %w3: tensor<1x1x3x3x16x16xf32>, %w5: tensor<1x1x5x5x16x16xf32>)
    -> (tensor<1x16x4x4xf32, #weft.blocked<16>>, tensor<1x16x8x8xf32, #weft.blocked<16>>) attributes {weft.net} {
  %s = weft.group "source" (%x) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.relu %a : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %three = weft.group "three" (%s, %w3) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>, %w: tensor<1x1x3x3x16x16xf32>):
    %r = weft.conv %a, %w stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x16x4x4xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x16x4x4xf32, #weft.blocked<16>>
  %five = weft.group "five" (%s, %w5) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>, %w: tensor<1x1x5x5x16x16xf32>):
    %r = weft.conv %a, %w stride [1, 1] pad [2, 2, 2, 2] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 16, 5, 5>}
           : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x5x5x16x16xf32>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x5x5x16x16xf32>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  return %three, %five : tensor<1x16x4x4xf32, #weft.blocked<16>>, tensor<1x16x8x8xf32, #weft.blocked<16>>
}

// -----

// A maximum over values that may be negative must not see zeros: it gets the lowest value, or a copy where a convolution
// wants zeros.
// CHECK-LABEL: func.func @signed
// CHECK: weft.group "source"
// CHECK: weft.neg {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// CHECK: weft.group "border"
// CHECK: weft.relayout {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0xFFF0000000000000>>
// CHECK: weft.group "pool"
func.func @signed(%x: tensor<1x16x8x8xf32, #weft.blocked<16>>, %w3: tensor<1x1x3x3x16x16xf32>)
    -> (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x16x8x8xf32, #weft.blocked<16>>) attributes {weft.net} {
  %s = weft.group "source" (%x) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.neg %a : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %three = weft.group "three" (%s, %w3) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>, %w: tensor<1x1x3x3x16x16xf32>):
    %r = weft.conv %a, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %pool = weft.group "pool" (%s) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.maxpool %a kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  return %three, %pool : tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x16x8x8xf32, #weft.blocked<16>>
}

// -----

// Parts of one buffer share its rows, so they share its border.
// CHECK-LABEL: func.func @joined
// SMALL-LABEL: func.func @joined
// CHECK: weft.relu {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// CHECK: weft.abs {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// CHECK: weft.concat {{.*}} -> tensor<1x32x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
func.func @joined(%x: tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x32x8x8xf32, #weft.blocked<16>> attributes {weft.net} {
  %a = weft.group "a" (%x) {
  ^bb0(%v: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.relu %v : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %b = weft.group "b" (%x) {
  ^bb0(%v: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.abs %v : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %c = weft.concat %a, %b axis 1 : (tensor<1x16x8x8xf32, #weft.blocked<16>>, tensor<1x16x8x8xf32, #weft.blocked<16>>)
         -> tensor<1x32x8x8xf32, #weft.blocked<16>>
  %pool = weft.group "pool" (%c) {
  ^bb0(%v: tensor<1x32x8x8xf32, #weft.blocked<16>>):
    %r = weft.maxpool %v kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<1x32x8x8xf32, #weft.blocked<16>>) -> tensor<1x32x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x32x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x32x8x8xf32, #weft.blocked<16>>) -> tensor<1x32x8x8xf32, #weft.blocked<16>>
  return %pool : tensor<1x32x8x8xf32, #weft.blocked<16>>
}

// -----

// A normalisation works in place, so what it reads has the border that its reader wants.
// CHECK-LABEL: func.func @normalized
// CHECK: weft.relu {{.*}} -> tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// CHECK: weft.lrn {{.*}} : tensor<1x16x8x8xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.000000e+00>>
func.func @normalized(%x: tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>> attributes {weft.net} {
  %s = weft.group "source" (%x) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.relu %a : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %n = weft.group "lrn" (%s) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.lrn %a {size = 5 : i64} : tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  %p = weft.group "pool" (%n) {
  ^bb0(%a: tensor<1x16x8x8xf32, #weft.blocked<16>>):
    %r = weft.maxpool %a kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x8x8xf32, #weft.blocked<16>>
  } : (tensor<1x16x8x8xf32, #weft.blocked<16>>) -> tensor<1x16x8x8xf32, #weft.blocked<16>>
  return %p : tensor<1x16x8x8xf32, #weft.blocked<16>>
}

// -----

// A 1x1 convolution runs over planes without a border as lines of pixels: it gains more than the copy that another window reads costs.
// Where memory is to be small, there is no copy.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @lines
// CHECK: weft.relu {{.*}} : tensor<1x64x14x14xf32, #weft.blocked<8>>
// CHECK: weft.group "border"
// CHECK: weft.relayout {{.*}} -> tensor<1x64x14x14xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// CHECK: weft.conv {{.*}} : (tensor<1x64x14x14xf32, #weft.blocked<8, border = [1, 1, 1, 1]
// CHECK: weft.conv {{.*}} : (tensor<1x64x14x14xf32, #weft.blocked<8>>
// SMALL-LABEL: func.func @lines
// SMALL: weft.relu {{.*}} -> tensor<1x64x14x14xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.000000e+00>>
// SMALL-NOT: weft.group "border"
func.func @lines(%x: tensor<1x64x14x14xf32, #weft.blocked<8>>, %w3: tensor<8x3x3x8xf32>, %w1: tensor<256x8x1x1x8x8xf32>)
    -> (tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<1x2048x14x14xf32, #weft.blocked<8>>) attributes {weft.net} {
  %s = weft.group "source" (%x) {
  ^bb0(%a: tensor<1x64x14x14xf32, #weft.blocked<8>>):
    %r = weft.relu %a : tensor<1x64x14x14xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x64x14x14xf32, #weft.blocked<8>>
  } : (tensor<1x64x14x14xf32, #weft.blocked<8>>) -> tensor<1x64x14x14xf32, #weft.blocked<8>>
  %three = weft.group "three" (%s, %w3) {
  ^bb0(%a: tensor<1x64x14x14xf32, #weft.blocked<8>>, %w: tensor<8x3x3x8xf32>):
    %r = weft.conv %a, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<depthwise>, filter_shape = array<i64: 64, 1, 3, 3>, groups = 64 : i64}
           : (tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<8x3x3x8xf32>) -> tensor<1x64x14x14xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x64x14x14xf32, #weft.blocked<8>>
  } : (tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<8x3x3x8xf32>) -> tensor<1x64x14x14xf32, #weft.blocked<8>>
  %one = weft.group "one" (%s, %w1) {
  ^bb0(%a: tensor<1x64x14x14xf32, #weft.blocked<8>>, %w: tensor<256x8x1x1x8x8xf32>):
    %r = weft.conv %a, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 2048, 64, 1, 1>}
           : (tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<256x8x1x1x8x8xf32>) -> tensor<1x2048x14x14xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x2048x14x14xf32, #weft.blocked<8>>
  } : (tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<256x8x1x1x8x8xf32>) -> tensor<1x2048x14x14xf32, #weft.blocked<8>>
  %sink = weft.group "sink" (%one) {
  ^bb0(%a: tensor<1x2048x14x14xf32, #weft.blocked<8>>):
    %r = weft.relu %a : tensor<1x2048x14x14xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x2048x14x14xf32, #weft.blocked<8>>
  } : (tensor<1x2048x14x14xf32, #weft.blocked<8>>) -> tensor<1x2048x14x14xf32, #weft.blocked<8>>
  return %three, %sink : tensor<1x64x14x14xf32, #weft.blocked<8>>, tensor<1x2048x14x14xf32, #weft.blocked<8>>
}
}

// -----

// Windows over pixels that a reshape joins find what lies before and behind them around both tensors; what a window wants around rows it finds
// around a copy.
// CHECK-LABEL: func.func @joined
// SMALL-LABEL: func.func @joined
// CHECK: weft.relu {{.*}} -> tensor<1x16x4x6x6xf32, #weft.blocked<16, border = [1, 0, 0, 1, 0, 0], fill = 0.000000e+00>>
// CHECK: weft.reshape {{.*}} -> tensor<1x16x4x36xf32, #weft.blocked<16, border = [1, 0, 1, 0], fill = 0.000000e+00>>
// CHECK: weft.reshape {{.*}} -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
// CHECK: weft.group "border"
// CHECK: weft.relayout {{.*}} -> tensor<1x16x4x6x6xf32, #weft.blocked<16, border = [0, 1, 1, 0, 1, 1], fill = 0.000000e+00>>
func.func @joined(%x: tensor<1x16x4x6x6xf32, #weft.blocked<16>>) -> tensor<1x16x4x6x6xf32, #weft.blocked<16>> attributes {weft.net} {
  %0 = weft.group "relu" (%x) {
  ^bb0(%a: tensor<1x16x4x6x6xf32, #weft.blocked<16>>):
    %r = weft.relu %a : tensor<1x16x4x6x6xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x4x6x6xf32, #weft.blocked<16>>
  } : (tensor<1x16x4x6x6xf32, #weft.blocked<16>>) -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
  %1 = weft.reshape %0 to [1, 16, 4, 36] : (tensor<1x16x4x6x6xf32, #weft.blocked<16>>) -> tensor<1x16x4x36xf32, #weft.blocked<16>>
  %2 = weft.group "pool" (%1) {
  ^bb0(%a: tensor<1x16x4x36xf32, #weft.blocked<16>>):
    %r = weft.avgpool %a kernel [3, 1] stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x16x4x36xf32, #weft.blocked<16>>) -> tensor<1x16x4x36xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x4x36xf32, #weft.blocked<16>>
  } : (tensor<1x16x4x36xf32, #weft.blocked<16>>) -> tensor<1x16x4x36xf32, #weft.blocked<16>>
  %3 = weft.reshape %2 to [1, 16, 4, 6, 6] : (tensor<1x16x4x36xf32, #weft.blocked<16>>) -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
  %4 = weft.group "pool2" (%3) {
  ^bb0(%a: tensor<1x16x4x6x6xf32, #weft.blocked<16>>):
    %r = weft.avgpool %a kernel [1, 3, 3] stride [1, 1, 1] pad [0, 1, 1, 0, 1, 1] dilation [1, 1, 1] : (tensor<1x16x4x6x6xf32, #weft.blocked<16>>) -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x16x4x6x6xf32, #weft.blocked<16>>
  } : (tensor<1x16x4x6x6xf32, #weft.blocked<16>>) -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
  return %4 : tensor<1x16x4x6x6xf32, #weft.blocked<16>>
}
