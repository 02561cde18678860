// Each family writes the loops it promised: tiles in registers, vectors over channels, one parallel loop outside.
// RUN: weft-opt %s --split-input-file --weft-assign-layouts=weights-budget=9 --cse --weft-form-groups --weft-fuse-attention --weft-assign-borders \
// RUN:   --weft-choose-schedules --weft-outline-kernels --weft-share-kernels --weft-schedule-kernels | FileCheck %s

// Direct: 8 pixels by 2 blocks of 16 channels are summed in registers, input channels unrolled by 4; threads share rows.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: stage<"conv", [compute_at("store", xo), vectorize(c), unroll(cb), unroll(x)],
// CHECK-SAME: update [split(i -> ro, ri by 4, exact), reorder(ib, ky, kx, ro, ri, cb, x, c), vectorize(c), unroll(cb), unroll(x), unroll(ri)]>
// CHECK-SAME: stage<"store", [split(cb -> cbo, cbi by 2, shift_inwards), split(x -> xo, xi by 8, shift_inwards),
// CHECK-SAME: split(y -> strip, row by 2, predicate), reorder(n, strip, cbo, row, xo, cbi, xi, c), vectorize(c), unroll(xi), unroll(cbi),
// CHECK-SAME: fuse(strip, cbo -> t0), parallel(t0)]>
// CHECK-LABEL: func.func private @dwconv3x3
// CHECK-SAME: reorder(ky, kx, x, c), vectorize(c), unroll(x), unroll(kx)
func.func @chain(%x: tensor<1x64x16x16xf32>) -> tensor<1x64x16x16xf32> attributes {weft.net} {
  %w1 = weft.weight "c1.weight" : tensor<64x64x1x1xf32>
  %w2 = weft.weight "c2.weight" : tensor<64x1x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x16x16xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x16x16xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 64 : i64}
         : (tensor<1x64x16x16xf32>, tensor<64x1x3x3xf32>) -> tensor<1x64x16x16xf32>
  return %1 : tensor<1x64x16x16xf32>
}
}

// -----

// Winograd: everything of a band of tiles stays between two turns of the parallel loop.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3_winograd4
// CHECK-SAME: stage<"rows", [compute_at("columns", t)
// CHECK-SAME: stage<"columns", [compute_at("tiles", band), storage_order(n, u, v, ib, t, i)
// CHECK-SAME: stage<"product", [compute_at("products", v)
// CHECK-SAME: reorder(ib, io, ii, t, cb, c)
// CHECK-SAME: stage<"products", [compute_at("tiles", cbo)
// CHECK-SAME: reorder(n, u, v, t, cb, c)
// CHECK-SAME: stage<"back_rows", [compute_at("tiles", xo)
// CHECK-SAME: stage<"back", [compute_at("tiles", xo)
// CHECK-SAME: stage<"tiles", [split(y -> yo, yi by 4, predicate), split(x -> xo, xi by 4, predicate)
// CHECK-SAME: parallel(band)
func.func @winograd(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  return %0 : tensor<1x64x56x56xf32>
}
}

// -----

// Last tiles of two results each way, not four, have fewer points: register tiles are part of a row or of a column of tiles, and those without a point are
// not asked for.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv3x3_winograd4
// CHECK-SAME: stage<"product", [compute_at("products", to), bound_extent(cb by 3), bound_extent(ti by 4), bound_extent(to by 1)
// CHECK-SAME: stage<"products", [compute_at("tiles", band), storage_order(n, u, cb, v, to, ti, c), bound_extent(to by 4)
// CHECK-SAME: ragged = 1 : i64
func.func @ragged(%x: tensor<1x128x14x14xf32>) -> tensor<1x4096x14x14xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<128x128x3x3xf32>
  %w2 = weft.weight "w2" : tensor<4096x128x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x128x14x14xf32>, tensor<128x128x3x3xf32>) -> tensor<1x128x14x14xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x128x14x14xf32>, tensor<4096x128x1x1xf32>) -> tensor<1x4096x14x14xf32>
  return %1 : tensor<1x4096x14x14xf32>
}
}

// -----

// On a Zen 5 the points that all tiles have and those that the last row or column has not are parts of their own, with register tiles that fit: of one
// channel block where that holds all tiles, so that the filter is one stream.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3_winograd4
// CHECK-SAME: stage<"product", [compute_at("products", to), bound_extent(cb by 2), bound_extent(t by 8)
// CHECK-SAME: prefetch("filter", io, po by 2)
// CHECK-SAME: stage<"product_lower", [compute_at("products_lower", po), bound_extent(cb by 1), bound_extent(t by 12)
// CHECK-SAME: prefetch("filter", io, po by 4)
// CHECK-SAME: stage<"product_right", [compute_at("products_right", po), bound_extent(cb by 1), bound_extent(t by 12)
// CHECK-SAME: lower = 12 : i64, lower_cb = 1 : i64
func.func @parts(%x: tensor<1x128x14x14xf32>) -> tensor<1x4096x14x14xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<128x128x3x3xf32>
  %w2 = weft.weight "w2" : tensor<4096x128x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x128x14x14xf32>, tensor<128x128x3x3xf32>) -> tensor<1x128x14x14xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x128x14x14xf32>, tensor<4096x128x1x1xf32>) -> tensor<1x4096x14x14xf32>
  return %1 : tensor<1x4096x14x14xf32>
}
}

// -----

// Under a dilated window the tiles that lie in each other are transformed back together; their results are stored one tile after the
// other.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3d2_winograd4
// CHECK-SAME: stage<"back_rows", [compute_at("back", tx)
// CHECK-SAME: stage<"back", [compute_at("tiles", xo), {{.*}}bound_extent(ty by 2), bound_extent(tx by 2)
// CHECK-SAME: stage<"tiles", [split(y -> yo, yt by 8, predicate), split(yt -> yi, yp by 2, exact), split(x -> xo, xt by 8, predicate), split(xt -> xi, xp by 2, exact)
// CHECK-SAME: reorder(n, band, cbo, cbi, row, xo, yp, xp, yi, xi, c)
func.func @dilated(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [2, 2, 2, 2] dilation [2, 2]
         : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  return %0 : tensor<1x64x56x56xf32>
}
}

// -----

// All products of a point of the transform are made before those of the next, so that its input stays near; threads share the points.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3_winograd2
// CHECK-SAME: stage<"columns", [compute_at("tiles", band)
// CHECK-SAME: parallel(ib)
// CHECK-SAME: stage<"product", [compute_at("products", to)
// CHECK-SAME: prefetch("filter", io, po by 1)
// CHECK-SAME: stage<"products", [compute_at("tiles", band), storage_order(n, u, v, cb, t, c)
// CHECK-SAME: split(cb -> po, pi by 2, shift_inwards), split(t -> to, ti by 10, shift_inwards), reorder(n, u, v, po, to, ti, pi, c)
// CHECK-SAME: parallel(uv)
func.func @points(%x: tensor<1x256x14x14xf32>) -> tensor<1x4096x14x14xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "w2" : tensor<4096x256x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<4096x256x1x1xf32>) -> tensor<1x4096x14x14xf32>
  return %1 : tensor<1x4096x14x14xf32>
}
}

// -----

// On a matrix unit, which wants many tiles for each filter that is split in parts, all products of a point with eight blocks are one call.
// A plane of few tiles stays with multiply-adds.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = ["amx-tile", "amx-bf16"]>} {
// CHECK-LABEL: func.func private @conv3x3_winograd4
// CHECK-SAME: stage<"product_a", [compute_at("products", uv)
// CHECK-SAME: stage<"product", [compute_at("products", po), storage_order(n, u, v, cb, t, c), vectorize(c)]>
// CHECK-SAME: split(cb -> po, pi by 8, shift_inwards), reorder(n, u, v, po, pi, t, c), vectorize(c), fuse(u, v -> uv), parallel(uv)
// CHECK-SAME: weft.choice = {band = 14 : i64, by_points = 1 : i64, cb = 8 : i64, family = "winograd", m = 4 : i64, tiles = 1 : i64}
func.func @many_tiles(%x: tensor<1x256x56x56xf32>) -> tensor<1x4096x56x56xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "w2" : tensor<4096x256x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x56x56xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x56x56xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x56x56xf32>, tensor<4096x256x1x1xf32>) -> tensor<1x4096x56x56xf32>
  return %1 : tensor<1x4096x56x56xf32>
}
// CHECK-LABEL: func.func private @conv3x3_winograd
// CHECK-NOT: tiles = 1
// CHECK-SAME: rx =
func.func @few_tiles(%x: tensor<1x512x28x28xf32>) -> tensor<1x512x28x28xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<512x512x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x512x28x28xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x28x28xf32>
  return %0 : tensor<1x512x28x28xf32>
}
}

// -----

// Rows of a product whose parts, of all terms of the sum, would leave the cache: one chunk of it after the other, each thread with rows of its
// own. Many rows of few terms: one strip of them after the other.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = ["amx-tile", "amx-bf16"]>} {
// CHECK-LABEL: func.func private @linear
// CHECK-SAME: stage<"linear_a", [compute_at("linear", chunk)
// CHECK-SAME: stage<"linear_b", [compute_at("linear", strip)
// CHECK-SAME: stage<"linear", [compute_at("unpack", t0), vectorize(c)], update [split(k -> chunk, step by 16, exact), split(cb -> strip, block by 2, exact), reorder(chunk, strip, n, ch, block, step, word, c)]>
// CHECK-SAME: strips(ch -> rows, row by 1)
func.func @long_sum(%x: tensor<1x197x1536xf32>) -> tensor<1x197x384xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<384x1536xf32>
  %0 = weft.linear %x, %w : (tensor<1x197x1536xf32>, tensor<384x1536xf32>) -> tensor<1x197x384xf32>
  return %0 : tensor<1x197x384xf32>
}
// CHECK-LABEL: func.func private @linear
// CHECK-SAME: stage<"linear_a", [compute_at("unpack", t0)
// CHECK-SAME: stage<"linear", [compute_at("unpack", strip), vectorize(c)]>
// CHECK-SAME: split(ch -> rows, row by 523, predicate), reorder(n, rows, strip, row, vectors, lane)
func.func @many_rows(%x: tensor<1x3136x64xf32>) -> tensor<1x3136x512xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<512x64xf32>
  %0 = weft.linear %x, %w : (tensor<1x3136x64xf32>, tensor<512x64xf32>) -> tensor<1x3136x512xf32>
  return %0 : tensor<1x3136x512xf32>
}
}

// -----

// Samples of few tiles share the filters that are split.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = ["amx-tile", "amx-bf16"]>} {
// CHECK-LABEL: func.func private @conv3x3_winograd
// CHECK-SAME: split(cb -> po, pi by 8, shift_inwards), reorder(u, v, po, n, pi, t, c), vectorize(c), fuse(u, v -> uv), parallel(uv)
// CHECK-SAME: samples_inside = 1 : i64, tiles = 1 : i64}
func.func @batch(%x: tensor<8x512x14x14xf32>) -> tensor<8x4096x14x14xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<512x512x3x3xf32>
  %w2 = weft.weight "w2" : tensor<4096x512x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<8x512x14x14xf32>, tensor<512x512x3x3xf32>) -> tensor<8x512x14x14xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<8x512x14x14xf32>, tensor<4096x512x1x1xf32>) -> tensor<8x4096x14x14xf32>
  return %1 : tensor<8x4096x14x14xf32>
}
}

// -----

// In three dimensions the slices that one band's windows touch are transformed together, as many as stay in the cache; the filter of a
// point serves all of them.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3x3_winograd4
// CHECK-SAME: stage<"columns", [compute_at("tiles", slices), storage_order(n, u, v, ib, z, t, i)
// CHECK-SAME: reorder(ib, kz, io, ii, cb, t, c)
// CHECK-SAME: stage<"products", [compute_at("tiles", cbo)
// CHECK-SAME: reorder(n, u, v, z, {{[a-z, ]*}}c)
// CHECK-SAME: split(z -> slices, slice by 6, predicate), reorder(n, band, chunk, slices, cbo, slice, cbi, row, tile, yi, xi, c)
func.func @deep(%x: tensor<1x64x16x56x56xf32>) -> tensor<1x64x16x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x3x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1, 1] pad [1, 1, 1, 1, 1, 1] dilation [1, 1, 1]
         : (tensor<1x64x16x56x56xf32>, tensor<64x64x3x3x3xf32>) -> tensor<1x64x16x56x56xf32>
  return %0 : tensor<1x64x16x56x56xf32>
}
}

// -----

// A single row, of a line, has few strips of channel blocks and no bands: threads share its parts.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv1x9_winograd4
// CHECK-SAME: split(xo -> chunk, tile by 128, predicate), {{.*}}parallel(chunk)]>
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: stage<"conv", [compute_at("store", t0)
// CHECK-SAME: fuse(cbo, xo -> t0), parallel(t0)]>
// CHECK-SAME: columns = 1 : i64
func.func @row(%x: tensor<1x16x1x2048xf32>) -> tensor<1x32x1x2048xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<16x16x1x9xf32>
  %v = weft.weight "v" : tensor<32x16x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 4, 0, 4] dilation [1, 1] : (tensor<1x16x1x2048xf32>, tensor<16x16x1x9xf32>) -> tensor<1x16x1x2048xf32>
  %1 = weft.conv %0, %v stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x16x1x2048xf32>, tensor<32x16x1x1xf32>) -> tensor<1x32x1x2048xf32>
  return %1 : tensor<1x32x1x2048xf32>
}
}

// -----

// Rows of features: 7 are one short vector, so that nothing is read behind the last row.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @linear
// CHECK-SAME: stage<"linear", [compute_at("store", row), bound_extent(ch by 7), vectorize(ch)], update [vectorize(ch), reorder(k, ch)]>
// CHECK-SAME: stage<"store", [vectorize(ch), split(n -> rows, row by 64, predicate), parallel(rows)]>
func.func @vertices(%x: tensor<?x64xf32>) -> tensor<?x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<7x64xf32>
  %0 = weft.linear %x, %w : (tensor<?x64xf32>, tensor<7x64xf32>) -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}
}

// -----

// A product of 7 columns is one vector of which 7 lanes are read and stored; tiles of rows are shared out, since there is one strip of columns.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @matmul
// CHECK-SAME: stage<"matmul", [compute_at("store", t2), bound_extent(j by 16), bound_extent(m by 10), split(j -> vectors, lane by 16, exact)
// CHECK-SAME: stage<"store", [split(x -> strip, columns by 16, predicate), split(columns -> vectors, lane by 16, exact)
// CHECK-SAME: fuse(n, strip -> t1), fuse(t1, rows -> t2), parallel(t2)]>
func.func @narrow(%x: tensor<3x50x20xf32>, %y: tensor<3x20x7xf32>) -> tensor<3x50x7xf32> attributes {weft.net} {
  %0 = weft.matmul %x, %y : (tensor<3x50x20xf32>, tensor<3x20x7xf32>) -> tensor<3x50x7xf32>
  return %0 : tensor<3x50x7xf32>
}
}

// -----

// A transposition runs in squares, so that the lines one vector gathers from serve the next ones.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @transpose
// CHECK-SAME: stage<"transpose", [split(x -> vo, vi by 16, shift_inwards), vectorize(vi), split(ch -> to, ti by 16, predicate),
// CHECK-SAME: reorder(n, to, vo, ti, vi)
func.func @turned(%x: tensor<2x50x40xf32>) -> tensor<2x40x50xf32> attributes {weft.net} {
  %0 = weft.transpose %x [0, 2, 1] : (tensor<2x50x40xf32>) -> tensor<2x40x50xf32>
  return %0 : tensor<2x40x50xf32>
}
}

// -----

// A row is too little for a task where planes are enough.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @dwconv3x3_b8
// CHECK-SAME: reorder(n, cb, y, xo, xi, c), vectorize(c), unroll(xi), fuse(n, cb -> t0), parallel(t0)]>
func.func @planes(%x: tensor<8x64x25x5xf32>) -> tensor<8x64x25x5xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x1x3x3xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 64 : i64}
         : (tensor<8x64x25x5xf32>, tensor<64x1x3x3xf32>) -> tensor<8x64x25x5xf32>
  return %0 : tensor<8x64x25x5xf32>
}
}

// -----

// Where no tile of sums that wait in memory divides the row, each of its tiles is code of its own.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv3x3s2
// CHECK-SAME: stage<"conv", [compute_at("store", cbo), bound_extent(x by 7), split(x -> xo, xi by 4, predicate), unroll(xo)
// CHECK-SAME: update [split(x -> xo, xi by 4, predicate), unroll(xo), {{.*}}reorder(ib, y, xo, ky, kx,
func.func @narrow(%x: tensor<1x512x14x14xf32>) -> tensor<1x512x7x7xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<512x512x3x3xf32>
  %0 = weft.conv %x, %w stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x512x14x14xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32>
  return %0 : tensor<1x512x7x7xf32>
}
}

// -----

// AVX2 has half the registers: twelve sums, here 4 pixels by 3 blocks of 8 channels, whose weights have the others beside a pixel.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: reorder(ib, ky, kx, ro, ri, x, cb, c)
// CHECK-SAME: split(cb -> cbo, cbi by 3, shift_inwards), split(x -> xo, xi by 4, shift_inwards)
// CHECK-LABEL: func.func private @maxpool2x2
// CHECK-SAME: stage<"maxpool", [compute_at("store", xo), vectorize(c), unroll(x)]
func.func @avx2(%x: tensor<1x64x16x16xf32>) -> tensor<1x96x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<96x64x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x16x16xf32>, tensor<96x64x1x1xf32>) -> tensor<1x96x16x16xf32>
  %1 = weft.maxpool %0 kernel [2, 2] stride [2, 2] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x96x16x16xf32>) -> tensor<1x96x8x8xf32>
  return %1 : tensor<1x96x8x8xf32>
}
}

// -----

// A large input's pixels in the next block of channels are fetched ahead; a tile of a grouped convolution lies in one group.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv1x1_
// CHECK-SAME: prefetch("x", ib, ib by {{[23]}})]>
// CHECK-LABEL: func.func private @conv1x1g2
// CHECK-SAME: split(cb -> cbo, cbi by {{[24]}}, exact)
func.func @pixels(%x: tensor<1x256x16x16xf32>) -> tensor<1x64x16x16xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<64x256x1x1xf32>
  %w2 = weft.weight "w2" : tensor<64x32x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x16x16xf32>, tensor<64x256x1x1xf32>) -> tensor<1x64x16x16xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 2 : i64}
         : (tensor<1x64x16x16xf32>, tensor<64x32x1x1xf32>) -> tensor<1x64x16x16xf32>
  return %1 : tensor<1x64x16x16xf32>
}
}

// -----

// Groups by Winograd's algorithm: an output block adds up the input blocks of its group, and a register tile lies in one.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv3x3g4_winograd4
// CHECK-SAME: stage<"product", [compute_at("products", to), bound_extent(cb by 3)
// CHECK-SAME: split(cb -> cbo, cbi by 3, exact)
// CHECK-SAME: divides = 1 : i64
func.func @groups(%x: tensor<1x96x56x56xf32>) -> tensor<1x1024x56x56xf32> attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<96x24x3x3xf32>
  %w2 = weft.weight "w2" : tensor<1024x96x1x1xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] {groups = 4 : i64}
         : (tensor<1x96x56x56xf32>, tensor<96x24x3x3xf32>) -> tensor<1x96x56x56xf32>
  %1 = weft.conv %0, %w2 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x96x56x56xf32>, tensor<1024x96x1x1xf32>) -> tensor<1x1024x56x56xf32>
  return %1 : tensor<1x1024x56x56xf32>
}
}

// -----

// What is fetched ahead belongs to the next strip of channel blocks, so these have a loop of their own, which runs in parallel;
// or to the next partial sum, where all tiles of a strip take one before the next.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv3x3_winograd2
// CHECK-SAME: prefetch("filter", io, po by 1)
// CHECK-LABEL: func.func private @conv3x3s2
// CHECK-SAME: compute_at("store", cbo)
// CHECK-SAME: reorder(ib, y, xo, ky, kx, ro, ri, cb, xi, c)
// CHECK-SAME: unroll(ri), prefetch("filter", kx, parts by 3)]>
// CHECK-SAME: unroll(cbi), parallel(cbo)]>
// CHECK-LABEL: func.func private @conv1x1
// CHECK-SAME: prefetch("filter", ib, cbo by 2)]>
// CHECK-SAME: unroll(cbi), parallel(cbo)]>
func.func @ahead(%x: tensor<1x256x14x14xf32>) -> (tensor<1x256x7x7xf32>, tensor<1x1024x14x14xf32>) attributes {weft.net} {
  %w1 = weft.weight "w1" : tensor<256x256x3x3xf32>
  %w2 = weft.weight "w2" : tensor<256x256x3x3xf32>
  %0 = weft.conv %x, %w1 stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  %1 = weft.conv %0, %w2 stride [2, 2] pad [1, 1, 1, 1] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x7x7xf32>
  %w3 = weft.weight "w3" : tensor<1024x256x1x1xf32>
  %2 = weft.conv %0, %w3 stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x256x14x14xf32>, tensor<1024x256x1x1xf32>) -> tensor<1x1024x14x14xf32>
  return %1, %2 : tensor<1x256x7x7xf32>, tensor<1x1024x14x14xf32>
}
}

// -----

// Normalisation: the sums of two channel blocks, side by side, and their use share a turn of the parallel loop.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @groupnorm
// CHECK-SAME: stage<"sum", [compute_at("normalize", cbo), bound_extent(cb by 2), vectorize(c)], update [reorder(y, x, cb, c), vectorize(c), unroll(cb)]>
// CHECK-SAME: stage<"group_sum", [compute_at("normalize", cbo)]>
// CHECK-SAME: stage<"normalize", [split(cb -> cbo, cbi by 2, exact), vectorize(c), parallel(cbo)]>
func.func @groups(%x: tensor<1x3x16x16xf32>) -> tensor<1x32x16x16xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<32x3x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x3x16x16xf32>, tensor<32x3x1x1xf32>) -> tensor<1x32x16x16xf32>
  %1 = weft.groupnorm %0 {groups = 4 : i64} : (tensor<1x32x16x16xf32>) -> tensor<1x32x16x16xf32>
  return %1 : tensor<1x32x16x16xf32>
}
}

// -----

// Channels in another order: blocks are unrolled, so that each lane's source is known; threads share rows.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @channel_shuffle
// CHECK-SAME: stage<"shuffle", [fuse(n, y -> t), reorder(t, cb, x, c), vectorize(c), unroll(cb), parallel(t)]>
func.func @shuffle(%x: tensor<1x64x8x8xf32>) -> tensor<1x60x8x8xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<60x64x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x64x8x8xf32>, tensor<60x64x1x1xf32>) -> tensor<1x60x8x8xf32>
  %1 = weft.channel_shuffle %0 groups 3 : (tensor<1x60x8x8xf32>) -> tensor<1x60x8x8xf32>
  return %1 : tensor<1x60x8x8xf32>
}
}

// -----

// Reduction: rows of seven classes are shorter than a vector, so the statistics of sixteen rows fill one.
module attributes {weft.target = #weft.target<name = "cpu:znver4", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @log_softmax
// CHECK-SAME: stage<"max", [compute_at("log_softmax", rows), split(n -> vo, vi by 16
// CHECK-SAME: stage<"log", [compute_at("log_softmax", rows), split(n -> vo, vi by 16
// CHECK-SAME: stage<"log_softmax", [split(n -> rows, row by 16, predicate), split(ch -> vo, vi by 16, predicate), vectorize(vi), reorder(rows, row, vo, vi), parallel(rows)]>
// Those of longer rows, too, are made for sixteen, so that a row need not wait for its own sum.
// CHECK-LABEL: func.func private @softmax
// CHECK-SAME: stage<"exp", [compute_at("softmax", rows), split(x -> vo, vi by 16
// CHECK-SAME: stage<"softmax", [split(ch -> rows, row by 16, predicate)
func.func @classes(%x: tensor<50x7xf32>, %y: tensor<6x49x49xf32>) -> (tensor<50x7xf32>, tensor<6x49x49xf32>) attributes {weft.net} {
  %0 = weft.log_softmax %x axis 1 : (tensor<50x7xf32>) -> tensor<50x7xf32>
  %1 = weft.softmax %y axis 2 : (tensor<6x49x49xf32>) -> tensor<6x49x49xf32>
  return %0, %1 : tensor<50x7xf32>, tensor<6x49x49xf32>
}
}

// -----

// Few rows of many columns on a matrix unit: threads share columns. Rows are split in parts once, the weights of two blocks of columns before
// these are summed.
module attributes {weft.target = #weft.target<name = "cpu:sapphirerapids", vector = 16, features = ["amx-bf16"]>} {
// CHECK-LABEL: func.func private @linear
// CHECK-SAME: stage<"linear_a", [compute_root, reorder(n, ch, k, part, word), vectorize(word), unroll(part), parallel(ch)]>
// CHECK-SAME: stage<"linear_b", [compute_at("unpack", strip), reorder(cb, k, word, part, c), vectorize(c), unroll(part)]>
// CHECK-SAME: stage<"linear", [compute_at("unpack", strip), vectorize(c)]>
// CHECK-SAME: stage<"unpack", [split(x -> strip, columns by 32, exact), split(columns -> vectors, lane by 16, exact), reorder(strip, n, ch, vectors, lane)
func.func @tokens(%x: tensor<1x100x384xf32>) -> tensor<1x100x1536xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<1536x384xf32>
  %0 = weft.linear %x, %w : (tensor<1x100x384xf32>, tensor<1536x384xf32>) -> tensor<1x100x1536xf32>
  return %0 : tensor<1x100x1536xf32>
}
}

// -----

// Attention: twelve rows at a time pass both products and the softmax between; their part of the map is all that exists of it. By the sum of
// a row its results are divided, not its exponentials, which are more.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @matmul_softmax_matmul
// CHECK-SAME: stage<"matmul", [compute_at("scores", rows)
// CHECK-SAME: stage<"scores", [compute_at("weighed", t1), split(y -> rows, row by 6, shift_inwards)
// CHECK-SAME: stage<"max", [compute_at("weighed", t1)]>
// CHECK-SAME: stage<"exp", [compute_at("weighed", t1)
// CHECK-SAME: stage<"matmul1", [compute_at("weighed", rows)
// CHECK-SAME: stage<"weighed", [split(y -> band, inside by 12, shift_inwards), split(inside -> rows, row by 6, exact)
// CHECK-SAME: fuse(n, ch -> t0), fuse(t0, band -> t1), parallel(t1)]>
func.func @attention(%q: tensor<1x2x300x32xf32>, %k: tensor<1x2x32x300xf32>, %v: tensor<1x2x300x32xf32>) -> tensor<1x2x300x32xf32>
    attributes {weft.net} {
  %0 = weft.matmul %q, %k : (tensor<1x2x300x32xf32>, tensor<1x2x32x300xf32>) -> tensor<1x2x300x300xf32>
  %1 = weft.softmax %0 axis 3 : (tensor<1x2x300x300xf32>) -> tensor<1x2x300x300xf32>
  %2 = weft.matmul %1, %v : (tensor<1x2x300x300xf32>, tensor<1x2x300x32xf32>) -> tensor<1x2x300x32xf32>
  return %2 : tensor<1x2x300x32xf32>
}
}

// -----

// Strassen's algorithm: sums of the input by all threads, then strips of channel blocks, seven products each, whose sums are two blocks by two pixels.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @conv1x1_strassen
// CHECK-SAME: stage<"sums", [compute_at("result", n), bound_extent(u by 7), reorder(n, t, ib, u, i), vectorize(i), unroll(u), parallel(t)]>
// CHECK-SAME: stage<"product", [compute_at("products", to)
// CHECK-SAME: prefetch("filter", ib, u by 1)
// CHECK-SAME: stage<"products", [compute_at("result", cbo)
// CHECK-SAME: stage<"back", [compute_at("result", cbi)
// CHECK-SAME: stage<"result", [split(cb -> cbs, h by 2, exact), split(cbs -> cbo, cbi by {{[0-9]}}, exact), reorder(n, cbo, cbi, h, y, x, c)
// CHECK-SAME: parallel(cbo)
// CHECK-SAME: family = "strassen"
func.func @strassen(%x: tensor<1x704x19x19xf32>) -> tensor<1x704x19x19xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<704x704x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1]
         : (tensor<1x704x19x19xf32>, tensor<704x704x1x1xf32>) -> tensor<1x704x19x19xf32>
  return %0 : tensor<1x704x19x19xf32>
}
}

// -----

// Scatter: threads share the columns of a row, each goes through all terms in order.
module attributes {weft.target = #weft.target<name = "cpu:x86-64-v3", vector = 8, features = []>} {
// CHECK-LABEL: func.func private @scatter_add
// CHECK-SAME: stage<"scatter", [compute_at("store", s), split(ch -> vo, vi by 8, predicate), vectorize(vi)],
// CHECK-SAME: update [split(ch -> vo, vi by 8, predicate), vectorize(vi), reorder(r, vo, vi)]>
// CHECK-SAME: stage<"store", [split(ch -> vo, vi by 8, predicate), vectorize(vi), strips(vo -> s, vs by 2), reorder(s, n, vs, vi), parallel(s)]>
func.func @scatter(%i: tensor<400x1xi64>, %u: tensor<400x64xf32>) -> tensor<50x64xf32> attributes {weft.net} {
  %z = weft.constant dense<0.0> : tensor<50x64xf32>
  %y = weft.scatter add %z[%i] by %u axis 0 : (tensor<50x64xf32>, tensor<400x1xi64>, tensor<400x64xf32>) -> tensor<50x64xf32>
  return %y : tensor<50x64xf32>
}
}

// -----

// In three dimensions strips of rows lie outside the planes, and these outside channel blocks, where the input is larger than the filter: a
// plane is then read once for all blocks of outputs and near for the planes beside it.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv7x1x1s2x1x1_b16
// CHECK-SAME: split(y -> strip, row by 4, predicate), reorder(n, strip, z, cbo, row, xo, cbi, xi, c)
func.func @volume(%x: tensor<1x64x16x56x56xf32>) -> tensor<1x64x8x56x56xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<64x64x7x1x1xf32>
  %0 = weft.conv %x, %w stride [2, 1, 1] pad [3, 0, 0, 3, 0, 0] dilation [1, 1, 1]
         : (tensor<1x64x16x56x56xf32>, tensor<64x64x7x1x1xf32>) -> tensor<1x64x8x56x56xf32>
  return %0 : tensor<1x64x8x56x56xf32>
}
}

// -----

// Samples of volumes follow each other: of four loops in one Halide does not see what a tile reads.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @conv1x1x1_b16
// CHECK-SAME: reorder(n, strip, z, cbo, row, xo, cbi, xi, c)
// CHECK-SAME: fuse(strip, z -> t0), fuse(t0, cbo -> t1), parallel(t1)
func.func @samples(%x: tensor<2x48x8x40x40xf32>) -> tensor<2x108x8x40x40xf32> attributes {weft.net} {
  %w = weft.weight "w" : tensor<108x48x1x1x1xf32>
  %0 = weft.conv %x, %w stride [1, 1, 1] pad [0, 0, 0, 0, 0, 0] dilation [1, 1, 1]
         : (tensor<2x48x8x40x40xf32>, tensor<108x48x1x1x1xf32>) -> tensor<2x108x8x40x40xf32>
  return %0 : tensor<2x108x8x40x40xf32>
}
}

// -----

// Planes of few pixels: statistics of the one channel whose elements follow are no vectors of several.
module attributes {weft.target = #weft.target<name = "cpu:znver5", vector = 16, features = []>} {
// CHECK-LABEL: func.func private @instancenorm
// CHECK-SAME: stage<"sum", [compute_at("normalize", ch)]>
// CHECK-SAME: stage<"scale", [compute_at("normalize", ch)]>
func.func @few_pixels(%x: tensor<1x32x3x3xf32>) -> tensor<1x32x3x3xf32> attributes {weft.net} {
  %0 = weft.instancenorm %x : (tensor<1x32x3x3xf32>) -> tensor<1x32x3x3xf32>
  return %0 : tensor<1x32x3x3xf32>
}
}
