// What a KernelDesc cannot say is refused at its place.
// RUN: weft-opt %s --split-input-file --weft-verify-importable --verify-diagnostics

func.func private @control(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "control"} {
  %c = arith.constant true
  // expected-error@+1 {{`scf.if` may not stand in a kernel function}}
  %y = scf.if %c -> tensor<4xf32> {
    scf.yield %x : tensor<4xf32>
  } else {
    scf.yield %out : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

#id = affine_map<(d0) -> (d0)>
func.func private @scalar(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "scalar"} {
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%out : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    // expected-error@+1 {{`math.atan` may not stand in a kernel function}}
    %r = math.atan %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

#id = affine_map<(d0) -> (d0)>
func.func private @in_out(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "in_out"} {
  // expected-error@+1 {{a stage without reduction reads what it writes}}
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%out : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

#in = affine_map<(d0, d1) -> (d0, d1)>
#out = affine_map<(d0, d1) -> (d0)>
func.func private @no_start(%x: tensor<4x3xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "no_start"} {
  // expected-error@+1 {{a reduction begins with `linalg.fill` or with another stage}}
  %y = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x3xf32>) outs(%out : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// expected-error@+1 {{argument 0 has type 'tensor<4xbf16>', which no kernel takes}}
func.func private @type(%x: tensor<4xbf16>, %out: tensor<4xbf16>) -> tensor<4xbf16> attributes {weft.kernel = "type"} {
  return %out : tensor<4xbf16>
}

// -----

func.func private @unwritten(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "unwritten"} {
  // expected-error@+1 {{result 0 of a kernel is not made by a stage}}
  return %x : tensor<4xf32>
}

// -----

#in = affine_map<(d0, d1) -> (d1, d0)>
#out = affine_map<(d0, d1) -> (d1)>
func.func private @order(%x: tensor<3x4xf32>, %out: tensor<3xf32>) -> tensor<3xf32> attributes {weft.kernel = "order"} {
  // expected-error@+1 {{reduction loops stand behind the parallel ones in a kernel}}
  %y = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<3x4xf32>) outs(%out : tensor<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

#in = affine_map<(d0, d1) -> (d0, d1)>
#out = affine_map<(d0, d1) -> (d0)>
func.func private @lanes(%x: tensor<4x12xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "lanes"} {
  %zero = arith.constant 0.0 : f32
  %begin = linalg.fill ins(%zero : f32) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  // expected-error@+1 {{`weft.lanes` is a power of two, at most the constant extent of the innermost loop, on a stage that joins its accumulator with a term; this is 16 : i64}}
  %y = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x12xf32>) outs(%begin : tensor<4xf32>)
      attrs = {weft.lanes = 16, weft.loops = ["n", "k"], weft.stage = "sum"} {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

#in = affine_map<(d0, d1) -> (d0, d1)>
#out = affine_map<(d0, d1) -> (d0)>
func.func private @partial(%x: tensor<4x512xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {weft.kernel = "partial"} {
  %zero = arith.constant 0.0 : f32
  %begin = linalg.fill ins(%zero : f32) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  // expected-error@+1 {{`weft.partial` names a loop of the reduction and how many of its turns make a partial sum, at least 1; this is ["n", 8]}}
  %y = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x512xf32>) outs(%begin : tensor<4xf32>)
      attrs = {weft.loops = ["n", "k"], weft.partial = ["n", 8], weft.stage = "sum"} {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}
