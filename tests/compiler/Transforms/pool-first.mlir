// A transition of DenseNet that multiplies first does four times the work.
// RUN: weft-opt %s --weft-pool-first | FileCheck %s

// CHECK-LABEL: @transition
// CHECK: %[[P:.*]] = weft.avgpool %arg0 kernel [2, 2] stride [2, 2] {{.*}} -> tensor<1x16x4x4xf32>
// CHECK: %[[Y:.*]] = weft.conv %[[P]], %{{.*}} bias %{{.*}} -> tensor<1x8x4x4xf32>
// CHECK: return %[[Y]]
func.func @transition(%x: tensor<1x16x8x8xf32>) -> tensor<1x8x4x4xf32> {
  %w = weft.weight "w" : tensor<8x16x1x1xf32>
  %b = weft.weight "b" : tensor<8xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  %1 = weft.avgpool %0 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  return %1 : tensor<1x8x4x4xf32>
}

// CHECK-LABEL: @head
// CHECK: %[[P:.*]] = weft.global_avgpool %arg0 : (tensor<1x16x8x8xf32>) -> tensor<1x16x1x1xf32>
// CHECK: weft.conv %[[P]]
func.func @head(%x: tensor<1x16x8x8xf32>) -> tensor<1x8x1x1xf32> {
  %w = weft.weight "w" : tensor<8x16x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>) -> tensor<1x8x8x8xf32>
  %1 = weft.global_avgpool %0 : (tensor<1x8x8x8xf32>) -> tensor<1x8x1x1xf32>
  return %1 : tensor<1x8x1x1xf32>
}

// Zeros that count take from the bias at the edges, as many pixels are no less work, and what others read is needed.
// CHECK-LABEL: @behind
// CHECK: weft.conv
// CHECK-NEXT: weft.avgpool
// CHECK-NEXT: weft.conv
// CHECK-NEXT: weft.avgpool
// CHECK-NEXT: weft.avgpool
func.func @behind(%x: tensor<1x16x8x8xf32>) -> (tensor<1x8x5x5xf32>, tensor<1x8x8x8xf32>, tensor<1x8x4x4xf32>) {
  %w = weft.weight "w" : tensor<8x16x1x1xf32>
  %b = weft.weight "b" : tensor<8xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  %1 = weft.avgpool %0 kernel [2, 2] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] {count_include_pad = true} : (tensor<1x8x8x8xf32>) -> tensor<1x8x5x5xf32>
  %2 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>) -> tensor<1x8x8x8xf32>
  %3 = weft.avgpool %2 kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %4 = weft.avgpool %2 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  return %1, %3, %4 : tensor<1x8x5x5xf32>, tensor<1x8x8x8xf32>, tensor<1x8x4x4xf32>
}
