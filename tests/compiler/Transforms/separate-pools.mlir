// Windows that overlap by much are pooled by rows first; what is between has fewer columns where they are skipped.
// RUN: weft-opt %s --weft-separate-pools | FileCheck %s

// CHECK-LABEL: func.func @pyramid
// CHECK: %[[R:.*]] = weft.maxpool %arg0 kernel [1, 13] stride [1, 1] pad [0, 6, 0, 6] dilation [1, 1]
// CHECK: %[[Y:.*]] = weft.maxpool %[[R]] kernel [13, 1] stride [1, 1] pad [6, 0, 6, 0] dilation [1, 1]
// CHECK: return %[[Y]]
func.func @pyramid(%x: tensor<1x64x20x20xf32>) -> tensor<1x64x20x20xf32> attributes {weft.net} {
  %0 = weft.maxpool %x kernel [13, 13] stride [1, 1] pad [6, 6, 6, 6] dilation [1, 1] : (tensor<1x64x20x20xf32>) -> tensor<1x64x20x20xf32>
  return %0 : tensor<1x64x20x20xf32>
}

// Means keep how they count; three dimensions go one by one.
// CHECK-LABEL: func.func @means
// CHECK: %[[A:.*]] = weft.avgpool %arg0 kernel [1, 1, 9] stride [1, 1, 2] pad [0, 0, 4, 0, 0, 3] dilation [1, 1, 1] {ceil_mode = true, count_include_pad = true} {{.*}} -> tensor<1x8x20x20x10xf32>
// CHECK: %[[B:.*]] = weft.avgpool %[[A]] kernel [1, 9, 1] stride [1, 1, 1] pad [0, 4, 0, 0, 4, 0] dilation [1, 1, 1] {ceil_mode = true, count_include_pad = true} {{.*}} -> tensor<1x8x20x20x10xf32>
// CHECK: %[[C:.*]] = weft.avgpool %[[B]] kernel [9, 1, 1] stride [1, 1, 1] pad [4, 0, 0, 4, 0, 0] dilation [1, 1, 1] {ceil_mode = true, count_include_pad = true}
// CHECK: return %[[C]]
func.func @means(%x: tensor<1x8x20x20x20xf32>) -> tensor<1x8x20x20x10xf32> attributes {weft.net} {
  %0 = weft.avgpool %x kernel [9, 9, 9] stride [1, 1, 2] pad [4, 4, 4, 4, 4, 3] dilation [1, 1, 1] {ceil_mode = true, count_include_pad = true} : (tensor<1x8x20x20x20xf32>) -> tensor<1x8x20x20x10xf32>
  return %0 : tensor<1x8x20x20x10xf32>
}

// Small ones, those that hardly overlap, and rows stay.
// CHECK-LABEL: func.func @stay
// CHECK-NEXT: weft.maxpool %arg0 kernel [3, 3]
// CHECK-NEXT: weft.avgpool %arg0 kernel [20, 20]
// CHECK-NEXT: weft.maxpool %arg0 kernel [1, 13]
// CHECK-NEXT: weft.maxpool %arg0 kernel [5, 5] stride [5, 5]
// CHECK-NEXT: return
func.func @stay(%x: tensor<1x64x20x20xf32>) -> (tensor<1x64x20x20xf32>, tensor<1x64x1x1xf32>, tensor<1x64x20x20xf32>, tensor<1x64x4x4xf32>) attributes {weft.net} {
  %0 = weft.maxpool %x kernel [3, 3] stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x64x20x20xf32>) -> tensor<1x64x20x20xf32>
  %1 = weft.avgpool %x kernel [20, 20] stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x64x20x20xf32>) -> tensor<1x64x1x1xf32>
  %2 = weft.maxpool %x kernel [1, 13] stride [1, 1] pad [0, 6, 0, 6] dilation [1, 1] : (tensor<1x64x20x20xf32>) -> tensor<1x64x20x20xf32>
  %3 = weft.maxpool %x kernel [5, 5] stride [5, 5] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x64x20x20xf32>) -> tensor<1x64x4x4xf32>
  return %0, %1, %2, %3 : tensor<1x64x20x20xf32>, tensor<1x64x1x1xf32>, tensor<1x64x20x20xf32>, tensor<1x64x4x4xf32>
}
