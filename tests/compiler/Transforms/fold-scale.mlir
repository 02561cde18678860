// A factor that is lost or taken twice gives wrong numbers; one that stays costs a product for every element.
// RUN: weft-opt %s --weft-fold-scale | FileCheck %s

// CHECK-LABEL: @conv
// CHECK-DAG: %[[C:.*]] = weft.constant dense<2.500000e-01> : tensor<f32>
// CHECK-DAG: %[[W:.*]] = weft.weight "c.weight"
// CHECK-DAG: %[[B:.*]] = weft.weight "c.bias"
// CHECK: %[[W2:.*]] = weft.mul %[[W]], %[[C]]
// CHECK: %[[B2:.*]] = weft.mul %[[B]], %[[C]]
// CHECK: %[[Y:.*]] = weft.conv %arg0, %[[W2]] bias %[[B2]]
// CHECK: return %[[Y]]
func.func @conv(%x: tensor<1x8x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %w = weft.weight "c.weight" : tensor<16x8x1x1xf32>
  %b = weft.weight "c.bias" : tensor<16xf32>
  %c = weft.constant dense<0.25> : tensor<f32>
  %y = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
  %z = weft.mul %c, %y : (tensor<f32>, tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  return %z : tensor<1x16x4x4xf32>
}

// A trained factor, as a tensor of one element.
// CHECK-LABEL: @linear
// CHECK: %[[S:.*]] = weft.weight "s"
// CHECK: %[[C:.*]] = weft.reshape %[[S]] {{.*}}-> tensor<f32>
// CHECK: %[[W2:.*]] = weft.mul %{{.*}}, %[[C]]
// CHECK: weft.linear %arg0, %[[W2]]
// CHECK-NOT: weft.mul
func.func @linear(%x: tensor<2x8xf32>) -> tensor<2x4xf32> {
  %w = weft.weight "w" : tensor<4x8xf32>
  %s = weft.weight "s" : tensor<1x1xf32>
  %y = weft.linear %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %z = weft.mul %y, %s : (tensor<2x4xf32>, tensor<1x1xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// Layer scale: a factor for each output channel; and a bias that was written as a sum.
// CHECK-LABEL: @channels
// CHECK-DAG: %[[B:.*]] = weft.weight "b"
// CHECK-DAG: %[[S:.*]] = weft.weight "s"
// CHECK: %[[B1:.*]] = weft.reshape %[[B]] to [16]
// CHECK: %[[SW:.*]] = weft.reshape %[[S]] to [16, 1, 1, 1]
// CHECK: %[[W2:.*]] = weft.mul %{{.*}}, %[[SW]] : (tensor<16x8x1x1xf32>, tensor<16x1x1x1xf32>)
// CHECK: %[[SB:.*]] = weft.reshape %[[S]] to [16]
// CHECK: %[[B2:.*]] = weft.mul %[[B1]], %[[SB]] : tensor<16xf32>
// CHECK: %[[Y:.*]] = weft.conv %arg0, %[[W2]] bias %[[B2]]
// CHECK: return %[[Y]]
func.func @channels(%x: tensor<1x8x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %w = weft.weight "w" : tensor<16x8x1x1xf32>
  %b = weft.weight "b" : tensor<1x16x1x1xf32>
  %s = weft.weight "s" : tensor<16x1x1xf32>
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x4x4xf32>
  %a = weft.add %b, %y : (tensor<1x16x1x1xf32>, tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %z = weft.mul %a, %s : (tensor<1x16x4x4xf32>, tensor<16x1x1xf32>) -> tensor<1x16x4x4xf32>
  return %z : tensor<1x16x4x4xf32>
}

// A normalisation before a convolution; one before padding stays, which is of zeros.
// CHECK-LABEL: @before
// CHECK: %[[T:.*]] = weft.mul %{{.*}}, %{{.*}} : (tensor<16x8x1x1xf32>, tensor<1x8x1x1xf32>)
// CHECK: %[[B:.*]] = weft.reduce_sum %[[T]] axes [1, 2, 3] {keepdims = false}
// CHECK: %[[W:.*]] = weft.mul %{{.*}}, %{{.*}} : (tensor<16x8x1x1xf32>, tensor<1x8x1x1xf32>)
// CHECK: weft.conv %arg0, %[[W]] bias %[[B]]
// CHECK: weft.mul %arg0
// CHECK: %[[A:.*]] = weft.add
// CHECK: weft.conv %[[A]]
func.func @before(%x: tensor<1x8x4x4xf32>) -> (tensor<1x16x4x4xf32>, tensor<1x16x6x6xf32>) {
  %w = weft.weight "w" : tensor<16x8x1x1xf32>
  %s = weft.weight "s" : tensor<8x1x1xf32>
  %t = weft.weight "t" : tensor<1x8x1x1xf32>
  %p = weft.mul %x, %s : (tensor<1x8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %a = weft.add %p, %t : (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %y = weft.conv %a, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x4x4xf32>
  %q = weft.mul %x, %s : (tensor<1x8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %b = weft.add %q, %t : (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %z = weft.conv %b, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x4x4xf32>, tensor<16x8x1x1xf32>) -> tensor<1x16x6x6xf32>
  return %y, %z : tensor<1x16x4x4xf32>, tensor<1x16x6x6xf32>
}

// The channels of a product are last; a vector over rows is none.
// CHECK-LABEL: @last
// CHECK: weft.linear %arg0, %{{.*}} bias %{{.*}} : (tensor<2x4x8xf32>
// CHECK-NEXT: weft.add
func.func @last(%x: tensor<2x4x8xf32>) -> tensor<2x4x4xf32> {
  %w = weft.weight "w" : tensor<4x8xf32>
  %b = weft.weight "b" : tensor<4xf32>
  %r = weft.weight "r" : tensor<4x1xf32>
  %y = weft.linear %x, %w : (tensor<2x4x8xf32>, tensor<4x8xf32>) -> tensor<2x4x4xf32>
  %a = weft.add %y, %b : (tensor<2x4x4xf32>, tensor<4xf32>) -> tensor<2x4x4xf32>
  %z = weft.add %a, %r : (tensor<2x4x4xf32>, tensor<4x1xf32>) -> tensor<2x4x4xf32>
  return %z : tensor<2x4x4xf32>
}

// Left alone: read twice, a factor known only when the network runs, a product that changes the shape.
// CHECK-LABEL: @stays
// CHECK-COUNT-3: weft.linear %arg0, %{{[0-9]+}} :
// CHECK-COUNT-3: weft.mul
func.func @stays(%x: tensor<2x8xf32>, %t: tensor<1xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<1x2x4xf32>) {
  %w = weft.weight "w" : tensor<4x8xf32>
  %c = weft.constant dense<0.25> : tensor<f32>
  %one = weft.constant dense<0.25> : tensor<1x1x1xf32>
  %y = weft.linear %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %y2 = weft.linear %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %y3 = weft.linear %x, %w : (tensor<2x8xf32>, tensor<4x8xf32>) -> tensor<2x4xf32>
  %a = weft.mul %y, %c : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %b = weft.mul %y2, %t : (tensor<2x4xf32>, tensor<1xf32>) -> tensor<2x4xf32>
  %d = weft.mul %y3, %one : (tensor<2x4xf32>, tensor<1x1x1xf32>) -> tensor<1x2x4xf32>
  return %y, %a, %b, %d : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<1x2x4xf32>
}
