// Elements that move are read from where they come; lanes that are no channels hold 0.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel pack_b8_0 {
// CHECK: init @x[n, add(mul(cb, 8:i32), c), y, x]
func.func @pack(%x: tensor<1x16x3x3xf32>) -> tensor<1x16x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.relayout %x : tensor<1x16x3x3xf32> -> tensor<1x16x3x3xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3x3xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel pack_b8_1 {
// CHECK: stage relayout f32 [n < 1, cb < 2, y < 3, x < 3, c < 8] holds out {
// CHECK: select(lt({{.*}}, 13:i32), @x[n, min({{.*}}, 12:i32), y, x], 0)
func.func @pack_ragged(%x: tensor<1x13x3x3xf32>) -> tensor<1x13x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.relayout %x : tensor<1x13x3x3xf32> -> tensor<1x13x3x3xf32, #weft.blocked<8>>
  return %y : tensor<1x13x3x3xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel unpack_b8_0 {
// CHECK: init @x[n, div(ch, 8:i32), y, x, mod(ch, 8:i32)]
func.func @unpack(%x: tensor<1x13x3x3xf32, #weft.blocked<8>>) -> tensor<1x13x3x3xf32> attributes {weft.net} {
  %y = weft.relayout %x : tensor<1x13x3x3xf32, #weft.blocked<8>> -> tensor<1x13x3x3xf32>
  return %y : tensor<1x13x3x3xf32>
}

// CHECK-LABEL: kernel transpose_0 {
// CHECK: init @x[x, n, ch]
func.func @transpose(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> attributes {weft.net} {
  %y = weft.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  return %y : tensor<3x4x2xf32>
}

// CHECK-LABEL: kernel gather_0 {
// CHECK: let %[[#AT:]] = @indices[ch]
// CHECK: init @x[n, max(min(select(lt(%[[#AT]], 0:i32), add(%[[#AT]], extent(@x, 1)), %[[#AT]]), sub(extent(@x, 1), 1:i32)), 0:i32), x]
func.func @gather(%x: tensor<2x3x4xf32>, %i: tensor<5xi32>) -> tensor<2x5x4xf32> attributes {weft.net} {
  %y = weft.gather %x[%i] axis 1 : (tensor<2x3x4xf32>, tensor<5xi32>) -> tensor<2x5x4xf32>
  return %y : tensor<2x5x4xf32>
}

// CHECK-LABEL: kernel resample_0 {
// CHECK-DAG: let %[[#FIRST:]] = @indices[0:i32, x]
// CHECK-DAG: let %[[#SECOND:]] = @indices[1:i32, x]
// CHECK: init add(mul(@x[n, ch, {{.*}}%[[#FIRST]]{{.*}}], @weights[0:i32, x]), mul(@x[n, ch, {{.*}}%[[#SECOND]]{{.*}}], @weights[1:i32, x]))
func.func @resample(%x: tensor<2x3x4xf32>, %i: tensor<2x9xi32>, %w: tensor<2x9xf32>) -> tensor<2x3x9xf32> attributes {weft.net} {
  %y = weft.resample %x[%i] by %w axis 2 : (tensor<2x3x4xf32>, tensor<2x9xi32>, tensor<2x9xf32>) -> tensor<2x3x9xf32>
  return %y : tensor<2x3x9xf32>
}

// CHECK-LABEL: kernel channel_shuffle_0 {
// CHECK: init @x[n, add(mul(mod(ch, 2:i32), 3:i32), div(ch, 2:i32)), x]
func.func @shuffle(%x: tensor<1x6x4xf32>) -> tensor<1x6x4xf32> attributes {weft.net} {
  %y = weft.channel_shuffle %x groups 2 : (tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %y : tensor<1x6x4xf32>
}

// Three channels in four places, from groups that lie so to parts that do; without room behind the last group, none is read there.
// CHECK-LABEL: kernel channel_shuffle_1 {
// CHECK: let %0 = add(mul(div(ch, 4:i32), 3:i32), mod(ch, 4:i32))
// CHECK-NEXT: init @x[n, add(mul(mod(%0, 2:i32), 4:i32), div(%0, 2:i32)), x]
func.func @shuffle_parts(%x: tensor<1x8x4xf32>) -> tensor<1x8x4xf32> attributes {weft.net} {
  %y = weft.channel_shuffle %x groups 2 stored [6, 2, 4] : (tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %y : tensor<1x8x4xf32>
}

// CHECK-LABEL: kernel channel_shuffle_2 {
// CHECK: min(mod(ch, 4:i32), 2:i32)
func.func @shuffle_to_parts(%x: tensor<1x6x4xf32>) -> tensor<1x8x4xf32> attributes {weft.net} {
  %y = weft.channel_shuffle %x groups 2 stored [6, 2, 4] : (tensor<1x6x4xf32>) -> tensor<1x8x4xf32>
  return %y : tensor<1x8x4xf32>
}

// CHECK-LABEL: kernel pad_0 {
// CHECK: @x[n, ch, min(max({{.*}}, 0:i32), 3:i32)]
func.func @edge(%x: tensor<1x2x4xf32>) -> tensor<1x2x7xf32> attributes {weft.net} {
  %y = weft.pad %x edge low [0, 0, 1] high [0, 0, 2] : (tensor<1x2x4xf32>) -> tensor<1x2x7xf32>
  return %y : tensor<1x2x7xf32>
}

// Loads of computed indices stay inside the tensor only where a clamp says so.
// CHECK-LABEL: kernel pad_1 {
// CHECK: @x[n, ch, min(max(min({{.*}}, sub(6:i32, {{.*}})), 0:i32), 3:i32)]
func.func @reflect(%x: tensor<1x2x4xf32>) -> tensor<1x2x7xf32> attributes {weft.net} {
  %y = weft.pad %x reflect low [0, 0, 1] high [0, 0, 2] : (tensor<1x2x4xf32>) -> tensor<1x2x7xf32>
  return %y : tensor<1x2x7xf32>
}

// CHECK-LABEL: kernel slice_0 {
// CHECK: init @x[sub(3:i32, ch)]
func.func @backwards(%x: tensor<4xf32>) -> tensor<4xf32> attributes {weft.net} {
  %y = weft.slice %x from [3] to [-1] step [-1] : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: kernel expand_0 {
// CHECK: init @x[ch, 0:i32]
func.func @expand(%x: tensor<4x1xf32>) -> tensor<3x4x5xf32> attributes {weft.net} {
  %y = weft.expand %x to [3, 4, 5] : (tensor<4x1xf32>) -> tensor<3x4x5xf32>
  return %y : tensor<3x4x5xf32>
}
