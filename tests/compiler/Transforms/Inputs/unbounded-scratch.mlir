// For build-plan-scratch.mlir.
func.func private @works(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel, weft.scratch = "(alloc ? (seq))"}
func.func @net(%x: tensor<4xf32> {weft.name = "x"}) -> (tensor<4xf32> {weft.name = "y"}) attributes {weft.net} {
  %e = tensor.empty() : tensor<4xf32>
  %ed = tensor.cast %e : tensor<4xf32> to tensor<?xf32>
  %xd = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %0 = call @works(%xd, %ed) {weft.path = "works"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = tensor.cast %0 : tensor<?xf32> to tensor<4xf32>
  return %1 : tensor<4xf32>
}
