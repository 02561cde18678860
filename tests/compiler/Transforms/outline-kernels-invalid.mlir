// What no kernel or view can do is said with its types.
// RUN: weft-opt %s --split-input-file --weft-outline-kernels --verify-diagnostics

func.func @mixed(%x: tensor<1x8x3x3xf32, #weft.blocked<8>>) -> tensor<1x8x3x3xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<8x8x1x1xf32>
  // expected-error@+1 {{no kernel for an input of type 'tensor<1x8x3x3xf32, #weft.blocked<8>>', a weight of type 'tensor<8x8x1x1xf32>' and a result of type 'tensor<1x8x3x3xf32>'}}
  %y = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x8x3x3xf32, #weft.blocked<8>>, tensor<8x8x1x1xf32>) -> tensor<1x8x3x3xf32>
  return %y : tensor<1x8x3x3xf32>
}

// -----

func.func @inside_a_block(%x: tensor<1x16x3x3xf32, #weft.blocked<8>>) -> tensor<1x12x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  // expected-error@+1 {{cannot cut channels from 4 on out of 'tensor<1x16x3x3xf32, #weft.blocked<8>>'}}
  %y:2 = weft.split %x axis 1 sizes [4, 12] : (tensor<1x16x3x3xf32, #weft.blocked<8>>) -> (tensor<1x4x3x3xf32, #weft.blocked<8>>, tensor<1x12x3x3xf32, #weft.blocked<8>>)
  return %y#1 : tensor<1x12x3x3xf32, #weft.blocked<8>>
}

// -----

func.func @reshape(%x: tensor<1x8x2x2xf32, #weft.blocked<8>>) -> tensor<1x32xf32> attributes {weft.net} {
  // expected-error@+1 {{a view cannot make 'tensor<1x32xf32>' of 'tensor<1x8x2x2xf32, #weft.blocked<8>>'}}
  %y = weft.flatten %x axis 1 : (tensor<1x8x2x2xf32, #weft.blocked<8>>) -> tensor<1x32xf32>
  return %y : tensor<1x32xf32>
}

// -----

func.func @broadcast(%x: tensor<1x12x3x3xf32, #weft.blocked<8>>, %y: tensor<12x1x1xf32>) -> tensor<1x12x3x3xf32, #weft.blocked<8>> attributes {weft.net} {
  // expected-error@+1 {{operand 1 of type 'tensor<12x1x1xf32>' cannot be read point by point for 'tensor<1x12x3x3xf32, #weft.blocked<8>>'}}
  %z = weft.add %x, %y : (tensor<1x12x3x3xf32, #weft.blocked<8>>, tensor<12x1x1xf32>) -> tensor<1x12x3x3xf32, #weft.blocked<8>>
  return %z : tensor<1x12x3x3xf32, #weft.blocked<8>>
}

// -----

func.func @edges(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x4xf32>) -> tensor<?x4xf32> attributes {weft.net} {
  %y = weft.aggregate sum(%indptr, %indices) captures(src %h, dst %h) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    // expected-error@+1 {{`weft.softmax` has no kernel inside an edge expression}}
    %s = weft.softmax %a axis 0 : (tensor<4xf32>) -> tensor<4xf32>
    %m = weft.mul %s, %b : tensor<4xf32>
    weft.yield %m : tensor<4xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @long_dot(%indptr: tensor<?xi32>, %indices: tensor<?xi32>, %h: tensor<?x100xf32>) -> tensor<?xf32> attributes {weft.net} {
  %y = weft.aggregate sum(%indptr, %indices) captures(src %h, dst %h) {
  ^bb0(%a: tensor<100xf32>, %b: tensor<100xf32>):
    // expected-error@+1 {{sums 100 products of both ends of an edge; a kernel writes out at most 64}}
    %s = weft.dot %a, %b : (tensor<100xf32>, tensor<100xf32>) -> tensor<f32>
    weft.yield %s : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x100xf32>, tensor<?x100xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @planes(%x: tensor<1x3x?x8xf32>) -> tensor<1x3x?x4xf32> attributes {weft.net} {
  // expected-error@+1 {{only the first extent of 'tensor<1x3x?x8xf32>' may be a run-time size}}
  %y = weft.maxpool %x kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x?x8xf32>) -> tensor<1x3x?x4xf32>
  return %y : tensor<1x3x?x4xf32>
}
