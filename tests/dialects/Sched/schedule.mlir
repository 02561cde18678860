// A schedule prints as it was written: a tuner that edits the text of a dump gets exactly what it asked for.
// RUN: weft-opt %s | weft-opt | FileCheck %s

// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: #sched.schedule<[stage<"conv", [compute_at("relu", xo), vectorize(c), bound_extent(c by 16)],
// CHECK-SAME: update [split(i -> io, ii by 4, exact), reorder(ib, ky, kx, io, ii, x, c), unroll(x),
// CHECK-SAME: prefetch("filter", kx, xo by 5), pair(cb, x)]>,
// CHECK-SAME: stage<"rows", [compute_root, storage_order(cb, y, x, c), fold_storage(y by 4)]>,
// CHECK-SAME: stage<"line", [store_root, compute_at("relu", y), peel(x -> xm)]>,
// CHECK-SAME: stage<"tile", [store_at("relu", y), compute_at("relu", xo)]>,
// CHECK-SAME: stage<"relu", [split(x -> xo, xi by 7, shift_inwards), split(y -> yo, yi by 2, predicate),
// CHECK-SAME: split(cb -> cbo, cbi by 3, round_up), fuse(yo, cbo -> t), parallel(t), strips(yi -> s, ys by 4)]>]>
func.func private @kernel() attributes {sched.schedule = #sched.schedule<[
  stage<"conv", [compute_at("relu", xo), vectorize(c), bound_extent(c by 16)],
    update [split(i -> io, ii by 4, exact), reorder(ib, ky, kx, io, ii, x, c), unroll(x), prefetch("filter", kx, xo by 5), pair(cb, x)]>,
  stage<"rows", [compute_root, storage_order(cb, y, x, c), fold_storage(y by 4)]>,
  stage<"line", [store_root, compute_at("relu", y), peel(x -> xm)]>,
  stage<"tile", [store_at("relu", y), compute_at("relu", xo)]>,
  stage<"relu", [split(x -> xo, xi by 7, shift_inwards), split(y -> yo, yi by 2, predicate),
    split(cb -> cbo, cbi by 3, round_up), fuse(yo, cbo -> t), parallel(t), strips(yi -> s, ys by 4)]>]>}
