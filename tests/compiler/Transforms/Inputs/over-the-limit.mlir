// Needs two slices of 64 bytes at once, and says it may have 120.
module attributes {weft.memory_limit = 120 : i64} {
  func.func private @k(%x: tensor<16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {weft.kernel}
  func.func @net(%x: tensor<16xf32> {weft.name = "x"}) -> (tensor<16xf32> {weft.name = "y"}) attributes {weft.net} {
    %e = tensor.empty() : tensor<16xf32>
    %0 = call @k(%x, %e) {weft.path = "a"} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %1 = call @k(%0, %e) {weft.path = "b"} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %2 = call @k(%1, %e) {weft.path = "c"} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %2 : tensor<16xf32>
  }
}
