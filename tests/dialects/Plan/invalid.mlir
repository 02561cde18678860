// A plan that lies must not get past the verifier: each rule of the dialect, broken once.
// RUN: weft-opt %s -split-input-file -verify-diagnostics

plan.program @net {
  // expected-error @+1 {{`V` is bounded by 0; a bound is 1 or more}}
  plan.size "V" at_most 0
}

// -----

plan.program @net {
  plan.size "V" at_most 3
  // expected-error @+1 {{`V` is the second size of that name}}
  plan.size "V" at_most 4
}

// -----

plan.program @net {
  %a = plan.input "x" [3] f32
  // expected-error @+1 {{`x` is the second input of that name}}
  %b = plan.input "x" [3] f32
}

// -----

plan.program @net {
  %a = plan.output "y" [3] f32
  // expected-error @+1 {{`y` is the second output of that name}}
  %b = plan.output "y" [3] f32
}

// -----

plan.program @net {
  // expected-error @+1 {{`x` holds 'i7', which no buffer may}}
  %a = plan.input "x" [3] i7
}

// -----

plan.program @net {
  // expected-error @+1 {{`x` has a negative dimension}}
  %a = plan.input "x" [-3] f32
}

// -----

plan.program @net {
  %x = plan.input "x" [3] i32
  %y = plan.output "y" [3] i32
  // expected-error @+1 {{`g` takes its row starts and columns from inputs}}
  plan.graph "g" indptr %x indices %y destinations 2 sources 2 edges 3
}

// -----

plan.program @net {
  %x = plan.input "x" [3] i32
  // expected-error @+1 {{has 1 sizes; they are destinations, sources and edges}}
  "plan.graph"(%x, %x) {name = "g", sizes = #plan.extents<[3]>} : (!plan.buffer, !plan.buffer) -> ()
}

// -----

// expected-error @+1 {{a view with 2 extents and 1 strides}}
module attributes {plan.v = #plan.view<[0] [2, 3] by [1] f32>} {}

// -----

// expected-error @+1 {{a view of 'i7'; elements are integers or floats of 1, 8, 16, 32 or 64 bits}}
module attributes {plan.v = #plan.view<[0] [2] by [1] i7>} {}

// -----

// expected-error @+1 {{a view with a negative offset, extent or stride}}
module attributes {plan.v = #plan.view<[-1] [2] by [1] f32>} {}

// -----

plan.program @net {
  %0 = weft.weight "w" : tensor<4xf32>
  // expected-error @+1 {{has 64 bytes, but its last slot ends at 80}}
  %packed = plan.weights 64 bytes
  %w = plan.slot %packed[64] of %0 : tensor<4xf32>
}

// -----

plan.program @net {
  %0 = weft.weight "w" : tensor<32xf32>
  %packed = plan.weights 1024 bytes
  %v = plan.slot %packed[0] of %0 : tensor<32xf32>
  // expected-error @+1 {{begins at byte 64, inside the slot before it, which ends at 128}}
  %w = plan.slot %packed[64] of %0 : tensor<32xf32>
}

// -----

plan.program @net {
  %0 = weft.weight "w" : tensor<4xf32>
  %packed = plan.weights 1024 bytes
  // expected-error @+1 {{begins at byte 4, which is not a multiple of 64}}
  %w = plan.slot %packed[4] of %0 : tensor<4xf32>
}

// -----

plan.program @net {
  %0 = weft.weight "w" : tensor<4xf32>
  %arena = plan.arena 64 bytes lower_bound 0
  // expected-error @+1 {{is not part of packed weights}}
  %w = plan.slot %arena[0] of %0 : tensor<4xf32>
}

// -----

plan.program @net {
  %0 = weft.weight "w" : tensor<4xi7>
  %packed = plan.weights 64 bytes
  // expected-error @+1 {{holds 'tensor<4xi7>', which no buffer may}}
  %w = plan.slot %packed[0] of %0 : tensor<4xi7>
}

// -----

plan.program @net {
  // expected-error @+1 {{has 64 bytes, less than its lower bound 65}}
  %arena = plan.arena 64 bytes lower_bound 65
}

// -----

plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 64
  // expected-error @+1 {{ends at byte 128 of an arena of 64}}
  %s = plan.slice %arena[64] 64 bytes live [0, 2)
}

// -----

// The sweep finds a neighbour above and one below; a slice that dies as another is born is fine.
plan.program @net {
  %arena = plan.arena 256 bytes lower_bound 64
  // expected-note @+1 {{it holds bytes [64, 192) during [2, 6)}}
  %a = plan.slice %arena[64] 128 bytes live [2, 6)
  // expected-error @+1 {{holds bytes [0, 65) during [4, 8), where another slice lies alive}}
  %b = plan.slice %arena[0] 65 bytes live [4, 8)
}

// -----

plan.program @net {
  %arena = plan.arena 256 bytes lower_bound 64
  %a = plan.slice %arena[0] 128 bytes live [0, 2)
  // expected-note @+1 {{it holds bytes [0, 128) during [2, 6)}}
  %b = plan.slice %arena[0] 128 bytes live [2, 6)
  // expected-error @+1 {{holds bytes [64, 128) during [5, 8), where another slice lies alive}}
  %c = plan.slice %arena[64] 128 bytes live [5, 8) to 64, [6, 8) to 128
}

// -----

plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 64
  // expected-error @+1 {{has the empty lifetime [4, 4)}}
  %s = plan.slice %arena[0] 64 bytes live [4, 4)
}

// -----

plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 64
  // expected-error @+1 {{has a piece from byte 32 to 32}}
  %s = plan.slice %arena[0] 64 bytes live [0, 4) to 32, [0, 2) to 32, [0, 4) to 64
}

// -----

plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 64
  // expected-error @+1 {{has 64 bytes, but its pieces end at 32}}
  %s = plan.slice %arena[0] 64 bytes live [0, 4) to 16, [0, 2) to 32
}

// -----

plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 64
  // expected-error @+1 {{has 1 ends and 1 lifetime bounds}}
  %s = "plan.slice"(%arena) {offset = 0 : i64, bytes = 64 : i64, ends = array<i64: 64>, lives = array<i64: 2>} : (!plan.storage) -> !plan.buffer
}

// -----

plan.program @net {
  %packed = plan.weights 64 bytes
  // expected-error @+1 {{is not part of an arena}}
  %s = plan.slice %packed[0] 64 bytes live [0, 4)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{runs `j`, which is no function here}}
  plan.launch @j "p" ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{gives 1 views to `k`, which takes 2}}
  plan.launch @k "p" ins () outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [5] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{to `k`, whose operand 0 is 'tensor<4xf32>'}}
  plan.launch @k "p" ins (%x[0] [5] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

plan.program @net {
  %x = plan.input "x" [4] f32
  // expected-error @+1 {{has 1 + 0 buffers and 0 + 0 views}}
  "plan.launch"(%x) <{kernel = @k, path = "p", input_views = [], output_views = [], operandSegmentSizes = array<i32: 1, 0, 0>}> : (!plan.buffer) -> ()
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 384 bytes lower_bound 384 threads 2
  %t = plan.slice %arena[0] 384 bytes live [0, 2)
  // expected-error @+1 {{works in 256 bytes and 64 for each further of 2 threads, but its slice has 384}}
  plan.launch @k "p" ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32) scratch(%t 256, worker 64)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 128 bytes lower_bound 128
  %t = plan.slice %arena[0] 128 bytes live [0, 2)
  // expected-error @+1 {{works in 100 bytes, a worker in 64; both are multiples of 64, the second at most the first}}
  plan.launch @k "p" ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32) scratch(%t 100, worker 64)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{works in something that is no slice of an arena}}
  plan.launch @k "p" ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32) scratch(%x 64, worker 64)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{needs scratch memory, but has no slice for it}}
  "plan.launch"(%x, %y) <{kernel = @k, path = "p", input_views = [#plan.view<[0] [4] by [1] f32>], output_views = [#plan.view<[0] [4] by [1] f32>], caller_bytes = 64 : i64, operandSegmentSizes = array<i32: 1, 1, 0>}> : (!plan.buffer, !plan.buffer) -> ()
}

// -----

plan.program @net {
  // expected-error @+1 {{is for 0 threads; at least one runs}}
  %arena = plan.arena 128 bytes lower_bound 128 threads 0
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{works in place, but input 0 and output 0 are different places}}
  plan.launch @k "p" in_place [0] ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 16
  %s = plan.slice %arena[0] 16 bytes live [0, 2)
  // expected-error @+1 {{works in place on input 0, which `k` does not allow}}
  plan.launch @k "p" in_place [0] ins (%s[0] [4] by [1] f32) outs (%s[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %arena = plan.arena 64 bytes lower_bound 16
  %s = plan.slice %arena[0] 16 bytes live [0, 2)
  // expected-error @+1 {{works in place on input 3 of 1}}
  plan.launch @k "p" in_place [3] ins (%s[0] [4] by [1] f32) outs (%s[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{has 1 outputs and 2 `in_place` entries}}
  plan.launch @k "p" in_place [-1, -1] ins (%x[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

plan.program @net {
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{has rank 1, but 2 low and 1 high widths}}
  plan.border %y[0] [4] by [1] f32 low [1, 1] high [1] fill 0.0 : f32
}

// -----

plan.program @net {
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{of 3 and 2 elements does not fit its box}}
  plan.border %y[0] [4] by [1] f32 low [3] high [2] fill 0.0 : f32
}

// -----

plan.program @net {
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{fills 'f32' with a value of 'i32'}}
  plan.border %y[0] [4] by [1] f32 low [1] high [1] fill 0 : i32
}

// -----

plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{copies between boxes of different shapes or element types}}
  plan.copy "output" %x[0] [4] by [1] f32 to %y[0] [3] by [1] f32
}

// -----

plan.program @net {
  plan.size "V" at_most 10
  %x = plan.input "x" [V, 2] f32
  %y = plan.output "y" [V, 2] f32
  // expected-error @+1 {{reaches byte 84 of a buffer of 80}}
  plan.copy "output" %x[1] [V, 2] by [2, 1] f32 to %y[0] [V, 2] by [2, 1] f32
}

// -----

plan.program @net {
  %x = plan.input "x" [10] f32
  %y = plan.output "y" [10] f32
  // expected-error @+1 {{has a view with a size that is not declared, or one too large}}
  plan.copy "output" %x[0] [W] by [1] f32 to %y[0] [W] by [1] f32
}

// -----

plan.program @net {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  plan.copy "output" %x[0] [4] by [1] f32 to %y[0] [4] by [1] f32
  // expected-error @+1 {{stands after the first step of its program}}
  %arena = plan.arena 64 bytes lower_bound 0
}

// -----

plan.program @net {
  %y = plan.output "y" [4] f32
  // expected-error @+1 {{fills with dense<0.000000e+00> : tensor<4xf32>, which is no number}}
  plan.border %y[0] [4] by [1] f32 low [1] high [1] fill dense<0.0> : tensor<4xf32>
}

// -----

plan.program @net {
  // expected-error @+1 {{has -64 bytes}}
  %packed = plan.weights -64 bytes
}

// -----

plan.program @net {
  // expected-error @+1 {{has -64 bytes}}
  %arena = plan.arena -64 bytes lower_bound 0
}
