// Pooling reads windows like convolutions; where windows are cut off, a mean divides by what they cover.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s
// RUN: weft-opt %s --weft-outline-kernels | FileCheck %s --check-prefix=NET

// CHECK-LABEL: kernel maxpool3x3s2_b8_0 {
// CHECK: init -inf
// CHECK-NEXT: update [ky < 3, kx < 3]
// CHECK-NEXT: value = max(@x[n, cb, add(mul(y, 2:i32), ky), add(mul(x, 2:i32), kx), c], acc)
// Nothing is known of the sign: a border of -inf is made.
// NET-LABEL: func.func @max
// NET: arith.constant 0xFF800000
// NET: tensor.pad
func.func @max(%x: tensor<1x8x7x7xf32, #weft.blocked<8>>) -> tensor<1x8x4x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.maxpool %x kernel [3, 3] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x8x7x7xf32, #weft.blocked<8>>) -> tensor<1x8x4x4xf32, #weft.blocked<8>>
  return %y : tensor<1x8x4x4xf32, #weft.blocked<8>>
}

// Behind a relu a border of 0 never wins: the convolution's border serves.
// NET-LABEL: func.func @max_of_relu
// NET: call @relu
// NET: tensor.pad
// NET: tensor.extract_slice
// NET-NOT: tensor.pad
// NET: call @maxpool
func.func @max_of_relu(%x: tensor<1x8x7x7xf32, #weft.blocked<8>>) -> tensor<1x8x4x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %r = weft.relu %x : (tensor<1x8x7x7xf32, #weft.blocked<8>>) -> tensor<1x8x7x7xf32, #weft.blocked<8, border = [2, 2, 2, 2], fill = 0.0>>
  %y = weft.maxpool %r kernel [3, 3] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x8x7x7xf32, #weft.blocked<8, border = [2, 2, 2, 2], fill = 0.0>>) -> tensor<1x8x4x4xf32, #weft.blocked<8>>
  return %y : tensor<1x8x4x4xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel avgpool3x3s2_0 {
// CHECK: operand count f32 [?] strides [1]
// CHECK-NEXT: operand count1 f32 [?] strides [1]
// CHECK: stage mean
// CHECK-NEXT: init div(avgpool[n, ch, y, x], mul(mul(1, @count[y]), @count1[x]))
// NET-LABEL: func.func @mean
// NET: weft.constant dense<[2.000000e+00, 3.000000e+00, 2.000000e+00]>
func.func @mean(%x: tensor<1x2x5x7xf32>) -> tensor<1x2x3x4xf32> attributes {weft.net} {
  %y = weft.avgpool %x kernel [3, 3] stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x2x5x7xf32>) -> tensor<1x2x3x4xf32>
  return %y : tensor<1x2x3x4xf32>
}

// CHECK-LABEL: kernel avgpool2x2_0 {
// CHECK: init div(avgpool[n, ch, y, x], 4)
func.func @whole_windows(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> attributes {weft.net} {
  %y = weft.avgpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: kernel avgpool5x5_b8_0 {
// CHECK: update [ky < 5, kx < 5]
func.func @global(%x: tensor<1x8x5x5xf32, #weft.blocked<8>>) -> tensor<1x8x1x1xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.global_avgpool %x : (tensor<1x8x5x5xf32, #weft.blocked<8>>) -> tensor<1x8x1x1xf32, #weft.blocked<8>>
  return %y : tensor<1x8x1x1xf32, #weft.blocked<8>>
}

// Windows of 2 and 3 elements: what lies behind the end is skipped.
// CHECK-LABEL: kernel adaptive_avgpool_0 {
// CHECK: update [kx < 2]
// CHECK: value where {{.*}} = add(acc, @x[
func.func @uneven(%x: tensor<1x2x4xf32>) -> tensor<1x2x3xf32> attributes {weft.net} {
  %y = weft.adaptive_avgpool %x out [3] : (tensor<1x2x4xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// CHECK-LABEL: kernel lrn_0 {
// CHECK: update [kc < 5]
// CHECK: stage lrn
// CHECK: init div(@x[n, ch, y, x], mul(%{{.*}}, sqrt(
func.func @lrn(%x: tensor<1x7x2x2xf32>) -> tensor<1x7x2x2xf32> attributes {weft.net} {
  %y = weft.lrn %x {size = 5 : i64} : tensor<1x7x2x2xf32>
  return %y : tensor<1x7x2x2xf32>
}

// CHECK-LABEL: kernel upsample_0 {
// CHECK: init @x[n, ch, div(y, 2:i32), div(x, 3:i32)]
func.func @nearest(%x: tensor<1x2x3x3xf32>) -> tensor<1x2x6x9xf32> attributes {weft.net} {
  %y = weft.upsample %x nearest [2, 3] : (tensor<1x2x3x3xf32>) -> tensor<1x2x6x9xf32>
  return %y : tensor<1x2x6x9xf32>
}
