// A window dilated beyond its plane multiplies padding eight times out of nine, and pads the plane five times larger for it.
// RUN: weft-opt %s --split-input-file --weft-trim-windows | FileCheck %s

// Only the middle meets the plane; of the second, in one dimension. A window all of whose taps are used stays, as does a tap
// between used ones.
// CHECK-LABEL: func.func @pyramid
// CHECK: %[[M:.*]] = weft.slice %[[W:.*]] from [0, 0, 1, 0] to [32, 64, 2, 3]
// CHECK: %[[N:.*]] = weft.slice %[[M]] from [0, 0, 0, 1] to [32, 64, 1, 2]
// CHECK: weft.conv %arg0, %[[N]] stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
// CHECK: weft.slice %[[W]] from [0, 0, 0, 1] to [32, 64, 3, 2]
// CHECK: weft.conv %arg0, %{{.*}} stride [1, 1] pad [2, 0, 2, 0] dilation [2, 1]
// CHECK: weft.conv %arg0, %[[W]] stride [1, 1] pad [2, 2, 2, 2] dilation [2, 2]
func.func @pyramid(%x: tensor<1x64x7x7xf32>) -> (tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x64x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [12, 12, 12, 12] dilation [12, 12]
         : (tensor<1x64x7x7xf32>, tensor<32x64x3x3xf32>) -> tensor<1x32x7x7xf32>
  %1 = weft.conv %x, %w stride [1, 1] pad [2, 7, 2, 7] dilation [2, 7]
         : (tensor<1x64x7x7xf32>, tensor<32x64x3x3xf32>) -> tensor<1x32x7x7xf32>
  %2 = weft.conv %x, %w stride [1, 1] pad [2, 2, 2, 2] dilation [2, 2]
         : (tensor<1x64x7x7xf32>, tensor<32x64x3x3xf32>) -> tensor<1x32x7x7xf32>
  return %0, %1, %2 : tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>, tensor<1x32x7x7xf32>
}

// -----

// Of 16 pixels in each direction the first four meet the second and third tap, the last four the first and second, the others the
// second only: nine convolutions with a quarter of the products.
// CHECK-LABEL: func.func @parts
// CHECK: weft.conv %arg0, %{{.*}} pad [0, 0, 0, 0] dilation [12, 12]
// CHECK: %[[MIDDLE:.*]] = weft.slice %arg0 from [0, 0, 0, 4] to [1, 64, 16, 12]
// CHECK: weft.conv %[[MIDDLE]], %{{.*}} pad [0, 0, 0, 0] dilation [12, 1]
// CHECK-COUNT-7: weft.conv
// CHECK: weft.concat %{{.*}} axis 2
// CHECK: return
func.func @parts(%x: tensor<1x64x16x16xf32>) -> tensor<1x32x16x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x64x3x3xf32>
  %other = weft.weight "other" : tensor<512x64x3x3xf32>
  %y = weft.conv %x, %w stride [1, 1] pad [12, 12, 12, 12] dilation [12, 12]
         : (tensor<1x64x16x16xf32>, tensor<32x64x3x3xf32>) -> tensor<1x32x16x16xf32>
  return %y : tensor<1x32x16x16xf32>
}

// -----

// A part for each group of results would copy more filters than all weights allow: a product for each tap then, of what it meets. Of 7
// pixels one is 6 apart from another.
// CHECK-LABEL: func.func @taps
// CHECK: %[[CORNER:.*]] = weft.slice %{{.*}} from [0, 0, 0, 0] to [1, 64, 1, 1]
// CHECK: %[[FIRST:.*]] = weft.slice %{{.*}} from [0, 0, 0, 0] to [32, 64, 1, 1]
// CHECK: %[[ONE:.*]] = weft.conv %[[CORNER]], %[[FIRST]] stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
// CHECK: weft.pad %[[ONE]] constant low [0, 0, 6, 6] high [0, 0, 0, 0]
// CHECK: weft.conv %arg0, %{{.*}} bias %{{.*}} stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
// CHECK-COUNT-8: weft.add
func.func @taps(%x: tensor<1x64x7x7xf32>) -> tensor<1x32x7x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x64x3x3xf32>
  %b = weft.weight "b" : tensor<32xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [6, 6, 6, 6] dilation [6, 6]
         : (tensor<1x64x7x7xf32>, tensor<32x64x3x3xf32>, tensor<32xf32>) -> tensor<1x32x7x7xf32>
  return %0 : tensor<1x32x7x7xf32>
}

// -----

// Of many channels taps are compared with Winograd's algorithm, whose tiles of every sixth pixel reach far beyond 28; of every fourth
// they fit.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func @many_channels
// CHECK-COUNT-9: weft.conv %{{.*}} dilation [1, 1]
// CHECK: weft.conv %{{.*}} dilation [4, 4]
// CHECK-NOT: weft.conv
// CHECK: return
func.func @many_channels(%x: tensor<1x256x28x28xf32>) -> tensor<1x256x28x28xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<256x256x3x3xf32>
  %v = weft.weight "v" : tensor<256x256x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [6, 6, 6, 6] dilation [6, 6] : (tensor<1x256x28x28xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x28x28xf32>
  %1 = weft.conv %0, %v stride [1, 1] pad [4, 4, 4, 4] dilation [4, 4] : (tensor<1x256x28x28xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x28x28xf32>
  return %1 : tensor<1x256x28x28xf32>
}
}
