// The check after planning shares nothing with the planner; here it must find each kind of lie.
// RUN: weft-opt %s -split-input-file -verify-diagnostics --weft-verify-plan

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {weft.may_alias = array<i64: 0>}
plan.program @right {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 64 bytes lower_bound 16
  %a = plan.slice %arena[0] 16 bytes live [0, 3)
  %b = plan.slice %arena[0] 16 bytes live [3, 6)
  plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
  plan.launch @k "b" in_place [0] ins (%a[0] [4] by [1] f32) outs (%b[0] [4] by [1] f32)
  plan.launch @k "c" ins (%b[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @too_short {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 64 bytes lower_bound 16
  // expected-error @+1 {{says that bytes [0, 16) live during [0, 2), but its steps need [0, 4)}}
  %a = plan.slice %arena[0] 16 bytes live [0, 2)
  plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
  plan.launch @k "b" ins (%a[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

// Without working in place an input lives to the end of its step.
func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @half_step {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 64 bytes lower_bound 16
  // expected-error @+1 {{says that bytes [0, 16) live during [0, 3), but its steps need [0, 4)}}
  %a = plan.slice %arena[0] 16 bytes live [0, 3)
  %b = plan.slice %arena[0] 16 bytes live [3, 6)
  plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
  plan.launch @k "b" ins (%a[0] [4] by [1] f32) outs (%b[0] [4] by [1] f32)
  plan.launch @k "c" ins (%b[0] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @piece_too_short {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 64 bytes lower_bound 16
  // expected-error @+1 {{says that bytes [16, 32) live during [4, 6), but its steps need [2, 6)}}
  %a = plan.slice %arena[0] 32 bytes live [0, 6) to 16, [4, 6) to 32
  plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
  plan.launch @k "b" ins (%x[0] [4] by [1] f32) outs (%a[4] [4] by [1] f32)
  plan.launch @k "c" ins (%a[2] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
plan.program @never_written {
  %x = plan.input "x" [4] f32
  %y = plan.output "y" [4] f32
  %arena = plan.arena 64 bytes lower_bound 24
  %a = plan.slice %arena[0] 24 bytes live [0, 4)
  plan.launch @k "a" ins (%x[0] [4] by [1] f32) outs (%a[0] [4] by [1] f32)
  // expected-error @+1 {{reads bytes [8, 24) of a slice, but nothing has written byte 16}}
  plan.launch @k "b" ins (%a[2] [4] by [1] f32) outs (%y[0] [4] by [1] f32)
}

// -----

// Column 1 of two rows has been written, column 2 has not: what a view skips is not read.
func.func private @k(tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
plan.program @column {
  %x = plan.input "x" [2, 1] f32
  %y = plan.output "y" [2, 1] f32
  %z = plan.output "z" [2, 1] f32
  %arena = plan.arena 64 bytes lower_bound 28
  %a = plan.slice %arena[0] 28 bytes live [0, 6)
  plan.launch @k "a" ins (%x[0] [2, 1] by [1, 1] f32) outs (%a[1] [2, 1] by [4, 1] f32)
  plan.launch @k "b" ins (%a[1] [2, 1] by [4, 1] f32) outs (%y[0] [2, 1] by [1, 1] f32)
  // expected-error @+1 {{reads bytes [8, 28) of a slice, but nothing has written byte 24}}
  plan.launch @k "c" ins (%a[2] [2, 1] by [4, 1] f32) outs (%z[0] [2, 1] by [1, 1] f32)
}

// -----

// Every second column of many is read. What lies behind the last of each row has not been written: one read needs it, the other does
// not.
func.func private @k(tensor<600x1199xf32>, tensor<600x1199xf32>) -> tensor<600x1199xf32>
plan.program @steps {
  %x = plan.input "x" [600, 1199] f32
  %y = plan.output "y" [600, 600] f32
  %arena = plan.arena 2880000 bytes lower_bound 2880000
  %a = plan.slice %arena[0] 2880000 bytes live [0, 6)
  plan.launch @k "a" ins (%x[0] [600, 1199] by [1199, 1] f32) outs (%a[0] [600, 1199] by [1200, 1] f32)
  plan.copy "stride" %a[0] [600, 600] by [1200, 2] f32 to %y[0] [600, 600] by [600, 1] f32
  // expected-error @+1 {{reads bytes [4, 2880000) of a slice, but nothing has written byte 2879996}}
  plan.copy "stride" %a[1] [600, 600] by [1200, 2] f32 to %y[0] [600, 600] by [600, 1] f32
}

// -----

plan.program @no_result {
  // expected-error @+1 {{`y` is never written}}
  %y = plan.output "y" [4] f32
}
