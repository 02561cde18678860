// Between calls of kernels only views are left: borders, slices, concatenations, reshapes.
// RUN: weft-opt %s --weft-outline-kernels --canonicalize --split-input-file | FileCheck %s

// A kernel gets the box it touches out of a wider border, and writes without border.
// CHECK-LABEL: func.func @boxes
// CHECK: %[[P:.*]] = tensor.pad %{{.*}} low[0, 0, 2, 2, 0] high[0, 0, 2, 2, 0]
// CHECK: tensor.extract_slice %[[P]][0, 0, 1, 1, 0] [1, 1, 7, 7, 8] [1, 1, 1, 1, 1]
// CHECK: tensor.empty() : tensor<1x1x5x5x8xf32>
// CHECK: call @dwconv3x3_b8_0({{.*}}) {weft.path = "conv"}
func.func @boxes(%x: tensor<1x8x5x5xf32, #weft.blocked<8>>) -> tensor<1x8x5x5xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x1x3x3xf32>
  %p = weft.pack_depthwise %w {block = 8 : i64} : (tensor<8x1x3x3xf32>) -> tensor<1x3x3x8xf32>
  %r = weft.relu %x : (tensor<1x8x5x5xf32, #weft.blocked<8>>) -> tensor<1x8x5x5xf32, #weft.blocked<8, border = [2, 2, 2, 2], fill = 0.0>>
  %y = weft.conv %r, %p stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 8 : i64, filter_shape = array<i64: 8, 1, 3, 3>}
         : (tensor<1x8x5x5xf32, #weft.blocked<8, border = [2, 2, 2, 2], fill = 0.0>>, tensor<1x3x3x8xf32>) -> tensor<1x8x5x5xf32, #weft.blocked<8>> loc("conv")
  return %y : tensor<1x8x5x5xf32, #weft.blocked<8>>
}

// -----

// One tensor read with two windows is two arguments: the residual is read without border.
// CHECK-LABEL: func.func private @conv3x3_b8_add_0(%arg0: tensor<1x1x?x?x8xf32>
// CHECK-SAME: %arg2: tensor<1x1x?x?x8xf32>
// CHECK-SAME: weft.choice = {family = "direct"}
func.func @residual(%x: tensor<1x8x5x5xf32, #weft.blocked<8>>) -> tensor<1x8x5x5xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x8x3x3xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<8x8x3x3xf32>) -> tensor<1x1x3x3x8x8xf32>
  %y = weft.group "block" (%x, %p) {
  ^bb0(%a: tensor<1x8x5x5xf32, #weft.blocked<8>>, %f: tensor<1x1x3x3x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {filter_shape = array<i64: 8, 8, 3, 3>}
           : (tensor<1x8x5x5xf32, #weft.blocked<8>>, tensor<1x1x3x3x8x8xf32>) -> tensor<1x8x5x5xf32, #weft.blocked<8>>
    %s = weft.add %c, %a : tensor<1x8x5x5xf32, #weft.blocked<8>>
    weft.yield %s : tensor<1x8x5x5xf32, #weft.blocked<8>>
  } {choice = {family = "direct"}} : (tensor<1x8x5x5xf32, #weft.blocked<8>>, tensor<1x1x3x3x8x8xf32>) -> tensor<1x8x5x5xf32, #weft.blocked<8>>
  return %y : tensor<1x8x5x5xf32, #weft.blocked<8>>
}

// -----

// Planes as lines of pixels: one view of what is read, another of what is written, into its border. What all pixels of a channel
// share stays.
// CHECK-LABEL: func.func @lines
// CHECK-DAG: %[[J:.*]] = tensor.collapse_shape %arg0 {{.*}} into tensor<1x1x15x8xf32>
// CHECK-DAG: %[[X:.*]] = tensor.expand_shape %[[J]] {{.*}} into tensor<1x1x1x15x8xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<1x1x1x15x8xf32>
// CHECK: %[[Y:.*]] = call @conv1x1_b8_mul_0(
// CHECK: tensor.expand_shape {{.*}} into tensor<1x1x3x5x8xf32>
// CHECK: tensor.pad {{.*}} low[0, 0, 1, 1, 0] high[0, 0, 1, 1, 0]
func.func @lines(%x: tensor<1x8x3x5xf32, #weft.blocked<8>>, %s: tensor<1x8x1x1xf32, #weft.blocked<8>>) -> tensor<1x8x3x5xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.0>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x8x1x1xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<8x8x1x1xf32>) -> tensor<1x1x1x1x8x8xf32>
  %y = weft.group "line" (%x, %p, %s) {
  ^bb0(%a: tensor<1x8x3x5xf32, #weft.blocked<8>>, %f: tensor<1x1x1x1x8x8xf32>, %b: tensor<1x8x1x1xf32, #weft.blocked<8>>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {filter_shape = array<i64: 8, 8, 1, 1>}
           : (tensor<1x8x3x5xf32, #weft.blocked<8>>, tensor<1x1x1x1x8x8xf32>) -> tensor<1x8x3x5xf32, #weft.blocked<8>>
    %m = weft.mul %c, %b : (tensor<1x8x3x5xf32, #weft.blocked<8>>, tensor<1x8x1x1xf32, #weft.blocked<8>>) -> tensor<1x8x3x5xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.0>>
    weft.yield %m : tensor<1x8x3x5xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.0>>
  } {choice = {family = "direct", lines = 1 : i64}} : (tensor<1x8x3x5xf32, #weft.blocked<8>>, tensor<1x1x1x1x8x8xf32>, tensor<1x8x1x1xf32, #weft.blocked<8>>) -> tensor<1x8x3x5xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.0>>
  return %y : tensor<1x8x3x5xf32, #weft.blocked<8, border = [1, 1, 1, 1], fill = 0.0>>
}

// -----

// Views need no kernel; blocked channels are joined and cut in whole blocks.
// CHECK-LABEL: func.func @views
// CHECK: tensor.extract_slice %arg0[0, 1, 0, 0, 0] [1, 1, 2, 2, 8] [1, 1, 1, 1, 1]
// CHECK: tensor.concat dim(1)
// CHECK-NOT: call
func.func @views(%x: tensor<1x16x2x2xf32, #weft.blocked<8>>) -> tensor<1x24x2x2xf32, #weft.blocked<8>> attributes {weft.net} {
  %a, %b = weft.split %x axis 1 sizes [8, 8] : (tensor<1x16x2x2xf32, #weft.blocked<8>>) -> (tensor<1x8x2x2xf32, #weft.blocked<8>>, tensor<1x8x2x2xf32, #weft.blocked<8>>)
  %y = weft.concat %b, %x axis 1 : (tensor<1x8x2x2xf32, #weft.blocked<8>>, tensor<1x16x2x2xf32, #weft.blocked<8>>) -> tensor<1x24x2x2xf32, #weft.blocked<8>>
  return %y : tensor<1x24x2x2xf32, #weft.blocked<8>>
}

// -----

// Flattening one pixel of blocked channels moves nothing.
// CHECK-LABEL: func.func @flatten
// CHECK-NEXT: tensor.collapse_shape %arg0 {{\[}}[0], [1], [2, 3, 4]] : tensor<1x2x1x1x8xf32> into tensor<1x2x8xf32>
// CHECK-NEXT: return
func.func @flatten(%x: tensor<1x16x1x1xf32, #weft.blocked<8>>) -> tensor<1x16xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.flatten %x axis 1 : (tensor<1x16x1x1xf32, #weft.blocked<8>>) -> tensor<1x16xf32, #weft.blocked<8>>
  return %y : tensor<1x16xf32, #weft.blocked<8>>
}

// -----

// A weight in blocks is made by operations on plain tensors, which recipes may hold.
// CHECK-LABEL: func.func @weight
// CHECK: weft.pad {{.*}} high [0, 4, 0, 0]
// CHECK: weft.reshape {{.*}} -> tensor<1x2x8x1x1xf32>
// CHECK: weft.transpose {{.*}} [0, 1, 3, 4, 2]
// CHECK: call @mul_0
func.func @weight(%x: tensor<1x12x2x2xf32, #weft.blocked<8>>) -> tensor<1x12x2x2xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "scale" : tensor<1x12x1x1xf32>
  %b = weft.relayout %w : tensor<1x12x1x1xf32> -> tensor<1x12x1x1xf32, #weft.blocked<8>>
  %y = weft.mul %x, %b : (tensor<1x12x2x2xf32, #weft.blocked<8>>, tensor<1x12x1x1xf32, #weft.blocked<8>>) -> tensor<1x12x2x2xf32, #weft.blocked<8>>
  return %y : tensor<1x12x2x2xf32, #weft.blocked<8>>
}

// -----

// Run-time extents of results are those of operands; there is one vertex less than row ends; a size no tensor has comes by name.
// CHECK-LABEL: func.func @sizes
// CHECK: %[[ENDS:.*]] = tensor.dim %arg0
// CHECK: %[[V:.*]] = arith.addi %[[ENDS]], %c-1
// CHECK: tensor.empty(%[[V]]) : tensor<?x4xf32>
// CHECK: %[[G:.*]] = weft.extent "G"
// CHECK: tensor.empty(%[[G]]) : tensor<?x4xf32>
func.func @sizes(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x4xf32>, %part: tensor<?xi32>) -> tensor<?x4xf32> attributes {weft.net} {
  %y = weft.aggregate sum(%indptr, %indices) captures(src %h) {
  ^bb0(%hj: tensor<4xf32>):
    weft.yield %hj : tensor<4xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = weft.readout sum %y by %part graphs -1 {size = "G"} : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// -----

// Groups that do the same share a kernel, each with its own arguments. One that reads the caller's tensor, or has another constant in its
// code, has its own.
// CHECK-LABEL: func.func @alike
// CHECK: %[[A:.*]] = call @mul_0(%arg0,
// CHECK: %[[B:.*]] = call @mul_1(%[[A]],
// CHECK: %[[C:.*]] = call @mul_1(%[[B]],
// CHECK: call @mul_2(%[[C]],
// CHECK: func.func private @mul_2
// CHECK: arith.constant 3.0
// CHECK-NOT: func.func private
func.func @alike(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {weft.net} {
  %two = weft.constant dense<2.0> : tensor<f32>
  %three = weft.constant dense<3.0> : tensor<f32>
  %a = weft.mul %x, %two : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %b = weft.mul %a, %two : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %c = weft.mul %b, %two : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %d = weft.mul %c, %three : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  return %d : tensor<4x4xf32>
}

// -----

// Rows of a product that another kernel makes lie at distances that are constants of its code: addresses of many rows need no registers.
// What becomes part of something larger has gaps.
// CHECK-LABEL: func.func @rows
// CHECK-DAG: func.func private @linear_0(%{{.*}}: tensor<32x64xf32> {weft.dense = 2 : i64, weft.name = "x"}
// CHECK-DAG: func.func private @linear_1(%{{.*}}: tensor<32x64xf32> {weft.dense = 1 : i64, weft.name = "x"}
func.func @rows(%a: tensor<32x64xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>, tensor<64x64xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<1x64x16xf32>
  %0 = weft.group "one"(%a) {
  ^bb0(%x: tensor<32x64xf32>):
    %y = weft.relu %x : tensor<32x64xf32>
    weft.yield %y : tensor<32x64xf32>
  } : (tensor<32x64xf32>) -> tensor<32x64xf32>
  %1 = weft.group "two"(%0, %w) {
  ^bb0(%x: tensor<32x64xf32>, %v: tensor<1x64x16xf32>):
    %y = weft.linear %x, %v {algorithm = #weft.algorithm<gemm>, filter_shape = array<i64: 16, 64>} : (tensor<32x64xf32>, tensor<1x64x16xf32>) -> tensor<32x16xf32>
    weft.yield %y : tensor<32x16xf32>
  } : (tensor<32x64xf32>, tensor<1x64x16xf32>) -> tensor<32x16xf32>
  %2 = weft.group "three"(%a) {
  ^bb0(%x: tensor<32x64xf32>):
    %y = weft.tanh %x : tensor<32x64xf32>
    weft.yield %y : tensor<32x64xf32>
  } : (tensor<32x64xf32>) -> tensor<32x64xf32>
  %3 = weft.group "four"(%2, %w) {
  ^bb0(%x: tensor<32x64xf32>, %v: tensor<1x64x16xf32>):
    %y = weft.linear %x, %v {algorithm = #weft.algorithm<gemm>, filter_shape = array<i64: 16, 64>} : (tensor<32x64xf32>, tensor<1x64x16xf32>) -> tensor<32x16xf32>
    weft.yield %y : tensor<32x16xf32>
  } : (tensor<32x64xf32>, tensor<1x64x16xf32>) -> tensor<32x16xf32>
  %4 = weft.concat %2, %2 axis 0 : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<64x64xf32>
  return %1, %3, %4 : tensor<32x16xf32>, tensor<32x16xf32>, tensor<64x64xf32>
}
