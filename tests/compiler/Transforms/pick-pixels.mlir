// A 1x1 convolution that skips pixels passes all planes for each strip of channel blocks; the pixels it needs, side by side, stay in
// the cache.
// RUN: weft-opt %s --split-input-file --weft-pick-pixels | FileCheck %s

// Planes that outweigh the weights are passed in strips of rows as they are.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @avx2
// CHECK: %[[P:.*]] = weft.maxpool %arg0 kernel [1, 1] stride [2, 2] {{.*}} -> tensor<1x512x7x7xf32>
// CHECK: weft.conv %[[P]], %{{.*}} stride [1, 1] {{.*}} -> tensor<1x1024x7x7xf32>
// CHECK: weft.conv %arg0, %{{.*}} stride [2, 2] {{.*}} -> tensor<1x128x7x7xf32>
func.func @avx2(%x: tensor<1x512x14x14xf32>) -> (tensor<1x1024x7x7xf32>, tensor<1x128x7x7xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<1024x512x1x1xf32>
  %v = weft.weight "v" : tensor<128x512x1x1xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<1024x512x1x1xf32>) -> tensor<1x1024x7x7xf32>
  %1 = weft.conv %x, %v stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<128x512x1x1xf32>) -> tensor<1x128x7x7xf32>
  return %0, %1 : tensor<1x1024x7x7xf32>, tensor<1x128x7x7xf32>
}
}

// -----

// Larger tiles read planes less often.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func @avx512
// CHECK-NOT: weft.maxpool
func.func @avx512(%x: tensor<1x512x14x14xf32>) -> tensor<1x1024x7x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<1024x512x1x1xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<1024x512x1x1xf32>) -> tensor<1x1024x7x7xf32>
  return %0 : tensor<1x1024x7x7xf32>
}
}
