// A dropout that survived would cost a kernel; one that scaled would give wrong numbers.
// RUN: weft-opt %s --weft-drop-dropout | FileCheck %s

// CHECK-LABEL: @dropout
// CHECK-NEXT: return %arg0
func.func @dropout(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %a = weft.dropout %x {p = 0.2 : f64} : tensor<1x8xf32>
  %b = weft.dropout %a : tensor<1x8xf32>
  return %b : tensor<1x8xf32>
}

// CHECK-LABEL: @stochastic_depth
// CHECK-NEXT: return %arg0
func.func @stochastic_depth(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %a = weft.stochastic_depth %x {survive = 0.8 : f64} : tensor<1x8xf32>
  return %a : tensor<1x8xf32>
}

// CHECK-LABEL: @rule_of_the_paper
// CHECK: %[[P:.*]] = weft.constant dense<8.000000e-01> : tensor<f32>
// CHECK: weft.mul %arg0, %[[P]]
func.func @rule_of_the_paper(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %a = weft.stochastic_depth %x {survive = 0.8 : f64, rule = #weft.survive_rule<paper>} : tensor<1x8xf32>
  return %a : tensor<1x8xf32>
}
