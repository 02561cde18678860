// A convolution applies the normalisation before it to what it reads, a softmax the mask: no second tensor as large as their input.
// RUN: weft-opt %s --split-input-file --weft-fuse-prologues | FileCheck %s
// RUN: weft-opt %s --split-input-file --weft-fuse-prologues --weft-assign-borders --weft-choose-schedules \
// RUN:   --weft-outline-kernels --weft-schedule-kernels | FileCheck %s --check-prefix=SCHEDULE

!x = tensor<1x32x8x8xf32, #weft.blocked<16>>
!w = tensor<1x2x1x1x16x16xf32>
!y = tensor<1x16x8x8xf32, #weft.blocked<16>>

// CHECK-LABEL: func.func @fused
// CHECK: weft.group "conv"(%arg0, %arg1)
// CHECK: weft.relu
// CHECK-NEXT: weft.conv
// CHECK-NEXT: weft.yield
// A strip of rows is prepared for all channel blocks, outside the tiles; the filter is smaller than the plane, so threads
// share strips.
// SCHEDULE-LABEL: func.func private @conv1x1_b16
// SCHEDULE-SAME: stage<"relu", [compute_at("store", strip), vectorize(c)]>, stage<"conv", [compute_at("store", x
// SCHEDULE-SAME: stage<"store", [split(y -> strip, row by 4, predicate)
// SCHEDULE-SAME: reorder(n, strip, {{.*}} parallel(strip)
func.func @fused(%x: !x, %w: !w) -> !y attributes {weft.net} {
  %a = weft.group "relu" (%x) {
  ^bb0(%b: !x):
    %r = weft.relu %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %y = weft.group "conv" (%a, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 32, 1, 1>} : (!x, !w) -> !y
    weft.yield %r : !y
  } : (!x, !w) -> !y
  return %y : !y
}

// -----

!x = tensor<1x32x4x4xf32, #weft.blocked<16>>
!w = tensor<8x2x1x1x16x16xf32>
!y = tensor<1x128x4x4xf32, #weft.blocked<16>>

// A filter larger than the plane: threads share blocks of output channels, and before that what these read.
// SCHEDULE-LABEL: func.func private @conv1x1_b16
// SCHEDULE-SAME: stage<"relu", [compute_at("store", strip), parallel(cb), vectorize(c)]>
// SCHEDULE-SAME: stage<"store", [split(y -> strip, row by 4, predicate){{.*}} parallel(cbo)
func.func @large_filter(%x: !x, %w: !w) -> !y attributes {weft.net} {
  %a = weft.group "relu" (%x) {
  ^bb0(%b: !x):
    %r = weft.relu %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %y = weft.group "conv" (%a, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 128, 32, 1, 1>} : (!x, !w) -> !y
    weft.yield %r : !y
  } : (!x, !w) -> !y
  return %y : !y
}

// -----

!x = tensor<1x32x8x8xf32, #weft.blocked<16>>
!w1 = tensor<1x2x1x1x16x16xf32>
!w3 = tensor<1x2x3x3x16x16xf32>
!y = tensor<1x16x8x8xf32, #weft.blocked<16>>

// Two readers: computed once for both. Padding is zeros behind the activation, written by the kernel.
// CHECK-LABEL: func.func @shared
// CHECK: weft.group "relu"
// CHECK: weft.group "one"
// CHECK: weft.group "two"
// CHECK: weft.group "padded"
// CHECK: weft.sigmoid
// CHECK-NEXT: weft.pad %{{.*}} constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK-NEXT: weft.conv {{.*}} pad [0, 0, 0, 0]
// SCHEDULE-LABEL: func.func private @pad_
// SCHEDULE-SAME: stage<"pad", [compute_at("store", strip), parallel(cb), vectorize(c)]>, stage<"conv"
func.func @shared(%x: !x, %w1: !w1, %w3: !w3) -> (!y, !y, !y) attributes {weft.net} {
  %a = weft.group "relu" (%x) {
  ^bb0(%b: !x):
    %r = weft.relu %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %one = weft.group "one" (%a, %w1) {
  ^bb0(%b: !x, %c: !w1):
    %r = weft.conv %b, %c stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 32, 1, 1>} : (!x, !w1) -> !y
    weft.yield %r : !y
  } : (!x, !w1) -> !y
  %two = weft.group "two" (%a, %w1) {
  ^bb0(%b: !x, %c: !w1):
    %r = weft.conv %b, %c stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 32, 1, 1>} : (!x, !w1) -> !y
    weft.yield %r : !y
  } : (!x, !w1) -> !y
  %s = weft.group "sigmoid" (%x) {
  ^bb0(%b: !x):
    %r = weft.sigmoid %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %padded = weft.group "padded" (%s, %w3) {
  ^bb0(%b: !x, %c: !w3):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<direct>, filter_shape = array<i64: 16, 32, 3, 3>} : (!x, !w3) -> !y
    weft.yield %r : !y
  } : (!x, !w3) -> !y
  return %one, %two, %padded : !y, !y, !y
}

// -----

!x = tensor<1x3x8x8xf32>
!w = tensor<1x3x3x3x16xf32>
!y = tensor<1x16x8x8xf32, #weft.blocked<16>>

// The caller's image has no border: the kernel pads a strip of it, nothing is copied.
// CHECK-LABEL: func.func @image
// CHECK: weft.group "first"
// CHECK: weft.pad %{{.*}} constant low [0, 0, 1, 1] high [0, 0, 1, 1]
// CHECK-NEXT: weft.conv
// SCHEDULE-LABEL: func.func private @pad_
// SCHEDULE-SAME: stage<"pad", [compute_at("store", strip), split(x -> xv, xl by 8, predicate), vectorize(xl)]>
func.func @image(%x: !x, %w: !w) -> !y attributes {weft.net} {
  %y = weft.group "first" (%x, %w) {
  ^bb0(%b: !x, %c: !w):
    %r = weft.conv %b, %c stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           {algorithm = #weft.algorithm<first>, filter_shape = array<i64: 16, 3, 3, 3>} : (!x, !w) -> !y
    weft.yield %r : !y
  } : (!x, !w) -> !y
  return %y : !y
}

// -----

!x = tensor<4x9x50xf32>
!m = tensor<9x50xf32>
!s = tensor<4x9x1xf32>

// Attention over a graph: a row of scores is masked just before its maximum is taken. Columns are not rows.
// CHECK-LABEL: func.func @masked
// CHECK: weft.group "rows"(%arg0, %arg2, %arg1)
// CHECK: weft.add
// CHECK-NEXT: weft.where
// CHECK-NEXT: weft.softmax
// CHECK: weft.group "mask"
// CHECK: weft.group "columns"
// SCHEDULE-LABEL: func.func private @softmax_add_where_0
// SCHEDULE-SAME: stage<"add_where", [compute_at("softmax", rows)
func.func @masked(%x: !x, %m: !m, %s: !s) -> (!x, !x) attributes {weft.net} {
  %a = weft.group "mask" (%x, %s, %m) {
  ^bb0(%b: !x, %c: !s, %d: !m):
    %0 = weft.add %b, %c : (!x, !s) -> !x
    %1 = weft.where %d, %0, %b : (!m, !x, !x) -> !x
    weft.yield %1 : !x
  } : (!x, !s, !m) -> !x
  %y = weft.group "rows" (%a) {
  ^bb0(%b: !x):
    %r = weft.softmax %b axis 2 : (!x) -> !x
    weft.yield %r : !x
  } : (!x) -> !x
  %e = weft.group "mask" (%x, %m) {
  ^bb0(%b: !x, %d: !m):
    %1 = weft.add %b, %d : (!x, !m) -> !x
    weft.yield %1 : !x
  } : (!x, !m) -> !x
  %z = weft.group "columns" (%e) {
  ^bb0(%b: !x):
    %r = weft.softmax %b axis 1 : (!x) -> !x
    weft.yield %r : !x
  } : (!x) -> !x
  return %y, %z : !x, !x
}

// -----

!x = tensor<1x32x8x8xf32, #weft.blocked<16>>
!y = tensor<1x32x4x4xf32, #weft.blocked<16>>
!z = tensor<1x32x3x3xf32, #weft.blocked<16>>

// Windows that lie apart read each element once; where they overlap it would be prepared several times.
// CHECK-LABEL: func.func @windows
// CHECK: weft.group "apart"(%arg0)
// CHECK: weft.relu
// CHECK-NEXT: weft.avgpool
// CHECK: weft.group "relu2"
// CHECK: weft.group "overlapping"
func.func @windows(%x: !x) -> (!y, !z) attributes {weft.net} {
  %a = weft.group "relu" (%x) {
  ^bb0(%b: !x):
    %r = weft.relu %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %y = weft.group "apart" (%a) {
  ^bb0(%b: !x):
    %r = weft.avgpool %b kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!x) -> !y
    weft.yield %r : !y
  } : (!x) -> !y
  %c = weft.group "relu2" (%x) {
  ^bb0(%b: !x):
    %r = weft.relu %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %z = weft.group "overlapping" (%c) {
  ^bb0(%b: !x):
    %r = weft.avgpool %b kernel [3, 3] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (!x) -> !z
    weft.yield %r : !z
  } : (!x) -> !z
  return %y, %z : !y, !z
}

// -----

!x = tensor<1x32x8x8xf32, #weft.blocked<16>>
!y = tensor<1x32x1x1xf32, #weft.blocked<16>>

// A whole plane is read once, so a norm's squares are never stored; and its blocks lie side by side as in other pooling.
// CHECK-LABEL: func.func @squares
// CHECK: weft.group "sum"(%arg0)
// CHECK: weft.mul
// CHECK-NEXT: weft.reduce_sum
// CHECK-NOT: weft.group
// SCHEDULE-LABEL: func.func private @reduce_sum_mul
// SCHEDULE-SAME: stage<"sum", [compute_at("store", x), vectorize(c), unroll(cb)]
// SCHEDULE-SAME: split(cb -> cbo, cbi by 4
func.func @squares(%x: !x) -> !y attributes {weft.net} {
  %a = weft.group "squares" (%x) {
  ^bb0(%b: !x):
    %r = weft.mul %b, %b : !x
    weft.yield %r : !x
  } : (!x) -> !x
  %y = weft.group "sum" (%a) {
  ^bb0(%b: !x):
    %r = weft.reduce_sum %b axes [2, 3] : (!x) -> !y
    weft.yield %r : !y
  } : (!x) -> !y
  return %y : !y
}

// -----

// Messages along edges are picked and weighted where they are added up.
// CHECK-LABEL: func.func @messages
// CHECK: weft.group "sum"
// CHECK: weft.gather
// CHECK-NEXT: weft.mul
// CHECK-NEXT: weft.scatter add
// CHECK-NOT: weft.group
// SCHEDULE-LABEL: func.func private @gather_mul_scatter_add
// SCHEDULE-SAME: stage<"scatter", [compute_at("store", s)
func.func @messages(%x: tensor<50x64xf32>, %s: tensor<400xi64>, %d: tensor<400x1xi64>, %w: tensor<400x1xf32>) -> tensor<50x64xf32> attributes {weft.net} {
  %z = weft.constant dense<0.0> : tensor<50x64xf32>
  %m = weft.group "messages" (%x, %s, %w) {
  ^bb0(%a: tensor<50x64xf32>, %b: tensor<400xi64>, %c: tensor<400x1xf32>):
    %p = weft.gather %a[%b] axis 0 : (tensor<50x64xf32>, tensor<400xi64>) -> tensor<400x64xf32>
    %q = weft.mul %p, %c : (tensor<400x64xf32>, tensor<400x1xf32>) -> tensor<400x64xf32>
    weft.yield %q : tensor<400x64xf32>
  } : (tensor<50x64xf32>, tensor<400xi64>, tensor<400x1xf32>) -> tensor<400x64xf32>
  %y = weft.group "sum" (%z, %d, %m) {
  ^bb0(%a: tensor<50x64xf32>, %b: tensor<400x1xi64>, %c: tensor<400x64xf32>):
    %r = weft.scatter add %a[%b] by %c axis 0 : (tensor<50x64xf32>, tensor<400x1xi64>, tensor<400x64xf32>) -> tensor<50x64xf32>
    weft.yield %r : tensor<50x64xf32>
  } : (tensor<50x64xf32>, tensor<400x1xi64>, tensor<400x64xf32>) -> tensor<50x64xf32>
  return %y : tensor<50x64xf32>
}
