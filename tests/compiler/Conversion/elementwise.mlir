// Element-wise operations in a group are one stage; operands are read where NumPy's broadcasting says.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel add_relu_0 {
// CHECK-NEXT: operand x f32 [2, 3, ?] strides [?, ?, 1]
// CHECK-NEXT: operand x1 f32 [3, 1] strides [?, 1]
// CHECK: stage add_relu f32 [n < 2, ch < 3, x < out.2] holds out {
// CHECK-NEXT: init max(add(@x[n, ch, x], @x1[ch, 0:i32]), 0)
func.func @broadcast(%x: tensor<2x3x4xf32>, %y: tensor<3x1xf32>) -> tensor<2x3x4xf32> attributes {weft.net} {
  %z = weft.group "sum" (%x, %y) {
  ^bb0(%a: tensor<2x3x4xf32>, %b: tensor<3x1xf32>):
    %s = weft.add %a, %b : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
    %r = weft.relu %s : tensor<2x3x4xf32>
    weft.yield %r : tensor<2x3x4xf32>
  } : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %z : tensor<2x3x4xf32>
}

// A value that an activation reads twice is computed once: still one stage.
// CHECK-LABEL: kernel add_sigmoid_mul_0 {
// CHECK: stage add_sigmoid_mul f32 [n < 2, ch < 3] holds out {
// CHECK-NEXT: let %0 = add(@x[n, ch], @x1[n, ch])
// CHECK-NEXT: init mul(%0, div(1, add(exp(neg(%0)), 1)))
func.func @gated(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %z = weft.group "gated" (%x, %y) {
  ^bb0(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>):
    %s = weft.add %a, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    %g = weft.sigmoid %s : tensor<2x3xf32>
    %r = weft.mul %s, %g : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    weft.yield %r : tensor<2x3xf32>
  } : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// A constant whose elements are alike is part of the code, not an operand.
// CHECK-LABEL: kernel mul_0 {
// CHECK-NEXT: operand x
// CHECK-NEXT: output out
// CHECK: init mul(@x[n, ch], 0.5)
func.func @scaled(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %c = weft.constant dense<0.5> : tensor<1xf32>
  %y = weft.mul %x, %c : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// Division by a constant 0 means infinities and NaN, as anywhere else.
// CHECK-LABEL: kernel div_0 {
// CHECK: init mul(@x[n, ch], inf)
func.func @divided(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %c = weft.constant dense<0.0> : tensor<1xf32>
  %y = weft.div %x, %c : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// A gate of one pixel scales blocked planes; its weight lies in blocks too.
// CHECK-LABEL: kernel mul_1 {
// CHECK: init mul(@x[n, cb, y, x, c], @x1[n, cb, 0:i32, 0:i32, c])
func.func @gate(%x: tensor<1x16x3x3xf32, #weft.blocked<8>>, %g: tensor<1x16x1x1xf32, #weft.blocked<8>>) -> tensor<1x16x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.mul %x, %g : (tensor<1x16x3x3xf32, #weft.blocked<8>>, tensor<1x16x1x1xf32, #weft.blocked<8>>) -> tensor<1x16x3x3xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3x3xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel prelu_0 {
// CHECK: select(lt(%0, 0), mul(%0, @w[cb, c]), %0)
func.func @slopes(%x: tensor<1x16x3xf32, #weft.blocked<8>>) -> tensor<1x16x3xf32, #weft.blocked<8>> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16xf32>
  %p = weft.pack_vector %w {block = 8 : i64} : (tensor<16xf32>) -> tensor<2x8xf32>
  %y = weft.prelu %x, %p : (tensor<1x16x3xf32, #weft.blocked<8>>, tensor<2x8xf32>) -> tensor<1x16x3xf32, #weft.blocked<8>>
  return %y : tensor<1x16x3xf32, #weft.blocked<8>>
}

// The exponential of a large number never appears.
// CHECK-LABEL: kernel softplus_0 {
// CHECK: add(max(%0, 0), log(add(exp(neg(abs(%0))), 1)))
func.func @softplus(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %y = weft.softplus %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: kernel cast_0 {
// CHECK: init cast:i32(@x[ch])
func.func @cast(%x: tensor<3xf32>) -> tensor<3xi32> attributes {weft.net} {
  %y = weft.cast %x to i32 : (tensor<3xf32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}
