// A schedule edited by hand is refused with the word that is wrong, not compiled into something else.
// RUN: weft-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{`unrol` is no scheduling directive}}
module attributes {s = #sched.schedule<[stage<"conv", [unrol(x)]>]>} {}

// -----

// expected-error @+1 {{`shift` is no tail; known are `shift_inwards`, `predicate`, `round_up`, `exact`}}
module attributes {s = #sched.schedule<[stage<"conv", [split(x -> xo, xi by 7, shift)]>]>} {}

// -----

// expected-error @+1 {{`split` by 0; the factor is 1 or more}}
module attributes {s = #sched.schedule<[stage<"conv", [split(x -> xo, xi by 0, exact)]>]>} {}

// -----

// expected-error @+1 {{`reorder` names the loop `x` twice}}
module attributes {s = #sched.schedule<[stage<"conv", [reorder(x, y, x)]>]>} {}

// -----

// expected-error @+1 {{the stage "conv" is scheduled twice}}
module attributes {s = #sched.schedule<[stage<"conv", []>, stage<"conv", []>]>} {}
