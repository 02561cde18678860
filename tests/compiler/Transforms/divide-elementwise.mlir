// An activation behind a concatenation would pass over all channels once more: each part's own kernel takes it along.
// RUN: weft-opt %s --weft-divide-elementwise | FileCheck %s

// What is added, and the gate of x * sigmoid(x), follow part by part.
// CHECK-LABEL: func.func @gated
// CHECK: %[[A:.*]] = weft.conv {{.*}} -> tensor<1x12x8x8xf32>
// CHECK: %[[B:.*]] = weft.conv {{.*}} -> tensor<1x20x8x8xf32>
// CHECK: %[[SA:.*]] = weft.sigmoid %[[A]]
// CHECK: %[[SB:.*]] = weft.sigmoid %[[B]]
// CHECK: %[[MA:.*]] = weft.mul %[[A]], %[[SA]]
// CHECK: %[[MB:.*]] = weft.mul %[[B]], %[[SB]]
// CHECK: %[[ZA:.*]] = weft.slice %arg1 from [0, 0, 0, 0] to [1, 12, 8, 8]
// CHECK: %[[RA:.*]] = weft.add %[[MA]], %[[ZA]]
// CHECK: %[[ZB:.*]] = weft.slice %arg1 from [0, 12, 0, 0] to [1, 32, 8, 8]
// CHECK: %[[RB:.*]] = weft.add %[[MB]], %[[ZB]]
// CHECK: %[[Y:.*]] = weft.concat %[[RA]], %[[RB]] axis 1
// CHECK: return %[[Y]]
func.func @gated(%x: tensor<1x16x8x8xf32>, %z: tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32> attributes {weft.net} {
  %v = weft.weight "v" : tensor<12x16x1x1xf32>
  %w = weft.weight "w" : tensor<20x16x1x1xf32>
  %a = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<12x16x1x1xf32>) -> tensor<1x12x8x8xf32>
  %b = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<20x16x1x1xf32>) -> tensor<1x20x8x8xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x12x8x8xf32>, tensor<1x20x8x8xf32>) -> tensor<1x32x8x8xf32>
  %s = weft.sigmoid %c : tensor<1x32x8x8xf32>
  %m = weft.mul %c, %s : (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  %y = weft.add %m, %z : (tensor<1x32x8x8xf32>, tensor<1x32x8x8xf32>) -> tensor<1x32x8x8xf32>
  return %y : tensor<1x32x8x8xf32>
}

// Somebody else reads the concatenation, or a part of it: moving the operation would compute nothing less.
// CHECK-LABEL: func.func @read_whole
// CHECK: weft.concat
// CHECK-NEXT: weft.relu {{.*}} tensor<1x32x8x8xf32>
// CHECK: weft.concat
// CHECK-NEXT: weft.relu {{.*}} tensor<1x32x8x8xf32>
func.func @read_whole(%x: tensor<1x16x8x8xf32>) -> (tensor<1x32x8x8xf32>, tensor<1x32x1x1xf32>, tensor<1x32x8x8xf32>, tensor<1x16x4x4xf32>) attributes {weft.net} {
  %v = weft.weight "v" : tensor<16x16x1x1xf32>
  %a = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x8xf32>
  %b = weft.neg %x : tensor<1x16x8x8xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32>
  %y = weft.relu %c : tensor<1x32x8x8xf32>
  %g = weft.global_avgpool %c : (tensor<1x32x8x8xf32>) -> tensor<1x32x1x1xf32>
  %d = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x8x8xf32>
  %e = weft.concat %x, %d axis 1 : (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32>
  %z = weft.relu %e : tensor<1x32x8x8xf32>
  %p = weft.maxpool %d kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x8x8xf32>) -> tensor<1x16x4x4xf32>
  return %y, %g, %z, %p : tensor<1x32x8x8xf32>, tensor<1x32x1x1xf32>, tensor<1x32x8x8xf32>, tensor<1x16x4x4xf32>
}
