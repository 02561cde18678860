// Split attention weighs branches by a dimension of their own, for which no packed layout exists: its planes would be turned row-major.
// RUN: weft-opt %s --split-input-file --weft-add-parts --canonicalize --cse | FileCheck %s

// Parts of channels are ranges of them.
// CHECK-LABEL: @ranges
// CHECK-DAG: %[[A:.*]] = weft.slice %arg0 from [0, 0, 0, 0] to [1, 16, 4, 4]
// CHECK-DAG: %[[B:.*]] = weft.slice %arg0 from [0, 16, 0, 0] to [1, 32, 4, 4]
// CHECK: %[[Y:.*]] = weft.add %[[A]], %[[B]] : tensor<1x16x4x4xf32>
// CHECK: return %[[Y]]
func.func @ranges(%x: tensor<1x32x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %0 = weft.reshape %x to [1, 2, 16, 4, 4] : (tensor<1x32x4x4xf32>) -> tensor<1x2x16x4x4xf32>
  %1 = weft.reduce_sum %0 axes [1] {keepdims = false} : (tensor<1x2x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  return %1 : tensor<1x16x4x4xf32>
}

// -----

// Branches that were stacked are what they were; a factor for each channel and branch is small and cut; the dimension comes back where it is kept.
// CHECK-LABEL: @branches
// CHECK: %[[U:.*]] = weft.slice %arg2 from [0, 0, 0, 0, 0] to [1, 1, 16, 1, 1]
// CHECK: %[[F:.*]] = weft.reshape %[[U]] to [1, 16, 1, 1]
// CHECK: %[[A:.*]] = weft.mul %arg0, %[[F]]
// CHECK: %[[V:.*]] = weft.slice %arg2 from [0, 1, 0, 0, 0] to [1, 2, 16, 1, 1]
// CHECK: %[[G:.*]] = weft.reshape %[[V]] to [1, 16, 1, 1]
// CHECK: %[[B:.*]] = weft.mul %arg1, %[[G]]
// CHECK: %[[S:.*]] = weft.add %[[A]], %[[B]]
// CHECK: %[[Y:.*]] = weft.reshape %[[S]] to [1, 1, 16, 4, 4]
// CHECK: return %[[Y]]
func.func @branches(%x: tensor<1x16x4x4xf32>, %y: tensor<1x16x4x4xf32>, %f: tensor<1x2x16x1x1xf32>) -> tensor<1x1x16x4x4xf32> {
  %0 = weft.reshape %x to [1, 1, 16, 4, 4] : (tensor<1x16x4x4xf32>) -> tensor<1x1x16x4x4xf32>
  %1 = weft.reshape %y to [1, 1, 16, 4, 4] : (tensor<1x16x4x4xf32>) -> tensor<1x1x16x4x4xf32>
  %2 = weft.concat %0, %1 axis 1 : (tensor<1x1x16x4x4xf32>, tensor<1x1x16x4x4xf32>) -> tensor<1x2x16x4x4xf32>
  %3 = weft.mul %2, %f : (tensor<1x2x16x4x4xf32>, tensor<1x2x16x1x1xf32>) -> tensor<1x2x16x4x4xf32>
  %4 = weft.reduce_sum %3 axes [1] {keepdims = true} : (tensor<1x2x16x4x4xf32>) -> tensor<1x1x16x4x4xf32>
  return %4 : tensor<1x1x16x4x4xf32>
}

// -----

// What exists only as a whole is not copied, what others read too is not made twice, and many parts stay a loop.
// CHECK-LABEL: @wholes
// CHECK: weft.reduce_sum %arg0 axes [1]
// CHECK: %[[P:.*]] = weft.mul %arg0, %arg0
// CHECK: weft.reduce_sum %[[P]] axes [1]
// CHECK: weft.reduce_sum %{{.*}} axes [1]
// CHECK-NOT: weft.slice
func.func @wholes(%x: tensor<1x2x16x4x4xf32>, %y: tensor<1x144x4x4xf32>)
    -> (tensor<1x16x4x4xf32>, tensor<1x16x4x4xf32>, tensor<1x2x16x4x4xf32>, tensor<1x16x4x4xf32>) {
  %0 = weft.reduce_sum %x axes [1] {keepdims = false} : (tensor<1x2x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %1 = weft.mul %x, %x : tensor<1x2x16x4x4xf32>
  %2 = weft.reduce_sum %1 axes [1] {keepdims = false} : (tensor<1x2x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %3 = weft.reshape %y to [1, 9, 16, 4, 4] : (tensor<1x144x4x4xf32>) -> tensor<1x9x16x4x4xf32>
  %4 = weft.reduce_sum %3 axes [1] {keepdims = false} : (tensor<1x9x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  return %0, %2, %1, %4 : tensor<1x16x4x4xf32>, tensor<1x16x4x4xf32>, tensor<1x2x16x4x4xf32>, tensor<1x16x4x4xf32>
}
