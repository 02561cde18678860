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
