// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The loops that bring filters into blocks: plain arithmetic on f32 arrays, at the speed of memory.
#pragma once

#include <cstdint>

namespace weft {

/// A filter `[outputs, inputs, taps]` (taps: the kernel's positions, flattened) inside a larger array.
struct FilterView {
  const float *data;
  int64_t outputs, inputs, taps;
};

/// To `[ceil(O / ob), ceil(I / ib), taps, ib, ob]`; what is rounded up is 0. With `ib` 0 to `[ceil(O / ob), I, taps,
/// ob]`.
void packFilter(FilterView filter, int64_t ib, int64_t ob, float *packed);

/// Filters of `down` x `across` taps, the last of each slice, to `[points, ceil(O / ob), ceil(I / ib), slices, ib,
/// ob]`, each transformed as G g G^T in double precision.
void packWinograd(FilterView filter, int m, int down, int across, int64_t ib, int64_t ob, float *packed);

/// A filter of one tap to the seven of Strassen's algorithm, `[7, ceil(O / ob / 2), ceil(I / ib / 2), ib, ob]`.
void packStrassen(FilterView filter, int64_t ib, int64_t ob, float *packed);

} // namespace weft
