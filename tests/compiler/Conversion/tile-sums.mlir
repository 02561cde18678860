// A sum of products whose group asks for tiles has a stage before it, in which pixels are split in three parts, and splits the filter
// itself; of both an odd number of channel blocks ends with zeros, and of a strided 1x1 window only what is read is split.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel conv1x1s2_b16_0 {
// CHECK: stage conv_a i32 [part < 3, n < 1, ib < x.1 by 2, y < out.2, x < out.3, word < 16] {
// CHECK: let %[[EVEN:.*]] = mul(ib, 2:i32)
// CHECK: let %[[LOW:.*]] = @x[n, %[[EVEN]], %[[Y:.*]], %[[X:.*]], word]
// CHECK: let %[[ODD:.*]] = add(%[[EVEN]], 1:i32)
// CHECK: let %[[LAST:.*]] = sub(extent(@x, 1), 1:i32)
// CHECK: let %[[HIGH:.*]] = select(le(%[[ODD]], %[[LAST]]), @x[n, min(%[[ODD]], %[[LAST]]), %[[Y]], %[[X]], word], 0)
// CHECK: init mux(part, bf16_high(%[[LOW]], %[[HIGH]]), bf16_middle(%[[LOW]], %[[HIGH]]), bf16_low(%[[LOW]], %[[HIGH]]))
// CHECK: stage conv f32 [n < 1, cb < out.1, y < out.2, x < out.3, c < 16] {
// CHECK-NEXT: init 0
// CHECK-NEXT: update [ib < x.1 by 2, ky < 1, kx < 1, i < 16]
// CHECK: let %[[FIRST:.*]] = mul(ib, 2:i32)
// CHECK: let %[[NEXT:.*]] = add(%[[FIRST]], 1:i32)
// CHECK: let %[[END:.*]] = sub(extent(@filter, 1), 1:i32)
// CHECK: value = add(acc, tile_dot(conv_a[0:i32, n, ib, y, x, i], conv_a[1:i32, n, ib, y, x, i], conv_a[2:i32, n, ib, y, x, i], @filter[cb, %[[FIRST]], ky, kx, i, c], select(le(%[[NEXT]], %[[END]]), @filter[cb, min(%[[NEXT]], %[[END]]), ky, kx, i, c], 0)))
func.func @strided(%x: tensor<1x32x9x9xf32, #weft.blocked<16>>) -> tensor<1x64x5x5xf32, #weft.blocked<16>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x32x1x1xf32>
  %p = weft.pack_filter %w {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<64x32x1x1xf32>) -> tensor<4x2x1x1x16x16xf32>
  %y = weft.group "strided" (%x, %p) {
  ^bb0(%a: tensor<1x32x9x9xf32, #weft.blocked<16>>, %f: tensor<4x2x1x1x16x16xf32>):
    %c = weft.conv %a, %f stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 64, 32, 1, 1>}
           : (tensor<1x32x9x9xf32, #weft.blocked<16>>, tensor<4x2x1x1x16x16xf32>) -> tensor<1x64x5x5xf32, #weft.blocked<16>>
    weft.yield %c : tensor<1x64x5x5xf32, #weft.blocked<16>>
  } {choice = {cb = 2 : i64, family = "tiles", rows = 5 : i64, tiles = 1 : i64}} : (tensor<1x32x9x9xf32, #weft.blocked<16>>, tensor<4x2x1x1x16x16xf32>) -> tensor<1x64x5x5xf32, #weft.blocked<16>>
  return %y : tensor<1x64x5x5xf32, #weft.blocked<16>>
}
