// Parts of channels that begin inside a block would be copied, each vector put together from two, at each concatenation and split.
// RUN: weft-opt %s --split-input-file --weft-align-parts | FileCheck %s

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// 28 channels beside 28: rows of zeros behind each in the weights that make them, columns of zeros between in the weight that reads
// them, and what lies behind the last is not read.
// Who wants the channels as they are gets them.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @joined
// CHECK: %[[V:.*]] = weft.weight "v"
// CHECK: %[[PV:.*]] = weft.pad %[[V]] constant low [0, 0, 0, 0] high [4, 0, 0, 0]
// CHECK: %[[A:.*]] = weft.conv %arg0, %[[PV]] bias %{{.*}} -> tensor<1x32x56x56xf32>
// CHECK: %[[B:.*]] = weft.conv %[[A]], %{{.*}} {groups = 32 : i64{{.*}} -> tensor<1x32x56x56xf32>
// CHECK: %[[C:.*]] = weft.concat %[[A]], %[[B]] axis 1
// CHECK: %[[G:.*]] = weft.mul %[[C]], %{{[0-9]+}}
// CHECK-SAME: weft.parts = array<i64: 28, 28>
// CHECK: weft.slice %{{.*}} from [0, 28, 0, 0] to [16, 56, 1, 1]
// CHECK: %[[T:.*]] = weft.slice %[[G]] from [0, 0, 0, 0] to [1, 60, 56, 56]
// CHECK: weft.conv %[[T]], %{{.*}} : (tensor<1x60x56x56xf32>, tensor<16x60x1x1xf32>) -> tensor<1x16x56x56xf32>
// CHECK: %[[P:.*]] = weft.global_avgpool %[[G]]
// CHECK: %[[L:.*]] = weft.slice %[[P]] from [0, 0, 0, 0] to [1, 28, 1, 1]
// CHECK: %[[H:.*]] = weft.slice %[[P]] from [0, 32, 0, 0] to [1, 60, 1, 1]
// CHECK: %[[R:.*]] = weft.concat %[[L]], %[[H]] axis 1
// CHECK: return %{{.*}}, %[[R]]
func.func @joined(%x: tensor<1x16x56x56xf32>) -> (tensor<1x16x56x56xf32>, tensor<1x56x1x1xf32>) attributes {weft.net} {
  %v = weft.weight "v" : tensor<28x16x1x1xf32>
  %bias = weft.weight "bias" : tensor<28xf32>
  %d = weft.weight "d" : tensor<28x1x3x3xf32>
  %g = weft.weight "g" : tensor<1x56x1x1xf32>
  %w = weft.weight "w" : tensor<16x56x1x1xf32>
  %a = weft.conv %x, %v bias %bias stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x56x56xf32>, tensor<28x16x1x1xf32>, tensor<28xf32>) -> tensor<1x28x56x56xf32>
  %b = weft.conv %a, %d stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 28 : i64}
         : (tensor<1x28x56x56xf32>, tensor<28x1x3x3xf32>) -> tensor<1x28x56x56xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x28x56x56xf32>, tensor<1x28x56x56xf32>) -> tensor<1x56x56x56xf32>
  %s = weft.mul %c, %g : (tensor<1x56x56x56xf32>, tensor<1x56x1x1xf32>) -> tensor<1x56x56x56xf32>
  %y = weft.conv %s, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x56x56x56xf32>, tensor<16x56x1x1xf32>) -> tensor<1x16x56x56xf32>
  %p = weft.global_avgpool %s : (tensor<1x56x56x56xf32>) -> tensor<1x56x1x1xf32>
  return %y, %p : tensor<1x16x56x56xf32>, tensor<1x56x1x1xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// A sum of what is split later is cut as that is; pooled and flattened, a classifier's weight knows it too.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @split
// CHECK: weft.add %{{.*}} tensor<1x64x56x56xf32>
// CHECK: %[[S:.*]]:2 = weft.split %{{.*}} axis 1 sizes [32, 32]
// CHECK: weft.add %[[S]]#0, %[[S]]#1
// CHECK: weft.global_avgpool %{{.*}} -> tensor<1x64x1x1xf32>
// CHECK: weft.flatten %{{.*}} -> tensor<1x64xf32>
// CHECK: weft.linear %{{.*}} : (tensor<1x64xf32>, tensor<10x64xf32>) -> tensor<1x10xf32>
func.func @split(%x: tensor<1x16x56x56xf32>, %z: tensor<1x60x56x56xf32>) -> (tensor<1x16x56x56xf32>, tensor<1x10xf32>) attributes {weft.net} {
  %v = weft.weight "v" : tensor<60x16x1x1xf32>
  %u = weft.weight "u" : tensor<60x60x1x1xf32>
  %w = weft.weight "w" : tensor<16x30x1x1xf32>
  %f = weft.weight "f" : tensor<10x60xf32>
  %a = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x56x56xf32>, tensor<60x16x1x1xf32>) -> tensor<1x60x56x56xf32>
  %b = weft.conv %z, %u stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x60x56x56xf32>, tensor<60x60x1x1xf32>) -> tensor<1x60x56x56xf32>
  %c = weft.add %a, %b : (tensor<1x60x56x56xf32>, tensor<1x60x56x56xf32>) -> tensor<1x60x56x56xf32>
  %p:2 = weft.split %c axis 1 sizes [30, 30] : (tensor<1x60x56x56xf32>) -> (tensor<1x30x56x56xf32>, tensor<1x30x56x56xf32>)
  %q = weft.add %p#0, %p#1 : (tensor<1x30x56x56xf32>, tensor<1x30x56x56xf32>) -> tensor<1x30x56x56xf32>
  %y = weft.conv %q, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x30x56x56xf32>, tensor<16x30x1x1xf32>) -> tensor<1x16x56x56xf32>
  %g = weft.global_avgpool %c : (tensor<1x60x56x56xf32>) -> tensor<1x60x1x1xf32>
  %h = weft.flatten %g axis 1 : (tensor<1x60x1x1xf32>) -> tensor<1x60xf32>
  %l = weft.linear %h, %f : (tensor<1x60xf32>, tensor<10x60xf32>) -> tensor<1x10xf32>
  return %y, %l : tensor<1x16x56x56xf32>, tensor<1x10xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// A shuffle between parts reads and leaves them where they are stored.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @shuffled
// CHECK: %[[C:.*]] = weft.concat
// CHECK: %[[S:.*]] = weft.channel_shuffle %[[C]] groups 2 stored [116, 2, 64] {{.*}} -> tensor<1x128x28x28xf32>
// CHECK: weft.split %[[S]] axis 1 sizes [64, 64]
func.func @shuffled(%x: tensor<1x16x28x28xf32>) -> (tensor<1x16x28x28xf32>, tensor<1x16x28x28xf32>) attributes {weft.net} {
  %v = weft.weight "v" : tensor<58x16x1x1xf32>
  %w = weft.weight "w" : tensor<16x58x1x1xf32>
  %a = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x28x28xf32>, tensor<58x16x1x1xf32>) -> tensor<1x58x28x28xf32>
  %b = weft.relu %a : tensor<1x58x28x28xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x58x28x28xf32>, tensor<1x58x28x28xf32>) -> tensor<1x116x28x28xf32>
  %s = weft.channel_shuffle %c groups 2 : (tensor<1x116x28x28xf32>) -> tensor<1x116x28x28xf32>
  %p:2 = weft.split %s axis 1 sizes [58, 58] : (tensor<1x116x28x28xf32>) -> (tensor<1x58x28x28xf32>, tensor<1x58x28x28xf32>)
  %y = weft.conv %p#0, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x58x28x28xf32>, tensor<16x58x1x1xf32>) -> tensor<1x16x28x28xf32>
  %z = weft.conv %p#1, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x58x28x28xf32>, tensor<16x58x1x1xf32>) -> tensor<1x16x28x28xf32>
  return %y, %z : tensor<1x16x28x28xf32>, tensor<1x16x28x28xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// One channel beside 16, read by a large product: half a product more costs more than two passes. And whole blocks need no zeros.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @too_dear
// CHECK-NOT: weft.pad
// CHECK: return
func.func @too_dear(%x: tensor<1x16x56x56xf32>) -> (tensor<1x512x56x56xf32>, tensor<1x16x56x56xf32>) attributes {weft.net} {
  %u = weft.weight "u" : tensor<1x16x1x1xf32>
  %v = weft.weight "v" : tensor<15x16x1x1xf32>
  %w = weft.weight "w" : tensor<512x16x3x3xf32>
  %k = weft.weight "k" : tensor<32x16x1x1xf32>
  %l = weft.weight "l" : tensor<16x48x1x1xf32>
  %a = weft.conv %x, %u stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x56x56xf32>, tensor<1x16x1x1xf32>) -> tensor<1x1x56x56xf32>
  %b = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x56x56xf32>, tensor<15x16x1x1xf32>) -> tensor<1x15x56x56xf32>
  %c = weft.concat %a, %b axis 1 : (tensor<1x1x56x56xf32>, tensor<1x15x56x56xf32>) -> tensor<1x16x56x56xf32>
  %y = weft.conv %c, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x16x56x56xf32>, tensor<512x16x3x3xf32>) -> tensor<1x512x56x56xf32>
  %e = weft.conv %x, %k stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x56x56xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x56x56xf32>
  %f = weft.concat %e, %x axis 1 : (tensor<1x32x56x56xf32>, tensor<1x16x56x56xf32>) -> tensor<1x48x56x56xf32>
  %z = weft.conv %f, %l stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x48x56x56xf32>, tensor<16x48x1x1xf32>) -> tensor<1x16x56x56xf32>
  return %y, %z : tensor<1x512x56x56xf32>, tensor<1x16x56x56xf32>
}
}
