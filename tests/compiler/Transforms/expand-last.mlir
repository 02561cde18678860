// A gate or a table of positions that exporters repeat is read as small as it is.
// RUN: weft-opt %s --split-input-file --weft-expand-last --canonicalize | FileCheck %s

// CHECK-LABEL: @gate
// CHECK-NOT: weft.expand
// CHECK: weft.mul %arg0, %arg1 : (tensor<1x16x4x4xf32>, tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32>
func.func @gate(%x: tensor<1x16x4x4xf32>, %g: tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32> {
  %0 = weft.expand %g to [1, 16, 4, 4] : (tensor<1x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %1 = weft.mul %x, %0 : tensor<1x16x4x4xf32>
  return %1 : tensor<1x16x4x4xf32>
}

// -----

// Positions along rows and along columns, each repeated along the other and turned: together they have all extents.
// CHECK-LABEL: @positions
// CHECK-DAG: %[[R:.*]] = weft.transpose %arg0 [1, 0, 2] : (tensor<2x1x5xf32>) -> tensor<1x2x5xf32>
// CHECK-DAG: %[[C:.*]] = weft.reshape %arg1 to [1, 4, 1]
// CHECK-DAG: %[[T:.*]] = weft.transpose %[[C]] [1, 2, 0] : (tensor<1x4x1xf32>) -> tensor<4x1x1xf32>
// CHECK-NOT: weft.expand
// CHECK: weft.add %[[R]], %[[T]] : (tensor<1x2x5xf32>, tensor<4x1x1xf32>) -> tensor<4x2x5xf32>
func.func @positions(%rows: tensor<2x1x5xf32>, %columns: tensor<4x1xf32>) -> tensor<4x2x5xf32> {
  %0 = weft.expand %rows to [2, 4, 5] : (tensor<2x1x5xf32>) -> tensor<2x4x5xf32>
  %1 = weft.transpose %0 [1, 0, 2] : (tensor<2x4x5xf32>) -> tensor<4x2x5xf32>
  %2 = weft.expand %columns to [5, 4, 2] : (tensor<4x1xf32>) -> tensor<5x4x2xf32>
  %3 = weft.transpose %2 [1, 2, 0] : (tensor<5x4x2xf32>) -> tensor<4x2x5xf32>
  %4 = weft.add %1, %3 : tensor<4x2x5xf32>
  return %4 : tensor<4x2x5xf32>
}

// -----

// One of two that are repeated alike stays, and so does what others read whole.
// CHECK-LABEL: @needed
// CHECK: %[[E:.*]] = weft.expand
// CHECK: weft.softmax %[[E]]
// CHECK: weft.sub {{.*}} -> tensor<3x4xf32>
func.func @needed(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %0 = weft.expand %x to [3, 4] : (tensor<1x4xf32>) -> tensor<3x4xf32>
  %1 = weft.softmax %0 axis 0 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %2 = weft.expand %y to [3, 4] : (tensor<1x4xf32>) -> tensor<3x4xf32>
  %3 = weft.sub %2, %0 : tensor<3x4xf32>
  return %1, %3 : tensor<3x4xf32>, tensor<3x4xf32>
}
