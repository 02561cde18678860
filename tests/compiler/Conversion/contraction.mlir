// Each packed form of a contraction is one loop nest, its sum in the order of the weight's input dimensions.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel conv3x3s2_b16_relu_0 {
// CHECK-NEXT: operand x f32 [1, ?, ?, ?, 16] strides [?, ?, ?, 16, 1]
// CHECK-NEXT: operand filter f32 [?, ?, 3, 3, 16, 16] strides [?, 2304, 768, 256, 16, 1]
// CHECK-NEXT: operand bias f32 [?, 16] strides [16, 1]
// CHECK-NEXT: output out f32 [1, ?, ?, ?, 16]
// CHECK-NEXT: stage conv_part f32 [ib < x.1, n < 1, cb < out.1, y < out.2, x < out.3, c < 16] {
// CHECK-NEXT: init 0
// CHECK-NEXT: update [ky < 3, kx < 3, i < 16]
// CHECK-NEXT: value = add(acc, mul(@x[n, ib, add(mul(y, 2:i32), ky), add(mul(x, 2:i32), kx), i], @filter[cb, ib, ky, kx, i, c]))
// CHECK: stage conv f32 [n < 1, cb < out.1, y < out.2, x < out.3, c < 16] {
// CHECK-NEXT: init 0
// CHECK-NEXT: update [ib < x.1]
// CHECK-NEXT: value = add(acc, conv_part[ib, n, cb, y, x, c])
// CHECK: stage add_bias_relu {{.*}} holds out {
// CHECK-NEXT: init max(add(conv[n, cb, y, x, c], @bias[cb, c]), 0)
func.func @direct(%x: tensor<1x32x9x9xf32, #weft.blocked<16>>) -> tensor<1x64x4x4xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x32x3x3xf32>
  %b = weft.weight "b" : tensor<64xf32>
  %p = weft.pack_filter %w {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<64x32x3x3xf32>) -> tensor<4x2x3x3x16x16xf32>
  %q = weft.pack_vector %b {block = 16 : i64} : (tensor<64xf32>) -> tensor<4x16xf32>
  %y = weft.group "direct" (%x, %p, %q) {
  ^bb0(%a: tensor<1x32x9x9xf32, #weft.blocked<16>>, %f: tensor<4x2x3x3x16x16xf32>, %v: tensor<4x16xf32>):
    %c = weft.conv %a, %f bias %v stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 64, 32, 3, 3>}
           : (tensor<1x32x9x9xf32, #weft.blocked<16>>, tensor<4x2x3x3x16x16xf32>, tensor<4x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
    %r = weft.relu %c : tensor<1x64x4x4xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x64x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x32x9x9xf32, #weft.blocked<16>>, tensor<4x2x3x3x16x16xf32>, tensor<4x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
  return %y : tensor<1x64x4x4xf32, #weft.blocked<16>>
}

// Where the last block of input channels is half full, blocks are read in halves.
// CHECK-LABEL: kernel conv1x1_b16_0 {
// CHECK-NEXT: operand x f32 [1, ?, ?, ?, 16]
// CHECK-NEXT: operand filter f32 [?, ?, 1, 1, 8, 16]
// CHECK: update [ib < filter.1, ky < 1, kx < 1, i < 8]
// CHECK-NEXT: @x[n, div(ib, 2:i32), add(y, ky), add(x, kx), add(mul(mod(ib, 2:i32), 8:i32), i)], @filter[cb, ib, ky, kx, i, c]
func.func @halves(%x: tensor<1x24x4x4xf32, #weft.blocked<16>>) -> tensor<1x64x4x4xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x24x1x1xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 16 : i64} : (tensor<64x24x1x1xf32>) -> tensor<4x3x1x1x8x16xf32>
  %y = weft.group "halves" (%x, %p) {
  ^bb0(%a: tensor<1x24x4x4xf32, #weft.blocked<16>>, %f: tensor<4x3x1x1x8x16xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 64, 24, 1, 1>}
           : (tensor<1x24x4x4xf32, #weft.blocked<16>>, tensor<4x3x1x1x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x64x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x24x4x4xf32, #weft.blocked<16>>, tensor<4x3x1x1x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
  return %y : tensor<1x64x4x4xf32, #weft.blocked<16>>
}

// A window over a few packed channels makes a partial sum of each of its rows.
// CHECK-LABEL: kernel conv3x3_b16_0 {
// CHECK: stage conv_part
// CHECK: update [kx < 3, i < 8]
// CHECK: update [ib < 1, ky < 3]
func.func @rows_of_picture(%x: tensor<1x8x6x6xf32, #weft.blocked<16>>) -> tensor<1x64x4x4xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x8x3x3xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 16 : i64} : (tensor<64x8x3x3xf32>) -> tensor<4x1x3x3x8x16xf32>
  %y = weft.group "rows_of_picture" (%x, %p) {
  ^bb0(%a: tensor<1x8x6x6xf32, #weft.blocked<16>>, %f: tensor<4x1x3x3x8x16xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 64, 8, 3, 3>}
           : (tensor<1x8x6x6xf32, #weft.blocked<16>>, tensor<4x1x3x3x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x64x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x8x6x6xf32, #weft.blocked<16>>, tensor<4x1x3x3x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
  return %y : tensor<1x64x4x4xf32, #weft.blocked<16>>
}

// Few input channels stay plain, and their number is a constant of the code.
// CHECK-LABEL: kernel conv7x7s2_first_b8_0 {
// CHECK-NEXT: operand x f32 [1, 3, ?, ?] strides [?, ?, ?, 1]
// CHECK: stage conv_part f32 [ic < 3, {{.*}}] {
// CHECK: update [ky < 7, kx < 7]
// CHECK-NEXT: value = add(acc, mul(@x[n, ic, add(mul(y, 2:i32), ky), add(mul(x, 2:i32), kx)], @filter[cb, ic, ky, kx, c]))
// CHECK: update [ic < 3]
// CHECK: stage store
func.func @first(%x: tensor<1x3x13x13xf32>) -> tensor<1x16x4x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x3x7x7xf32>
  %p = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 8 : i64} : (tensor<16x3x7x7xf32>) -> tensor<2x3x7x7x8xf32>
  %y = weft.conv %x, %p stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<first>, filter_shape = array<i64: 16, 3, 7, 7>}
         : (tensor<1x3x13x13xf32>, tensor<2x3x7x7x8xf32>) -> tensor<1x16x4x4xf32, #weft.blocked<8>>
  return %y : tensor<1x16x4x4xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel dwconv3x3_b8_0 {
// CHECK: value = add(acc, mul(@x[n, cb, add(y, ky), add(x, kx), c], @filter[cb, ky, kx, c]))
func.func @depthwise(%x: tensor<1x16x5x5xf32, #weft.blocked<8>>) -> tensor<1x16x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x1x3x3xf32>
  %p = weft.pack_depthwise %w {block = 8 : i64} : (tensor<16x1x3x3xf32>) -> tensor<2x3x3x8xf32>
  %y = weft.conv %x, %p stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<depthwise>, groups = 16 : i64, filter_shape = array<i64: 16, 1, 3, 3>}
         : (tensor<1x16x5x5xf32, #weft.blocked<8>>, tensor<2x3x3x8xf32>) -> tensor<1x16x3x3xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3x3xf32, #weft.blocked<8>>
}

// A block of results belongs to one group and reads that group's blocks only.
// CHECK-LABEL: kernel conv1x1g2_b8_0 {
// CHECK: value = add(acc, mul(@x[n, add(div(cb, 2:i32), ib), add(y, ky), add(x, kx), i], @filter[div(cb, 2:i32), mod(cb, 2:i32), ib, ky, kx, i, c]))
func.func @grouped(%x: tensor<1x16x5x5xf32, #weft.blocked<8>>) -> tensor<1x32x5x5xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x8x1x1xf32>
  %p = weft.pack_grouped %w {groups = 2 : i64, ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<32x8x1x1xf32>) -> tensor<2x2x1x1x1x8x8xf32>
  %y = weft.conv %x, %p stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<grouped>, groups = 2 : i64, filter_shape = array<i64: 32, 8, 1, 1>}
         : (tensor<1x16x5x5xf32, #weft.blocked<8>>, tensor<2x2x1x1x1x8x8xf32>) -> tensor<1x32x5x5xf32, #weft.blocked<8>>
  return %y : tensor<1x32x5x5xf32, #weft.blocked<8>>
}

// Groups that lie in one block: each lane reads channels of its own.
// CHECK-LABEL: kernel conv3x3g4_b8_0 {
// CHECK: update [ky < 3, ic < 4, kx < 3]
// CHECK: value = add(acc, mul(@x[n, cb, add(y, ky), add(x, kx), add(mul(div(c, 4:i32), 4:i32), ic)], @filter[cb, ic, ky, kx, c]))
func.func @permuted(%x: tensor<1x16x5x5xf32, #weft.blocked<8>>) -> tensor<1x16x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x4x3x3xf32>
  %p = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 8 : i64} : (tensor<16x4x3x3xf32>) -> tensor<2x4x3x3x8xf32>
  %y = weft.conv %x, %p stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<grouped>, groups = 4 : i64, filter_shape = array<i64: 16, 4, 3, 3>}
         : (tensor<1x16x5x5xf32, #weft.blocked<8>>, tensor<2x4x3x3x8xf32>) -> tensor<1x16x3x3xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3x3xf32, #weft.blocked<8>>
}

// One dimension, nothing packed.
// CHECK-LABEL: kernel conv3d2_0 {
// CHECK: value = add(acc, mul(@x[n, ic, add(x, mul(kx, 2:i32))], @filter[ch, ic, kx]))
func.func @plain(%x: tensor<2x3x17xf32>) -> tensor<2x7x13xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<7x3x3xf32>
  %y = weft.conv %x, %w stride [1] pad [0, 0] dilation [2] : (tensor<2x3x17xf32>, tensor<7x3x3xf32>) -> tensor<2x7x13xf32>
  return %y : tensor<2x7x13xf32>
}

// CHECK-LABEL: kernel linear_b8_0 {
// CHECK: stage linear f32 [n < 1, cb < out.1, c < 8] {
// CHECK: update [ib < x.1, i < 8]
// CHECK-NEXT: value = add(acc, mul(@x[n, ib, i], @filter[cb, ib, i, c]))
func.func @linear_blocked(%x: tensor<1x16xf32, #weft.blocked<8>>) -> tensor<1x24xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<24x16xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<24x16xf32>) -> tensor<3x2x8x8xf32>
  %y = weft.linear %x, %p {algorithm = #weft.algorithm<gemm>, filter_shape = array<i64: 24, 16>}
         : (tensor<1x16xf32, #weft.blocked<8>>, tensor<3x2x8x8xf32>) -> tensor<1x24xf32, #weft.blocked<8>>
  return %y : tensor<1x24xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel linear_0 {
// CHECK: value = add(acc, mul(@x[n, k], @filter[k, ch]))
func.func @linear_plain(%x: tensor<?x16xf32> {weft.dims = ["V", "16"]}) -> tensor<?x24xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<24x16xf32>
  %p = weft.transpose %w [1, 0] : (tensor<24x16xf32>) -> tensor<16x24xf32>
  %y = weft.linear %x, %p {algorithm = #weft.algorithm<gemm>, filter_shape = array<i64: 24, 16>} : (tensor<?x16xf32>, tensor<16x24xf32>) -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

// CHECK-LABEL: kernel matmul_0 {
// CHECK: stage matmul f32 [b0 < 3, m < 4, j < 5] {
// CHECK: value = add(acc, mul(@a[b0, m, k], @b[0:i32, k, j]))
func.func @matmul(%x: tensor<3x4x6xf32>, %y: tensor<1x6x5xf32>) -> tensor<3x4x5xf32> attributes {weft.net} {
  %z = weft.matmul %x, %y : (tensor<3x4x6xf32>, tensor<1x6x5xf32>) -> tensor<3x4x5xf32>
  return %z : tensor<3x4x5xf32>
}

// Each result gathers the inputs that would have scattered to it.
// CHECK-LABEL: kernel conv_transpose_0 {
// CHECK: stage conv f32 [n < 1, ch < 2, x < 7] {
// CHECK: value where {{.*}} = add(acc, mul(
func.func @transposed(%x: tensor<1x3x4xf32>) -> tensor<1x2x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<3x2x3xf32>
  %y = weft.conv_transpose %x, %w stride [2] pad [1, 1] output_pad [0] dilation [1] : (tensor<1x3x4xf32>, tensor<3x2x3xf32>) -> tensor<1x2x7xf32>
  return %y : tensor<1x2x7xf32>
}

// Rows of the window that lie in padding are left out, but not of the first row of results, which takes the filter in order.
// CHECK-LABEL: kernel dwconv5x5_b16_0 {
// CHECK: update [ky < 5, kx < 5]
// CHECK-NEXT: value where and(ge(ky, select(gt(y, 0:i32), sub(2:i32, y), 0:i32)), lt(ky, sub(sub(extent(@x, 2), 2:i32), y))) = add(acc, mul(
func.func @trimmed(%x: tensor<1x16x7x9xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.0>>) -> tensor<1x16x7x9xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x1x5x5xf32>
  %p = weft.pack_depthwise %w {block = 16 : i64} : (tensor<16x1x5x5xf32>) -> tensor<1x5x5x16xf32>
  %y = weft.group "trimmed" (%x, %p) {
  ^bb0(%a: tensor<1x16x7x9xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.0>>, %f: tensor<1x5x5x16xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [2, 2, 2, 2] dilation [1, 1] {algorithm = #weft.algorithm<depthwise>, groups = 16 : i64, filter_shape = array<i64: 16, 1, 5, 5>}
           : (tensor<1x16x7x9xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.0>>, tensor<1x5x5x16xf32>) -> tensor<1x16x7x9xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x16x7x9xf32, #weft.blocked<16>>
  } {choice = {family = "depthwise", x = 9 : i64, trim = 1 : i64}} : (tensor<1x16x7x9xf32, #weft.blocked<16, border = [2, 2, 2, 2], fill = 0.0>>, tensor<1x5x5x16xf32>) -> tensor<1x16x7x9xf32, #weft.blocked<16>>
  return %y : tensor<1x16x7x9xf32, #weft.blocked<16>>
}

// Two outputs a channel: a block of outputs reads half a block, each channel for two lanes.
// CHECK-LABEL: kernel dwconv3x1_b16_0 {
// CHECK: update [ky < 3, ic < 1, kx < 1]
// CHECK-NEXT: value = add(acc, mul(@x[n, div(cb, 2:i32), add(y, ky), add(x, kx), add(add(mul(mod(cb, 2:i32), 8:i32), div(c, 2:i32)), ic)], @filter[cb, ic, ky, kx, c]))
func.func @several_outputs(%x: tensor<1x32x6x4xf32, #weft.blocked<16>>) -> tensor<1x64x4x4xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x1x3x1xf32>
  %p = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 16 : i64} : (tensor<64x1x3x1xf32>) -> tensor<4x1x3x1x16xf32>
  %y = weft.group "several" (%x, %p) {
  ^bb0(%a: tensor<1x32x6x4xf32, #weft.blocked<16>>, %f: tensor<4x1x3x1x16xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<grouped>, filter_shape = array<i64: 64, 1, 3, 1>, groups = 32 : i64}
           : (tensor<1x32x6x4xf32, #weft.blocked<16>>, tensor<4x1x3x1x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x64x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x32x6x4xf32, #weft.blocked<16>>, tensor<4x1x3x1x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
  return %y : tensor<1x64x4x4xf32, #weft.blocked<16>>
}

// Groups of 8 inputs and 16 outputs are read by halves of a block.
// CHECK-LABEL: kernel conv1x1g4_b16_0 {
// CHECK: operand filter f32 [?, 1, 1, 1, 1, 8, 16]
// CHECK: @x[n, div({{.*}}, 2:i32), add(y, ky), add(x, kx), add(mul(mod({{.*}}, 2:i32), 8:i32), i)], @filter[
func.func @halves_of_groups(%x: tensor<1x32x4x4xf32, #weft.blocked<16>>) -> tensor<1x64x4x4xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x8x1x1xf32>
  %p = weft.pack_grouped %w {groups = 4 : i64, ic_block = 8 : i64, oc_block = 16 : i64} : (tensor<64x8x1x1xf32>) -> tensor<4x1x1x1x1x8x16xf32>
  %y = weft.group "halves" (%x, %p) {
  ^bb0(%a: tensor<1x32x4x4xf32, #weft.blocked<16>>, %f: tensor<4x1x1x1x1x8x16xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<grouped>, filter_shape = array<i64: 64, 8, 1, 1>, groups = 4 : i64}
           : (tensor<1x32x4x4xf32, #weft.blocked<16>>, tensor<4x1x1x1x1x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x64x4x4xf32, #weft.blocked<16>>
  } : (tensor<1x32x4x4xf32, #weft.blocked<16>>, tensor<4x1x1x1x1x8x16xf32>) -> tensor<1x64x4x4xf32, #weft.blocked<16>>
  return %y : tensor<1x64x4x4xf32, #weft.blocked<16>>
}
