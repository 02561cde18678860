// A transposition that stays is a copy of a picture, and a product with channels last cannot read packed ones.
// RUN: weft-opt %s --weft-move-channels-first --canonicalize | FileCheck %s

// The block of a ConvNeXt: nothing is turned.
// CHECK-LABEL: @block
// CHECK-NOT: weft.transpose
// CHECK: %[[N:.*]] = weft.channelnorm %arg0 gamma %{{.*}} beta %{{.*}} {eps = 1.000000e-03 : f64}
// CHECK: %[[W:.*]] = weft.reshape %{{.*}} to [32, 8, 1, 1]
// CHECK: %[[C:.*]] = weft.conv %[[N]], %[[W]] bias %{{.*}} stride [1, 1]
// CHECK: %[[G:.*]] = weft.gelu %[[C]] : tensor<1x32x5x4xf32>
// CHECK: %[[V:.*]] = weft.reshape %{{.*}} to [1, 32, 1, 1]
// CHECK: %[[S:.*]] = weft.mul %[[V]], %[[G]] : (tensor<1x32x1x1xf32>, tensor<1x32x5x4xf32>) -> tensor<1x32x5x4xf32>
// CHECK: return %[[S]]
func.func @block(%x: tensor<1x8x5x4xf32>) -> tensor<1x32x5x4xf32> {
  %g = weft.weight "g" : tensor<8xf32>
  %w = weft.weight "w" : tensor<32x8xf32>
  %b = weft.weight "b" : tensor<32xf32>
  %t = weft.transpose %x [0, 2, 3, 1] : (tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32>
  %n = weft.layernorm %t gamma %g beta %g {axis = 3 : i64, eps = 1.0e-3 : f64} : (tensor<1x5x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x5x4x8xf32>
  %l = weft.linear %n, %w bias %b : (tensor<1x5x4x8xf32>, tensor<32x8xf32>, tensor<32xf32>) -> tensor<1x5x4x32xf32>
  %a = weft.gelu %l : tensor<1x5x4x32xf32>
  %s = weft.mul %b, %a : (tensor<32xf32>, tensor<1x5x4x32xf32>) -> tensor<1x5x4x32xf32>
  %y = weft.transpose %s [0, 3, 1, 2] : (tensor<1x5x4x32xf32>) -> tensor<1x32x5x4xf32>
  return %y : tensor<1x32x5x4xf32>
}

// One value that others read as it was is turned behind instead of before.
// CHECK-LABEL: @turned_behind
// CHECK: %[[N:.*]] = weft.channelnorm %arg0
// CHECK: %[[T:.*]] = weft.transpose %[[N]] [0, 2, 3, 1]
// CHECK: return %[[T]]
func.func @turned_behind(%x: tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32> {
  %t = weft.transpose %x [0, 2, 3, 1] : (tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32>
  %n = weft.layernorm %t {axis = 3 : i64} : (tensor<1x5x4x8xf32>) -> tensor<1x5x4x8xf32>
  return %n : tensor<1x5x4x8xf32>
}

// Two would be more than there were, so nothing moves.
// CHECK-LABEL: @two_readers
// CHECK: weft.transpose %arg0 [0, 2, 3, 1]
// CHECK: weft.layernorm
// CHECK-NOT: weft.transpose
func.func @two_readers(%x: tensor<1x8x5x4xf32>) -> (tensor<1x5x4x8xf32>, tensor<1x5x4x8xf32>) {
  %t = weft.transpose %x [0, 2, 3, 1] : (tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32>
  %n = weft.layernorm %t {axis = 3 : i64} : (tensor<1x5x4x8xf32>) -> tensor<1x5x4x8xf32>
  %a = weft.relu %n : tensor<1x5x4x8xf32>
  return %n, %a : tensor<1x5x4x8xf32>, tensor<1x5x4x8xf32>
}

// Two pictures joined by a sum move together; a normalisation over more than channels stays.
// CHECK-LABEL: @joined
// CHECK: %[[S:.*]] = weft.add %arg0, %arg1
// CHECK: %[[T:.*]] = weft.transpose %[[S]] [0, 2, 3, 1]
// CHECK: weft.layernorm %[[T]] {axis = 2 : i64}
func.func @joined(%x: tensor<1x8x5x4xf32>, %z: tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32> {
  %t = weft.transpose %x [0, 2, 3, 1] : (tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32>
  %u = weft.transpose %z [0, 2, 3, 1] : (tensor<1x8x5x4xf32>) -> tensor<1x5x4x8xf32>
  %s = weft.add %t, %u : tensor<1x5x4x8xf32>
  %n = weft.layernorm %s {axis = 2 : i64} : (tensor<1x5x4x8xf32>) -> tensor<1x5x4x8xf32>
  return %n : tensor<1x5x4x8xf32>
}

// Of sequences one transposition is both.
// CHECK-LABEL: @sequence
// CHECK-NOT: weft.transpose
// CHECK: %[[N:.*]] = weft.channelnorm %arg0
// CHECK: %[[R:.*]] = weft.relu %[[N]]
// CHECK: return %[[R]]
func.func @sequence(%x: tensor<1x8x20xf32>) -> tensor<1x8x20xf32> {
  %t = weft.transpose %x [0, 2, 1] : (tensor<1x8x20xf32>) -> tensor<1x20x8xf32>
  %n = weft.layernorm %t {axis = 2 : i64} : (tensor<1x20x8xf32>) -> tensor<1x20x8xf32>
  %u = weft.transpose %n [0, 2, 1] : (tensor<1x20x8xf32>) -> tensor<1x8x20xf32>
  %r = weft.relu %u : tensor<1x8x20xf32>
  return %r : tensor<1x8x20xf32>
}

// The feed-forward part of a PVT: pixels are a sequence around a depthwise convolution. Its first product is turned before it, on 8
// channels instead of 32, the activation and the second one behind the convolution are on the picture.
// CHECK-LABEL: @feed_forward
// CHECK: %[[R:.*]] = weft.reshape %arg0 to [1, 5, 4, 8] : (tensor<1x20x8xf32>) -> tensor<1x5x4x8xf32>
// CHECK: %[[T:.*]] = weft.transpose %[[R]] [0, 3, 1, 2]
// CHECK: %[[A:.*]] = weft.conv %[[T]], {{.*}} -> tensor<1x32x5x4xf32>
// CHECK: %[[B:.*]] = weft.add %[[A]], %{{.*}} : (tensor<1x32x5x4xf32>, tensor<1x32x1x1xf32>)
// CHECK: %[[D:.*]] = weft.conv %[[B]], {{.*}} {groups = 32 : i64}
// CHECK: %[[G:.*]] = weft.gelu %[[D]] : tensor<1x32x5x4xf32>
// CHECK: %[[C:.*]] = weft.conv %[[G]], {{.*}} -> tensor<1x8x5x4xf32>
// CHECK: %[[U:.*]] = weft.transpose %[[C]] [0, 2, 3, 1]
// CHECK: %[[S:.*]] = weft.reshape %[[U]] to [1, 20, 8]
// CHECK: weft.add %arg0, %[[S]]
func.func @feed_forward(%x: tensor<1x20x8xf32>) -> tensor<1x20x8xf32> {
  %w = weft.weight "w" : tensor<32x8xf32>
  %b = weft.weight "b" : tensor<32xf32>
  %d = weft.weight "d" : tensor<32x1x3x3xf32>
  %v = weft.weight "v" : tensor<8x32xf32>
  %0 = weft.linear %x, %w : (tensor<1x20x8xf32>, tensor<32x8xf32>) -> tensor<1x20x32xf32>
  %1 = weft.add %0, %b : (tensor<1x20x32xf32>, tensor<32xf32>) -> tensor<1x20x32xf32>
  %2 = weft.transpose %1 [0, 2, 1] : (tensor<1x20x32xf32>) -> tensor<1x32x20xf32>
  %3 = weft.reshape %2 to [1, 32, 5, 4] : (tensor<1x32x20xf32>) -> tensor<1x32x5x4xf32>
  %4 = weft.conv %3, %d stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 32 : i64}
         : (tensor<1x32x5x4xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x5x4xf32>
  %5 = weft.reshape %4 to [1, 32, 20] : (tensor<1x32x5x4xf32>) -> tensor<1x32x20xf32>
  %6 = weft.transpose %5 [0, 2, 1] : (tensor<1x32x20xf32>) -> tensor<1x20x32xf32>
  %7 = weft.gelu %6 : tensor<1x20x32xf32>
  %8 = weft.linear %7, %v : (tensor<1x20x32xf32>, tensor<8x32xf32>) -> tensor<1x20x8xf32>
  %9 = weft.add %x, %8 : tensor<1x20x8xf32>
  return %9 : tensor<1x20x8xf32>
}

// A product turned for another product, as keys of an attention are, stays what it is.
// CHECK-LABEL: @keys
// CHECK: weft.linear %arg0
// CHECK: weft.transpose %{{.*}} [0, 2, 1]
func.func @keys(%x: tensor<1x20x8xf32>) -> tensor<1x20x20xf32> {
  %w = weft.weight "w" : tensor<8x8xf32>
  %0 = weft.linear %x, %w : (tensor<1x20x8xf32>, tensor<8x8xf32>) -> tensor<1x20x8xf32>
  %1 = weft.transpose %0 [0, 2, 1] : (tensor<1x20x8xf32>) -> tensor<1x8x20xf32>
  %2 = weft.matmul %x, %1 : (tensor<1x20x8xf32>, tensor<1x8x20xf32>) -> tensor<1x20x20xf32>
  return %2 : tensor<1x20x20xf32>
}

// Ranges of channels are cut and joined where they lie then: a gated block (MambaOut) is all on channels first.
// CHECK-LABEL: @gated
// CHECK: %[[H:.*]] = weft.conv %arg0, {{.*}} -> tensor<1x12x4x4xf32>
// CHECK: %[[P:.*]]:2 = weft.split %[[H]] axis 1 sizes [8, 4] : (tensor<1x12x4x4xf32>) -> (tensor<1x8x4x4xf32>, tensor<1x4x4x4xf32>)
// CHECK: %[[S:.*]] = weft.slice %[[P]]#0 from [0, 4, 0, 0] to [1, 8, 4, 4] step [1, 1, 1, 1]
// CHECK: %[[D:.*]] = weft.conv %[[P]]#1, {{.*}} -> tensor<1x4x4x4xf32>
// CHECK: %[[J:.*]] = weft.concat %[[S]], %[[D]] axis 1
// CHECK: %[[M:.*]] = weft.mul %[[J]], %[[P]]#0 : tensor<1x8x4x4xf32>
// CHECK: weft.conv %[[M]], {{.*}} -> tensor<1x4x4x4xf32>
// CHECK-NOT: weft.transpose %{{.*}} [0, 2, 3, 1]
func.func @gated(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %w = weft.weight "w" : tensor<12x4xf32>
  %v = weft.weight "v" : tensor<4x8xf32>
  %k = weft.weight "k" : tensor<4x4x3x3xf32>
  %0 = weft.transpose %x [0, 2, 3, 1] : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %1 = weft.linear %0, %w : (tensor<1x4x4x4xf32>, tensor<12x4xf32>) -> tensor<1x4x4x12xf32>
  %2:2 = weft.split %1 axis 3 sizes [8, 4] : (tensor<1x4x4x12xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4x4xf32>)
  %3 = weft.slice %2#0 from [0, 0, 0, 4] to [1, 4, 4, 8] step [1, 1, 1, 1] : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x4xf32>
  %4 = weft.transpose %2#1 [0, 3, 1, 2] : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %5 = weft.conv %4, %k stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x4x4x4xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x4x4xf32>
  %6 = weft.transpose %5 [0, 2, 3, 1] : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %7 = weft.concat %3, %6 axis 3 : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x8xf32>
  %8 = weft.mul %7, %2#0 : tensor<1x4x4x8xf32>
  %9 = weft.linear %8, %v : (tensor<1x4x4x8xf32>, tensor<4x8xf32>) -> tensor<1x4x4x4xf32>
  %10 = weft.transpose %9 [0, 3, 1, 2] : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %10 : tensor<1x4x4x4xf32>
}
