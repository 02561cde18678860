// Groups that share a block of channels have no packed form of their own: without this they run ten times slower.
// RUN: weft-opt %s --split-input-file --weft-split-groups --weft-divide-elementwise | FileCheck %s

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Rows 16 to 31 belong to both groups, so they see all channels, with zeros. The activation and the sum follow the parts.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @bands
// CHECK: %[[X0:.*]] = weft.slice %arg0 from [0, 0, 0, 0] to [1, 32, 56, 56]
// CHECK: %[[A:.*]] = weft.conv %[[X0]], %{{.*}} -> tensor<1x16x56x56xf32>
// CHECK-COUNT-2: weft.pad {{.*}} : (tensor<8x32x1x1xf32>) -> tensor<8x64x1x1xf32>
// CHECK: weft.conv %arg0, %{{.*}} -> tensor<1x16x56x56xf32>
// CHECK: %[[X2:.*]] = weft.slice %arg0 from [0, 32, 0, 0] to [1, 64, 56, 56]
// CHECK: weft.conv %[[X2]], %{{.*}} -> tensor<1x16x56x56xf32>
// CHECK: %[[R:.*]] = weft.relu %[[A]]
// CHECK: %[[Z:.*]] = weft.slice %arg1 from [0, 0, 0, 0] to [1, 16, 56, 56]
// CHECK: %[[S:.*]] = weft.add %[[Z]], %[[R]]
// CHECK: weft.concat %[[S]], %{{.*}}, %{{.*}} axis 1
func.func @bands(%x: tensor<1x64x56x56xf32>, %z: tensor<1x48x56x56xf32>) -> tensor<1x48x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<48x32x1x1xf32>
  %b = weft.weight "b" : tensor<48xf32>
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x64x56x56xf32>, tensor<48x32x1x1xf32>, tensor<48xf32>) -> tensor<1x48x56x56xf32>
  %1 = weft.relu %0 : tensor<1x48x56x56xf32>
  %2 = weft.add %z, %1 : (tensor<1x48x56x56xf32>, tensor<1x48x56x56xf32>) -> tensor<1x48x56x56xf32>
  return %2 : tensor<1x48x56x56xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Two groups of 8 fill a block: twelve of thirteen stay grouped, the last is a convolution of its own.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @left_over
// CHECK: weft.conv {{.*}}groups = 12 : i64{{.*}} -> tensor<1x96x56x56xf32>
// CHECK: weft.slice %arg0 from [0, 96, 0, 0] to [1, 104, 56, 56]
// CHECK: weft.conv {{.*}} : (tensor<1x8x56x56xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x56x56xf32>
// CHECK: weft.concat
func.func @left_over(%x: tensor<1x104x56x56xf32>) -> tensor<1x104x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<104x8x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 13 : i64}
         : (tensor<1x104x56x56xf32>, tensor<104x8x3x3xf32>) -> tensor<1x104x56x56xf32>
  return %0 : tensor<1x104x56x56xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Where a kernel more costs more than zeros in the weight, all is one dense convolution. What fills blocks stays as it is.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @whole
// CHECK: weft.conv %arg0, %{{[0-9]+}} stride {{.*}} dilation [1, 1] : (tensor<1x24x2x2xf32>, tensor<24x24x1x1xf32>)
// CHECK: weft.conv %arg1, %{{[0-9]+}} {{.*}}groups = 2
// CHECK-NOT: weft.concat %{{.*}} axis 1
// CHECK: return
func.func @whole(%x: tensor<1x24x2x2xf32>, %z: tensor<1x32x8x8xf32>) -> (tensor<1x24x2x2xf32>, tensor<1x32x8x8xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<24x8x1x1xf32>
  %v = weft.weight "v" : tensor<32x16x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 3 : i64}
         : (tensor<1x24x2x2xf32>, tensor<24x8x1x1xf32>) -> tensor<1x24x2x2xf32>
  %1 = weft.conv %z, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x32x8x8xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x8x8xf32>
  return %0, %1 : tensor<1x24x2x2xf32>, tensor<1x32x8x8xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Two groups of 64 channels are two dense convolutions, which have a Winograd form; with stride they stay together.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @transformable
// CHECK-COUNT-2: weft.conv {{.*}} : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x28x28xf32>
// CHECK: weft.concat
// CHECK: weft.conv %arg0, {{.*}}groups = 2 : i64
func.func @transformable(%x: tensor<1x128x28x28xf32>) -> (tensor<1x128x28x28xf32>, tensor<1x128x14x14xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<128x64x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x128x28x28xf32>, tensor<128x64x3x3xf32>) -> tensor<1x128x28x28xf32>
  %1 = weft.conv %x, %w stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x128x28x28xf32>, tensor<128x64x3x3xf32>) -> tensor<1x128x14x14xf32>
  return %0, %1 : tensor<1x128x28x28xf32>, tensor<1x128x14x14xf32>
}
}

// -----

// Blocks of outputs that read half a block each stay grouped.
// CHECK-LABEL: func.func @halves
// CHECK: weft.conv {{.*}}groups = 6 : i64
// CHECK-NOT: weft.conv
func.func @halves(%x: tensor<1x48x14x14xf32>) -> tensor<1x96x14x14xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<96x8x3x3xf32>
  %y = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 6 : i64}
         : (tensor<1x48x14x14xf32>, tensor<96x8x3x3xf32>) -> tensor<1x96x14x14xf32>
  return %y : tensor<1x96x14x14xf32>
}
