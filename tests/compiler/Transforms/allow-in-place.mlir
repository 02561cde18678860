// A kernel told that it may write over an operand must never read what it has written.
// RUN: weft-opt %s --weft-allow-in-place | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// Tiles of four divide the eight elements of the only call: no tail moves back.
// CHECK-LABEL: func.func private @add
// CHECK-SAME: split(i -> io, ii by 4, exact)
// CHECK-SAME: weft.may_alias = array<i64: 1>
func.func private @add(%x: tensor<?xf32>, %y: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {
    weft.kernel = "add", sched.schedule = #sched.schedule<[stage<"add", [split(i -> io, ii by 4, shift_inwards), vectorize(ii)]>]>} {
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%o : tensor<?xf32>) attrs = {weft.loops = ["i"], weft.stage = "add"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Called on ten elements too: the last tile would read its neighbour's results.
// CHECK-LABEL: func.func private @relu
// CHECK-SAME: split(i -> io, ii by 4, shift_inwards)
// CHECK-NOT: weft.may_alias
func.func private @relu(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {
    weft.kernel = "relu", sched.schedule = #sched.schedule<[stage<"relu", [split(i -> io, ii by 4, shift_inwards), vectorize(ii)]>]>} {
  %zero = arith.constant 0.0 : f32
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) attrs = {weft.loops = ["i"], weft.stage = "relu"} {
  ^bb0(%a: f32, %c: f32):
    %s = arith.maximumf %a, %zero : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Reads the operand twice: conservatively refused.
// CHECK-LABEL: func.func private @square
// CHECK-NOT: weft.may_alias
func.func private @square(%x: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {
    weft.kernel = "square", sched.schedule = #sched.schedule<[stage<"square", [vectorize(i)]>]>} {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, #id], iterator_types = ["parallel"]} ins(%x, %x : tensor<8xf32>, tensor<8xf32>) outs(%o : tensor<8xf32>) attrs = {weft.loops = ["i"], weft.stage = "square"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.mulf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// Reads all of a row for each element: a reduction is no last stage to share memory with.
// CHECK-LABEL: func.func private @sum
// CHECK-NOT: weft.may_alias
func.func private @sum(%x: tensor<8x8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {
    weft.kernel = "sum", sched.schedule = #sched.schedule<[stage<"sum", [vectorize(i)]>]>} {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%o : tensor<8xf32>) attrs = {weft.loops = ["i", "j"], weft.stage = "sum"} {
  ^bb0(%a: f32, %c: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func.func @net
func.func @net(%x: tensor<8xf32> {weft.name = "x"}, %y: tensor<10xf32> {weft.name = "y"}) -> (tensor<8xf32> {weft.name = "z"}, tensor<10xf32> {weft.name = "u"}) attributes {weft.net} {
  %e = tensor.empty() : tensor<8xf32>
  %f = tensor.empty() : tensor<10xf32>
  %xd = tensor.cast %x : tensor<8xf32> to tensor<?xf32>
  %yd = tensor.cast %y : tensor<10xf32> to tensor<?xf32>
  %ed = tensor.cast %e : tensor<8xf32> to tensor<?xf32>
  %fd = tensor.cast %f : tensor<10xf32> to tensor<?xf32>
  %0 = call @relu(%xd, %ed) {weft.path = "a"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = call @add(%xd, %0, %ed) {weft.path = "b"} : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %2 = call @relu(%yd, %fd) {weft.path = "c"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %3 = tensor.cast %1 : tensor<?xf32> to tensor<8xf32>
  %4 = tensor.cast %2 : tensor<?xf32> to tensor<10xf32>
  return %3, %4 : tensor<8xf32>, tensor<10xf32>
}

// Reads a row in another order, but the whole of it before any element is written.
// CHECK-LABEL: func.func private @reversed
// CHECK-SAME: weft.may_alias = array<i64: 0>
// CHECK-LABEL: func.func private @late
// CHECK-NOT: weft.may_alias
#row = affine_map<(d0, d1) -> (d0, d1)>
func.func private @reversed(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {
    weft.kernel = "reversed", sched.schedule = #sched.schedule<[stage<"back", [compute_at("sum", i)]>, stage<"sum", [parallel(i)]>]>} {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#row], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x8xf32>) attrs = {weft.loops = ["i", "j"], weft.stage = "back"} {
  ^bb0(%c: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %seven = arith.constant 7 : index
    %k = arith.subi %seven, %j : index
    %a = tensor.extract %x[%i, %k] : tensor<4x8xf32>
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#row, #row, #row], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attrs = {weft.loops = ["i", "j"], weft.stage = "sum"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
func.func private @late(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {
    weft.kernel = "late", sched.schedule = #sched.schedule<[stage<"back", [compute_at("sum", j)]>, stage<"sum", [parallel(i)]>]>} {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#row], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x8xf32>) attrs = {weft.loops = ["i", "j"], weft.stage = "back"} {
  ^bb0(%c: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %seven = arith.constant 7 : index
    %k = arith.subi %seven, %j : index
    %a = tensor.extract %x[%i, %k] : tensor<4x8xf32>
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#row, #row, #row], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attrs = {weft.loops = ["i", "j"], weft.stage = "sum"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
