// Planes as lines of pixels: where weights outweigh the input and strips of channel blocks are odd, two threads halve each; where they do
// not, threads share bands of the line. Lines have twelve sums where rows of ten have tiles of ten.
// RUN: weft-opt %s --weft-assign-layouts="weights-budget=9 winograd=false" --cse --weft-form-groups --weft-fuse-attention --weft-assign-borders \
// RUN:   --weft-choose-schedules --weft-outline-kernels --weft-share-kernels --weft-schedule-kernels | FileCheck %s

module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: split(xo -> part, tile by 61, predicate), {{.*}}fuse(cbo, part -> t0), parallel(t0)]>
// CHECK-SAME: columns = 61 : i64
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: split(xo -> part, tile by 77, predicate), {{.*}}fuse(part, cbo -> t0), parallel(t0)]>
// CHECK-SAME: band = 77 : i64
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: cb = 3 : i64, {{.*}}lines = 1 : i64, x = 4 : i64
func.func @parts_of_lines(%x: tensor<1x728x19x19xf32>, %z: tensor<1x256x37x37xf32>, %t: tensor<1x192x10x10xf32>)
    -> (tensor<1x728x19x19xf32>, tensor<1x256x37x37xf32>, tensor<1x192x10x10xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<728x728x1x1xf32>
  %v = weft.weight "v" : tensor<256x256x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x728x19x19xf32>, tensor<728x728x1x1xf32>) -> tensor<1x728x19x19xf32>
  %1 = weft.conv %z, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x256x37x37xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x37x37xf32>
  %u = weft.weight "u" : tensor<192x192x1x1xf32>
  %2 = weft.conv %t, %u stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x192x10x10xf32>, tensor<192x192x1x1xf32>) -> tensor<1x192x10x10xf32>
  return %0, %1, %2 : tensor<1x728x19x19xf32>, tensor<1x256x37x37xf32>, tensor<1x192x10x10xf32>
}
}
