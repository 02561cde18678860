// Convolutions run on packed channels with packed weights, and nothing is converted between them.
// RUN: weft-opt %s --split-input-file --weft-assign-layouts --cse | FileCheck %s

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// The first layer reads the image as it comes; of 24 channels half a block is not read; pooling keeps the blocks; flatten of 1x1 images is the same bytes.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @chain
// CHECK: weft.pack_filter {{.*}} {ic_block = 0 : i64, oc_block = 16 : i64} : (tensor<24x3x3x3xf32>) -> tensor<2x3x3x3x16xf32>
// CHECK: weft.pack_vector {{.*}} (tensor<24xf32>) -> tensor<2x16xf32>
// CHECK: weft.conv %arg0, {{.*}}algorithm = #weft.algorithm<first>, filter_shape = array<i64: 24, 3, 3, 3>{{.*}} -> tensor<1x24x8x8xf32, #weft.blocked<16>>
// CHECK: weft.maxpool {{.*}} -> tensor<1x24x4x4xf32, #weft.blocked<16>>
// CHECK: weft.pack_filter {{.*}} {ic_block = 8 : i64, oc_block = 16 : i64} : (tensor<32x24x1x1xf32>) -> tensor<2x3x1x1x8x16xf32>
// CHECK: weft.conv {{.*}}algorithm = #weft.algorithm<direct>
// CHECK: weft.global_avgpool {{.*}} -> tensor<1x32x1x1xf32, #weft.blocked<16>>
// CHECK: weft.flatten {{.*}} -> tensor<1x32xf32, #weft.blocked<16>>
// CHECK: weft.linear {{.*}}algorithm = #weft.algorithm<gemm>{{.*}} -> tensor<1x10xf32, #weft.blocked<16>>
// CHECK: weft.relayout {{.*}} -> tensor<1x10xf32>
// CHECK-NEXT: return
func.func @chain(%x: tensor<1x3x8x8xf32>) -> tensor<1x10xf32> attributes {weft.net} {
  %w1 = weft.weight "c1.weight" : tensor<24x3x3x3xf32>
  %b1 = weft.weight "c1.bias" : tensor<24xf32>
  %w2 = weft.weight "c2.weight" : tensor<32x24x1x1xf32>
  %w3 = weft.weight "fc.weight" : tensor<10x32xf32>
  %0 = weft.conv %x, %w1 bias %b1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x3x8x8xf32>, tensor<24x3x3x3xf32>, tensor<24xf32>) -> tensor<1x24x8x8xf32>
  %1 = weft.maxpool %0 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x24x8x8xf32>) -> tensor<1x24x4x4xf32>
  %2 = weft.conv %1, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x24x4x4xf32>, tensor<32x24x1x1xf32>) -> tensor<1x32x4x4xf32>
  %3 = weft.global_avgpool %2 : (tensor<1x32x4x4xf32>) -> tensor<1x32x1x1xf32>
  %4 = weft.flatten %3 axis 1 : (tensor<1x32x1x1xf32>) -> tensor<1x32xf32>
  %5 = weft.linear %4, %w3 : (tensor<1x32xf32>, tensor<10x32xf32>) -> tensor<1x10xf32>
  return %5 : tensor<1x10xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// A classifier on a flattened image is a convolution with a window of the whole image: no copy to row-major.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @classifier
// CHECK: weft.reshape {{.*}} : (tensor<10x128xf32>) -> tensor<10x32x2x2xf32>
// CHECK: weft.pack_filter {{.*}} -> tensor<1x2x2x2x16x16xf32>
// CHECK: weft.conv {{.*}} stride [1, 1] pad [0, 0, 0, 0] {{.*}} -> tensor<1x10x1x1xf32, #weft.blocked<16>>
// CHECK: weft.flatten {{.*}} -> tensor<1x10xf32, #weft.blocked<16>>
// CHECK-NOT: weft.linear
func.func @classifier(%x: tensor<1x16x4x4xf32>) -> tensor<1x10xf32> attributes {weft.net} {
  %w1 = weft.weight "c.weight" : tensor<32x16x3x3xf32>
  %w2 = weft.weight "fc.weight" : tensor<10x128xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x2x2xf32>
  %1 = weft.flatten %0 axis 1 : (tensor<1x32x2x2xf32>) -> tensor<1x128xf32>
  %2 = weft.linear %1, %w2 : (tensor<1x128xf32>, tensor<10x128xf32>) -> tensor<1x10xf32>
  return %2 : tensor<1x10xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Channels join in place where the block divides the offset; else the tensors become plain, once each.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @concat
// CHECK: weft.relayout {{.*}} -> tensor<1x24x4x4xf32>
// CHECK: weft.concat {{.*}} -> tensor<1x40x4x4xf32, #weft.blocked<16>>
// CHECK: weft.concat {{.*}} -> tensor<1x40x4x4xf32>
func.func @concat(%x: tensor<1x16x4x4xf32>) -> (tensor<1x40x4x4xf32>, tensor<1x40x4x4xf32>) attributes {weft.net} {
  %w1 = weft.weight "a.weight" : tensor<16x16x1x1xf32>
  %w2 = weft.weight "b.weight" : tensor<24x16x1x1xf32>
  %a = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %b = weft.conv %x, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<24x16x1x1xf32>) -> tensor<1x24x4x4xf32>
  %0 = weft.concat %a, %b axis 1 : (tensor<1x16x4x4xf32>, tensor<1x24x4x4xf32>) -> tensor<1x40x4x4xf32>
  %1 = weft.concat %b, %a axis 1 : (tensor<1x24x4x4xf32>, tensor<1x16x4x4xf32>) -> tensor<1x40x4x4xf32>
  return %0, %1 : tensor<1x40x4x4xf32>, tensor<1x40x4x4xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// What would turn the zeros of rounded-up channels into infinities does not see them.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @logarithm
// CHECK: weft.relayout
// CHECK: weft.log {{.*}} : tensor<1x24x4x4xf32>
// CHECK: weft.log {{.*}} : tensor<1x32x4x4xf32, #weft.blocked<16>>
func.func @logarithm(%x: tensor<1x16x4x4xf32>) -> (tensor<1x24x4x4xf32>, tensor<1x32x4x4xf32>) attributes {weft.net} {
  %w1 = weft.weight "a.weight" : tensor<24x16x1x1xf32>
  %w2 = weft.weight "b.weight" : tensor<32x16x1x1xf32>
  %a = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<24x16x1x1xf32>) -> tensor<1x24x4x4xf32>
  %b = weft.conv %x, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x4x4xf32>
  %0 = weft.log %a : tensor<1x24x4x4xf32>
  %1 = weft.log %b : tensor<1x32x4x4xf32>
  return %0, %1 : tensor<1x24x4x4xf32>, tensor<1x32x4x4xf32>
}
}

// -----

#avx2 = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>

// A scale a channel is packed with the weights; a scalar stays as it is. Eight lanes, so blocks of eight.
module attributes {weft.target = #avx2} {
// CHECK-LABEL: func.func @scaled
// CHECK: weft.pack_depthwise {{.*}} {block = 8 : i64} : (tensor<16x1x3x3xf32>) -> tensor<2x3x3x8xf32>
// CHECK: weft.mul {{.*}} : (tensor<1x16x2x2xf32, #weft.blocked<8>>, tensor<1x16x1x1xf32, #weft.blocked<8>>)
// CHECK: weft.add {{.*}} : (tensor<1x16x2x2xf32, #weft.blocked<8>>, tensor<1xf32>)
func.func @scaled(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x2x2xf32> attributes {weft.net} {
  %w = weft.weight "dw.weight" : tensor<16x1x3x3xf32>
  %s = weft.weight "scale" : tensor<16x1x1xf32>
  %one = weft.constant dense<1.0> : tensor<1xf32>
  %a = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 16 : i64}
         : (tensor<1x16x4x4xf32>, tensor<16x1x3x3xf32>) -> tensor<1x16x2x2xf32>
  %b = weft.mul %a, %s : (tensor<1x16x2x2xf32>, tensor<16x1x1xf32>) -> tensor<1x16x2x2xf32>
  %c = weft.add %b, %one : (tensor<1x16x2x2xf32>, tensor<1xf32>) -> tensor<1x16x2x2xf32>
  return %c : tensor<1x16x2x2xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// The rows of a graph's features are counted at run time: row-major, with the weight transposed.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @vertices
// CHECK: weft.transpose {{.*}} : (tensor<16x64xf32>) -> tensor<64x16xf32>
// CHECK: weft.linear {{.*}} : (tensor<?x64xf32>, tensor<64x16xf32>) -> tensor<?x16xf32>
// CHECK-NOT: weft.relayout
func.func @vertices(%x: tensor<?x64xf32>) -> tensor<?x16xf32> attributes {weft.net} {
  %w = weft.weight "lin.weight" : tensor<16x64xf32>
  %0 = weft.linear %x, %w : (tensor<?x64xf32>, tensor<16x64xf32>) -> tensor<?x16xf32>
  %1 = weft.relu %0 : tensor<?x16xf32>
  return %1 : tensor<?x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Two groups of eight channels fill a block: their weights join on the diagonal, as a recipe. Of four channels they do not.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @groups
// CHECK: weft.reshape {{.*}} -> tensor<2x2x8x8x3x3xf32>
// CHECK-COUNT-2: weft.slice
// CHECK: weft.concat {{.*}} axis 1 {{.*}} -> tensor<2x2x8x16x3x3xf32>
// CHECK: weft.pack_grouped {{.*}} {groups = 2 : i64, ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<32x16x3x3xf32>)
// CHECK: weft.conv {{.*}}algorithm = #weft.algorithm<grouped>, filter_shape = array<i64: 32, 16, 3, 3>, groups = 2 : i64
// CHECK: weft.pack_filter {{.*}} {ic_block = 0 : i64, oc_block = 16 : i64} : (tensor<32x4x3x3xf32>)
// CHECK: weft.conv {{.*}}algorithm = #weft.algorithm<grouped>, filter_shape = array<i64: 32, 4, 3, 3>, groups = 8 : i64
func.func @groups(%x: tensor<1x32x4x4xf32>) -> (tensor<1x32x2x2xf32>, tensor<1x32x2x2xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x8x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 4 : i64}
         : (tensor<1x32x4x4xf32>, tensor<32x8x3x3xf32>) -> tensor<1x32x2x2xf32>
  %v = weft.weight "v" : tensor<32x4x3x3xf32>
  %1 = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 8 : i64}
         : (tensor<1x32x4x4xf32>, tensor<32x4x3x3xf32>) -> tensor<1x32x2x2xf32>
  return %0, %1 : tensor<1x32x2x2xf32>, tensor<1x32x2x2xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// The activation of a classifier joins its convolution: flatten moves behind it.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @activation
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x16x1x1xf32, #weft.blocked<16>>
// CHECK-NEXT: %[[R:.*]] = weft.relu %[[Y]] : tensor<1x16x1x1xf32, #weft.blocked<16>>
// CHECK-NEXT: weft.flatten %[[R]]
func.func @activation(%x: tensor<1x16x4x4xf32>) -> tensor<1x16xf32> attributes {weft.net} {
  %w1 = weft.weight "c.weight" : tensor<16x16x3x3xf32>
  %w2 = weft.weight "fc.weight" : tensor<16x64xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x2x2xf32>
  %1 = weft.flatten %0 axis 1 : (tensor<1x16x2x2xf32>) -> tensor<1x64xf32>
  %2 = weft.linear %1, %w2 : (tensor<1x64xf32>, tensor<16x64xf32>) -> tensor<1x16xf32>
  %3 = weft.relu %2 : tensor<1x16xf32>
  return %3 : tensor<1x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// The largest of a line is pooling too, here of features of points.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @largest
// CHECK: weft.global_maxpool %{{.*}} : {{.*}} -> tensor<1x16x1xf32, #weft.blocked<16>>
// CHECK-NOT: weft.reduce_max
func.func @largest(%x: tensor<1x16x40xf32>) -> tensor<1x16xf32> attributes {weft.net} {
  %w = weft.weight "c.weight" : tensor<16x16x1xf32>
  %0 = weft.conv %x, %w stride [1] pad [0, 0] dilation [1] : (tensor<1x16x40xf32>, tensor<16x16x1xf32>) -> tensor<1x16x40xf32>
  %1 = weft.reduce_max %0 axes [2] {keepdims = false} : (tensor<1x16x40xf32>) -> tensor<1x16xf32>
  return %1 : tensor<1x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// The mean of planes is pooling, which reads them packed; so is that of rows or columns, whose windows are one long.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @means
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x16x2x2xf32, #weft.blocked<16>>
// CHECK: %[[P:.*]] = weft.global_avgpool %[[Y]] {{.*}} -> tensor<1x16x1x1xf32, #weft.blocked<16>>
// CHECK: weft.flatten %[[P]] axis 1
// CHECK: %[[R:.*]] = weft.avgpool %[[Y]] kernel [1, 2] stride [1, 2] pad [0, 0, 0, 0] dilation [1, 1] {{.*}} -> tensor<1x16x2x1xf32, #weft.blocked<16>>
// CHECK: weft.reshape %{{.*}} to [1, 16, 2]
func.func @means(%x: tensor<1x16x4x4xf32>) -> (tensor<1x16xf32>, tensor<1x16x2xf32>) attributes {weft.net} {
  %w = weft.weight "c.weight" : tensor<16x16x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x2x2xf32>
  %1 = weft.reduce_mean %0 axes [3, 2] {keepdims = false} : (tensor<1x16x2x2xf32>) -> tensor<1x16xf32>
  %2 = weft.reduce_mean %0 axes [3] {keepdims = false} : (tensor<1x16x2x2xf32>) -> tensor<1x16x2xf32>
  return %1, %2 : tensor<1x16xf32>, tensor<1x16x2xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// A sum over planes reads them packed too, and what follows it is packed.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @energies
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x16x2x2xf32, #weft.blocked<16>>
// CHECK-NOT: weft.relayout
// CHECK: %[[S:.*]] = weft.reduce_sum {{.*}} axes [2, 3] {{.*}} -> tensor<1x16x1x1xf32, #weft.blocked<16>>
// CHECK: weft.mul %[[Y]], %[[S]]
// CHECK: weft.reduce_sum {{.*}} -> tensor<1x16x1x1xf32, #weft.blocked<16>>
// CHECK-NEXT: weft.flatten
func.func @energies(%x: tensor<1x16x4x4xf32>) -> (tensor<1x16x2x2xf32>, tensor<1x16xf32>) attributes {weft.net} {
  %w = weft.weight "c.weight" : tensor<16x16x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x2x2xf32>
  %1 = weft.mul %0, %0 : tensor<1x16x2x2xf32>
  %2 = weft.reduce_sum %1 axes [2, 3] : (tensor<1x16x2x2xf32>) -> tensor<1x16x1x1xf32>
  %3 = weft.mul %0, %2 : (tensor<1x16x2x2xf32>, tensor<1x16x1x1xf32>) -> tensor<1x16x2x2xf32>
  %4 = weft.reduce_sum %0 axes [3, 2] {keepdims = false} : (tensor<1x16x2x2xf32>) -> tensor<1x16xf32>
  return %3, %4 : tensor<1x16x2x2xf32>, tensor<1x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Resizing leaves channels packed, and its tables as they are.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @resized
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x16x4x4xf32, #weft.blocked<16>>
// CHECK: weft.resample %[[Y]][%arg1] by %arg2 axis 2 : {{.*}} -> tensor<1x16x9x4xf32, #weft.blocked<16>>
func.func @resized(%x: tensor<1x16x4x4xf32>, %i: tensor<2x9xi32>, %w: tensor<2x9xf32>) -> tensor<1x16x9x4xf32> attributes {weft.net} {
  %f = weft.weight "c.weight" : tensor<16x16x1x1xf32>
  %0 = weft.conv %x, %f stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x1x1xf32>) -> tensor<1x16x4x4xf32>
  %1 = weft.resample %0[%i] by %w axis 2 : (tensor<1x16x4x4xf32>, tensor<2x9xi32>, tensor<2x9xf32>) -> tensor<1x16x9x4xf32>
  %2 = weft.relu %1 : tensor<1x16x9x4xf32>
  return %2 : tensor<1x16x9x4xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// What grows on its way to the caller, in one step or two, is brought into the caller's order before.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @enlarged
// CHECK: weft.relayout {{.*}} -> tensor<1x16x4x4xf32>
// CHECK: weft.resample {{.*}} -> tensor<1x16x9x4xf32>
// CHECK: weft.upsample {{.*}} -> tensor<1x16x18x8xf32>
// CHECK-NOT: weft.relayout
func.func @enlarged(%x: tensor<1x16x4x4xf32>, %i: tensor<2x9xi32>, %w: tensor<2x9xf32>) -> tensor<1x16x18x8xf32> attributes {weft.net} {
  %f = weft.weight "c.weight" : tensor<16x16x3x3xf32>
  %0 = weft.conv %x, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32>
  %1 = weft.resample %0[%i] by %w axis 2 : (tensor<1x16x4x4xf32>, tensor<2x9xi32>, tensor<2x9xf32>) -> tensor<1x16x9x4xf32>
  %2 = weft.upsample %1 nearest [2, 2] : (tensor<1x16x9x4xf32>) -> tensor<1x16x18x8xf32>
  return %2 : tensor<1x16x18x8xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Spatial attention: a mean over packed channels is read where they lie, and the plane made of it is read by all channels as it is.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @spatial_attention
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x32x8x8xf32, #weft.blocked<16>>
// CHECK: %[[M:.*]] = weft.reduce_mean %[[Y]] axes [1] {keepdims = false} : (tensor<1x32x8x8xf32, #weft.blocked<16>>) -> tensor<1x8x8xf32>
// CHECK: %[[K:.*]] = weft.reshape %[[M]] to [1, 1, 8, 8]
// CHECK: %[[S:.*]] = weft.sigmoid %[[K]] : tensor<1x1x8x8xf32>
// CHECK: weft.mul %[[Y]], %[[S]] : (tensor<1x32x8x8xf32, #weft.blocked<16>>, tensor<1x1x8x8xf32>) -> tensor<1x32x8x8xf32, #weft.blocked<16>>
// CHECK: weft.mul %arg1, %[[S]] : (tensor<1x3x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x3x8x8xf32>
func.func @spatial_attention(%x: tensor<1x16x8x8xf32>, %y: tensor<1x3x8x8xf32>) -> (tensor<1x32x8x8xf32>, tensor<1x3x8x8xf32>) attributes {weft.net} {
  %f = weft.weight "c.weight" : tensor<32x16x3x3xf32>
  %0 = weft.conv %x, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x16x8x8xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x8x8xf32>
  %1 = weft.reduce_mean %0 axes [1] : (tensor<1x32x8x8xf32>) -> tensor<1x1x8x8xf32>
  %2 = weft.sigmoid %1 : tensor<1x1x8x8xf32>
  %3 = weft.mul %0, %2 : (tensor<1x32x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x32x8x8xf32>
  %4 = weft.mul %y, %2 : (tensor<1x3x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x3x8x8xf32>
  return %3, %4 : tensor<1x32x8x8xf32>, tensor<1x3x8x8xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// What only convolutions read is packed before its activation, which is then part of that kernel; what another reads too is not.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @activated
// CHECK: %[[P:.*]] = weft.relayout %arg0 : tensor<4x32x7x7xf32> -> tensor<4x32x7x7xf32, #weft.blocked<16>>
// CHECK: %[[R:.*]] = weft.relu %[[P]] : tensor<4x32x7x7xf32, #weft.blocked<16>>
// CHECK: weft.sigmoid %arg0 : tensor<4x32x7x7xf32>
// CHECK: weft.conv %[[R]]
func.func @activated(%x: tensor<4x32x7x7xf32>) -> (tensor<4x16x7x7xf32>, tensor<4x16x7x7xf32>, tensor<4x32x7x7xf32>) attributes {weft.net} {
  %f = weft.weight "c.weight" : tensor<16x32x3x3xf32>
  %0 = weft.relu %x : tensor<4x32x7x7xf32>
  %1 = weft.sigmoid %x : tensor<4x32x7x7xf32>
  %2 = weft.conv %0, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<4x32x7x7xf32>, tensor<16x32x3x3xf32>) -> tensor<4x16x7x7xf32>
  %3 = weft.conv %1, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<4x32x7x7xf32>, tensor<16x32x3x3xf32>) -> tensor<4x16x7x7xf32>
  return %2, %3, %1 : tensor<4x16x7x7xf32>, tensor<4x16x7x7xf32>, tensor<4x32x7x7xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// What is repeated along rows or columns with all channels is packed as they are.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @rows_of_channels
// CHECK: %[[R:.*]] = weft.relayout %arg1 : {{.*}} -> tensor<1x16x4x1xf32, #weft.blocked<16>>
// CHECK: %[[Y:.*]] = weft.conv
// CHECK: weft.mul %[[Y]], %[[R]] : {{.*}} -> tensor<1x16x4x4xf32, #weft.blocked<16>>
func.func @rows_of_channels(%x: tensor<1x16x4x4xf32>, %r: tensor<1x16x4x1xf32>) -> tensor<1x16x4x4xf32> attributes {weft.net} {
  %f = weft.weight "c.weight" : tensor<16x16x3x3xf32>
  %0 = weft.conv %x, %f stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x16x4x4xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32>
  %1 = weft.mul %0, %r : (tensor<1x16x4x4xf32>, tensor<1x16x4x1xf32>) -> tensor<1x16x4x4xf32>
  return %1 : tensor<1x16x4x4xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Many rows of a row-major matrix stay row-major, and so does the bias; a few give packed results.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @rows
// CHECK-NOT: weft.pack_vector
// CHECK: weft.linear %arg0, %{{.*}} bias %{{[^ ]*}} {{.*}} -> tensor<32x16xf32>
// CHECK: weft.linear %arg1, {{.*}} -> tensor<4x16xf32, #weft.blocked<16>>
func.func @rows(%x: tensor<32x64xf32>, %few: tensor<4x64xf32>) -> (tensor<32x16xf32>, tensor<4x16xf32>) attributes {weft.net} {
  %w = weft.weight "fc.weight" : tensor<16x64xf32>
  %b = weft.weight "fc.bias" : tensor<16xf32>
  %0 = weft.linear %x, %w bias %b : (tensor<32x64xf32>, tensor<16x64xf32>, tensor<16xf32>) -> tensor<32x16xf32>
  %1 = weft.linear %few, %w : (tensor<4x64xf32>, tensor<16x64xf32>) -> tensor<4x16xf32>
  return %0, %1 : tensor<32x16xf32>, tensor<4x16xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Every second pixel of packed channels, from a padded plane: both stay packed.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @every_second
// CHECK: weft.pad {{.*}} -> tensor<1x16x9x9xf32, #weft.blocked<16>>
// CHECK-NEXT: weft.slice {{.*}} -> tensor<1x16x4x4xf32, #weft.blocked<16>>
func.func @every_second(%x: tensor<1x32x8x8xf32>) -> tensor<1x16x4x4xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x32x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x32x8x8xf32>, tensor<16x32x1x1xf32>) -> tensor<1x16x8x8xf32>
  %1 = weft.pad %0 constant low [0, 0, 0, 0] high [0, 0, 1, 1] : (tensor<1x16x8x8xf32>) -> tensor<1x16x9x9xf32>
  %2 = weft.slice %1 from [0, 0, 1, 1] to [1, 16, 9, 9] step [1, 1, 2, 2] : (tensor<1x16x9x9xf32>) -> tensor<1x16x4x4xf32>
  return %2 : tensor<1x16x4x4xf32>
}
}

// -----

// A window beside a convolution takes the packed copy that was made for it.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func @shared_copy
// CHECK: %[[P:.*]] = weft.relayout %arg0
// CHECK: weft.conv %[[P]]
// CHECK: weft.maxpool %[[P]]
func.func @shared_copy(%x: tensor<1x32x8x8xf32>) -> (tensor<1x32x8x8xf32>, tensor<1x32x4x4xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x32x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x32x8x8xf32>, tensor<32x32x1x1xf32>) -> tensor<1x32x8x8xf32>
  %1 = weft.maxpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x32x8x8xf32>) -> tensor<1x32x4x4xf32>
  return %0, %1 : tensor<1x32x8x8xf32>, tensor<1x32x4x4xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Four heads of an attention are mixed, row-major on both sides: a product of matrices, where a block would be a quarter full.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @heads
// CHECK: %[[PLANES:.*]] = weft.reshape %{{.*}} : (tensor<2x4x9x9xf32>) -> tensor<2x4x81xf32>
// CHECK: %[[WEIGHT:.*]] = weft.reshape %{{.*}} : (tensor<6x4x1x1xf32>) -> tensor<6x4xf32>
// CHECK: weft.matmul %[[WEIGHT]], %[[PLANES]] : (tensor<6x4xf32>, tensor<2x4x81xf32>) -> tensor<2x6x81xf32>
// CHECK: weft.add %{{.*}}, %{{.*}} : (tensor<2x6x81xf32>, tensor<6x1xf32>) -> tensor<2x6x81xf32>
// CHECK-NOT: weft.relayout
// CHECK: return
func.func @heads(%x: tensor<2x4x9x9xf32>) -> tensor<2x6x9x9xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<6x4x1x1xf32>
  %b = weft.weight "b" : tensor<6xf32>
  %0 = weft.softmax %x axis 3 : (tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32>
  %1 = weft.conv %0, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<2x4x9x9xf32>, tensor<6x4x1x1xf32>, tensor<6xf32>) -> tensor<2x6x9x9xf32>
  %2 = weft.softmax %1 axis 3 : (tensor<2x6x9x9xf32>) -> tensor<2x6x9x9xf32>
  return %2 : tensor<2x6x9x9xf32>
}

// So they are where a batch was divided before.
// CHECK-LABEL: func.func @heads_of_samples
// CHECK-COUNT-2: weft.matmul
// CHECK-NOT: weft.relayout
// CHECK: return
func.func @heads_of_samples(%x: tensor<2x4x9x9xf32>) -> tensor<2x6x9x9xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<6x4x1x1xf32>
  %0 = weft.softmax %x axis 3 : (tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32>
  %1:2 = weft.split %0 axis 0 sizes [1, 1] : (tensor<2x4x9x9xf32>) -> (tensor<1x4x9x9xf32>, tensor<1x4x9x9xf32>)
  %2 = weft.conv %1#0, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<6x4x1x1xf32>) -> tensor<1x6x9x9xf32>
  %3 = weft.conv %1#1, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x4x9x9xf32>, tensor<6x4x1x1xf32>) -> tensor<1x6x9x9xf32>
  %4 = weft.concat %2, %3 axis 0 : (tensor<1x6x9x9xf32>, tensor<1x6x9x9xf32>) -> tensor<2x6x9x9xf32>
  %5 = weft.softmax %4 axis 3 : (tensor<2x6x9x9xf32>) -> tensor<2x6x9x9xf32>
  return %5 : tensor<2x6x9x9xf32>
}

// Where a convolution reads the result, packed channels are made at once.
// CHECK-LABEL: func.func @read_packed
// CHECK: weft.conv %{{.*}}algorithm = #weft.algorithm<first>
// CHECK: weft.relu
// CHECK: weft.conv %{{.*}}algorithm = #weft.algorithm<direct>
func.func @read_packed(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x3x1x1xf32>
  %v = weft.weight "v" : tensor<16x8x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<8x3x1x1xf32>) -> tensor<1x8x8x8xf32>
  %1 = weft.relu %0 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %2 = weft.conv %1, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x8x8x8xf32>, tensor<16x8x3x3xf32>) -> tensor<1x16x8x8xf32>
  return %2 : tensor<1x16x8x8xf32>
}
}

// -----

// Filters that are mixed while running are mixed packed: what is computed has the form a kernel reads, and nothing else is made.
#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @mixed_filters
// CHECK: %[[ONE:.*]] = weft.pack_filter %{{.*}} {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<32x32x1x1xf32>) -> tensor<2x2x1x1x16x16xf32>
// CHECK: %[[TWO:.*]] = weft.pack_filter %{{.*}} {ic_block = 16 : i64, oc_block = 16 : i64}
// CHECK: %[[A:.*]] = weft.reshape %[[ONE]] to [1024, 1]
// CHECK: %[[B:.*]] = weft.reshape %[[TWO]] to [1024, 1]
// CHECK: weft.concat %[[A]], %[[B]] axis 1
// CHECK: %[[SUM:.*]] = weft.linear %arg1,
// CHECK-NOT: weft.linear
// CHECK: %[[W:.*]] = weft.reshape %{{.*}} to [2, 2, 1, 1, 16, 16]
// CHECK: weft.conv %{{.*}}, %[[W]] {{.*}} {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 32, 32, 1, 1>}
func.func @mixed_filters(%x: tensor<1x32x8x8xf32>, %f: tensor<1x2xf32>) -> tensor<1x32x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<1024x2xf32>
  %0 = weft.linear %f, %w : (tensor<1x2xf32>, tensor<1024x2xf32>) -> tensor<1x1024xf32>
  %1 = weft.reshape %0 to [32, 32, 1, 1] : (tensor<1x1024xf32>) -> tensor<32x32x1x1xf32>
  %y = weft.conv %x, %1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x32x8x8xf32>, tensor<32x32x1x1xf32>) -> tensor<1x32x8x8xf32>
  return %y : tensor<1x32x8x8xf32>
}
}

// -----

#znver4 = #weft.target<name = "cpu:znver4", vector = 16, features = []>

// Pixels that a reshape joins are the same bytes packed. Whoever reads them row-major brings them into that order.
module attributes {weft.target = #znver4} {
// CHECK-LABEL: func.func @joined
// CHECK: %[[Y:.*]] = weft.conv {{.*}} -> tensor<1x16x4x6x6xf32, #weft.blocked<16>>
// CHECK: %[[J:.*]] = weft.reshape %[[Y]] to [1, 16, 4, 36] : {{.*}} -> tensor<1x16x4x36xf32, #weft.blocked<16>>
// CHECK: weft.maxpool %[[J]]
// CHECK: %[[T:.*]] = weft.reshape %{{.*}} to [1, 16, 144]
// CHECK: weft.softmax %[[T]]
func.func @joined(%x: tensor<1x16x4x6x6xf32>) -> (tensor<1x16x3x36xf32>, tensor<1x16x144xf32>) attributes {weft.net} {
  %w = weft.weight "c.weight" : tensor<16x16x1x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1, 1] pad [0, 0, 0, 0, 0, 0] dilation [1, 1, 1]
         : (tensor<1x16x4x6x6xf32>, tensor<16x16x1x1x1xf32>) -> tensor<1x16x4x6x6xf32>
  %1 = weft.reshape %0 to [1, 16, 4, 36] : (tensor<1x16x4x6x6xf32>) -> tensor<1x16x4x36xf32>
  %2 = weft.maxpool %1 kernel [2, 1] stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x4x36xf32>) -> tensor<1x16x3x36xf32>
  %3 = weft.reshape %0 to [1, 16, 144] : (tensor<1x16x4x6x6xf32>) -> tensor<1x16x144xf32>
  %4 = weft.softmax %3 axis 2 : (tensor<1x16x144xf32>) -> tensor<1x16x144xf32>
  return %2, %4 : tensor<1x16x3x36xf32>, tensor<1x16x144xf32>
}
}

// -----

#znver5 = #weft.target<name = "cpu:znver5", vector = 16, features = []>

// Filters that a kernel transforms have no room for channels that fill the last block, either, so that the budget has some for them.
module attributes {weft.target = #znver5} {
// CHECK-LABEL: func.func @lanes
// CHECK: weft.pack_filter {{.*}} -> tensor<2x3x3x3x8x16xf32>
// CHECK: weft.conv {{.*}}algorithm = #weft.algorithm<winograd4>
func.func @lanes(%x: tensor<1x24x160x160xf32>) -> tensor<1x24x160x160xf32> attributes {weft.net} {
  %w = weft.weight "c.weight" : tensor<24x24x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x24x160x160xf32>, tensor<24x24x3x3xf32>) -> tensor<1x24x160x160xf32>
  return %0 : tensor<1x24x160x160xf32>
}
}

// -----

// A filter of one channel each that is computed while running is packed while running; channels that fill no block end in zeros.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func @computed_filter
// CHECK: %[[R:.*]] = weft.reshape %arg1 to [40, 9]
// CHECK: %[[P:.*]] = weft.pad %[[R]]{{.*}} -> tensor<48x9xf32>
// CHECK: %[[B:.*]] = weft.reshape %[[P]] to [3, 16, 9]
// CHECK: %[[T:.*]] = weft.transpose %[[B]] [0, 2, 1]
// CHECK: %[[W:.*]] = weft.reshape %[[T]] to [3, 3, 3, 16]
// CHECK: weft.conv %{{.*}}, %[[W]] {{.*}}algorithm = #weft.algorithm<depthwise>
func.func @computed_filter(%x: tensor<1x40x14x14xf32>, %w: tensor<40x1x3x3xf32>) -> tensor<1x40x14x14xf32> attributes {weft.net} {
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 40 : i64} : (tensor<1x40x14x14xf32>, tensor<40x1x3x3xf32>) -> tensor<1x40x14x14xf32>
  return %0 : tensor<1x40x14x14xf32>
}
}
