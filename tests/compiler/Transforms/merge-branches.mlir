// Published weights often still have the branches they were trained with: apart, each is a convolution when the network runs.
// RUN: weft-opt %s --weft-merge-branches --canonicalize | FileCheck %s

// RepVGG's block: the smaller window gets zeros around it, the normalisation is a diagonal.
// CHECK-LABEL: @block
// CHECK-DAG: %[[W:.*]] = weft.weight "w"
// CHECK-DAG: %[[V:.*]] = weft.weight "v"
// CHECK-DAG: %[[B:.*]] = weft.weight "b"
// CHECK-DAG: %[[S:.*]] = weft.weight "s"
// CHECK-DAG: %[[T:.*]] = weft.weight "t"
// CHECK: %[[V3:.*]] = weft.pad %[[V]] constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK: %[[WV:.*]] = weft.add %[[V3]], %[[W]] : tensor<8x8x3x3xf32>
// CHECK: %[[ROWS:.*]] = weft.pad %{{.*}} constant low [0, 0, 0] high [0, 0, 8] : (tensor<1x8x1xf32>) -> tensor<1x8x9xf32>
// CHECK: %[[LINE:.*]] = weft.reshape %[[ROWS]] to [1, 72]
// CHECK: %[[CUT:.*]] = weft.slice %[[LINE]] from [0, 0] to [1, 64] step [1, 1]
// CHECK: %[[SQUARE:.*]] = weft.reshape %[[CUT]] to [8, 8, 1, 1]
// CHECK: %[[D:.*]] = weft.pad %[[SQUARE]] constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK: %[[U:.*]] = weft.add %[[WV]], %[[D]]
// CHECK: %[[T1:.*]] = weft.reshape %[[T]] to [8]
// CHECK: %[[C:.*]] = weft.add %[[B]], %[[T1]] : tensor<8xf32>
// CHECK: %[[Y:.*]] = weft.conv %arg0, %[[U]] bias %[[C]] stride [1, 1] pad [1, 1, 1, 1]
// CHECK-NEXT: return %[[Y]]
func.func @block(%x: tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32> {
  %w = weft.weight "w" : tensor<8x8x3x3xf32>
  %v = weft.weight "v" : tensor<8x8x1x1xf32>
  %b = weft.weight "b" : tensor<8xf32>
  %s = weft.weight "s" : tensor<1x8x1x1xf32>
  %t = weft.weight "t" : tensor<1x8x1x1xf32>
  %0 = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x1x1xf32>) -> tensor<1x8x9x9xf32>
  %1 = weft.conv %x, %w bias %b stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x3xf32>, tensor<8xf32>) -> tensor<1x8x9x9xf32>
  %2 = weft.add %0, %1 : tensor<1x8x9x9xf32>
  %3 = weft.mul %x, %s : (tensor<1x8x9x9xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x9x9xf32>
  %4 = weft.add %3, %t : (tensor<1x8x9x9xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x9x9xf32>
  %5 = weft.add %2, %4 : tensor<1x8x9x9xf32>
  return %5 : tensor<1x8x9x9xf32>
}

// A filter a channel, at stride 2, beside another tensor; what is subtracted stays so.
// CHECK-LABEL: @depthwise
// CHECK-DAG: %[[W:.*]] = weft.weight "w"
// CHECK-DAG: %[[V:.*]] = weft.weight "v"
// CHECK: %[[V5:.*]] = weft.pad %[[V]] constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK: %[[U:.*]] = weft.sub %[[W]], %[[V5]] : tensor<8x1x5x5xf32>
// CHECK: %[[Y:.*]] = weft.conv %arg0, %[[U]] stride [2, 2] pad [2, 2, 2, 2] dilation [1, 1] {groups = 8 : i64}
// CHECK: %[[Z:.*]] = weft.add %arg1, %[[Y]]
// CHECK: return %[[Z]]
func.func @depthwise(%x: tensor<1x8x10x10xf32>, %other: tensor<1x8x5x5xf32>) -> tensor<1x8x5x5xf32> {
  %w = weft.weight "w" : tensor<8x1x5x5xf32>
  %v = weft.weight "v" : tensor<8x1x3x3xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [2, 2, 2, 2] dilation [1, 1] {groups = 8 : i64} : (tensor<1x8x10x10xf32>, tensor<8x1x5x5xf32>) -> tensor<1x8x5x5xf32>
  %1 = weft.add %other, %0 : tensor<1x8x5x5xf32>
  %2 = weft.conv %x, %v stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] {groups = 8 : i64} : (tensor<1x8x10x10xf32>, tensor<8x1x3x3xf32>) -> tensor<1x8x5x5xf32>
  %3 = weft.sub %1, %2 : tensor<1x8x5x5xf32>
  return %3 : tensor<1x8x5x5xf32>
}

// Groups of two channels have a diagonal each.
// CHECK-LABEL: @grouped
// CHECK: weft.pad %{{.*}} : (tensor<4x2x1xf32>) -> tensor<4x2x3xf32>
// CHECK: weft.slice %{{.*}} : (tensor<4x6xf32>) -> tensor<4x4xf32>
// CHECK: weft.reshape %{{.*}} to [8, 2, 1, 1]
// CHECK: weft.conv
// CHECK-NEXT: return
func.func @grouped(%x: tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32> {
  %w = weft.weight "w" : tensor<8x2x1x1xf32>
  %s = weft.weight "s" : tensor<8x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 4 : i64} : (tensor<1x8x9x9xf32>, tensor<8x2x1x1xf32>) -> tensor<1x8x9x9xf32>
  %1 = weft.mul %x, %s : (tensor<1x8x9x9xf32>, tensor<8x1x1xf32>) -> tensor<1x8x9x9xf32>
  %2 = weft.add %0, %1 : tensor<1x8x9x9xf32>
  return %2 : tensor<1x8x9x9xf32>
}

// Lines of three taps across each other would have nine together, those that others read are needed apart, and a window of another
// tensor has nothing to do with it.
// CHECK-LABEL: @apart
// CHECK-COUNT-4: weft.conv
func.func @apart(%x: tensor<1x8x9x9xf32>, %other: tensor<1x8x9x9xf32>) -> (tensor<1x8x9x9xf32>, tensor<1x8x9x9xf32>) {
  %w = weft.weight "w" : tensor<8x8x3x1xf32>
  %v = weft.weight "v" : tensor<8x8x1x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x1xf32>) -> tensor<1x8x9x9xf32>
  %1 = weft.conv %x, %v stride [1, 1] pad [0, 1, 0, 1] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x1x3xf32>) -> tensor<1x8x9x9xf32>
  %2 = weft.add %0, %1 : tensor<1x8x9x9xf32>
  %3 = weft.conv %other, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x1xf32>) -> tensor<1x8x9x9xf32>
  %4 = weft.add %2, %3 : tensor<1x8x9x9xf32>
  %5 = weft.conv %x, %w stride [1, 1] pad [1, 0, 1, 0] dilation [1, 1] : (tensor<1x8x9x9xf32>, tensor<8x8x3x1xf32>) -> tensor<1x8x9x9xf32>
  %6 = weft.add %4, %5 : tensor<1x8x9x9xf32>
  return %6, %5 : tensor<1x8x9x9xf32>, tensor<1x8x9x9xf32>
}
