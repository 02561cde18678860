// Folding must scale the right dimension of each weight: a wrong one gives wrong numbers, not an error.
// RUN: weft-opt %s --weft-fold-batchnorm | FileCheck %s

// CHECK-LABEL: @conv_without_bias
// CHECK-DAG: %[[W:.*]] = weft.weight "conv.weight"
// CHECK-DAG: %[[GAMMA:.*]] = weft.weight "bn.weight"
// CHECK-DAG: %[[BETA:.*]] = weft.weight "bn.bias"
// CHECK-DAG: %[[MEAN:.*]] = weft.weight "bn.running_mean"
// CHECK-DAG: %[[VAR:.*]] = weft.weight "bn.running_var"
// CHECK: %[[EPS:.*]] = weft.constant dense<1.000000e-03> : tensor<f32>
// CHECK: %[[SUM:.*]] = weft.add %[[VAR]], %[[EPS]]
// CHECK: %[[R:.*]] = weft.rsqrt %[[SUM]]
// CHECK: %[[S:.*]] = weft.mul %[[GAMMA]], %[[R]]
// CHECK: %[[MS:.*]] = weft.mul %[[MEAN]], %[[S]]
// CHECK: %[[T:.*]] = weft.sub %[[BETA]], %[[MS]]
// CHECK: %[[F:.*]] = weft.reshape %[[S]] to [8, 1, 1, 1]
// CHECK: %[[WS:.*]] = weft.mul %[[W]], %[[F]]
// CHECK: %[[Y:.*]] = weft.conv %arg0, %[[WS]] bias %[[T]] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] {groups = 2 : i64}
// CHECK: return %[[Y]]
func.func @conv_without_bias(%x: tensor<1x4x8x8xf32>) -> tensor<1x8x4x4xf32> {
  %w = weft.weight "conv.weight" : tensor<8x2x3x3xf32>
  %g = weft.weight "bn.weight" : tensor<8xf32>
  %b = weft.weight "bn.bias" : tensor<8xf32>
  %m = weft.weight "bn.running_mean" : tensor<8xf32>
  %v = weft.weight "bn.running_var" : tensor<8xf32>
  %y = weft.conv %x, %w stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x4x8x8xf32>, tensor<8x2x3x3xf32>) -> tensor<1x8x4x4xf32>
  %z = weft.batchnorm %y gamma %g beta %b mean %m var %v {eps = 1.0e-3 : f64}
         : (tensor<1x8x4x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x4x4xf32>
  return %z : tensor<1x8x4x4xf32>
}

// The bias of the convolution is scaled too.
// CHECK-LABEL: @conv_with_bias
// CHECK: %[[B:.*]] = weft.weight "conv.bias"
// CHECK: %[[BS:.*]] = weft.mul %[[B]], %[[S:.*]] : tensor<8xf32>
// CHECK: %[[NB:.*]] = weft.add %[[BS]], %{{.*}} : tensor<8xf32>
// CHECK: weft.conv %arg0, %{{.*}} bias %[[NB]]
// CHECK-NOT: weft.batchnorm
func.func @conv_with_bias(%x: tensor<1x4x8xf32>) -> tensor<1x8x8xf32> {
  %w = weft.weight "conv.weight" : tensor<8x4x1xf32>
  %cb = weft.weight "conv.bias" : tensor<8xf32>
  %g = weft.weight "bn.weight" : tensor<8xf32>
  %y = weft.conv %x, %w bias %cb stride [1] pad [0, 0] dilation [1]
         : (tensor<1x4x8xf32>, tensor<8x4x1xf32>, tensor<8xf32>) -> tensor<1x8x8xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<1x8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8xf32>
  return %z : tensor<1x8x8xf32>
}

// Output channels of a transposed convolution lie in dimension 1 of the weight, apart for each group.
// CHECK-LABEL: @conv_transpose_groups
// CHECK: %[[W:.*]] = weft.weight "up.weight" : tensor<4x3x2x2xf32>
// CHECK: %[[F:.*]] = weft.reshape %{{.*}} to [2, 1, 3, 1, 1] : (tensor<6xf32>)
// CHECK: %[[V:.*]] = weft.reshape %[[W]] to [2, 2, 3, 2, 2]
// CHECK: %[[P:.*]] = weft.mul %[[V]], %[[F]]
// CHECK: %[[WS:.*]] = weft.reshape %[[P]] to [4, 3, 2, 2]
// CHECK: weft.conv_transpose %arg0, %[[WS]] bias
func.func @conv_transpose_groups(%x: tensor<1x4x8x8xf32>) -> tensor<1x6x16x16xf32> {
  %w = weft.weight "up.weight" : tensor<4x3x2x2xf32>
  %g = weft.weight "bn.weight" : tensor<6xf32>
  %y = weft.conv_transpose %x, %w stride [2, 2] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x4x8x8xf32>, tensor<4x3x2x2xf32>) -> tensor<1x6x16x16xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<1x6x16x16xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<1x6x16x16xf32>
  return %z : tensor<1x6x16x16xf32>
}

// CHECK-LABEL: @linear
// CHECK: weft.reshape %{{.*}} to [5, 1]
// CHECK: weft.linear %arg0, %{{.*}} bias
// CHECK-NOT: weft.batchnorm
func.func @linear(%x: tensor<2x4xf32>) -> tensor<2x5xf32> {
  %w = weft.weight "fc.weight" : tensor<5x4xf32>
  %g = weft.weight "bn.weight" : tensor<5xf32>
  %y = weft.linear %x, %w : (tensor<2x4xf32>, tensor<5x4xf32>) -> tensor<2x5xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<2x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<2x5xf32>
  return %z : tensor<2x5xf32>
}

// The channels of a normalisation after a linear of rank 3 are not the linear's outputs.
// CHECK-LABEL: @linear_of_rank_3
// CHECK: %[[Y:.*]] = weft.linear %arg0
// CHECK: %[[S:.*]] = weft.reshape %{{.*}} to [1, 3, 1]
// CHECK: %[[P:.*]] = weft.mul %[[Y]], %[[S]]
// CHECK: %[[T:.*]] = weft.reshape %{{.*}} to [1, 3, 1]
// CHECK: weft.add %[[P]], %[[T]]
func.func @linear_of_rank_3(%x: tensor<2x3x4xf32>) -> tensor<2x3x5xf32> {
  %w = weft.weight "fc.weight" : tensor<5x4xf32>
  %g = weft.weight "bn.weight" : tensor<3xf32>
  %y = weft.linear %x, %w : (tensor<2x3x4xf32>, tensor<5x4xf32>) -> tensor<2x3x5xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<2x3x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x5xf32>
  return %z : tensor<2x3x5xf32>
}

// They are where a reshape has merged the dimensions before them; whoever else reads the rows keeps the linear as it was.
// CHECK-LABEL: @linear_of_merged_rows
// CHECK: %[[Y:.*]] = weft.linear %arg0, %{{.*}} bias {{.*}} -> tensor<2x3x5xf32>
// CHECK-NEXT: %[[Z:.*]] = weft.reshape %[[Y]] to [6, 5]
// CHECK-NEXT: return %[[Z]]
func.func @linear_of_merged_rows(%x: tensor<2x3x4xf32>) -> tensor<6x5xf32> {
  %w = weft.weight "fc.weight" : tensor<5x4xf32>
  %g = weft.weight "bn.weight" : tensor<5xf32>
  %y = weft.linear %x, %w : (tensor<2x3x4xf32>, tensor<5x4xf32>) -> tensor<2x3x5xf32>
  %m = weft.reshape %y to [6, 5] : (tensor<2x3x5xf32>) -> tensor<6x5xf32>
  %z = weft.batchnorm %m gamma %g beta %g mean %g var %g
         : (tensor<6x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<6x5xf32>
  return %z : tensor<6x5xf32>
}

// CHECK-LABEL: @merged_rows_read_twice
// CHECK: %[[Y:.*]] = weft.linear %arg0, %{{[a-z0-9]+}} :
// CHECK: weft.mul
// CHECK: return
func.func @merged_rows_read_twice(%x: tensor<2x3x4xf32>) -> (tensor<6x5xf32>, tensor<6x5xf32>) {
  %w = weft.weight "fc.weight" : tensor<5x4xf32>
  %g = weft.weight "bn.weight" : tensor<5xf32>
  %y = weft.linear %x, %w : (tensor<2x3x4xf32>, tensor<5x4xf32>) -> tensor<2x3x5xf32>
  %m = weft.reshape %y to [6, 5] : (tensor<2x3x5xf32>) -> tensor<6x5xf32>
  %z = weft.batchnorm %m gamma %g beta %g mean %g var %g
         : (tensor<6x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<6x5xf32>
  return %z, %m : tensor<6x5xf32>, tensor<6x5xf32>
}

// Parts that convolutions made are normalised part by part, and each takes its own.
// CHECK-LABEL: @parts
// CHECK: weft.slice %{{.*}} from [0] to [8] step [1]
// CHECK: %[[A:.*]] = weft.conv %arg0, %{{[0-9]*}} bias
// CHECK: weft.slice %{{.*}} from [8] to [20] step [1]
// CHECK: %[[B:.*]] = weft.conv %arg0, %{{[0-9]*}} bias
// CHECK: %[[C:.*]] = weft.concat %[[A]], %[[B]] axis 1
// CHECK: return %[[C]]
func.func @parts(%x: tensor<1x4x8x8xf32>) -> tensor<1x20x8x8xf32> {
  %v = weft.weight "a.weight" : tensor<8x4x1x1xf32>
  %w = weft.weight "b.weight" : tensor<12x4x1x1xf32>
  %g = weft.weight "bn.weight" : tensor<20xf32>
  %a = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32>
  %b = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x4x8x8xf32>, tensor<12x4x1x1xf32>) -> tensor<1x12x8x8xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x8x8x8xf32>, tensor<1x12x8x8xf32>) -> tensor<1x20x8x8xf32>
  %z = weft.batchnorm %c gamma %g beta %g mean %g var %g
         : (tensor<1x20x8x8xf32>, tensor<20xf32>, tensor<20xf32>, tensor<20xf32>, tensor<20xf32>) -> tensor<1x20x8x8xf32>
  return %z : tensor<1x20x8x8xf32>
}

// Somebody else reads the convolution: it must not be scaled.
// CHECK-LABEL: @read_twice
// CHECK: %[[Y:.*]] = weft.conv %arg0, %{{[0-9]*}} stride
// CHECK: weft.mul %[[Y]]
// CHECK: return %[[Y]]
func.func @read_twice(%x: tensor<1x4x8x8xf32>) -> (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) {
  %w = weft.weight "conv.weight" : tensor<8x4x1x1xf32>
  %g = weft.weight "bn.weight" : tensor<8xf32>
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<1x8x8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  return %y, %z : tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>
}

// A weight that is computed is not scaled: that would cost time at every run.
// CHECK-LABEL: @weight_is_an_input
// CHECK: %[[Y:.*]] = weft.conv %arg0, %arg1 stride
// CHECK: weft.mul %[[Y]]
func.func @weight_is_an_input(%x: tensor<1x4x8x8xf32>, %w: tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32> {
  %g = weft.weight "bn.weight" : tensor<8xf32>
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32>
  %z = weft.batchnorm %y gamma %g beta %g mean %g var %g
         : (tensor<1x8x8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  return %z : tensor<1x8x8x8xf32>
}

// Statistics that come from outside cannot be a recipe.
// CHECK-LABEL: @statistics_are_inputs
// CHECK: weft.batchnorm
func.func @statistics_are_inputs(%x: tensor<1x4x8x8xf32>, %m: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  %z = weft.batchnorm %x gamma %m beta %m mean %m var %m
         : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  return %z : tensor<1x4x8x8xf32>
}
