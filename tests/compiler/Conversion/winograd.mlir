// Winograd is six stages and an epilogue; the transforms pick their row by a loop index that schedules unroll.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel conv3x3_winograd2_b8_relu_0 {
// CHECK-NEXT: operand x f32 [1, ?, ?, ?, 8]
// Tiles cover 5 x 6 results, the input is read up to the end of the last one.
// CHECK: stage rows f32 [n < 1, ib < x.1, t < 9, u < 4, v < 4, i < 8] {
// CHECK: init mux(u,
// CHECK: stage columns f32 [n < 1, ib < x.1, t < 9, u < 4, v < 4, i < 8] {
// CHECK: init mux(v,
// CHECK: stage product f32 [n < 1, u < 4, v < 4, cb < out.1, t < 9, c < 8] {
// CHECK: update [ib < x.1, i < 8]
// CHECK-NEXT: value = add(acc, mul(columns[n, ib, t, u, v, i], @filter[add(mul(u, 4:i32), v), cb, ib, i, c]))
// CHECK: stage products f32 [n < 1, u < 4, v < 4, cb < out.1, t < 9, c < 8] {
// CHECK-NEXT: init product[n, u, v, cb, t, c]
// CHECK: stage back_rows f32 [n < 1, cb < out.1, ty < 3, tx < 3, p < 2, v < 4, c < 8] {
// CHECK: stage back f32 [n < 1, cb < out.1, ty < 3, tx < 3, p < 2, q < 2, c < 8] {
// CHECK: stage tiles_relu f32 [n < 1, cb < out.1, y < 5, x < 6, c < 8] holds out {
// CHECK-NEXT: init max(back[n, cb, div(y, 2:i32), div(x, 2:i32), mod(y, 2:i32), mod(x, 2:i32), c], 0)
func.func @winograd(%x: tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>) -> tensor<1x16x5x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x3xf32>
  %p = weft.winograd_filter %w {ic_block = 8 : i64, m = 2 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<16x2x2x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, %f: tensor<16x2x2x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {algorithm = #weft.algorithm<winograd2>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, tensor<16x2x2x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
    %r = weft.relu %c : tensor<1x16x5x6xf32, #weft.blocked<8>>
    weft.yield %r : tensor<1x16x5x6xf32, #weft.blocked<8>>
  } : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, tensor<16x2x2x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x5x6xf32, #weft.blocked<8>>
}

// A filter packed as for a direct kernel is transformed here, its rows with a row of G from a table.
// CHECK-LABEL: kernel conv3x3_winograd4_b8_0 {
// CHECK: operand factors f32 [6, ?]
// CHECK: stage filter_rows f32 [u < 6, cb < out.1, ib < filter.1, kx < 3, i < 8, c < 8] {
// CHECK: init add(add(mul(@filter[cb, ib, 0:i32, kx, i, c], @factors[u, 0:i32]),
// CHECK: stage filter_columns f32 [u < 6, v < 6, cb < out.1, ib < filter.1, i < 8, c < 8] {
// CHECK: stage product
// CHECK: value = add(acc, mul(columns[n, ib, t, u, v, i], filter_columns[u, v, cb, ib, i, c]))
func.func @transforming(%x: tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>) -> tensor<1x16x5x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x3xf32>
  %p = weft.pack_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<2x2x3x3x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, %f: tensor<2x2x3x3x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
    weft.yield %c : tensor<1x16x5x6xf32, #weft.blocked<8>>
  } : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [1, 1, 2, 1], fill = 0.0>>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x5x6xf32, #weft.blocked<8>>
}

// Slices are transformed by themselves; a window of three adds their products.
// CHECK-LABEL: kernel conv3x3x3_winograd2_b8_0 {
// CHECK: stage rows f32 [n < 1, ib < x.1, z < 6, t < 9, u < 4, v < 4, i < 8] {
// CHECK: stage product f32 [n < 1, u < 4, v < 4, cb < out.1, z < 4, t < 9, c < 8] {
// CHECK: update [ib < x.1, kz < 3, i < 8]
// CHECK-NEXT: value = add(acc, mul(columns[n, ib, add(z, kz), t, u, v, i], @filter[add(mul(u, 4:i32), v), cb, ib, kz, i, c]))
// CHECK: stage tiles f32 [n < 1, cb < out.1, z < 4, y < 5, x < 6, c < 8]
func.func @deep(%x: tensor<1x16x4x5x6xf32, #weft.blocked<8, border = [1, 1, 1, 1, 2, 1], fill = 0.0>>) -> tensor<1x16x4x5x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "v" : tensor<16x16x3x3x3xf32>
  %p = weft.winograd_filter %w {ic_block = 8 : i64, m = 2 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3x3xf32>) -> tensor<16x2x2x3x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x4x5x6xf32, #weft.blocked<8, border = [1, 1, 1, 1, 2, 1], fill = 0.0>>, %f: tensor<16x2x2x3x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1, 1] pad [1, 1, 1, 1, 1, 1] dilation [1, 1, 1] {algorithm = #weft.algorithm<winograd2>, filter_shape = array<i64: 16, 16, 3, 3, 3>}
           : (tensor<1x16x4x5x6xf32, #weft.blocked<8, border = [1, 1, 1, 1, 2, 1], fill = 0.0>>, tensor<16x2x2x3x8x8xf32>) -> tensor<1x16x4x5x6xf32, #weft.blocked<8>>
    weft.yield %c : tensor<1x16x4x5x6xf32, #weft.blocked<8>>
  } : (tensor<1x16x4x5x6xf32, #weft.blocked<8, border = [1, 1, 1, 1, 2, 1], fill = 0.0>>, tensor<16x2x2x3x8x8xf32>) -> tensor<1x16x4x5x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x4x5x6xf32, #weft.blocked<8>>
}

// Under a window of dilation 2 by 3 tiles lie in each other: each takes every second row and third column, those that begin side by side are
// neighbours.
// CHECK-LABEL: kernel conv3x3d2x3_winograd2_b8_0 {
// CHECK: stage rows f32 [n < 1, ib < x.1, t < 12, u < 4, v < 4, i < 8] {
// CHECK: init mux(u, sub(%0, @x[n, ib, add(mul(div(div(t, 3:i32), 2:i32), 4:i32), mod(div(t, 3:i32), 2:i32)), {{.*}}mul(v, 3:i32)), i])
// CHECK: stage tiles f32 [n < 1, cb < out.1, y < 5, x < 6, c < 8] holds out {
// CHECK-NEXT: init back[n, cb, add(mul(div(y, 4:i32), 2:i32), mod(y, 2:i32)), {{.*}}, mod(div(y, 2:i32), 2:i32), mod(div(x, 3:i32), 2:i32), c]
func.func @dilated(%x: tensor<1x16x5x6xf32, #weft.blocked<8, border = [2, 3, 5, 3], fill = 0.0>>) -> tensor<1x16x5x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x3xf32>
  %p = weft.winograd_filter %w {ic_block = 8 : i64, m = 2 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<16x2x2x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x5x6xf32, #weft.blocked<8, border = [2, 3, 5, 3], fill = 0.0>>, %f: tensor<16x2x2x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [2, 3, 2, 3] dilation [2, 3] {algorithm = #weft.algorithm<winograd2>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [2, 3, 5, 3], fill = 0.0>>, tensor<16x2x2x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
    weft.yield %c : tensor<1x16x5x6xf32, #weft.blocked<8>>
  } : (tensor<1x16x5x6xf32, #weft.blocked<8, border = [2, 3, 5, 3], fill = 0.0>>, tensor<16x2x2x8x8xf32>) -> tensor<1x16x5x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x5x6xf32, #weft.blocked<8>>
}

// Last tiles of two results each way, of four points: behind them their input goes on as the polynomial with these roots says. Tiles are numbered by
// rows for points that all columns of tiles have, else by columns.
// CHECK-LABEL: kernel conv3x3_winograd4_b8_1 {
// CHECK: stage rows f32 [n < 1, ib < x.1, t < 4, u < 6, v < 6, i < 8] {
// Of the points 0, 5/8, -5/8 and 3/2: the polynomial is x^4 - 3/2 x^3 - 25/64 x^2 + 75/128 x.
// CHECK: select(eq(div(t, 2:i32), 1:i32), add(add(neg(mul(%0, 0.5859375)), mul(%1, 0.390625)), mul(%2, 1.5)), @x[
// CHECK: stage product f32 [n < 1, u < 6, v < 6, cb < filter.1, to < 2, ti < 2, c < 8] {
// CHECK: stage products f32 [n < 1, u < 6, v < 6, cb < filter.1, to < 2, ti < 2, c < 8] {
// CHECK: init select(lt(to, select(lt(v, 4:i32), select(lt(u, 4:i32), 2:i32, 1:i32), 1:i32)), product[n, u, v, cb, to, ti, c], 0)
func.func @ragged(%x: tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>) -> tensor<1x16x6x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x3xf32>
  %p = weft.winograd_filter %w {ic_block = 8 : i64, m = 4 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<36x2x2x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, %f: tensor<36x2x2x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, tensor<36x2x2x8x8xf32>) -> tensor<1x16x6x6xf32, #weft.blocked<8>>
    weft.yield %c : tensor<1x16x6x6xf32, #weft.blocked<8>>
  } {choice = {band = 2 : i64, by_points = 1 : i64, cb = 2 : i64, family = "winograd", m = 4 : i64, ragged = 1 : i64, rx = 2 : i64}} : (tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, tensor<36x2x2x8x8xf32>) -> tensor<1x16x6x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x6x6xf32, #weft.blocked<8>>
}

// The same with products of their own for the points that all tiles have, that the lower row has not and that only the right column has
// not; the last by columns.
// CHECK-LABEL: kernel conv3x3_winograd4_b8_2 {
// CHECK: stage product f32 [n < 1, u < 4, v < 4, cb < filter.1, t < 4, c < 8] {
// CHECK: stage product_lower f32 [n < 1, u < 2, v < 6, cb < filter.1, t < 2, c < 8] {
// CHECK: stage product_right f32 [n < 1, u < 4, v < 2, cb < filter.1, t < 2, c < 8] {
// CHECK: stage back_rows
func.func @parts(%x: tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>) -> tensor<1x16x6x6xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x3x3xf32>
  %p = weft.winograd_filter %w {ic_block = 8 : i64, m = 4 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<36x2x2x8x8xf32>
  %y = weft.group "conv" (%x, %p) {
  ^bb0(%a: tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, %f: tensor<36x2x2x8x8xf32>):
    %c = weft.conv %a, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>}
           : (tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, tensor<36x2x2x8x8xf32>) -> tensor<1x16x6x6xf32, #weft.blocked<8>>
    weft.yield %c : tensor<1x16x6x6xf32, #weft.blocked<8>>
  } {choice = {band = 2 : i64, by_points = 1 : i64, cb = 2 : i64, family = "winograd", m = 4 : i64, lower = 2 : i64, right = 2 : i64, rx = 4 : i64}} : (tensor<1x16x6x6xf32, #weft.blocked<8, border = [1, 3, 1, 3], fill = 0.0>>, tensor<36x2x2x8x8xf32>) -> tensor<1x16x6x6xf32, #weft.blocked<8>>
  return %y : tensor<1x16x6x6xf32, #weft.blocked<8>>
}
