// A Winograd convolution pools its own tiles, so that a quarter of its results is stored.
// RUN: weft-opt %s --split-input-file --weft-fuse-pooling | FileCheck %s
// RUN: weft-opt %s --split-input-file --weft-choose-schedules --weft-fuse-pooling --weft-outline-kernels \
// RUN:   --weft-schedule-kernels | FileCheck %s --check-prefix=SCHEDULE

!x = tensor<1x16x12x13xf32, #weft.blocked<16, border = [1, 1, 1, 4], fill = 0.0>>
!a = tensor<1x16x12x13xf32, #weft.blocked<16>>
!w = tensor<36x1x1x16x16xf32>
!p = tensor<1x16x6x6xf32, #weft.blocked<16>>
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {

// CHECK-LABEL: func.func @fused
// CHECK: weft.group "conv"(%arg0, %arg1)
// CHECK: weft.conv
// CHECK-NEXT: weft.relu
// CHECK-NEXT: weft.maxpool
// CHECK-NEXT: weft.yield
// A tile of 4x4 is 2x2 results of the pooling; the activation is part of them.
// SCHEDULE-LABEL: func.func private @conv3x3_winograd4_b16_relu_maxpool2x2_b16
// SCHEDULE-SAME: stage<"back", [compute_at("maxpool", xo)
// SCHEDULE-SAME: stage<"maxpool", [split(y -> yo, yi by 2, predicate), split(x -> xo, xi by 2, predicate)
func.func @fused(%x: !x, %w: !w) -> !p attributes {weft.net} {
  %a = weft.group "conv" (%x, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>} : (!x, !w) -> !a
    %s = weft.relu %r : !a
    weft.yield %s : !a
  } : (!x, !w) -> !a
  %y = weft.group "maxpool" (%a) {
  ^bb0(%b: !a):
    %r = weft.maxpool %b kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!a) -> !p
    weft.yield %r : !p
  } : (!a) -> !p
  return %y : !p
}
}

// -----

!x = tensor<1x16x12x12xf32, #weft.blocked<16, border = [1, 1, 1, 1], fill = 0.0>>
!a = tensor<1x16x12x12xf32, #weft.blocked<16>>
!w = tensor<36x1x1x16x16xf32>
!d = tensor<1x1x3x3x16x16xf32>
!p = tensor<1x16x6x6xf32, #weft.blocked<16>>
!o = tensor<1x16x5x5xf32, #weft.blocked<16>>
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {

// Windows that overlap reach into other tiles, those of a direct convolution are parts of rows, and what others read is stored as it is.
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-6: weft.group
func.func @apart(%x: !x, %w: !w, %d: !d) -> (!o, !p, !p, !a) attributes {weft.net} {
  %a = weft.group "overlapped" (%x, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>} : (!x, !w) -> !a
    weft.yield %r : !a
  } : (!x, !w) -> !a
  %0 = weft.group "maxpool" (%a) {
  ^bb0(%b: !a):
    %r = weft.maxpool %b kernel [3, 3] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!a) -> !o
    weft.yield %r : !o
  } : (!a) -> !o
  %e = weft.group "direct" (%x, %d) {
  ^bb0(%b: !x, %c: !d):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 16, 3, 3>} : (!x, !d) -> !a
    weft.yield %r : !a
  } : (!x, !d) -> !a
  %1 = weft.group "maxpool" (%e) {
  ^bb0(%b: !a):
    %r = weft.maxpool %b kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!a) -> !p
    weft.yield %r : !p
  } : (!a) -> !p
  %f = weft.group "shared" (%x, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<winograd4>, filter_shape = array<i64: 16, 16, 3, 3>} : (!x, !w) -> !a
    weft.yield %r : !a
  } : (!x, !w) -> !a
  %2 = weft.group "maxpool" (%f) {
  ^bb0(%b: !a):
    %r = weft.maxpool %b kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!a) -> !p
    weft.yield %r : !p
  } : (!a) -> !p
  return %0, %1, %2, %f : !o, !p, !p, !a
}
}
