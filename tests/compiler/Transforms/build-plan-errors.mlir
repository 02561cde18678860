// What a plan cannot hold must be said at the operation, not crash or be planned wrongly.
// RUN: weft-opt %s -split-input-file -verify-diagnostics --weft-build-plan
// RUN: not weft-opt %S/Inputs/over-the-limit.mlir --weft-build-plan=memory-limit=100 2>&1 | FileCheck %s --check-prefix=LIMIT
// RUN: not weft-opt %S/Inputs/over-the-limit.mlir --weft-build-plan 2>&1 | FileCheck %s --check-prefix=STATED

// LIMIT: error: the network needs 128 bytes of memory with 1 thread, 28 more than the limit of 100
// LIMIT: note: 64 bytes are alive at the peak for this tensor
// LIMIT: note: 64 bytes are alive at the peak for this tensor
// STATED: error: the network needs 128 bytes of memory with 1 thread, 8 more than the limit of 120

// expected-error @+1 {{argument 0 has no `weft.name`}}
func.func @net(%x: tensor<4xf32>) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{result 0 has no `weft.name`}}
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> tensor<4xf32> attributes {weft.net} {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{a plan cannot tell the extents of 'tensor<?xf32>'; each may be a constant, or linear in one run-time size}}
func.func @net(%x: tensor<?xf32> {weft.name = "x"}) -> (tensor<?xf32> {weft.name = "y"}) attributes {weft.net} {
  return %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{a plan cannot hold 'tensor<?xf32>'; a run-time size has no bound, or the tensor is too large}}
func.func @net(%x: tensor<?xf32> {weft.name = "x", weft.dims = ["V"]}) -> (tensor<?xf32> {weft.name = "y"}) attributes {weft.net} {
  return %x : tensor<?xf32>
}

// -----

module attributes {weft.bounds = {E = 5, V = 5}} {
  // expected-error @+1 {{a plan cannot hold 'tensor<2x?x?xf32>'; a stride would depend on two run-time sizes, or elements are of an odd size}}
  func.func @net(%x: tensor<2x?x?xf32> {weft.name = "x", weft.dims = ["2", "V", "E"]}) -> (tensor<2x?x?xf32> {weft.name = "y"}) attributes {weft.net} {
    return %x : tensor<2x?x?xf32>
  }
}

// -----

func.func private @other(%x: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32>
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{calls `other`, which is no kernel}}
  %0 = call @other(%x, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func private @k(%x: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel}
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  // expected-error @+1 {{writes to a tensor that already has values; a plan wants `tensor.empty`}}
  %0 = call @k(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func private @k() -> tensor<4xf32> attributes {weft.kernel}
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  // expected-error @+1 {{calls `k` with too few operands; the last ones are written}}
  %0 = call @k() : () -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  // expected-error @+1 {{`weft.relu` has no place beside the calls of kernels in phase plan}}
  %0 = weft.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<5xf32> {weft.name = "y"}) attributes {weft.net} {
  // expected-error @+1 {{a plan wants borders of one constant value}}
  %0 = tensor.pad %x low[0] high[1] {
  ^bb0(%i: index):
    %c0 = arith.constant 0 : index
    %v = tensor.extract %x[%c0] : tensor<4xf32>
    tensor.yield %v : f32
  } : tensor<4xf32> to tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<2xf32> {weft.name = "y"}) attributes {weft.net} {
  %c1 = arith.constant 1 : index
  %d = tensor.dim %x, %c1 : tensor<4xf32>
  // expected-error @+1 {{a plan wants constant offsets and steps}}
  %0 = tensor.extract_slice %x[%d] [2] [1] : tensor<4xf32> to tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @-1 {{this tensor is read, but nothing has written it}}
  return %e : tensor<4xf32>
}

// -----

// expected-error @+1 {{the bound of `V` is no positive integer}}
module attributes {weft.bounds = {V = "many"}} {
  func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{a network is one block of calls and views}}
func.func private @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net}

// -----

// expected-error @+1 {{inputs and outputs of a network are ranked tensors}}
func.func @net(%x: tensor<*xf32> {weft.name = "x"}) -> (tensor<*xf32> {weft.name = "y"}) attributes {weft.net} {
  return %x : tensor<*xf32>
}

// -----

func.func private @k(%x: f32, %o: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel}
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  %f = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{calls `k`, which takes something else than ranked tensors}}
  %0 = call @k(%f, %e) : (f32, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
