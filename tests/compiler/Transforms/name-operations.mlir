// An activation that stays spelled out divides each element.
// RUN: weft-opt %s --weft-name-operations --canonicalize | FileCheck %s

// As PyTorch writes it.
// CHECK-LABEL: @gelu
// CHECK-NEXT: %[[Y:.*]] = weft.gelu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %root = weft.constant dense<1.41421354> : tensor<f32>
  %one = weft.constant dense<1.0> : tensor<f32>
  %half = weft.constant dense<0.5> : tensor<f32>
  %a = weft.div %x, %root : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %b = weft.erf %a : tensor<2x8xf32>
  %c = weft.add %b, %one : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %d = weft.mul %x, %c : tensor<2x8xf32>
  %y = weft.mul %d, %half : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// In another order.
// CHECK-LABEL: @half_first
// CHECK: weft.gelu %arg0
// CHECK-NOT: weft.erf
func.func @half_first(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %root = weft.constant dense<0.70710678> : tensor<1xf32>
  %one = weft.constant dense<1.0> : tensor<f32>
  %half = weft.constant dense<0.5> : tensor<f32>
  %h = weft.mul %half, %x : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %a = weft.mul %root, %x : (tensor<1xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %b = weft.erf %a : tensor<2x8xf32>
  %c = weft.add %one, %b : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %y = weft.mul %c, %h : tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// The form with tanh, x^3 as exporters of Keras and JAX multiply it.
// CHECK-LABEL: @tanh_form
// CHECK: weft.gelu %arg0 {approximate = #weft.gelu_mode<tanh>}
// CHECK-NOT: weft.tanh
func.func @tanh_form(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %c = weft.constant dense<0.79788456> : tensor<f32>
  %k = weft.constant dense<0.044715> : tensor<f32>
  %one = weft.constant dense<1.0> : tensor<f32>
  %half = weft.constant dense<0.5> : tensor<f32>
  %square = weft.mul %x, %x : tensor<2x8xf32>
  %cube = weft.mul %square, %x : tensor<2x8xf32>
  %small = weft.mul %cube, %k : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %sum = weft.add %x, %small : tensor<2x8xf32>
  %a = weft.mul %sum, %c : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %t = weft.tanh %a : tensor<2x8xf32>
  %u = weft.add %t, %one : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %h = weft.mul %u, %half : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %y = weft.mul %x, %h : tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// Another factor, another operand: no gelu.
// CHECK-LABEL: @others
// CHECK-NOT: weft.gelu
// CHECK: return
func.func @others(%x: tensor<2x8xf32>, %z: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %root = weft.constant dense<1.41421354> : tensor<f32>
  %one = weft.constant dense<1.0> : tensor<f32>
  %half = weft.constant dense<0.5> : tensor<f32>
  %third = weft.constant dense<0.3> : tensor<f32>
  %a = weft.div %x, %root : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %b = weft.erf %a : tensor<2x8xf32>
  %c = weft.add %b, %one : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %d = weft.mul %x, %c : tensor<2x8xf32>
  %y = weft.mul %d, %third : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %e = weft.mul %z, %c : tensor<2x8xf32>
  %w = weft.mul %e, %half : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  return %y, %w : tensor<2x8xf32>, tensor<2x8xf32>
}

// As PyTorch writes it before operation set 17: over the last dimension, gain and shift behind it.
// CHECK-LABEL: @layernorm
// CHECK: %[[Y:.*]] = weft.layernorm %arg0 gamma %{{.*}} beta %{{.*}} {axis = 2 : i64, eps = 9.99
// CHECK-NEXT: return %[[Y]]
func.func @layernorm(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %gain = weft.weight "norm.weight" : tensor<16xf32>
  %shift = weft.weight "norm.bias" : tensor<16xf32>
  %eps = weft.constant dense<1.0e-06> : tensor<f32>
  %mean = weft.reduce_mean %x axes [2] : (tensor<2x8x16xf32>) -> tensor<2x8x1xf32>
  %off = weft.sub %x, %mean : (tensor<2x8x16xf32>, tensor<2x8x1xf32>) -> tensor<2x8x16xf32>
  %squares = weft.mul %off, %off : tensor<2x8x16xf32>
  %variance = weft.reduce_mean %squares axes [2] : (tensor<2x8x16xf32>) -> tensor<2x8x1xf32>
  %sum = weft.add %variance, %eps : (tensor<2x8x1xf32>, tensor<f32>) -> tensor<2x8x1xf32>
  %root = weft.sqrt %sum : tensor<2x8x1xf32>
  %quotient = weft.div %off, %root : (tensor<2x8x16xf32>, tensor<2x8x1xf32>) -> tensor<2x8x16xf32>
  %scaled = weft.mul %quotient, %gain : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  %y = weft.add %scaled, %shift : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// As Keras writes it: one factor in two products, here over the channels of pictures.
// CHECK-LABEL: @channelnorm
// CHECK: %[[Y:.*]] = weft.channelnorm %arg0 gamma %{{.*}} beta %{{.*}} {eps = 0.001
// CHECK-NEXT: return %[[Y]]
func.func @channelnorm(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %gain = weft.weight "norm.weight" : tensor<1x16x1x1xf32>
  %shift = weft.weight "norm.bias" : tensor<1x16x1x1xf32>
  %eps = weft.constant dense<0.001> : tensor<f32>
  %mean = weft.reduce_mean %x axes [1] : (tensor<1x16x4x4xf32>) -> tensor<1x1x4x4xf32>
  %negative = weft.neg %mean : tensor<1x1x4x4xf32>
  %off = weft.sub %x, %mean : (tensor<1x16x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x16x4x4xf32>
  %squares = weft.mul %off, %off : tensor<1x16x4x4xf32>
  %variance = weft.reduce_mean %squares axes [1] : (tensor<1x16x4x4xf32>) -> tensor<1x1x4x4xf32>
  %sum = weft.add %variance, %eps : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %root = weft.sqrt %sum : tensor<1x1x4x4xf32>
  %inverse = weft.reciprocal %root : tensor<1x1x4x4xf32>
  %factor = weft.mul %inverse, %gain : (tensor<1x1x4x4xf32>, tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %scaled = weft.mul %x, %factor : tensor<1x16x4x4xf32>
  %back = weft.mul %negative, %factor : (tensor<1x1x4x4xf32>, tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %shifted = weft.add %back, %shift : (tensor<1x16x4x4xf32>, tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %y = weft.add %scaled, %shifted : tensor<1x16x4x4xf32>
  return %y : tensor<1x16x4x4xf32>
}

// The squares are of another tensor; the mean is over other dimensions than the variance; planes are normalised: no layernorm.
// CHECK-LABEL: @other_norms
// CHECK-NOT: norm
// CHECK: return
func.func @other_norms(%x: tensor<1x4x8x8xf32>, %z: tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) {
  %eps = weft.constant dense<1.0e-06> : tensor<f32>
  %mean = weft.reduce_mean %x axes [3] : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x1xf32>
  %off = weft.sub %x, %mean : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  %squares = weft.mul %z, %z : tensor<1x4x8x8xf32>
  %variance = weft.reduce_mean %squares axes [3] : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x1xf32>
  %sum = weft.add %variance, %eps : (tensor<1x4x8x1xf32>, tensor<f32>) -> tensor<1x4x8x1xf32>
  %root = weft.sqrt %sum : tensor<1x4x8x1xf32>
  %a = weft.div %off, %root : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  %squares1 = weft.mul %off, %off : tensor<1x4x8x8xf32>
  %variance1 = weft.reduce_mean %squares1 axes [2] : (tensor<1x4x8x8xf32>) -> tensor<1x4x1x8xf32>
  %sum1 = weft.add %variance1, %eps : (tensor<1x4x1x8xf32>, tensor<f32>) -> tensor<1x4x1x8xf32>
  %root1 = weft.sqrt %sum1 : tensor<1x4x1x8xf32>
  %b = weft.div %off, %root1 : (tensor<1x4x8x8xf32>, tensor<1x4x1x8xf32>) -> tensor<1x4x8x8xf32>
  %mean2 = weft.reduce_mean %x axes [2] : (tensor<1x4x8x8xf32>) -> tensor<1x4x1x8xf32>
  %off2 = weft.sub %x, %mean2 : (tensor<1x4x8x8xf32>, tensor<1x4x1x8xf32>) -> tensor<1x4x8x8xf32>
  %squares2 = weft.mul %off2, %off2 : tensor<1x4x8x8xf32>
  %variance2 = weft.reduce_mean %squares2 axes [2] : (tensor<1x4x8x8xf32>) -> tensor<1x4x1x8xf32>
  %sum2 = weft.add %variance2, %eps : (tensor<1x4x1x8xf32>, tensor<f32>) -> tensor<1x4x1x8xf32>
  %root2 = weft.sqrt %sum2 : tensor<1x4x1x8xf32>
  %c = weft.div %off2, %root2 : (tensor<1x4x8x8xf32>, tensor<1x4x1x8xf32>) -> tensor<1x4x8x8xf32>
  return %a, %b, %c : tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>
}
