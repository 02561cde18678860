// An ensemble is the mean of its members' probabilities; each member reads weights of its own.
// RUN: weft-opt %s --weft-make-ensemble=members=2 --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @logits
// CHECK: weft.weight "ensemble.0.fc.weight"
// CHECK: %[[P0:.*]] = weft.softmax %{{.*}} axis 1
// CHECK: weft.weight "ensemble.1.fc.weight"
// CHECK: %[[P1:.*]] = weft.softmax %{{.*}} axis 1
// CHECK: %[[SUM:.*]] = weft.add %[[P0]], %[[P1]]
// CHECK: %[[HALF:.*]] = weft.constant dense<5.000000e-01>
// CHECK: %[[MEAN:.*]] = weft.mul %[[SUM]], %[[HALF]]
// CHECK: return %[[MEAN]]
func.func @logits(%x: tensor<2x8xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %w = weft.weight "fc.weight" : tensor<3x8xf32>
  %y = weft.linear %x, %w : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// A logarithm is not averaged: what it was taken of is.
// CHECK-LABEL: @logarithms
// CHECK-NOT: log_softmax
// CHECK-COUNT-2: weft.softmax %{{.*}} axis 1
// CHECK-NOT: log_softmax
func.func @logarithms(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {weft.net} {
  %s = weft.weight "scale" : tensor<3xf32>
  %y = weft.mul %x, %s : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %z = weft.log_softmax %y axis 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// -----

func.func @indices(%x: tensor<2x8xi64>) -> tensor<2x8xi64> attributes {weft.net} {
  // expected-error @below {{an ensemble averages probabilities; a result is i64[2, 8]}}
  return %x : tensor<2x8xi64>
}
