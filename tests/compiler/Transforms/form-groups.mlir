// Every kernel reads its inputs once and writes one result: what follows a heavy operation element by element is part of it.
// RUN: weft-opt %s --split-input-file --weft-form-groups | FileCheck %s

// Bias, residual sum and activation join the convolution that comes first; the other branch is an operand.
// CHECK-LABEL: func.func @residual
// CHECK: weft.group "short"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: weft.conv
// CHECK-NEXT: weft.yield
// CHECK: weft.group "long"
// CHECK: weft.conv
// CHECK-NEXT: weft.add
// CHECK-NEXT: weft.relu
// CHECK-NEXT: weft.yield
// CHECK-NOT: weft.group
func.func @residual(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x1x1xf32>
  %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32> loc("long")
  %b = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32> loc("short")
  %s = weft.add %a, %b : tensor<1x16x4x4xf32>
  %r = weft.relu %s : tensor<1x16x4x4xf32>
  return %r : tensor<1x16x4x4xf32>
}

// -----

// A value read twice inside the group stays inside.
// CHECK-LABEL: func.func @gate
// CHECK: weft.group
// CHECK: weft.conv
// CHECK-NEXT: weft.sigmoid
// CHECK-NEXT: weft.mul
// CHECK-NEXT: weft.yield
// CHECK-NOT: weft.group
func.func @gate(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x1x1xf32>
  %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %s = weft.sigmoid %a : tensor<1x16x4x4xf32>
  %m = weft.mul %a, %s : tensor<1x16x4x4xf32>
  return %m : tensor<1x16x4x4xf32>
}

// -----

// A value that is also needed elsewhere is written once and read by both; the group ends there.
// CHECK-LABEL: func.func @shared
// CHECK: weft.group
// CHECK: weft.conv
// CHECK-NEXT: weft.yield
// CHECK: weft.group "relu"
// CHECK: weft.relu
// CHECK-NEXT: weft.neg
// CHECK-NEXT: weft.yield
func.func @shared(%x: tensor<1x16x4x4xf32>) -> (tensor<1x16x4x4xf32>, tensor<1x16x4x4xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x1x1xf32>
  %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %r = weft.relu %a : tensor<1x16x4x4xf32>
  %n = weft.neg %r : tensor<1x16x4x4xf32>
  return %a, %n : tensor<1x16x4x4xf32>, tensor<1x16x4x4xf32>
}

// -----

// Recipes of weights and operations that only place elements are no kernels.
// CHECK-LABEL: func.func @placement
// CHECK: weft.pack_vector
// CHECK: weft.flatten
// CHECK-NEXT: weft.concat
// CHECK-NOT: weft.group
func.func @placement(%x: tensor<1x2x2x2xf32>) -> (tensor<1x16xf32>, tensor<1x16xf32>) attributes {weft.net} {
  %b = weft.weight "b" : tensor<16xf32>
  %p = weft.pack_vector %b {block = 16 : i64} : (tensor<16xf32>) -> tensor<1x16xf32>
  %f = weft.flatten %x axis 1 : (tensor<1x2x2x2xf32>) -> tensor<1x8xf32>
  %c = weft.concat %f, %f axis 1 : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x16xf32>
  return %c, %p : tensor<1x16xf32>, tensor<1x16xf32>
}

// -----

// A value added to itself again and again doubles what a kernel would say at each step: it is cut before code explodes.
// CHECK-LABEL: func.func @doubled
// CHECK: weft.group "d1"
// CHECK-COUNT-8: weft.add
// CHECK-NEXT: weft.yield
// CHECK: weft.group "d9"
// CHECK-COUNT-1: weft.add
// CHECK-NEXT: weft.yield
func.func @doubled(%x: tensor<1x16xf32>) -> tensor<1x16xf32> attributes {weft.net} {
  %1 = weft.add %x, %x : tensor<1x16xf32> loc("d1")
  %2 = weft.add %1, %1 : tensor<1x16xf32>
  %3 = weft.add %2, %2 : tensor<1x16xf32>
  %4 = weft.add %3, %3 : tensor<1x16xf32>
  %5 = weft.add %4, %4 : tensor<1x16xf32>
  %6 = weft.add %5, %5 : tensor<1x16xf32>
  %7 = weft.add %6, %6 : tensor<1x16xf32>
  %8 = weft.add %7, %7 : tensor<1x16xf32>
  %9 = weft.add %8, %8 : tensor<1x16xf32> loc("d9")
  return %9 : tensor<1x16xf32>
}

// -----

// What only an element-wise group reads joins it: no product of these is stored. The one that a convolution takes stays there.
// CHECK-LABEL: func.func @sum_of_products
// CHECK: weft.group
// CHECK: weft.conv
// CHECK-NEXT: weft.mul
// CHECK-NEXT: weft.yield
// CHECK: weft.group
// CHECK: weft.mul
// CHECK-NEXT: weft.mul
// CHECK-NEXT: weft.add
// CHECK-NEXT: weft.add
// CHECK-NEXT: weft.yield
// CHECK-NOT: weft.group
func.func @sum_of_products(%x: tensor<1x16x4x4xf32>, %y: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x1x1xf32>
  %xx = weft.mul %x, %x : tensor<1x16x4x4xf32>
  %yy = weft.mul %y, %y : tensor<1x16x4x4xf32>
  %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %ay = weft.mul %a, %y : tensor<1x16x4x4xf32>
  %s = weft.add %xx, %yy : tensor<1x16x4x4xf32>
  %t = weft.add %s, %ay : tensor<1x16x4x4xf32>
  return %t : tensor<1x16x4x4xf32>
}

// -----

// What follows a sum over packed planes is part of its kernel, as behind other pooling.
// CHECK-LABEL: func.func @norms
// CHECK: weft.group
// CHECK: weft.reduce_sum
// CHECK-NEXT: weft.sqrt
// CHECK-NEXT: weft.yield
// CHECK-NOT: weft.group
func.func @norms(%x: tensor<1x16x4x4xf32, #weft.blocked<16>>) -> tensor<1x16x1x1xf32, #weft.blocked<16>> attributes {weft.net} {
  %s = weft.reduce_sum %x axes [2, 3] : (tensor<1x16x4x4xf32, #weft.blocked<16>>) -> tensor<1x16x1x1xf32, #weft.blocked<16>>
  %r = weft.sqrt %s : tensor<1x16x1x1xf32, #weft.blocked<16>>
  return %r : tensor<1x16x1x1xf32, #weft.blocked<16>>
}
