// Layer by layer, the planes of a batch would go to memory and come back between any two layers.
// RUN: weft-opt %s --split-input-file --weft-split-batch | FileCheck %s

module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
  // Planes outweigh weights in the first two layers, which run sample by sample; the last layer, whose weights are read once for all samples,
  // takes the batch as it is. The slice of a part ends with the part; the filter is one for all.
  // CHECK-LABEL: func.func @large_then_heavy
  // CHECK-DAG: %[[V:.*]] = weft.weight "v"
  // CHECK: %[[X:.*]]:4 = weft.split %arg0 axis 0 sizes [1, 1, 1, 1]
  // CHECK: %[[A:.*]] = weft.conv %[[X]]#0, %[[V]]{{.*}} -> tensor<1x64x56x56xf32>
  // CHECK: %[[R:.*]] = weft.relu %[[A]]
  // CHECK: %[[S:.*]] = weft.slice %[[R]] from [0, 0, 0, 0] to [1, 48, 56, 56]
  // CHECK: %[[P:.*]] = weft.maxpool %[[S]]{{.*}} -> tensor<1x48x7x7xf32>
  // CHECK: weft.conv %[[X]]#1, %[[V]]{{.*}} -> tensor<1x64x56x56xf32>
  // CHECK: %[[Q:.*]] = weft.maxpool
  // CHECK: weft.conv %[[X]]#3, %[[V]]
  // CHECK: %[[B:.*]] = weft.concat %[[P]], %[[Q]], %{{.*}}, %{{.*}} axis 0
  // CHECK: weft.conv %[[B]]{{.*}} -> tensor<4x4096x7x7xf32>
  func.func @large_then_heavy(%x: tensor<4x64x56x56xf32>) -> tensor<4x4096x7x7xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<64x64x3x3xf32>
    %w = weft.weight "w" : tensor<4096x48x7x7xf32>
    %0 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<4x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<4x64x56x56xf32>
    %1 = weft.relu %0 : tensor<4x64x56x56xf32>
    %2 = weft.slice %1 from [0, 0, 0, 0] to [4, 48, 56, 56] step [1, 1, 1, 1]
           : (tensor<4x64x56x56xf32>) -> tensor<4x48x56x56xf32>
    %3 = weft.maxpool %2 kernel [8, 8] stride [8, 8] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<4x48x56x56xf32>) -> tensor<4x48x7x7xf32>
    %4 = weft.conv %3, %w stride [1, 1] pad [3, 3, 3, 3] dilation [1, 1]
           : (tensor<4x48x7x7xf32>, tensor<4096x48x7x7xf32>) -> tensor<4x4096x7x7xf32>
    return %4 : tensor<4x4096x7x7xf32>
  }
}

// -----

module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
  // Small planes of all samples stay in the cache together.
  // CHECK-LABEL: func.func @small
  // CHECK-NOT: weft.split
  func.func @small(%x: tensor<8x16x8x8xf32>) -> tensor<8x16x8x8xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<16x16x3x3xf32>
    %0 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<8x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<8x16x8x8xf32>
    return %0 : tensor<8x16x8x8xf32>
  }
}

// -----

module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
  // Planes of 8 channels lie in blocks of 16, twice as large. A mean over each plane (squeeze and excitation) keeps samples apart; one
  // over everything does not.
  // CHECK-LABEL: func.func @squeezed
  // CHECK: weft.reduce_mean %{{.*}} axes [2, 3] {{.*}}-> tensor<1x8x1x1xf32>
  // CHECK: weft.mul {{.*}} -> tensor<1x8x80x80xf32>
  // CHECK: %[[Y:.*]] = weft.concat {{.*}} axis 0
  // CHECK: weft.reduce_mean %[[Y]] axes []
  func.func @squeezed(%x: tensor<8x3x80x80xf32>) -> tensor<1x1x1x1xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<8x3x3x3xf32>
    %w = weft.weight "w" : tensor<8x8x3x3xf32>
    %0 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<8x3x80x80xf32>, tensor<8x3x3x3xf32>) -> tensor<8x8x80x80xf32>
    %1 = weft.conv %0, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<8x8x80x80xf32>, tensor<8x8x3x3xf32>) -> tensor<8x8x80x80xf32>
    %2 = weft.reduce_mean %1 axes [2, 3] : (tensor<8x8x80x80xf32>) -> tensor<8x8x1x1xf32>
    %3 = weft.mul %1, %2 : (tensor<8x8x80x80xf32>, tensor<8x8x1x1xf32>) -> tensor<8x8x80x80xf32>
    %4 = weft.conv %3, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<8x8x80x80xf32>, tensor<8x8x3x3xf32>) -> tensor<8x8x80x80xf32>
    %5 = weft.reduce_mean %4 axes [] : (tensor<8x8x80x80xf32>) -> tensor<1x1x1x1xf32>
    return %5 : tensor<1x1x1x1xf32>
  }
}

// -----

module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
  // What mixes samples is not divided, nor is a batch of run-time size.
  // CHECK-LABEL: func.func @mixes
  // CHECK: weft.split %arg0 axis 0
  // CHECK: %[[Y:.*]] = weft.concat {{.*}} axis 0
  // CHECK: weft.reduce_mean %[[Y]] {{.*}}tensor<1x64x56x56xf32>
  func.func @mixes(%x: tensor<4x64x56x56xf32>) -> tensor<1x64x56x56xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<64x64x3x3xf32>
    %0 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<4x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<4x64x56x56xf32>
    %1 = weft.conv %0, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<4x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<4x64x56x56xf32>
    %2 = weft.reduce_mean %1 axes [0] : (tensor<4x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    return %2 : tensor<1x64x56x56xf32>
  }
  // CHECK-LABEL: func.func @unknown
  // CHECK-NOT: weft.split
  func.func @unknown(%x: tensor<?x64x56x56xf32>) -> tensor<?x64x56x56xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<64x64x3x3xf32>
    %0 = weft.conv %x, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
           : (tensor<?x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<?x64x56x56xf32>
    return %0 : tensor<?x64x56x56xf32>
  }
  // Nor what adds a constant of its own to each sample, or numbers that other dimensions run over.
  // CHECK-LABEL: func.func @others
  // CHECK: weft.add {{.*}} -> tensor<4x64x4x1600xf32>
  // CHECK: weft.add {{.*}} -> tensor<4x64x4x1600xf32>
  // CHECK-NOT: weft.add
  func.func @others(%x: tensor<4x64x4x1600xf32>, %z: tensor<4x1600xf32>) -> tensor<4x64x4x1600xf32> attributes {weft.net} {
    %v = weft.weight "v" : tensor<4x64x1x1xf32>
    %w = weft.weight "w" : tensor<64x64x1x1xf32>
    %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
           : (tensor<4x64x4x1600xf32>, tensor<64x64x1x1xf32>) -> tensor<4x64x4x1600xf32>
    %1 = weft.add %0, %v : (tensor<4x64x4x1600xf32>, tensor<4x64x1x1xf32>) -> tensor<4x64x4x1600xf32>
    %2 = weft.add %1, %z : (tensor<4x64x4x1600xf32>, tensor<4x1600xf32>) -> tensor<4x64x4x1600xf32>
    return %2 : tensor<4x64x4x1600xf32>
  }
}
