// Softmax and normalisations are one kernel each: a stage a reduction, then one over all elements.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel softmax_0 {
// CHECK: stage max f32 [n < 2] {
// CHECK: value = max(acc, @x[n, ch])
// CHECK: stage exp
// CHECK-NEXT: let %[[SHIFTED:.*]] = sub(@x[n, ch], max[n])
// CHECK-NEXT: init select(lt(%[[SHIFTED]], -87), 0, exp(min(max(%[[SHIFTED]], -87), 0)))
// CHECK: stage sum f32 [n < 2] {
// CHECK: stage softmax {{.*}} holds out {
// CHECK-NEXT: init mul(exp[n, ch], inverse[n])
func.func @softmax(%x: tensor<2x5xf32>) -> tensor<2x5xf32> attributes {weft.net} {
  %y = weft.softmax %x axis 1 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}

// CHECK-LABEL: kernel log_softmax_0 {
// CHECK: init log(sum[n])
// CHECK: init sub(sub(@x[n, ch], max[n]), log[n])
func.func @log_softmax(%x: tensor<2x5xf32>) -> tensor<2x5xf32> attributes {weft.net} {
  %y = weft.log_softmax %x axis 1 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}

// Statistics of two channels each; an element finds those of its group.
// CHECK-LABEL: kernel groupnorm_0 {
// CHECK: stage sum f32 [n < 1, g < 3] {
// CHECK: update [gc < 2, x < 4]
// CHECK-NEXT: value = add(acc, @x[n, add(mul(g, 2:i32), gc), x])
// CHECK: stage scale
// CHECK: stage normalize
// CHECK-NEXT: init mul(mul(sub(@x[n, ch, x], mean[n, div(ch, 2:i32)]), scale[n, div(ch, 2:i32)]), @gamma[ch])
func.func @groups(%x: tensor<1x6x4xf32>) -> tensor<1x6x4xf32> attributes {weft.net} {
  %g = weft.weight "g" : tensor<6xf32>
  %y = weft.groupnorm %x gamma %g {groups = 3 : i64} : (tensor<1x6x4xf32>, tensor<6xf32>) -> tensor<1x6x4xf32>
  return %y : tensor<1x6x4xf32>
}

// CHECK-LABEL: kernel layernorm_0 {
// CHECK: stage sum f32 [n < 2, ch < 3] {
// CHECK: update [x < 4]
func.func @layer(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {weft.net} {
  %y = weft.layernorm %x {axis = 2 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// Packed channels are summed lane by lane, and then those of a group.
// CHECK-LABEL: kernel groupnorm_1 {
// CHECK: stage sum f32 [n < 1, cb < 2, c < 8] {
// CHECK: stage group_sum f32 [n < 1, g < 4] {
// CHECK: update [gc < 4]
// CHECK-NEXT: value = add(acc, sum[n, div(add(mul(g, 4:i32), gc), 8:i32), mod(add(mul(g, 4:i32), gc), 8:i32)])
// CHECK: stage normalize
func.func @packed_groups(%x: tensor<1x16x4xf32, #weft.blocked<8>>) -> tensor<1x16x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.groupnorm %x {groups = 4 : i64} : (tensor<1x16x4xf32, #weft.blocked<8>>) -> tensor<1x16x4xf32, #weft.blocked<8>>
  return %y : tensor<1x16x4xf32, #weft.blocked<8>>
}

// A row of 37 in 16 lanes: the last turn moves back to where 16 are left and takes what the others have not. Then the lanes are
// halved.
// CHECK-LABEL: kernel reduce_max_0 {
// CHECK: stage max_16 f32 [n < 2, ch_lane < 16] {
// CHECK-NEXT: init -inf
// CHECK-NEXT: update [ch < 3]
// CHECK-NEXT: let %[[FIRST:.*]] = mul(ch, 16:i32)
// CHECK-NEXT: let %[[AT:.*]] = add(min(%[[FIRST]], 21:i32), ch_lane)
// CHECK-NEXT: value = select(ge(%[[AT]], %[[FIRST]]), max(acc, @x[n, %[[AT]]]), acc)
// CHECK: stage max f32 [n < 2] {
// CHECK-NEXT: init max(max(max(max(max_16[n, 0:i32], max_16[n, 8:i32]), max(max_16[n, 4:i32],
func.func @row(%x: tensor<2x37xf32>) -> tensor<2xf32> attributes {weft.net} {
  %y = weft.reduce_max %x axes [1] {keepdims = false} : (tensor<2x37xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// Of packed channels each lane sums its own; only lanes that hold a channel count.
// CHECK-LABEL: kernel channelnorm_0 {
// CHECK: stage sum_8 f32 [n < 1, x < 4, c_lane < 8] {
// CHECK: update [cb < 2]
// CHECK-NEXT: value = add(acc, select(lt(add(mul(cb, 8:i32), c_lane), 12:i32), @x[n, cb, x, c_lane], 0))
func.func @pixels(%x: tensor<1x12x4xf32, #weft.blocked<8>>) -> tensor<1x12x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.channelnorm %x : (tensor<1x12x4xf32, #weft.blocked<8>>) -> tensor<1x12x4xf32, #weft.blocked<8>>
  return %y : tensor<1x12x4xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel instancenorm_0 {
// CHECK: stage sum f32 [n < 1, cb < 2, c < 8] {
func.func @instance(%x: tensor<1x16x4xf32, #weft.blocked<8>>) -> tensor<1x16x4xf32, #weft.blocked<8>> attributes {weft.net} {
  %y = weft.instancenorm %x : (tensor<1x16x4xf32, #weft.blocked<8>>) -> tensor<1x16x4xf32, #weft.blocked<8>>
  return %y : tensor<1x16x4xf32, #weft.blocked<8>>
}

// CHECK-LABEL: kernel reduce_mean_0 {
// CHECK: stage sum f32 [n < 2, one_ch < 1, x < 4] {
// CHECK: init div(sum[n, one_ch, x], 3)
func.func @mean(%x: tensor<2x3x4xf32>) -> tensor<2x1x4xf32> attributes {weft.net} {
  %y = weft.reduce_mean %x axes [1] {keepdims = true} : (tensor<2x3x4xf32>) -> tensor<2x1x4xf32>
  return %y : tensor<2x1x4xf32>
}

// CHECK-LABEL: kernel reduce_max_1 {
// CHECK: stage max i32 [] {
// CHECK-NEXT: init -2147483648:i32
func.func @max(%x: tensor<2x3xi32>) -> tensor<i32> attributes {weft.net} {
  %y = weft.reduce_max %x axes [] {keepdims = false} : (tensor<2x3xi32>) -> tensor<i32>
  return %y : tensor<i32>
}

// CHECK-LABEL: kernel batchnorm_0 {
// CHECK: init add(mul(div(sub(@x[n, ch, x], @mean[ch]), sqrt(add(@var[ch],
func.func @batchnorm(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {weft.net} {
  %g = weft.weight "g" : tensor<3xf32>
  %b = weft.weight "b" : tensor<3xf32>
  %m = weft.weight "m" : tensor<3xf32>
  %v = weft.weight "v" : tensor<3xf32>
  %y = weft.batchnorm %x gamma %g beta %b mean %m var %v
         : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}
