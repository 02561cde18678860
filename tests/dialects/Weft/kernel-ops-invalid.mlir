// A reduction over rows says what does not fit.
// RUN: weft-opt %s --split-input-file --verify-diagnostics

func.func @maps(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{has 1 inputs and 0 maps}}
  %y = weft.segment_reduce(%p, %i) ins(%x) outs(%z) attributes {indexing_maps = []} {
  ^bb0(%a: f32, %s: f32):
    weft.yield %s : f32
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @dims(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{does not have 2 dimensions and one symbol}}
  %y = weft.segment_reduce(%p, %i) ins(%x) outs(%z) attributes {indexing_maps = [affine_map<(v) -> (v)>]} {
  ^bb0(%a: f32, %s: f32):
    weft.yield %s : f32
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @rank(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?x4xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{does not index 'tensor<?x4xf32>'}}
  %y = weft.segment_reduce(%p, %i) ins(%x) outs(%z) attributes {indexing_maps = [affine_map<(v, e)[u] -> (u)>]} {
  ^bb0(%a: f32, %s: f32):
    weft.yield %s : f32
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x4xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @arguments(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{region takes 1 elements, expected 2}}
  %y = weft.segment_reduce(%p, %i) ins(%x) outs(%z) attributes {indexing_maps = [affine_map<(v, e)[u] -> (u)>]} {
  ^bb0(%s: f32):
    weft.yield %s : f32
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @yield(%p: tensor<?xi32>, %i: tensor<?xi32>, %x: tensor<?xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{region yields no 'f32'}}
  %y = weft.segment_reduce(%p, %i) ins(%x) outs(%z) attributes {indexing_maps = [affine_map<(v, e)[u] -> (u)>]} {
  ^bb0(%a: f32, %s: f32):
    weft.yield
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @place(%i: tensor<?xi32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{region yields no 'i32', 'f32'}}
  %y = weft.scatter_reduce axis 0 ins(%i) outs(%z) attributes {indexing_maps = [affine_map<(e) -> (e)>]} {
  ^bb0(%a: i32, %s: f32):
    weft.yield %s : f32
  } : (tensor<?xi32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @axis(%i: tensor<?xi32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{`axis` is 1, and 'tensor<?xf32>' has 1 dimensions}}
  %y = weft.scatter_reduce axis 1 ins(%i) outs(%z) attributes {indexing_maps = [affine_map<(e) -> (e)>]} {
  ^bb0(%a: i32, %s: f32):
    weft.yield %a, %s : i32, f32
  } : (tensor<?xi32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
