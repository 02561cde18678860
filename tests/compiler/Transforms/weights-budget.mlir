// Transformed filters are four times larger: the budget says how many a network may have, and `winograd=false` says none.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=9 | FileCheck %s --check-prefix=RICH
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=2.5 | FileCheck %s --check-prefix=TIGHT
// RUN: weft-opt %s --weft-assign-layouts="weights-budget=9 winograd=false" | FileCheck %s --check-prefix=DIRECT

// F(2) takes what F(4) would not fit into.
// RUN: weft-opt %s --weft-assign-layouts=weights-budget=2 | FileCheck %s --check-prefix=SMALL
// SMALL-COUNT-2: weft.conv {{.*}}#weft.algorithm<winograd2>

// With little, the larger image goes first: it gains more for the same bytes.
// RICH: weft.conv {{.*}}#weft.algorithm<winograd4>{{.*}} -> tensor<1x64x28x28xf32
// RICH: weft.conv {{.*}}#weft.algorithm<winograd4>{{.*}} -> tensor<1x64x56x56xf32
// TIGHT: weft.conv {{.*}}#weft.algorithm<direct>{{.*}} -> tensor<1x64x28x28xf32
// TIGHT: weft.conv {{.*}}#weft.algorithm<winograd4>{{.*}} -> tensor<1x64x56x56xf32
// DIRECT-NOT: winograd
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
func.func @net(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x56x56xf32> attributes {weft.net} {
  %w1 = weft.weight "small.weight" : tensor<64x64x3x3xf32>
  %w2 = weft.weight "large.weight" : tensor<64x64x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x28x28xf32>
  %1 = weft.upsample %0 nearest [2, 2] : (tensor<1x64x28x28xf32>) -> tensor<1x64x56x56xf32>
  %2 = weft.conv %1, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  return %2 : tensor<1x64x56x56xf32>
}
}
