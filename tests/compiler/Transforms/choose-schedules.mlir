// Tiles follow the rows they cut: nothing is computed twice where a tile divides the row. Threads share rows where planes
// outweigh weights, also around them; else they would read from another core what it just wrote.
// RUN: weft-opt %s --split-input-file --weft-assign-layouts --weft-form-groups --weft-choose-schedules | FileCheck %s
// RUN: weft-opt %s --split-input-file --weft-assign-layouts=weights-budget=9 --weft-form-groups --weft-choose-schedules | FileCheck %s --check-prefix=ROOM

module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @avx512
// CHECK: choice = {cb = 2 : i64, family = "direct", rows = 7 : i64, x = 14 : i64}
// CHECK: choice = {family = "general", x = 16 : i64}
func.func @avx512(%x: tensor<1x32x56x56xf32>) -> tensor<1x64x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x32x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x32x56x56xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x56x56xf32>
  return %0 : tensor<1x64x56x56xf32>
}
}

// -----

module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @avx2
// CHECK: choice = {family = "depthwise", rows = 2 : i64, x = 7 : i64}
func.func @avx2(%x: tensor<1x32x14x14xf32>) -> tensor<1x32x14x14xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x1x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 32 : i64}
         : (tensor<1x32x14x14xf32>, tensor<32x1x3x3xf32>) -> tensor<1x32x14x14xf32>
  return %0 : tensor<1x32x14x14xf32>
}
}

// -----

// Where a processor has much arithmetic for each byte it reads, filters are fetched ahead, and the smaller ones of F(2) win.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @fetches_ahead
// CHECK: choice = {band = 7 : i64, by_points = 1 : i64, cb = 2 : i64, family = "winograd", m = 2 : i64, prefetch = {{[34]}} : i64, rx = {{[0-9]+}} : i64}
// CHECK: choice = {cb = 2 : i64, family = "direct", prefetch = 2 : i64, x = 14 : i64}
func.func @fetches_ahead(%x: tensor<1x256x14x14xf32>) -> tensor<1x1024x14x14xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "w2" : tensor<1024x256x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<1024x256x1x1xf32>) -> tensor<1x1024x14x14xf32>
  return %1 : tensor<1x1024x14x14xf32>
}
}

// -----

// A product of one row whose weights come from memory reads two streams of them, fetched ahead, as convolution and as `linear`; one
// with few weights sums more blocks together.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @streams
// CHECK: choice = {cb = 2 : i64, family = "direct", stream = 1 : i64}
// CHECK: choice = {cb = 2 : i64, family = "gemm", stream = 1 : i64}
// CHECK: choice = {cb = 4 : i64, family = "gemm"}
func.func @streams(%x: tensor<1x256x6x6xf32>) -> tensor<1x64xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<4096x256x6x6xf32>
  %w2 = weft.weight "w2" : tensor<1000x4096xf32>
  %w3 = weft.weight "w3" : tensor<64x1000xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x6x6xf32>, tensor<4096x256x6x6xf32>) -> tensor<1x4096x1x1xf32>
  %1 = weft.flatten %0 axis 1 : (tensor<1x4096x1x1xf32>) -> tensor<1x4096xf32>
  %2 = weft.linear %1, %w2 : (tensor<1x4096xf32>, tensor<1000x4096xf32>) -> tensor<1x1000xf32>
  %3 = weft.linear %2, %w3 : (tensor<1x1000xf32>, tensor<64x1000xf32>) -> tensor<1x64xf32>
  return %3 : tensor<1x64xf32>
}
}

// -----

// AVX2's processors fetch more streams of one row themselves.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @own_streams
// CHECK: choice = {cb = 5 : i64, family = "gemm"}
func.func @own_streams(%x: tensor<1x4096xf32>) -> tensor<1x1000xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<1000x4096xf32>
  %0 = weft.linear %x, %w : (tensor<1x4096xf32>, tensor<1000x4096xf32>) -> tensor<1x1000xf32>
  return %0 : tensor<1x1000xf32>
}
}

// -----

// Where the filter of a strip of channel blocks outgrows the first-level cache and few tiles use it, all of them take one
// partial sum before the next; not where a tile does not divide the row (17).
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @chunks
// CHECK: choice = {cb = 3 : i64, chunks = 1 : i64, family = "direct", prefetch = 3 : i64, x = 7 : i64}
// CHECK: choice = {cb = 2 : i64, family = "direct", prefetch = {{[0-9]+}} : i64, x = 9 : i64}
func.func @chunks(%x: tensor<1x512x7x7xf32>, %z: tensor<1x512x17x17xf32>) -> (tensor<1x2048x7x7xf32>, tensor<1x512x17x17xf32>) attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<2048x512x1x1xf32>
  %w2 = weft.weight "w2" : tensor<512x512x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x7x7xf32>, tensor<2048x512x1x1xf32>) -> tensor<1x2048x7x7xf32>
  %1 = weft.conv %z, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x512x17x17xf32>, tensor<512x512x1x1xf32>) -> tensor<1x512x17x17xf32>
  return %0, %1 : tensor<1x2048x7x7xf32>, tensor<1x512x17x17xf32>
}
}

// -----

// AVX2's small tiles read the weights of a window often, so many tiles do that too, in strips of rows as well (28), and the last of
// a row's is what is left (14); not with a window of one, whose weights each serve as many pixels.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @windows_in_chunks
// CHECK: choice = {cb = 2 : i64, chunks = 1 : i64, family = "direct", rows = 7 : i64, width = 28 : i64, x = 6 : i64}
// CHECK: choice = {cb = 4 : i64, chunks = 1 : i64, family = "direct", trim = 1 : i64, width = 14 : i64, x = 3 : i64}
// CHECK-NOT: chunks
// CHECK: return
func.func @windows_in_chunks(%x: tensor<1x128x56x56xf32>, %y: tensor<1x256x28x28xf32>, %z: tensor<1x256x14x14xf32>)
    -> (tensor<1x128x28x28xf32>, tensor<1x256x14x14xf32>, tensor<1x256x14x14xf32>) attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<128x128x3x3xf32>
  %w2 = weft.weight "w2" : tensor<256x256x3x3xf32>
  %w3 = weft.weight "w3" : tensor<256x256x1x1xf32>
  %0 = weft.conv %x, %w1 stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x128x56x56xf32>, tensor<128x128x3x3xf32>) -> tensor<1x128x28x28xf32>
  %1 = weft.conv %y, %w2 stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x28x28xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  %2 = weft.conv %z, %w3 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x14x14xf32>
  return %0, %1, %2 : tensor<1x128x28x28xf32>, tensor<1x256x14x14xf32>, tensor<1x256x14x14xf32>
}
}

// -----

// Beside large tensors a band of Winograd's tiles is as wide as leaves the network's memory nearly as it is; the second
// convolution is the same, but nothing else is alive: it takes all rows of tiles at once.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @little_room
// ROOM: choice = {band = {{[1-3]}} : i64, cb = {{[0-9]}} : i64, family = "winograd", m = {{[24]}} : i64
// ROOM: choice = {band = 7 : i64, {{(by_points = 1 : i64, )?}}cb = {{[0-9]}} : i64, family = "winograd", m = {{[24]}} : i64
func.func @little_room(%x: tensor<1x256x28x28xf32>) -> tensor<1x256x14x14xf32> attributes {weft.net} {
  %w0 = weft.weight "w0" : tensor<256x256x1x1xf32>
  %w1 = weft.weight "w1" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "w2" : tensor<256x256x3x3xf32>
  %0 = weft.conv %x, %w0 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x28x28xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x28x28xf32>
  %1 = weft.conv %0, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x28x28xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x28x28xf32>
  %2 = weft.conv %1, %w0 stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x28x28xf32>, tensor<256x256x1x1xf32>) -> tensor<1x256x14x14xf32>
  %3 = weft.conv %2, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  return %3 : tensor<1x256x14x14xf32>
}
}

// -----

// Each weight serves as many pixels as registers allow, where two multiply-adds a cycle outrun the second-level cache; a
// stride of two reads the lines of twice the pixels. Rows of 14 leave their blocks eight by eight, the last over some before.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @many_pixels
// CHECK: choice = {cb = 2 : i64, family = "direct", rows = 2 : i64, x = 14 : i64}
// CHECK: choice = {cb = 2 : i64, family = "direct", rows = 1 : i64, x = 7 : i64}
// CHECK: choice = {family = "general", x = 8 : i64}
func.func @many_pixels(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x14x14xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x1x1xf32>
  %v = weft.weight "v" : tensor<64x64x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x28x28xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x28x28xf32>
  %1 = weft.conv %0, %v stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x28x28xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x14x14xf32>
  return %1 : tensor<1x64x14x14xf32>
}
}

// -----

// A batch runs through a strip of channel blocks in parts whose input stays in the cache beside what is written: weights are then
// read four times, not eight, and the input once, not for each strip. Each part fetches the filter of its next strip.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @batch
// CHECK: choice = {cb = 2 : i64, chunks = 1 : i64, family = "direct", prefetch = 2 : i64, samples = 2 : i64, x = 7 : i64}
func.func @batch(%x: tensor<8x2048x7x7xf32>) -> tensor<8x512x7x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<512x2048x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<8x2048x7x7xf32>, tensor<512x2048x1x1xf32>) -> tensor<8x512x7x7xf32>
  return %0 : tensor<8x512x7x7xf32>
}
}

// -----

// Rows of three pixels leave most registers empty: a tile takes the whole plane, and reads each weight once for all of it.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @short_rows
// CHECK: choice = {cb = 2 : i64, family = "direct", x = 3 : i64, y = 3 : i64}
// CHECK: choice = {family = "depthwise", x = 3 : i64, y = 3 : i64}
func.func @short_rows(%x: tensor<1x64x3x3xf32>) -> tensor<1x256x3x3xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<256x64x1x1xf32>
  %w2 = weft.weight "w2" : tensor<256x1x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x3x3xf32>, tensor<256x64x1x1xf32>) -> tensor<1x256x3x3xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 256 : i64}
         : (tensor<1x256x3x3xf32>, tensor<256x1x3x3xf32>) -> tensor<1x256x3x3xf32>
  return %1 : tensor<1x256x3x3xf32>
}
}

// -----

// Where threads share rows, because a plane has many, a tile keeps to one.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @many_short_rows
// CHECK: choice = {family = "depthwise", rows = {{[0-9]+}} : i64, x = 3 : i64}
func.func @many_short_rows(%x: tensor<1x256x57x3xf32>) -> tensor<1x256x57x3xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<256x1x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 256 : i64}
         : (tensor<1x256x57x3xf32>, tensor<256x1x3x3xf32>) -> tensor<1x256x57x3xf32>
  return %0 : tensor<1x256x57x3xf32>
}
}

// -----

// The way of a filter from memory hides the arithmetic, or the other way round: F(2) pays at 10x10, not at 7x7, whose tiles
// waste a quarter of their results.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// ROOM-LABEL: func.func @hides
// ROOM: family = "winograd", m = 2 : i64
// ROOM: family = "direct"
func.func @hides(%x: tensor<1x256x10x10xf32>, %z: tensor<1x256x7x7xf32>) -> (tensor<1x256x10x10xf32>, tensor<1x256x7x7xf32>) attributes {weft.net} {
  %w = weft.weight "w" : tensor<256x256x3x3xf32>
  %v = weft.weight "v" : tensor<256x256x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x10x10xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x10x10xf32>
  %1 = weft.conv %z, %v stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x7x7xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x7x7xf32>
  return %0, %1 : tensor<1x256x10x10xf32>, tensor<1x256x7x7xf32>
}
}

// -----

// The seven taps of a first layer's row are straight code and share pixels, which stay in registers from tap to tap: ten pixels of
// each phase of the stride would leave none for the sums.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func @shared_pixels
// CHECK: choice = {cb = 2 : i64, family = "first", {{.*}}x = 8 : i64}
func.func @shared_pixels(%x: tensor<1x3x160x160xf32>) -> tensor<1x64x80x80xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x3x7x7xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [3, 3, 3, 3] dilation [1, 1]
         : (tensor<1x3x160x160xf32>, tensor<64x3x7x7xf32>) -> tensor<1x64x80x80xf32>
  return %0 : tensor<1x64x80x80xf32>
}
}

// -----

// Eight samples together have no room between the transforms, where a point after the other of one sample has.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// ROOM-LABEL: func.func @sample_by_sample
// ROOM-NOT: samples_inside
// ROOM: choice = {band = 4 : i64, by_points = 1 : i64, cb = {{[0-9]}} : i64, family = "winograd", m = 4 : i64
// ROOM-NOT: samples_inside
func.func @sample_by_sample(%x: tensor<8x512x14x14xf32>) -> tensor<8x512x28x28xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<512x512x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<8x512x14x14xf32>, tensor<512x512x3x3xf32>) -> tensor<8x512x14x14xf32>
  %1 = weft.upsample %0 nearest [2, 2] : (tensor<8x512x14x14xf32>) -> tensor<8x512x28x28xf32>
  %2 = weft.relu %1 : tensor<8x512x28x28xf32>
  return %2 : tensor<8x512x28x28xf32>
}
}

// -----

// Planes of constants are packed as planes, so no line runs over them.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func @constant_planes
// CHECK: choice = {{.*}}family = "direct"
// CHECK-NOT: lines = 1
// CHECK: return
func.func @constant_planes() -> tensor<1x256x14x14xf32> attributes {weft.net} {
  %p = weft.weight "positions" : tensor<1x64x14x14xf32>
  %w = weft.weight "w" : tensor<256x64x1x1xf32>
  %0 = weft.conv %p, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x14x14xf32>, tensor<256x64x1x1xf32>) -> tensor<1x256x14x14xf32>
  return %0 : tensor<1x256x14x14xf32>
}
}

// -----

// Zen 5: tiles of 7x2 rather than as large as they can be, but wide ones where filters come from the second level; filters fetched ahead, planes as
// lines of pixels where that repeats less. Rows that are the first dimension, of a batch of one, are the rows of tiles.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func @zen5
// CHECK: choice = {cb = 2 : i64, family = "direct", prefetch = {{[123]}} : i64, x = 7 : i64}
// CHECK: choice = {cb = 2 : i64, family = "direct", lines = 1 : i64, prefetch = 1 : i64, x = 11 : i64}
func.func @zen5(%x: tensor<1x256x14x14xf32>, %y: tensor<1x728x19x19xf32>) -> (tensor<1x512x14x14xf32>, tensor<1x728x19x19xf32>) attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<512x256x1x1xf32>
  %w2 = weft.weight "w2" : tensor<728x728x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<512x256x1x1xf32>) -> tensor<1x512x14x14xf32>
  %1 = weft.conv %y, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x728x19x19xf32>, tensor<728x728x1x1xf32>) -> tensor<1x728x19x19xf32>
  return %0, %1 : tensor<1x512x14x14xf32>, tensor<1x728x19x19xf32>
}

// CHECK-LABEL: func.func @time_first
// CHECK: choice = {cb = 4 : i64, family = "gemm", outer = 1 : i64, {{.*}}x = 6 : i64}
func.func @time_first(%x: tensor<197x1x768xf32>) -> tensor<197x1x2304xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<2304x768xf32>
  %0 = weft.linear %x, %w : (tensor<197x1x768xf32>, tensor<2304x768xf32>) -> tensor<197x1x2304xf32>
  return %0 : tensor<197x1x2304xf32>
}
}

// -----

// Groups read their small filters again for each sample, as for one alone: tiles of all samples together would lie in no cache.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// ROOM-LABEL: func.func @groups_of_a_batch
// ROOM: choice = {{{.*}}divides = 1 : i64, family = "winograd", m = 2 : i64
// ROOM-NOT: samples_inside
// ROOM: return
func.func @groups_of_a_batch(%x: tensor<8x1024x14x14xf32>) -> tensor<8x1024x14x14xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<1024x32x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 32 : i64}
         : (tensor<8x1024x14x14xf32>, tensor<1024x32x3x3xf32>) -> tensor<8x1024x14x14xf32>
  return %0 : tensor<8x1024x14x14xf32>
}
}

// -----

// Where a convolution of a batch is the peak itself, a kernel that transforms its filter still has room for the tiles of all samples: else it
// would transform it for each row of them.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func @room_of_a_batch
// CHECK: choice = {band = 4 : i64, by_points = 1 : i64, cb = {{[0-9]}} : i64, family = "winograd", m = 4 : i64, rx = {{[0-9]+}} : i64, samples_inside = 1 : i64}
func.func @room_of_a_batch(%x: tensor<8x128x14x14xf32>) -> tensor<8x256x14x14xf32> attributes {weft.net} {
  %v = weft.weight "v" : tensor<128x128x1x1xf32>
  %w = weft.weight "w" : tensor<256x128x3x3xf32>
  %0 = weft.conv %x, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<8x128x14x14xf32>, tensor<128x128x1x1xf32>) -> tensor<8x128x14x14xf32>
  %1 = weft.conv %0, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<8x128x14x14xf32>, tensor<256x128x3x3xf32>) -> tensor<8x256x14x14xf32>
  %2 = weft.relu %1 : tensor<8x256x14x14xf32>
  return %2 : tensor<8x256x14x14xf32>
}
}
