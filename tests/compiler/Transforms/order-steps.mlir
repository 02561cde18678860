// Branches with a large middle run one after the other, whatever the order in which they are written: else both middles
// would be alive at once.
// RUN: weft-opt %s --weft-build-plan --weft-verify-plan | FileCheck %s

func.func private @wide(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}
func.func private @sum(%x: tensor<?xf32>, %y: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> attributes {weft.kernel}

// CHECK-LABEL: plan.program @branches
// CHECK: plan.arena 4224 bytes lower_bound 4224
// CHECK: plan.launch @wide "a.in"
// CHECK: plan.launch @wide "a.out"
// CHECK: plan.launch @wide "b.in"
// CHECK: plan.launch @wide "b.out"
// CHECK: plan.launch @sum "sum"
func.func @branches(%x: tensor<16xf32> {weft.name = "x"}) -> (tensor<16xf32> {weft.name = "y"}) attributes {weft.net} {
  %xd = tensor.cast %x : tensor<16xf32> to tensor<?xf32>
  %small = tensor.empty() : tensor<16xf32>
  %large = tensor.empty() : tensor<1024xf32>
  %sd = tensor.cast %small : tensor<16xf32> to tensor<?xf32>
  %ld = tensor.cast %large : tensor<1024xf32> to tensor<?xf32>
  %a0 = call @wide(%xd, %sd) {weft.path = "head"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %a = call @wide(%a0, %ld) {weft.path = "a.in"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %b = call @wide(%a0, %ld) {weft.path = "b.in"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %c = call @wide(%a, %sd) {weft.path = "a.out"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %d = call @wide(%b, %sd) {weft.path = "b.out"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %s = call @sum(%c, %d, %sd) {weft.path = "sum"} : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %y = tensor.cast %s : tensor<?xf32> to tensor<16xf32>
  return %y : tensor<16xf32>
}
