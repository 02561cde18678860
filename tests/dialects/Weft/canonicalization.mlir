// What folds away must not change a result: each neighbour that looks alike and must stay is here too.
// RUN: weft-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @twice_is_once
// CHECK-NEXT: %[[R:.*]] = weft.relu %arg0
// CHECK-NEXT: %[[A:.*]] = weft.abs %arg0
// CHECK-NEXT: return %[[R]], %[[A]], %arg0
func.func @twice_is_once(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = weft.relu %x : tensor<4xf32>
  %1 = weft.relu %0 : tensor<4xf32>
  %2 = weft.abs %x : tensor<4xf32>
  %3 = weft.abs %2 : tensor<4xf32>
  %4 = weft.neg %x : tensor<4xf32>
  %5 = weft.neg %4 : tensor<4xf32>
  return %1, %3, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @neutral_operands
// CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0
func.func @neutral_operands(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %zero = weft.constant dense<0.0> : tensor<f32>
  %one = weft.constant dense<1.0> : tensor<4xf32>
  %0 = weft.add %x, %zero : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %1 = weft.sub %x, %zero : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %2 = weft.mul %one, %x : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = weft.div %x, %one : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2, %3 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// Zero minus x is not x; a neutral operand that makes the other larger is not neutral.
// CHECK-LABEL: @not_neutral
// CHECK: weft.sub
// CHECK: weft.add
func.func @not_neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x4xf32>) {
  %zero = weft.constant dense<0.0> : tensor<4xf32>
  %zeros = weft.constant dense<0.0> : tensor<2x4xf32>
  %0 = weft.sub %zero, %x : tensor<4xf32>
  %1 = weft.add %x, %zeros : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @moves_that_move_nothing
// CHECK-NEXT: return %arg0, %arg0, %arg0, %arg0, %arg0, %arg0, %arg0, %arg0
func.func @moves_that_move_nothing(%x: tensor<2x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %0 = weft.reshape %x to [2, 4] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = weft.transpose %x [0, 1] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = weft.flatten %x axis 1 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = weft.expand %x to [-1, 4] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = weft.concat %x axis 0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %5 = weft.pad %x constant low [0, 0] high [0, 0] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %6 = weft.slice %x from [0, 0] to [2, 4] step [1, 1] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %7 = weft.cast %x to f32 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7
    : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @transpose_there_and_back
// CHECK-NEXT: return %arg0
func.func @transpose_there_and_back(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = weft.transpose %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = weft.transpose %0 [2, 0, 1] : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// A square tensor turned, or walked backwards, has its own type and is not itself.
// CHECK-LABEL: @same_type_other_elements
// CHECK-NEXT: weft.transpose
// CHECK-NEXT: weft.slice
// CHECK-NEXT: weft.channel_shuffle
func.func @same_type_other_elements(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = weft.transpose %x [1, 0] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = weft.slice %0 from [3, 0] to [-1, 4] step [-1, 1] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = weft.channel_shuffle %1 groups 2 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// Frameworks without the operation turn a matrix of groups; one turned with its pixels moves more than channels.
// CHECK-LABEL: @turned_groups_shuffle_channels
// CHECK-NEXT: %[[Y:.*]] = weft.channel_shuffle %arg0 groups 2
// CHECK-NEXT: weft.reshape %[[Y]] to [1, 2, 3, 20]
// CHECK-NEXT: weft.transpose
// CHECK-NEXT: weft.reshape
func.func @turned_groups_shuffle_channels(%x: tensor<1x6x4x5xf32>) -> tensor<1x6x4x5xf32> {
  %0 = weft.reshape %x to [1, 2, 3, 4, 5] : (tensor<1x6x4x5xf32>) -> tensor<1x2x3x4x5xf32>
  %1 = weft.transpose %0 [0, 2, 1, 3, 4] : (tensor<1x2x3x4x5xf32>) -> tensor<1x3x2x4x5xf32>
  %2 = weft.reshape %1 to [1, 6, 4, 5] : (tensor<1x3x2x4x5xf32>) -> tensor<1x6x4x5xf32>
  %3 = weft.reshape %2 to [1, 2, 3, 20] : (tensor<1x6x4x5xf32>) -> tensor<1x2x3x20xf32>
  %4 = weft.transpose %3 [0, 2, 3, 1] : (tensor<1x2x3x20xf32>) -> tensor<1x3x20x2xf32>
  %5 = weft.reshape %4 to [1, 6, 4, 5] : (tensor<1x3x20x2xf32>) -> tensor<1x6x4x5xf32>
  return %5 : tensor<1x6x4x5xf32>
}

// CHECK-LABEL: @reshapes_merge
// CHECK-NEXT: %[[Y:.*]] = weft.reshape %arg0 to [4, 6]
// CHECK-NEXT: return %[[Y]]
func.func @reshapes_merge(%x: tensor<2x3x4xf32>) -> tensor<4x6xf32> {
  %0 = weft.flatten %x axis 1 : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
  %1 = weft.reshape %0 to [24] : (tensor<2x12xf32>) -> tensor<24xf32>
  %2 = weft.reshape %1 to [4, -1] : (tensor<24xf32>) -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// CHECK-LABEL: @adaptive_pool
// CHECK-NEXT: weft.global_avgpool %arg0
// CHECK-NEXT: weft.avgpool %arg0 kernel [3, 2] stride [3, 2] pad [0, 0, 0, 0] dilation [1, 1]
// CHECK-NEXT: weft.adaptive_avgpool %arg0 out [4, 3]
func.func @adaptive_pool(%x: tensor<1x8x9x6xf32>) -> (tensor<1x8x1x1xf32>, tensor<1x8x3x3xf32>, tensor<1x8x4x3xf32>) {
  %0 = weft.adaptive_avgpool %x out [1, 1] : (tensor<1x8x9x6xf32>) -> tensor<1x8x1x1xf32>
  %1 = weft.adaptive_avgpool %x out [3, 3] : (tensor<1x8x9x6xf32>) -> tensor<1x8x3x3xf32>
  %2 = weft.adaptive_avgpool %x out [4, 3] : (tensor<1x8x9x6xf32>) -> tensor<1x8x4x3xf32>
  return %0, %1, %2 : tensor<1x8x1x1xf32>, tensor<1x8x3x3xf32>, tensor<1x8x4x3xf32>
}

// CHECK-LABEL: @relayout_there_and_back
// CHECK-NEXT: return %arg0
func.func @relayout_there_and_back(%x: tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32> {
  %0 = weft.relayout %x : tensor<1x8x2x2xf32> -> tensor<1x8x2x2xf32, #weft.blocked<8>>
  %1 = weft.relayout %0 : tensor<1x8x2x2xf32, #weft.blocked<8>> -> tensor<1x8x2x2xf32>
  return %1 : tensor<1x8x2x2xf32>
}

// x * tanh(softplus(x)) is mish; with another x it is not.
// CHECK-LABEL: func.func @mish
// CHECK: %[[T:.*]] = weft.tanh
// CHECK: %[[M:.*]] = weft.mish %arg0
// CHECK: %[[P:.*]] = weft.mul %arg1, %[[T]]
// CHECK: return %[[M]], %[[P]]
func.func @mish(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = weft.softplus %x : tensor<4x8xf32>
  %1 = weft.tanh %0 : tensor<4x8xf32>
  %2 = weft.mul %1, %x : tensor<4x8xf32>
  %3 = weft.mul %y, %1 : tensor<4x8xf32>
  return %2, %3 : tensor<4x8xf32>, tensor<4x8xf32>
}

// What attention multiplies its values with stays as it is; values and results, which are far smaller, are turned. Others stay: matrices of
// nearly one size, and those that are given or known.
// CHECK-LABEL: func.func @attention_over_channels
// CHECK: %[[P:.*]] = weft.softmax %arg0
// CHECK: %[[V:.*]] = weft.transpose %arg1 [0, 1, 3, 2] : (tensor<1x4x8x50xf32>) -> tensor<1x4x50x8xf32>
// CHECK: %[[M:.*]] = weft.matmul %[[P]], %[[V]] : (tensor<1x4x60x50xf32>, tensor<1x4x50x8xf32>) -> tensor<1x4x60x8xf32>
// CHECK: %[[Y:.*]] = weft.transpose %[[M]] [0, 1, 3, 2]
// CHECK: %[[T:.*]] = weft.transpose %{{.*}} [0, 1, 3, 2]
// CHECK: %[[Z:.*]] = weft.matmul %arg2, %[[T]]
// CHECK: %[[U:.*]] = weft.transpose %arg0 [0, 1, 3, 2]
// CHECK: %[[G:.*]] = weft.matmul %arg1, %[[U]]
// CHECK: return %[[Y]], %[[Z]], %[[G]]
func.func @attention_over_channels(%s: tensor<1x4x60x50xf32>, %v: tensor<1x4x8x50xf32>, %w: tensor<1x4x20x50xf32>) -> (tensor<1x4x8x60xf32>, tensor<1x4x20x60xf32>, tensor<1x4x8x60xf32>) {
  %0 = weft.softmax %s axis 3 : (tensor<1x4x60x50xf32>) -> tensor<1x4x60x50xf32>
  %1 = weft.transpose %0 [0, 1, 3, 2] : (tensor<1x4x60x50xf32>) -> tensor<1x4x50x60xf32>
  %2 = weft.matmul %v, %1 : (tensor<1x4x8x50xf32>, tensor<1x4x50x60xf32>) -> tensor<1x4x8x60xf32>
  %3 = weft.relu %s : tensor<1x4x60x50xf32>
  %4 = weft.transpose %3 [0, 1, 3, 2] : (tensor<1x4x60x50xf32>) -> tensor<1x4x50x60xf32>
  %5 = weft.matmul %w, %4 : (tensor<1x4x20x50xf32>, tensor<1x4x50x60xf32>) -> tensor<1x4x20x60xf32>
  %6 = weft.transpose %s [0, 1, 3, 2] : (tensor<1x4x60x50xf32>) -> tensor<1x4x50x60xf32>
  %7 = weft.matmul %v, %6 : (tensor<1x4x8x50xf32>, tensor<1x4x50x60xf32>) -> tensor<1x4x8x60xf32>
  return %2, %5, %7 : tensor<1x4x8x60xf32>, tensor<1x4x20x60xf32>, tensor<1x4x8x60xf32>
}
