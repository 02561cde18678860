// A map of all pairs of tokens is not written where it would outgrow the cache.
// RUN: weft-opt %s --split-input-file --weft-form-groups --weft-fuse-attention | FileCheck %s

module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @attention
// CHECK: weft.group
// CHECK: weft.matmul
// CHECK-NEXT: weft.mul
// CHECK-NEXT: weft.softmax
// CHECK-NEXT: weft.matmul
// CHECK-NOT: weft.group
func.func @attention(%q: tensor<1x2x300x32xf32>, %k: tensor<1x2x32x300xf32>, %v: tensor<1x2x300x32xf32>) -> tensor<1x2x300x32xf32>
    attributes {weft.net} {
  %c = weft.constant dense<0.25> : tensor<1xf32>
  %0 = weft.matmul %q, %k : (tensor<1x2x300x32xf32>, tensor<1x2x32x300xf32>) -> tensor<1x2x300x300xf32>
  %1 = weft.mul %0, %c : (tensor<1x2x300x300xf32>, tensor<1xf32>) -> tensor<1x2x300x300xf32>
  %2 = weft.softmax %1 axis 3 : (tensor<1x2x300x300xf32>) -> tensor<1x2x300x300xf32>
  %3 = weft.matmul %2, %v : (tensor<1x2x300x300xf32>, tensor<1x2x300x32xf32>) -> tensor<1x2x300x32xf32>
  return %3 : tensor<1x2x300x32xf32>
}

// Columns need not fill vectors.
// CHECK-LABEL: func.func @columns
// CHECK-COUNT-1: weft.group
// CHECK-NOT: weft.group
func.func @columns(%q: tensor<1x2x300x20xf32>, %k: tensor<1x2x20x301xf32>, %v: tensor<1x2x301x20xf32>) -> tensor<1x2x300x20xf32>
    attributes {weft.net} {
  %0 = weft.matmul %q, %k : (tensor<1x2x300x20xf32>, tensor<1x2x20x301xf32>) -> tensor<1x2x300x301xf32>
  %1 = weft.softmax %0 axis 3 : (tensor<1x2x300x301xf32>) -> tensor<1x2x300x301xf32>
  %2 = weft.matmul %1, %v : (tensor<1x2x300x301xf32>, tensor<1x2x301x20xf32>) -> tensor<1x2x300x20xf32>
  return %2 : tensor<1x2x300x20xf32>
}

// A small map stays in the cache; what the network returns must be written.
// CHECK-LABEL: func.func @small
// CHECK-COUNT-3: weft.group
func.func @small(%q: tensor<1x2x100x32xf32>, %k: tensor<1x2x32x100xf32>, %v: tensor<1x2x100x32xf32>) -> tensor<1x2x100x32xf32>
    attributes {weft.net} {
  %0 = weft.matmul %q, %k : (tensor<1x2x100x32xf32>, tensor<1x2x32x100xf32>) -> tensor<1x2x100x100xf32>
  %1 = weft.softmax %0 axis 3 : (tensor<1x2x100x100xf32>) -> tensor<1x2x100x100xf32>
  %2 = weft.matmul %1, %v : (tensor<1x2x100x100xf32>, tensor<1x2x100x32xf32>) -> tensor<1x2x100x32xf32>
  return %2 : tensor<1x2x100x32xf32>
}

// CHECK-LABEL: func.func @shown
// CHECK-COUNT-3: weft.group
func.func @shown(%q: tensor<1x2x300x32xf32>, %k: tensor<1x2x32x300xf32>, %v: tensor<1x2x300x32xf32>)
    -> (tensor<1x2x300x32xf32>, tensor<1x2x300x300xf32>) attributes {weft.net} {
  %0 = weft.matmul %q, %k : (tensor<1x2x300x32xf32>, tensor<1x2x32x300xf32>) -> tensor<1x2x300x300xf32>
  %1 = weft.softmax %0 axis 3 : (tensor<1x2x300x300xf32>) -> tensor<1x2x300x300xf32>
  %2 = weft.matmul %1, %v : (tensor<1x2x300x300xf32>, tensor<1x2x300x32xf32>) -> tensor<1x2x300x32xf32>
  return %2, %1 : tensor<1x2x300x32xf32>, tensor<1x2x300x300xf32>
}
}
