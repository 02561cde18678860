// Strassen's algorithm is four stages and an epilogue: seven sums of two blocks by two pixels, seven products, and what becomes of them.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// The last of an odd number of blocks and of pixels stands for the one that is missing.
// CHECK-LABEL: kernel conv1x1_strassen_b8_relu_0 {
// CHECK: stage sums f32 [n < 1, u < 7, t < 8, ib < 2, i < 8] {
// CHECK: min(
// CHECK: init mux(u,
// CHECK: stage product f32 [n < 1, u < 7, cb < 1, t < 8, c < 8] {
// CHECK: update [ib < 2, i < 8]
// CHECK-NEXT: value = add(acc, mul(sums[n, u, t, ib, i], @filter[u, cb, ib, i, c]))
// CHECK: stage products f32 [n < 1, u < 7, cb < 1, t < 8, c < 8] {
// CHECK: stage back f32 [n < 1, cb < 1, t < 8, h < 2, g < 2, c < 8] {
// CHECK: stage result_relu f32 [n < 1, cb < 2, y < 3, x < 5, c < 8] holds out {
func.func @strassen(%x: tensor<1x24x3x5xf32, #weft.blocked<8>>) -> tensor<1x16x3x5xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x24x1x1xf32>
  %p = weft.strassen_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<16x24x1x1xf32>) -> tensor<7x1x2x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x24x3x5xf32, #weft.blocked<8>>, %f: tensor<7x1x2x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<strassen>, filter_shape = array<i64: 16, 24, 1, 1>}
           : (tensor<1x24x3x5xf32, #weft.blocked<8>>, tensor<7x1x2x8x8xf32>) -> tensor<1x16x3x5xf32, #weft.blocked<8>>
    %r = weft.relu %c : tensor<1x16x3x5xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x16x3x5xf32, #weft.blocked<8>>
  } : (tensor<1x24x3x5xf32, #weft.blocked<8>>, tensor<7x1x2x8x8xf32>) -> tensor<1x16x3x5xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3x5xf32, #weft.blocked<8>>
}
