// Every operation must come back as it was printed, also in the generic form: phases stop and resume on this text.
// RUN: weft-opt %s | FileCheck %s
// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --mlir-print-op-generic | weft-opt | FileCheck %s

// CHECK: module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = ["avx2", "avx512f"]>}
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = ["avx2", "avx512f"]>} {

// CHECK-LABEL: @unary
func.func @unary(%x: tensor<1x8x4x4xf32>) {
  // CHECK-NEXT: weft.relu %arg0 : tensor<1x8x4x4xf32>
  %0 = weft.relu %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.relu6 %arg0 : tensor<1x8x4x4xf32>
  %1 = weft.relu6 %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.sigmoid %arg0
  %2 = weft.sigmoid %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.tanh %arg0
  %3 = weft.tanh %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.silu %arg0
  %4 = weft.silu %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.hardswish %arg0
  %5 = weft.hardswish %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.hardsigmoid %arg0 : tensor<1x8x4x4xf32>
  %6 = weft.hardsigmoid %x {alpha = 0.2 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.mish %arg0
  %7 = weft.mish %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.gelu %arg0 {approximate = #weft.gelu_mode<tanh>}
  %8 = weft.gelu %x {approximate = #weft.gelu_mode<tanh>} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.softplus %arg0
  %9 = weft.softplus %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.elu %arg0 {alpha = 5.000000e-01 : f64}
  %10 = weft.elu %x {alpha = 0.5 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.selu %arg0 :
  %11 = weft.selu %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.celu %arg0 {alpha = 2.000000e+00 : f64}
  %12 = weft.celu %x {alpha = 2.0 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.leaky_relu %arg0 {alpha = 2.000000e-01 : f64}
  %13 = weft.leaky_relu %x {alpha = 0.2 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.thresholded_relu %arg0 {alpha = 2.000000e+00 : f64}
  %14 = weft.thresholded_relu %x {alpha = 2.0 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.softsign %arg0
  %15 = weft.softsign %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.erf %arg0
  %16 = weft.erf %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.exp %arg0
  %17 = weft.exp %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.log %arg0
  %18 = weft.log %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.sqrt %arg0
  %19 = weft.sqrt %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.rsqrt %arg0
  %20 = weft.rsqrt %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.abs %arg0
  %21 = weft.abs %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.neg %arg0
  %22 = weft.neg %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.floor %arg0
  %23 = weft.floor %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.ceil %arg0
  %24 = weft.ceil %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.reciprocal %arg0
  %25 = weft.reciprocal %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.clip %arg0 {max = 6.000000e+00 : f64, min = 0.000000e+00 : f64}
  %26 = weft.clip %x {min = 0.0 : f64, max = 6.0 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.cast %arg0 to i32 : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xi32>
  %27 = weft.cast %x to i32 : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xi32>
  // CHECK-NEXT: weft.dropout %arg0 {p = 2.000000e-01 : f64}
  %28 = weft.dropout %x {p = 0.2 : f64} : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.stochastic_depth %arg0 {rule = #weft.survive_rule<paper>, survive = 8.000000e-01 : f64}
  %29 = weft.stochastic_depth %x {survive = 0.8 : f64, rule = #weft.survive_rule<paper>} : tensor<1x8x4x4xf32>
  return
}

// CHECK-LABEL: @binary
func.func @binary(%x: tensor<1x8x4x4xf32>, %c: tensor<8x1x1xf32>, %slope: tensor<8xf32>) {
  // CHECK-NEXT: weft.add %arg0, %arg0 : tensor<1x8x4x4xf32>
  %0 = weft.add %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.sub %arg0, %arg1 : (tensor<1x8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %1 = weft.sub %x, %c : (tensor<1x8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.mul
  %2 = weft.mul %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.div
  %3 = weft.div %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.minimum
  %4 = weft.minimum %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.maximum
  %5 = weft.maximum %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.pow
  %6 = weft.pow %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.less %arg0, %arg0 : tensor<1x8x4x4xf32>
  %l = weft.less %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.less_equal
  %le = weft.less_equal %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.equal
  %eq = weft.equal %x, %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.where {{.*}} : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %wh = weft.where %l, %x, %eq : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.round
  %ro = weft.round %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.sign
  %si = weft.sign %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.sin
  %sn = weft.sin %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.cos
  %cs = weft.cos %x : tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.prelu %arg0, %arg2 : (tensor<1x8x4x4xf32>, tensor<8xf32>) -> tensor<1x8x4x4xf32>
  %7 = weft.prelu %x, %slope : (tensor<1x8x4x4xf32>, tensor<8xf32>) -> tensor<1x8x4x4xf32>
  return
}

// CHECK-LABEL: @contraction
func.func @contraction(%x: tensor<1x8x9x9xf32>, %w: tensor<16x4x3x3xf32>, %b: tensor<16xf32>, %t: tensor<8x4x3x3xf32>,
                       %v: tensor<2x9xf32>, %l: tensor<5x9xf32>, %p: tensor<1x1x3x3x8x16xf32>) {
  // CHECK-NEXT: weft.conv %arg0, %arg1 bias %arg2 stride [2, 2] pad [1, 1, 0, 0] dilation [1, 1] {groups = 2 : i64} : (tensor<1x8x9x9xf32>, tensor<16x4x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
  %0 = weft.conv %x, %w bias %b stride [2, 2] pad [1, 1, 0, 0] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x8x9x9xf32>, tensor<16x4x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
  // CHECK-NEXT: weft.conv %arg0, %arg6 stride [1, 1] pad [0, 0, 0, 0] dilation [2, 2] {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 12, 8, 3, 3>}
  %1 = weft.conv %x, %p stride [1, 1] pad [0, 0, 0, 0] dilation [2, 2]
         {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 12, 8, 3, 3>}
         : (tensor<1x8x9x9xf32>, tensor<1x1x3x3x8x16xf32>) -> tensor<1x12x5x5xf32, #weft.blocked<16>>
  // CHECK-NEXT: weft.conv_transpose %arg0, %arg3 stride [2, 2] pad [1, 1, 1, 1] output_pad [1, 1] dilation [1, 1] :
  %2 = weft.conv_transpose %x, %t stride [2, 2] pad [1, 1, 1, 1] output_pad [1, 1] dilation [1, 1]
         : (tensor<1x8x9x9xf32>, tensor<8x4x3x3xf32>) -> tensor<1x4x18x18xf32>
  // CHECK-NEXT: weft.linear %arg4, %arg5 : (tensor<2x9xf32>, tensor<5x9xf32>) -> tensor<2x5xf32>
  %3 = weft.linear %v, %l : (tensor<2x9xf32>, tensor<5x9xf32>) -> tensor<2x5xf32>
  // CHECK-NEXT: weft.matmul %arg0, %arg0 :
  %4 = weft.matmul %x, %x : (tensor<1x8x9x9xf32>, tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32>
  return
}

// CHECK-LABEL: @window
func.func @window(%x: tensor<1x8x9x9xf32>) {
  // CHECK-NEXT: weft.maxpool %arg0 kernel [3, 3] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] :
  %0 = weft.maxpool %x kernel [3, 3] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x8x9x9xf32>) -> tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.avgpool %arg0 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] {ceil_mode = true, count_include_pad = true}
  %1 = weft.avgpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] {ceil_mode = true, count_include_pad = true}
         : (tensor<1x8x9x9xf32>) -> tensor<1x8x5x5xf32>
  // CHECK-NEXT: weft.global_avgpool %arg0
  %2 = weft.global_avgpool %x : (tensor<1x8x9x9xf32>) -> tensor<1x8x1x1xf32>
  // CHECK-NEXT: weft.global_maxpool %arg0
  %3 = weft.global_maxpool %x : (tensor<1x8x9x9xf32>) -> tensor<1x8x1x1xf32>
  // CHECK-NEXT: weft.adaptive_avgpool %arg0 out [4, 4]
  %4 = weft.adaptive_avgpool %x out [4, 4] : (tensor<1x8x9x9xf32>) -> tensor<1x8x4x4xf32>
  // CHECK-NEXT: weft.lrn %arg0 {size = 5 : i64} : tensor<1x8x9x9xf32>
  %5 = weft.lrn %x {size = 5 : i64} : tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.upsample %arg0 linear [2, 3] :
  %6 = weft.upsample %x linear [2, 3] : (tensor<1x8x9x9xf32>) -> tensor<1x8x18x27xf32>
  return
}

// CHECK-LABEL: @reduction
func.func @reduction(%x: tensor<1x8x9x9xf32>, %v: tensor<8xf32>, %l: tensor<9x9xf32>) {
  // CHECK-NEXT: weft.batchnorm %arg0 gamma %arg1 beta %arg1 mean %arg1 var %arg1 {eps = 1.000000e-03 : f64}
  %0 = weft.batchnorm %x gamma %v beta %v mean %v var %v {eps = 1.0e-3 : f64}
         : (tensor<1x8x9x9xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.groupnorm %arg0 gamma %arg1 beta %arg1 {groups = 4 : i64}
  %1 = weft.groupnorm %x gamma %v beta %v {groups = 4 : i64}
         : (tensor<1x8x9x9xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.instancenorm %arg0 :
  %2 = weft.instancenorm %x : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.channelnorm %arg0 gamma %arg1 :
  %c = weft.channelnorm %x gamma %v : (tensor<1x8x9x9xf32>, tensor<8xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.layernorm %arg0 gamma %arg2 {axis = 2 : i64}
  %3 = weft.layernorm %x gamma %l {axis = 2 : i64} : (tensor<1x8x9x9xf32>, tensor<9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.softmax %arg0 axis 1
  %4 = weft.softmax %x axis 1 : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.log_softmax %arg0 axis 3
  %5 = weft.log_softmax %x axis 3 : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.reduce_sum %arg0 axes [2, 3] {keepdims = false}
  %6 = weft.reduce_sum %x axes [2, 3] {keepdims = false} : (tensor<1x8x9x9xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: weft.reduce_mean %arg0 axes [] : (tensor<1x8x9x9xf32>) -> tensor<1x1x1x1xf32>
  %7 = weft.reduce_mean %x axes [] : (tensor<1x8x9x9xf32>) -> tensor<1x1x1x1xf32>
  // CHECK-NEXT: weft.reduce_max %arg0 axes [1]
  %8 = weft.reduce_max %x axes [1] : (tensor<1x8x9x9xf32>) -> tensor<1x1x9x9xf32>
  // CHECK-NEXT: weft.reduce_min %arg0 axes [3]
  %9 = weft.reduce_min %x axes [3] : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x1xf32>
  return
}

// CHECK-LABEL: @shape
func.func @shape(%x: tensor<1x8x9x9xf32>, %i: tensor<4xi32>, %u: tensor<2x48x64x3xi8>, %r: tensor<?x64xf32>,
                 %t: tensor<2x4xi32>, %w: tensor<2x4xf32>, %l: tensor<1x4x1x1xi64>, %a: tensor<1x4x9x9xf32>) {
  // CHECK-NEXT: weft.concat %arg0, %arg0 axis 1 :
  %0 = weft.concat %x, %x axis 1 : (tensor<1x8x9x9xf32>, tensor<1x8x9x9xf32>) -> tensor<1x16x9x9xf32>
  // CHECK-NEXT: weft.split %arg0 axis 1 sizes [3, 5] :
  %1, %2 = weft.split %x axis 1 sizes [3, 5] : (tensor<1x8x9x9xf32>) -> (tensor<1x3x9x9xf32>, tensor<1x5x9x9xf32>)
  // CHECK-NEXT: weft.slice %arg0 from [0, 0, 1, 8] to [1, 8, 9, -1] step [1, 1, 2, -1] :
  %3 = weft.slice %x from [0, 0, 1, 8] to [1, 8, 9, -1] step [1, 1, 2, -1] : (tensor<1x8x9x9xf32>) -> tensor<1x8x4x9xf32>
  // CHECK-NEXT: weft.gather %arg0[%arg1] axis 1 :
  %4 = weft.gather %x[%i] axis 1 : (tensor<1x8x9x9xf32>, tensor<4xi32>) -> tensor<1x4x9x9xf32>
  // CHECK-NEXT: weft.gather_elements %arg0[%arg6] axis 1 :
  %picked = weft.gather_elements %x[%l] axis 1 : (tensor<1x8x9x9xf32>, tensor<1x4x1x1xi64>) -> tensor<1x4x9x9xf32>
  // CHECK-NEXT: weft.scatter max %arg0[%arg6] by %arg7 axis 1 :
  %scattered = weft.scatter max %x[%l] by %a axis 1
    : (tensor<1x8x9x9xf32>, tensor<1x4x1x1xi64>, tensor<1x4x9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.ordinal_rank %arg0 axis 3 {largest = false} : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xi32>
  %ranks = weft.ordinal_rank %x axis 3 {largest = false} : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xi32>
  // CHECK-NEXT: weft.resample %arg0[%arg4] by %arg5 axis 3 :
  %resampled = weft.resample %x[%t] by %w axis 3 : (tensor<1x8x9x9xf32>, tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<1x8x9x4xf32>
  // CHECK-NEXT: weft.reshape %arg0 to [8, -1] :
  %5 = weft.reshape %x to [8, -1] : (tensor<1x8x9x9xf32>) -> tensor<8x81xf32>
  // CHECK-NEXT: weft.reshape %arg3 to [-1, 8, 8] : (tensor<?x64xf32>) -> tensor<?x8x8xf32>
  %6 = weft.reshape %r to [-1, 8, 8] : (tensor<?x64xf32>) -> tensor<?x8x8xf32>
  // CHECK-NEXT: weft.flatten %arg0 axis 1 :
  %7 = weft.flatten %x axis 1 : (tensor<1x8x9x9xf32>) -> tensor<1x648xf32>
  // CHECK-NEXT: weft.transpose %arg0 [0, 2, 3, 1] :
  %8 = weft.transpose %x [0, 2, 3, 1] : (tensor<1x8x9x9xf32>) -> tensor<1x9x9x8xf32>
  // CHECK-NEXT: weft.expand %arg0 to [3, -1, 9, 9] :
  %9 = weft.expand %x to [3, -1, 9, 9] : (tensor<1x8x9x9xf32>) -> tensor<3x8x9x9xf32>
  // CHECK-NEXT: weft.pad %arg0 reflect low [0, 0, 1, 2] high [0, 0, 3, 4] :
  %10 = weft.pad %x reflect low [0, 0, 1, 2] high [0, 0, 3, 4] : (tensor<1x8x9x9xf32>) -> tensor<1x8x13x15xf32>
  // CHECK-NEXT: weft.pad %arg0 constant low [0, 0, 1, 1] high [0, 0, 1, 1] {value = -1.000000e+00 : f64} :
  %11 = weft.pad %x constant low [0, 0, 1, 1] high [0, 0, 1, 1] {value = -1.0 : f64} : (tensor<1x8x9x9xf32>) -> tensor<1x8x11x11xf32>
  // CHECK-NEXT: weft.channel_shuffle %arg0 groups 2 :
  %12 = weft.channel_shuffle %x groups 2 : (tensor<1x8x9x9xf32>) -> tensor<1x8x9x9xf32>
  // CHECK-NEXT: weft.channel_shuffle %arg0 groups 2 stored [6, 2, 16] :
  %16 = weft.channel_shuffle %x groups 2 stored [6, 2, 16] : (tensor<1x8x9x9xf32>) -> tensor<1x32x9x9xf32>
  // CHECK-NEXT: weft.depth_to_space %arg0 crd block [2, 2] :
  %13 = weft.depth_to_space %x crd block [2, 2] : (tensor<1x8x9x9xf32>) -> tensor<1x2x18x18xf32>
  // CHECK-NEXT: weft.image_input %arg2 {crop = array<i64: 28, 28>, mean = array<f64: 5.000000e-01>, resize = array<i64: 32>, std = array<f64: 2.500000e-01>} : (tensor<2x48x64x3xi8>) -> tensor<2x3x28x28xf32>
  %14 = weft.image_input %u {crop = array<i64: 28, 28>, mean = array<f64: 0.5>, resize = array<i64: 32>, std = array<f64: 0.25>}
          : (tensor<2x48x64x3xi8>) -> tensor<2x3x28x28xf32>
  return
}

// CHECK-LABEL: @graph
func.func @graph(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x16xf32>, %w: tensor<?xf32>,
                 %s: tensor<1x16xf32>, %part: tensor<?xi32>) {
  // CHECK-NEXT: weft.aggregate sum(%arg0, %arg1) captures(src %arg2, edge %arg3) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<16xf32>, %{{.*}}: tensor<f32>):
  %0 = weft.aggregate sum(%indptr, %indices) captures(src %h, edge %w) {
  ^bb0(%hj: tensor<16xf32>, %wj: tensor<f32>):
    %m = weft.mul %hj, %wj : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
    // CHECK: weft.yield %{{.*}} : tensor<16xf32>
    weft.yield %m : tensor<16xf32>
  // CHECK-NEXT: } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?xf32>) -> tensor<?x16xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?xf32>) -> tensor<?x16xf32>
  // CHECK-NEXT: weft.softmax_by_dst(%arg0, %arg1) captures(src %arg2, dst %arg2, all %arg4) {
  %1 = weft.softmax_by_dst(%indptr, %indices) captures(src %h, dst %h, all %s) {
  ^bb0(%hj: tensor<16xf32>, %hi: tensor<16xf32>, %a: tensor<1x16xf32>):
    // CHECK: weft.dot %{{.*}}, %{{.*}} : (tensor<16xf32>, tensor<1x16xf32>) -> tensor<1xf32>
    %d = weft.dot %hj, %a : (tensor<16xf32>, tensor<1x16xf32>) -> tensor<1xf32>
    weft.yield %d : tensor<1xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<1x16xf32>) -> tensor<?x1xf32>
  // CHECK: weft.aggregate mean(%arg0, %arg1) captures(none) {
  %2 = weft.aggregate mean(%indptr, %indices) captures(none) {
    %one = weft.constant dense<1.0> : tensor<f32>
    weft.yield %one : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xf32>
  // CHECK: weft.readout max %arg2 by %arg5 graphs 32 :
  %3 = weft.readout max %h by %part graphs 32 : (tensor<?x16xf32>, tensor<?xi32>) -> tensor<32x16xf32>
  // CHECK-NEXT: weft.readout mean %arg2 by %arg5 graphs -1 {size = "G"} :
  %4 = weft.readout mean %h by %part graphs -1 {size = "G"} : (tensor<?x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  return
}

// CHECK-LABEL: @packing
func.func @packing() {
  // CHECK-NEXT: weft.weight "conv1.weight" : tensor<20x6x3x3xf32>
  %w = weft.weight "conv1.weight" : tensor<20x6x3x3xf32>
  // CHECK-NEXT: weft.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %c = weft.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %d = weft.weight "depthwise" : tensor<20x1x3x3xf32>
  // CHECK: weft.pack_filter %{{.*}} {ic_block = 16 : i64, oc_block = 16 : i64} :
  %0 = weft.pack_filter %w {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<20x6x3x3xf32>) -> tensor<2x1x3x3x16x16xf32>
  // CHECK-NEXT: weft.pack_filter %{{.*}} {ic_block = 0 : i64, oc_block = 16 : i64} :
  %1 = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 16 : i64} : (tensor<20x6x3x3xf32>) -> tensor<2x6x3x3x16xf32>
  // CHECK-NEXT: weft.pack_depthwise %{{.*}} {block = 16 : i64} :
  %2 = weft.pack_depthwise %d {block = 16 : i64} : (tensor<20x1x3x3xf32>) -> tensor<2x3x3x16xf32>
  // CHECK-NEXT: weft.pack_grouped
  %3 = weft.pack_grouped %w {groups = 2 : i64, ic_block = 4 : i64, oc_block = 4 : i64}
         : (tensor<20x6x3x3xf32>) -> tensor<2x3x2x3x3x4x4xf32>
  // CHECK-NEXT: weft.pack_vector %{{.*}} {block = 16 : i64} :
  %4 = weft.pack_vector %c {block = 16 : i64} : (tensor<2xf32>) -> tensor<1x16xf32>
  // CHECK-NEXT: weft.winograd_filter %{{.*}} {ic_block = 16 : i64, m = 4 : i64, oc_block = 16 : i64} :
  %5 = weft.winograd_filter %w {m = 4 : i64, ic_block = 16 : i64, oc_block = 16 : i64}
         : (tensor<20x6x3x3xf32>) -> tensor<36x2x1x16x16xf32>
  %point = weft.constant dense<1.0> : tensor<40x6x1x1xf32>
  // CHECK: weft.strassen_filter %{{.*}} {ic_block = 16 : i64, oc_block = 16 : i64} :
  %seven = weft.strassen_filter %point {ic_block = 16 : i64, oc_block = 16 : i64} : (tensor<40x6x1x1xf32>) -> tensor<7x2x1x16x16xf32>
  // CHECK-NEXT: weft.relayout %{{.*}} : tensor<20x6x3x3xf32> -> tensor<20x6x3x3xf32, #weft.blocked<8, border = [1, 0, 2, 0], fill = -1.500000e+00>>
  %6 = weft.relayout %w : tensor<20x6x3x3xf32> -> tensor<20x6x3x3xf32, #weft.blocked<8, border = [1, 0, 2, 0], fill = -1.5>>
  return
}

// CHECK-LABEL: @group
func.func @group(%x: tensor<1x64x8x8xf32, #weft.blocked<16>>) -> tensor<1x64x8x8xf32, #weft.blocked<16>> {
  // CHECK-NEXT: %[[G:.*]] = weft.group "layer1.0"(%arg0) {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<1x64x8x8xf32, #weft.blocked<16>>):
  // CHECK-NEXT: weft.relu %[[A]] : tensor<1x64x8x8xf32, #weft.blocked<16>>
  // CHECK-NEXT: weft.yield
  // CHECK-NEXT: } {choice = {family = "direct", x = 7 : i64}} : (tensor<1x64x8x8xf32, #weft.blocked<16>>) ->
  %g = weft.group "layer1.0" (%x) {
  ^bb0(%a: tensor<1x64x8x8xf32, #weft.blocked<16>>):
    %r = weft.relu %a : tensor<1x64x8x8xf32, #weft.blocked<16>>
    weft.yield %r : tensor<1x64x8x8xf32, #weft.blocked<16>>
  } {choice = {family = "direct", x = 7 : i64}} : (tensor<1x64x8x8xf32, #weft.blocked<16>>) -> tensor<1x64x8x8xf32, #weft.blocked<16>>
  return %g : tensor<1x64x8x8xf32, #weft.blocked<16>>
}
}
