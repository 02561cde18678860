// Where the budget has no room for a transformed filter the kernel transforms it, on processors for which that pays: its weight is packed
// as for a direct kernel. With room it is transformed where it is packed.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=1.4 | FileCheck %s
// RUN: sed -e 's/x86-64-v3", vector = 8/znver5", vector = 16/' %s | weft-opt --weft-assign-layouts=weights-budget=1.4 | FileCheck %s
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=9 | FileCheck %s --check-prefix=RICH
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=1.4 --cse --weft-form-groups --weft-assign-borders \
// RUN:   --weft-choose-schedules --weft-outline-kernels --weft-schedule-kernels | FileCheck %s --check-prefix=SCHEDULE

// CHECK: weft.pack_filter
// CHECK: weft.conv {{.*}}#weft.algorithm<winograd4>
// RICH: weft.winograd_filter
// RICH: weft.conv {{.*}}#weft.algorithm<winograd4>

// Of a few channel blocks and one row of points at a time.
// SCHEDULE: stage<"filter_rows", [compute_at("filter_columns", i)
// SCHEDULE-SAME: stage<"filter_columns", [compute_at("products", u), storage_order(u, v, cb, ib, i, c)
// SCHEDULE-SAME: reorder(n, po, u, v, to, ti, pi, c)
// SCHEDULE-SAME: parallel(po)
// SCHEDULE-SAME: weft.choice = {band = 7 : i64, by_points = 1 : i64, cb = 3 : i64, family = "winograd", m = 4 : i64, rx = 4 : i64}
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
func.func @net(%x: tensor<1x256x28x28xf32>) -> tensor<1x192x28x28xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<192x256x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x28x28xf32>, tensor<192x256x3x3xf32>) -> tensor<1x192x28x28xf32>
  return %0 : tensor<1x192x28x28xf32>
}
}
