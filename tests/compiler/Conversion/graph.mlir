// What an edge computes is scalar code inside one reduction over its row; sums over features of one end are made once a vertex.
// RUN: weft-opt %s --weft-outline-kernels --weft-verify-importable --weft-print-descs -o /dev/null | FileCheck %s

// CHECK-LABEL: kernel aggregate_mean_0 {
// CHECK: stage aggregate f32 [n < out.0, ch < 16] {
// CHECK-NEXT: init 0
// CHECK-NEXT: update [e < indices.0]
// CHECK: value where lt(e, sub(@indptr[add(n, 1:i32)], %0)) = add(acc, mul(@x[@indices[%1], ch], @x1[%1]))
// A vertex without edges gets 0.
// CHECK: stage rows
// CHECK-NEXT: init div(aggregate[n, ch], cast:f32(max(sub(@indptr[add(n, 1:i32)], @indptr[n]), 1:i32)))
func.func @mean(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x16xf32>, %w: tensor<?xf32>) -> tensor<?x16xf32> attributes {weft.net} {
  %y = weft.aggregate mean(%indptr, %indices) captures(src %h, edge %w) {
  ^bb0(%hj: tensor<16xf32>, %wj: tensor<f32>):
    %m = weft.mul %hj, %wj : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
    weft.yield %m : tensor<16xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>, tensor<?xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// CHECK-LABEL: kernel softmax_by_dst_0 {
// CHECK: stage dot f32
// CHECK: stage max
// CHECK: value where {{.*}} = select(ge(e, 0:i32), max(acc, dot[n, ch]), acc)
// CHECK: stage sum
// CHECK: stage row i32 [e < out.0] {
// CHECK: value = select(le(@indptr[min(
// CHECK: stage softmax f32 [e < out.0, ch < 2] holds out {
func.func @attention(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x2x4xf32>) -> tensor<?x2xf32> attributes {weft.net} {
  %s = weft.weight "s" : tensor<2x4xf32>
  %a = weft.softmax_by_dst(%indptr, %indices) captures(dst %h, all %s) {
  ^bb0(%di: tensor<2x4xf32>, %ws: tensor<2x4xf32>):
    %p = weft.dot %di, %ws : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
    weft.yield %p : tensor<2xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x2x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %a : tensor<?x2xf32>
}

// What is the same for all edges of a vertex is taken once for each of them: the update runs over the edges although its value names none.
// CHECK-LABEL: kernel aggregate_sum_0 {
// CHECK: stage aggregate f32 [ch < out.0] {
// CHECK: value where lt(e, sub(@indptr[add(ch, 1:i32)], {{.*}})) = select(ge(e, 0:i32), add(acc, @x[ch]), acc)
func.func @end(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %s: tensor<?xf32>) -> tensor<?xf32> attributes {weft.net} {
  %y = weft.aggregate sum(%indptr, %indices) captures(dst %s) {
  ^bb0(%si: tensor<f32>):
    weft.yield %si : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// Where no tensor has a row a vertex, row ends say how many there are, and the last of them begins a row without edges.
// CHECK-LABEL: kernel softmax_by_dst_1 {
// CHECK: stage max f32 [ch < indptr.0] {
// CHECK: value where lt(e, sub(@indptr[min(add(ch, 1:i32), sub(extent(@indptr, 0), 1:i32))], %0)) = max(acc, @x[add(%0, e)])
func.func @edges(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %w: tensor<?xf32>) -> tensor<?xf32> attributes {weft.net} {
  %a = weft.softmax_by_dst(%indptr, %indices) captures(edge %w) {
  ^bb0(%wj: tensor<f32>):
    weft.yield %wj : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>) -> tensor<?xf32>
  return %a : tensor<?xf32>
}

// CHECK-LABEL: kernel readout_max_0 {
// CHECK: value where eq(@part[r], n) = max(acc, @x[r, ch])
// CHECK: init select(gt(count[n], 0:i32), readout[n, ch], 0)
func.func @readout(%x: tensor<?x8xf32>, %part: tensor<?xi32>) -> tensor<4x8xf32> attributes {weft.net} {
  %y = weft.readout max %x by %part graphs 4 : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// Terms go where they belong one after the other; those whose place is outside are left out.
// CHECK-LABEL: kernel scatter_add_0 {
// CHECK: stage scatter f32 [n < 5, ch < 16] {
// CHECK-NEXT: init 0
// CHECK-NEXT: update [r < 400]
// CHECK: value place n = max(min({{.*}}, sub(5:i32, 1:i32)), 0:i32) where and(ge({{.*}}, 0:i32), lt({{.*}}, 5:i32)) = add(acc, @updates[r, ch])
func.func @scatter(%i: tensor<400x1xi64>, %u: tensor<400x16xf32>) -> tensor<5x16xf32> attributes {weft.net} {
  %z = weft.constant dense<0.0> : tensor<5x16xf32>
  %y = weft.scatter add %z[%i] by %u axis 0 : (tensor<5x16xf32>, tensor<400x1xi64>, tensor<400x16xf32>) -> tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}
