// A graph layer keeps the smaller matrix between its two halves, whichever way it is written; the plan says so.
// RUN: weft-opt %s --split-input-file --weft-order-products | FileCheck %s

// (A X) W of 8 features from 100: the product goes first, its bias stays outside the sum.
// CHECK: weft.products = [{bytes = 320 : i64, order = "A (X W)", other_bytes = 4000 : i64, path = "layer"}]
// CHECK-LABEL: func.func @narrow
// CHECK: %[[P:.*]] = weft.linear %arg2, %{{.*}} : (tensor<?x100xf32>, tensor<8x100xf32>) -> tensor<?x8xf32>
// CHECK: %[[A:.*]] = weft.aggregate sum(%arg0, %arg1) captures(src %[[P]], edge %arg3)
// CHECK: weft.mul %{{.*}}, %{{.*}} : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
// CHECK: weft.add %[[A]], %{{.*}} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
module attributes {weft.bounds = {E = 50, V = 10}} {
func.func @narrow(%p: tensor<?xi32> {weft.dims = ["V + 1"]}, %i: tensor<?xi32> {weft.dims = ["E"], weft.sources = "V"},
                  %x: tensor<?x100xf32>, %e: tensor<?xf32>) -> tensor<?x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x100xf32>
  %b = weft.weight "b" : tensor<8xf32>
  %0 = weft.aggregate sum(%p, %i) captures(src %x, edge %e) {
  ^bb0(%r: tensor<100xf32>, %f: tensor<f32>):
    %m = weft.mul %r, %f : (tensor<100xf32>, tensor<f32>) -> tensor<100xf32>
    weft.yield %m : tensor<100xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x100xf32>, tensor<?xf32>) -> tensor<?x100xf32>
  %1 = weft.linear %0, %w bias %b : (tensor<?x100xf32>, tensor<8x100xf32>, tensor<8xf32>) -> tensor<?x8xf32> loc("layer")
  return %1 : tensor<?x8xf32>
}
}

// -----

// A (X W) of 64 features from 8: the sum goes first.
// CHECK: order = "(A X) W"
// CHECK-LABEL: func.func @wide
// CHECK: weft.aggregate mean
// CHECK: weft.linear {{.*}} -> tensor<?x64xf32>
module attributes {weft.bounds = {E = 50, V = 10}} {
func.func @wide(%p: tensor<?xi32> {weft.dims = ["V + 1"]}, %i: tensor<?xi32> {weft.dims = ["E"], weft.sources = "V"},
                %x: tensor<?x8xf32>) -> tensor<?x64xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x8xf32>
  %0 = weft.linear %x, %w : (tensor<?x8xf32>, tensor<64x8xf32>) -> tensor<?x64xf32>
  %1 = weft.aggregate mean(%p, %i) captures(src %0) {
  ^bb0(%r: tensor<64xf32>):
    weft.yield %r : tensor<64xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}
}

// -----

// Many sources, few destinations: 40 rows of 16 are more than 2 rows of 100.
// CHECK: order = "(A X) W"
// CHECK-LABEL: func.func @sampled
// CHECK: weft.aggregate
// CHECK: weft.linear
module attributes {weft.bounds = {B = 2, E = 50, V = 40}} {
func.func @sampled(%p: tensor<?xi32> {weft.dims = ["B + 1"]}, %i: tensor<?xi32> {weft.dims = ["E"], weft.sources = "V"},
                   %x: tensor<?x100xf32>) -> tensor<?x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x100xf32>
  %0 = weft.aggregate sum(%p, %i) captures(src %x) {
  ^bb0(%r: tensor<100xf32>):
    weft.yield %r : tensor<100xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x100xf32>) -> tensor<?x100xf32>
  %1 = weft.linear %0, %w : (tensor<?x100xf32>, tensor<16x100xf32>) -> tensor<?x16xf32>
  return %1 : tensor<?x16xf32>
}
}

// -----

// Not linear in the row: a maximum, an activation, a bias inside the sum. All stay as written, without a statement.
// CHECK-NOT: weft.products
// CHECK-LABEL: func.func @others
// CHECK: weft.aggregate max
// CHECK: weft.linear
// CHECK: weft.aggregate sum
// CHECK: weft.relu
// CHECK: weft.linear
// CHECK: weft.linear
// CHECK: weft.aggregate sum
module attributes {weft.bounds = {E = 50, V = 10}} {
func.func @others(%p: tensor<?xi32> {weft.dims = ["V + 1"]}, %i: tensor<?xi32> {weft.dims = ["E"], weft.sources = "V"},
                  %x: tensor<?x8xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x64xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<2x8xf32>
  %v = weft.weight "v" : tensor<64x8xf32>
  %b = weft.weight "b" : tensor<64xf32>
  %0 = weft.aggregate max(%p, %i) captures(src %x) {
  ^bb0(%r: tensor<8xf32>):
    weft.yield %r : tensor<8xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = weft.linear %0, %w : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x2xf32>
  %2 = weft.aggregate sum(%p, %i) captures(src %x) {
  ^bb0(%r: tensor<8xf32>):
    %a = weft.relu %r : tensor<8xf32>
    weft.yield %a : tensor<8xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = weft.linear %2, %w : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x2xf32>
  %4 = weft.linear %x, %v bias %b : (tensor<?x8xf32>, tensor<64x8xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %5 = weft.aggregate sum(%p, %i) captures(src %4) {
  ^bb0(%r: tensor<64xf32>):
    weft.yield %r : tensor<64xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1, %3, %5 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x64xf32>
}
}
