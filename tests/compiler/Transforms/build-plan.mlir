// Where tensors lie decides memory and speed: what can be a place in a buffer must not become a copy.
// RUN: weft-opt %s -split-input-file --weft-build-plan --weft-verify-plan | FileCheck %s

// A weight is a slot, its recipe stays; input and output are the caller's; a tensor in between is a slice.
func.func private @k(%x: tensor<?xf32>, %w: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @straight
func.func @straight(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  // CHECK: %x = plan.input "x" [4] f32
  // CHECK: %y = plan.output "y" [4] f32
  // CHECK: %[[V:.*]] = weft.weight "v" : tensor<4xf32>
  // CHECK: %[[W:.*]] = weft.neg %[[V]]
  // CHECK: %packed = plan.weights 16 bytes
  // CHECK: %w = plan.slot %packed[0] of %[[W]] : tensor<4xf32>
  // CHECK: %arena = plan.arena 64 bytes lower_bound 16
  // CHECK: %s = plan.slice %arena[0] 16 bytes live [0, 4)
  // CHECK: plan.launch @k "first" ins (%x[0] [4] by [1] f32, %w[0] [4] by [1] f32) outs (%s[0] [4] by [1] f32)
  // CHECK: plan.launch @k "second" ins (%s[0] [4] by [1] f32, %w[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
  // CHECK-NOT: plan.copy
  %v = weft.weight "v" : tensor<4xf32>
  %w = weft.neg %v : (tensor<4xf32>) -> tensor<4xf32>
  %unused = weft.weight "unused" : tensor<4xf32>
  %wd = tensor.cast %w : tensor<4xf32> to tensor<?xf32>
  %xd = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %e = tensor.empty() : tensor<4xf32>
  %ed = tensor.cast %e : tensor<4xf32> to tensor<?xf32>
  %0 = call @k(%xd, %wd, %ed) {weft.path = "first"} : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = call @k(%0, %wd, %ed) {weft.path = "second"} : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %2 = tensor.cast %1 : tensor<?xf32> to tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// The operand of a pad is made inside the border; other readers get a view of the inside.
func.func private @k(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @bordered
func.func @bordered(%x: tensor<16xf32> {weft.name = "x"}) -> (tensor<16xf32> {weft.name = "y"}, tensor<18xf32> {weft.name = "z"}) attributes {weft.net} {
  // CHECK: %s = plan.slice %arena[0] 72 bytes live [0, 8)
  // CHECK: plan.launch @k "a" ins (%x[0] [16] by [1] f32) outs (%s[1] [16] by [1] f32)
  // CHECK-NEXT: plan.border %s[0] [18] by [1] f32 low [1] high [1] fill 1.000000e+00 : f32
  // CHECK-NEXT: plan.launch @k "inside" ins (%s[1] [16] by [1] f32) outs (%y[0] [16] by [1] f32)
  // CHECK-NEXT: plan.launch @k "whole" ins (%s[0] [18] by [1] f32) outs (%z[0] [18] by [1] f32)
  // CHECK-NOT: plan.copy
  %one = arith.constant 1.0 : f32
  %xd = tensor.cast %x : tensor<16xf32> to tensor<?xf32>
  %e = tensor.empty() : tensor<16xf32>
  %ed = tensor.cast %e : tensor<16xf32> to tensor<?xf32>
  %f = tensor.empty() : tensor<18xf32>
  %fd = tensor.cast %f : tensor<18xf32> to tensor<?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = tensor.cast %0 : tensor<?xf32> to tensor<16xf32>
  %p = tensor.pad %1 low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %one : f32
  } : tensor<16xf32> to tensor<18xf32>
  %in = tensor.extract_slice %p[1] [16] [1] : tensor<18xf32> to tensor<16xf32>
  %ind = tensor.cast %in : tensor<16xf32> to tensor<?xf32>
  %pd = tensor.cast %p : tensor<18xf32> to tensor<?xf32>
  %2 = call @k(%ind, %ed) {weft.path = "inside"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %3 = call @k(%pd, %fd) {weft.path = "whole"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %4 = tensor.cast %2 : tensor<?xf32> to tensor<16xf32>
  %5 = tensor.cast %3 : tensor<?xf32> to tensor<18xf32>
  return %4, %5 : tensor<16xf32>, tensor<18xf32>
}

// -----

// The border behind a row is the border before the next, and so it is with planes: a buffer has each once.
func.func private @k(%x: tensor<?x?x?xf32>, %o: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @shared_border
func.func @shared_border(%x: tensor<2x5x4xf32> {weft.name = "x"}) -> (tensor<2x7x7xf32> {weft.name = "y"}) attributes {weft.net} {
  // CHECK: %s = plan.slice %arena[0] 316 bytes
  // CHECK: plan.launch @k "a" {{.*}} outs (%s[7] [2, 5, 4] by [36, 6, 1] f32)
  // CHECK-NEXT: plan.border %s[0] [2, 7, 7] by [36, 6, 1] f32 low [0, 1, 1] high [0, 1, 2] fill 0.000000e+00 : f32
  // CHECK-NEXT: plan.launch @k "b" ins (%s[0] [2, 7, 7] by [36, 6, 1] f32)
  %zero = arith.constant 0.0 : f32
  %xd = tensor.cast %x : tensor<2x5x4xf32> to tensor<?x?x?xf32>
  %e = tensor.empty() : tensor<2x5x4xf32>
  %ed = tensor.cast %e : tensor<2x5x4xf32> to tensor<?x?x?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %1 = tensor.cast %0 : tensor<?x?x?xf32> to tensor<2x5x4xf32>
  %p = tensor.pad %1 low[0, 1, 1] high[0, 1, 2] {
  ^bb0(%i: index, %j: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<2x5x4xf32> to tensor<2x7x7xf32>
  %pd = tensor.cast %p : tensor<2x7x7xf32> to tensor<?x?x?xf32>
  %f = tensor.empty() : tensor<2x7x7xf32>
  %fd = tensor.cast %f : tensor<2x7x7xf32> to tensor<?x?x?xf32>
  %2 = call @k(%pd, %fd) {weft.path = "b"} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %3 = tensor.cast %2 : tensor<?x?x?xf32> to tensor<2x7x7xf32>
  return %3 : tensor<2x7x7xf32>
}

// -----

// Not where somebody reads it as one row: that would be a copy.
func.func private @k(%x: tensor<?x?x?xf32>, %o: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> attributes {weft.kernel}
func.func private @flat(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @whole_rows
func.func @whole_rows(%x: tensor<2x5x4xf32> {weft.name = "x"}) -> (tensor<98xf32> {weft.name = "y"}) attributes {weft.net} {
  // CHECK: plan.launch @k "a" {{.*}} outs (%s[8] [2, 5, 4] by [49, 7, 1] f32)
  // CHECK-NOT: plan.copy
  // CHECK: plan.launch @flat "b" ins (%s[0] [98] by [1] f32)
  %zero = arith.constant 0.0 : f32
  %xd = tensor.cast %x : tensor<2x5x4xf32> to tensor<?x?x?xf32>
  %e = tensor.empty() : tensor<2x5x4xf32>
  %ed = tensor.cast %e : tensor<2x5x4xf32> to tensor<?x?x?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %1 = tensor.cast %0 : tensor<?x?x?xf32> to tensor<2x5x4xf32>
  %p = tensor.pad %1 low[0, 1, 1] high[0, 1, 2] {
  ^bb0(%i: index, %j: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<2x5x4xf32> to tensor<2x7x7xf32>
  %flat = tensor.collapse_shape %p [[0, 1, 2]] : tensor<2x7x7xf32> into tensor<98xf32>
  %pd = tensor.cast %flat : tensor<98xf32> to tensor<?xf32>
  %f = tensor.empty() : tensor<98xf32>
  %fd = tensor.cast %f : tensor<98xf32> to tensor<?xf32>
  %2 = call @flat(%pd, %fd) {weft.path = "b"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %3 = tensor.cast %2 : tensor<?xf32> to tensor<98xf32>
  return %3 : tensor<98xf32>
}

// -----

// Nor where rows would begin a page apart, which meet in the same sets of the cache.
func.func private @k(%x: tensor<?x?x?xf32>, %o: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @rows_of_a_page
func.func @rows_of_a_page(%x: tensor<2x3x1023xf32> {weft.name = "x"}) -> (tensor<2x3x1025xf32> {weft.name = "y"}) attributes {weft.net} {
  // CHECK: plan.launch @k "a" {{.*}} outs (%s[1] [2, 3, 1023] by [3075, 1025, 1] f32)
  %zero = arith.constant 0.0 : f32
  %xd = tensor.cast %x : tensor<2x3x1023xf32> to tensor<?x?x?xf32>
  %e = tensor.empty() : tensor<2x3x1023xf32>
  %ed = tensor.cast %e : tensor<2x3x1023xf32> to tensor<?x?x?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %1 = tensor.cast %0 : tensor<?x?x?xf32> to tensor<2x3x1023xf32>
  %p = tensor.pad %1 low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%i: index, %j: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<2x3x1023xf32> to tensor<2x3x1025xf32>
  %pd = tensor.cast %p : tensor<2x3x1025xf32> to tensor<?x?x?xf32>
  %f = tensor.empty() : tensor<2x3x1025xf32>
  %fd = tensor.cast %f : tensor<2x3x1025xf32> to tensor<?x?x?xf32>
  %2 = call @k(%pd, %fd) {weft.path = "b"} : (tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %3 = tensor.cast %2 : tensor<?x?x?xf32> to tensor<2x3x1025xf32>
  return %3 : tensor<2x3x1025xf32>
}

// -----

// Rows of a page that a product adds up lie further apart.
func.func private @k(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> attributes {weft.kernel}
func.func private @product(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> attributes {weft.kernel} {
  %0 = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
// CHECK-LABEL: plan.program @added_rows
func.func @added_rows(%x: tensor<32x1024xf32> {weft.name = "x"}, %a: tensor<8x32xf32> {weft.name = "a"}) -> (tensor<8x1024xf32> {weft.name = "y"}, tensor<32x1024xf32> {weft.name = "z"}) attributes {weft.net} {
  // CHECK: plan.launch @k "a" {{.*}} outs (%s[0] [32, 1024] by [1040, 1] f32)
  // CHECK: plan.launch @product "b" ins ({{.*}}, %s[0] [32, 1024] by [1040, 1] f32)
  // CHECK: plan.launch @k "c" {{.*}} outs (%[[S:.*]][0] [32, 1024] by [1024, 1] f32)
  %xd = tensor.cast %x : tensor<32x1024xf32> to tensor<?x?xf32>
  %ad = tensor.cast %a : tensor<8x32xf32> to tensor<?x?xf32>
  %e = tensor.empty() : tensor<32x1024xf32>
  %ed = tensor.cast %e : tensor<32x1024xf32> to tensor<?x?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %f = tensor.empty() : tensor<8x1024xf32>
  %fd = tensor.cast %f : tensor<8x1024xf32> to tensor<?x?xf32>
  %1 = call @product(%ad, %0, %fd) {weft.path = "b"} : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %2 = call @k(%xd, %ed) {weft.path = "c"} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %3 = call @k(%2, %ed) {weft.path = "d"} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %y = tensor.cast %1 : tensor<?x?xf32> to tensor<8x1024xf32>
  %z = tensor.cast %3 : tensor<?x?xf32> to tensor<32x1024xf32>
  return %y, %z : tensor<8x1024xf32>, tensor<32x1024xf32>
}

// -----

// A second border of another fill cannot share the memory: that one is copied, and so is an input.
func.func private @k(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @two_borders
func.func @two_borders(%x: tensor<16xf32> {weft.name = "x"}) -> (tensor<18xf32> {weft.name = "y"}, tensor<18xf32> {weft.name = "z"}, tensor<18xf32> {weft.name = "u"}) attributes {weft.net} {
  // CHECK: plan.launch @k "a" {{.*}} outs (%u[1] [16] by [1] f32)
  // CHECK-DAG: plan.border %u[0] [18] by [1] f32 low [1] high [1] fill 0.000000e+00 : f32
  // CHECK-DAG: plan.copy "pad" %u[1] [16] by [1] f32 to %z[1] [16] by [1] f32
  // CHECK-DAG: plan.border %z[0] [18] by [1] f32 low [1] high [1] fill 1.000000e+00 : f32
  // CHECK-DAG: plan.copy "pad" %x[0] [16] by [1] f32 to %y[2] [16] by [1] f32
  // CHECK-DAG: plan.border %y[0] [18] by [1] f32 low [2] high [0] fill 0.000000e+00 : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %xd = tensor.cast %x : tensor<16xf32> to tensor<?xf32>
  %e = tensor.empty() : tensor<16xf32>
  %ed = tensor.cast %e : tensor<16xf32> to tensor<?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = tensor.cast %0 : tensor<?xf32> to tensor<16xf32>
  %p = tensor.pad %x low[2] high[0] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<16xf32> to tensor<18xf32>
  %q = tensor.pad %1 low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %one : f32
  } : tensor<16xf32> to tensor<18xf32>
  %r = tensor.pad %1 low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<16xf32> to tensor<18xf32>
  return %p, %q, %r : tensor<18xf32>, tensor<18xf32>, tensor<18xf32>
}

// -----

// Members of a concatenation are made in its buffer, each a piece that lives from its own writer on; a concatenation
// that goes on where another ended shares its buffer. What is given twice is copied once.
func.func private @k(%x: tensor<?x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @joined
func.func @joined(%x: tensor<2x16xf32> {weft.name = "x"}) -> (tensor<10x16xf32> {weft.name = "y"}) attributes {weft.net} {
  // CHECK: %s = plan.slice %arena[{{.*}}] 512 bytes live [0, 10) to 128, [2, 10) to 256, [6, 10) to 512
  // CHECK: plan.launch @k "a" {{.*}} outs (%s[0] [2, 16] by [16, 1] f32)
  // CHECK-NEXT: plan.launch @k "b" {{.*}} outs (%s[32] [2, 16] by [16, 1] f32)
  // CHECK-NEXT: plan.launch @k "ab" ins (%s[0] [4, 16] by [16, 1] f32) outs (%[[T:.*]][0] [4, 16] by [16, 1] f32)
  // CHECK-NEXT: plan.launch @k "c" ins (%[[T]][0] [4, 16] by [16, 1] f32) outs (%s[64] [4, 16] by [16, 1] f32)
  // CHECK-NEXT: plan.launch @k "abc" ins (%s[0] [8, 16] by [16, 1] f32) outs (%y[0] [8, 16] by [16, 1] f32)
  // CHECK-NEXT: plan.copy "concat" %x[0] [2, 16] by [16, 1] f32 to %y[128] [2, 16] by [16, 1] f32
  // CHECK-NOT: plan.copy
  %xd = tensor.cast %x : tensor<2x16xf32> to tensor<?x16xf32>
  %e2 = tensor.empty() : tensor<2x16xf32>
  %e2d = tensor.cast %e2 : tensor<2x16xf32> to tensor<?x16xf32>
  %e4 = tensor.empty() : tensor<4x16xf32>
  %e4d = tensor.cast %e4 : tensor<4x16xf32> to tensor<?x16xf32>
  %e8 = tensor.empty() : tensor<8x16xf32>
  %e8d = tensor.cast %e8 : tensor<8x16xf32> to tensor<?x16xf32>
  %0 = call @k(%xd, %e2d) {weft.path = "a"} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %a = tensor.cast %0 : tensor<?x16xf32> to tensor<2x16xf32>
  %1 = call @k(%0, %e2d) {weft.path = "b"} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %b = tensor.cast %1 : tensor<?x16xf32> to tensor<2x16xf32>
  %ab = tensor.concat dim(0) %a, %b : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<4x16xf32>
  %abd = tensor.cast %ab : tensor<4x16xf32> to tensor<?x16xf32>
  %2 = call @k(%abd, %e4d) {weft.path = "ab"} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %3 = call @k(%2, %e4d) {weft.path = "c"} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %c = tensor.cast %3 : tensor<?x16xf32> to tensor<4x16xf32>
  %abc = tensor.concat dim(0) %a, %b, %c : (tensor<2x16xf32>, tensor<2x16xf32>, tensor<4x16xf32>) -> tensor<8x16xf32>
  %abcd = tensor.cast %abc : tensor<8x16xf32> to tensor<?x16xf32>
  %4 = call @k(%abcd, %e8d) {weft.path = "abc"} : (tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %5 = tensor.cast %4 : tensor<?x16xf32> to tensor<8x16xf32>
  %r = tensor.concat dim(0) %5, %x : (tensor<8x16xf32>, tensor<2x16xf32>) -> tensor<10x16xf32>
  return %r : tensor<10x16xf32>
}

// -----

// In place: the input ends and the output begins in the middle of one step, at the same bytes. Not where the input is
// still needed.
func.func private @relu(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel, weft.may_alias = array<i64: 0>}
// CHECK-LABEL: plan.program @in_place
func.func @in_place(%x: tensor<16xf32> {weft.name = "x"}) -> (tensor<16xf32> {weft.name = "y"}, tensor<16xf32> {weft.name = "z"}) attributes {weft.net} {
  // CHECK: plan.arena 128 bytes lower_bound 128
  // CHECK-DAG: %[[A:.*]] = plan.slice %arena[[PLACE:.*]] 64 bytes live [0, 3)
  // CHECK-DAG: %[[B:.*]] = plan.slice %arena[[PLACE]] 64 bytes live [3, 8)
  // CHECK-DAG: %[[C:.*]] = plan.slice %arena{{.*}} 64 bytes live [4, 10)
  // CHECK: plan.launch @relu "a" ins
  // CHECK: plan.launch @relu "b" in_place [0] ins (%[[A]][0] [16] by [1] f32) outs (%[[B]][0] [16] by [1] f32)
  // CHECK: plan.launch @relu "c" ins (%[[B]][0] [16] by [1] f32) outs (%[[C]][0] [16] by [1] f32)
  %xd = tensor.cast %x : tensor<16xf32> to tensor<?xf32>
  %e = tensor.empty() : tensor<16xf32>
  %ed = tensor.cast %e : tensor<16xf32> to tensor<?xf32>
  %a = call @relu(%xd, %ed) {weft.path = "a"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %b = call @relu(%a, %ed) {weft.path = "b"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %c = call @relu(%b, %ed) {weft.path = "c"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %y = call @relu(%b, %ed) {weft.path = "y"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %z = call @relu(%c, %ed) {weft.path = "z"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %0 = tensor.cast %y : tensor<?xf32> to tensor<16xf32>
  %1 = tensor.cast %z : tensor<?xf32> to tensor<16xf32>
  return %0, %1 : tensor<16xf32>, tensor<16xf32>
}

// -----

// Run-time sizes: extents are names, slices are as large as the bounds, a size no tensor has comes by `weft.extent`.
module attributes {weft.bounds = {E = 50, G = 7, V = 10}} {
  func.func private @spmm(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {weft.kernel}
  func.func private @pool(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
  // CHECK-LABEL: plan.program @graph
  func.func @graph(%p: tensor<?xi32> {weft.name = "g.indptr", weft.role = "indptr", weft.graph = "g", weft.dims = ["V + 1"]},
                   %i: tensor<?xi32> {weft.name = "g.indices", weft.role = "indices", weft.graph = "g", weft.dims = ["E"], weft.sources = "V"},
                   %x: tensor<?x16xf32> {weft.name = "x", weft.dims = ["V", "16"]})
      -> (tensor<?xf32> {weft.name = "y", weft.dims = ["G"]}) attributes {weft.net} {
    // CHECK: plan.size "E" at_most 50
    // CHECK: plan.size "G" at_most 7
    // CHECK: plan.size "V" at_most 10
    // CHECK: %g.indptr = plan.input "g.indptr" [V + 1] i32 role "indptr" of "g"
    // CHECK: %y = plan.output "y" [G] f32
    // CHECK: plan.graph "g" indptr %g.indptr indices %g.indices destinations V sources V edges E
    // CHECK: %s = plan.slice %arena[0] 640 bytes live [0, 4)
    // CHECK: plan.launch @spmm "a" ins (%g.indptr[0] [V + 1] by [1] i32, %g.indices[0] [E] by [1] i32, %x[0] [V, 16] by [16, 1] f32) outs (%s[0] [V, 16] by [16, 1] f32)
    // CHECK: plan.launch @pool "b" ins (%s[0] [16 * V] by [1] f32) outs (%y[0] [G] by [1] f32)
    %c0 = arith.constant 0 : index
    %v = tensor.dim %x, %c0 : tensor<?x16xf32>
    %e = tensor.empty(%v) : tensor<?x16xf32>
    %0 = call @spmm(%p, %i, %x, %e) {weft.path = "a"} : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    %f = tensor.collapse_shape %0 [[0, 1]] : tensor<?x16xf32> into tensor<?xf32>
    %g = weft.extent "G"
    %eg = tensor.empty(%g) : tensor<?xf32>
    %1 = call @pool(%f, %eg) {weft.path = "b"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    return %1 : tensor<?xf32>
  }
}

// -----

// A kernel that wants pixels and channels without gaps gets a copy of a box that has some; a reshape of such a box copies
// straight to where its result is wanted.
func.func private @k(%x: tensor<?x4xf32> {weft.dense = 2 : i64}, %o: tensor<?x4xf32> {weft.dense = 2 : i64}) -> tensor<?x4xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @gaps
func.func @gaps(%x: tensor<3x8xf32> {weft.name = "x"}) -> (tensor<3x4xf32> {weft.name = "y"}, tensor<12xf32> {weft.name = "z"}) attributes {weft.net} {
  // CHECK: plan.copy "stride" %x[4] [3, 4] by [8, 1] f32 to %s[0] [3, 4] by [4, 1] f32
  // CHECK: plan.launch @k "a" ins (%s[0] [3, 4] by [4, 1] f32) outs (%y[0] [3, 4] by [4, 1] f32)
  // CHECK: plan.copy "reshape" %x[4] [3, 4] by [8, 1] f32 to %z[0] [3, 4] by [4, 1] f32
  %b = tensor.extract_slice %x[0, 4] [3, 4] [1, 1] : tensor<3x8xf32> to tensor<3x4xf32>
  %bd = tensor.cast %b : tensor<3x4xf32> to tensor<?x4xf32>
  %e = tensor.empty() : tensor<3x4xf32>
  %ed = tensor.cast %e : tensor<3x4xf32> to tensor<?x4xf32>
  %0 = call @k(%bd, %ed) {weft.path = "a"} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = tensor.cast %0 : tensor<?x4xf32> to tensor<3x4xf32>
  %f = tensor.collapse_shape %b [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  return %1, %f : tensor<3x4xf32>, tensor<12xf32>
}

// -----

// Insertions that together make a tensor are made in place only where no other insertion writes.
func.func private @k(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
// CHECK-LABEL: plan.program @inserted
func.func @inserted(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<8xf32> {weft.name = "y"}, tensor<6xf32> {weft.name = "z"}) attributes {weft.net} {
  // CHECK: plan.launch @k "a" {{.*}} outs (%y[0] [4] by [1] f32)
  // CHECK: plan.launch @k "b" {{.*}} outs (%y[4] [4] by [1] f32)
  // CHECK: plan.copy "insert_slice" %y[0] [4] by [1] f32 to %z[0] [4] by [1] f32
  // CHECK: plan.copy "insert_slice" %y[4] [4] by [1] f32 to %z[2] [4] by [1] f32
  %xd = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %e = tensor.empty() : tensor<4xf32>
  %ed = tensor.cast %e : tensor<4xf32> to tensor<?xf32>
  %0 = call @k(%xd, %ed) {weft.path = "a"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = call @k(%xd, %ed) {weft.path = "b"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %a = tensor.cast %0 : tensor<?xf32> to tensor<4xf32>
  %b = tensor.cast %1 : tensor<?xf32> to tensor<4xf32>
  %f = tensor.empty() : tensor<8xf32>
  %2 = tensor.insert_slice %a into %f[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %3 = tensor.insert_slice %b into %2[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %g = tensor.empty() : tensor<6xf32>
  %4 = tensor.insert_slice %a into %g[0] [4] [1] : tensor<4xf32> into tensor<6xf32>
  %5 = tensor.insert_slice %b into %4[2] [4] [1] : tensor<4xf32> into tensor<6xf32>
  return %3, %5 : tensor<8xf32>, tensor<6xf32>
}
