// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How filters are packed. Both loops go over blocks of ob outputs by ib inputs: a block's source is ob runs of ib *
// taps consecutive floats, its target fits the first cache, so each byte is fetched once.
#include "compiler/Weights/PackLoops.h"

#include "compiler/Kernel/Winograd.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace weft {
namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// One block, `[taps, ib, ob]`, from the outputs and inputs that exist.
void packBlock(const FilterView &filter, int64_t o0, int64_t i0, int64_t ib, int64_t ob, float *block) {
  int64_t outputs = std::max<int64_t>(std::min(ob, filter.outputs - o0), 0), inputs = std::max<int64_t>(std::min(ib, filter.inputs - i0), 0);
  if (outputs < ob || inputs < ib)
    std::memset(block, 0, sizeof(float) * filter.taps * ib * ob);
  for (int64_t o = 0; o < outputs; ++o) {
    const float *run = filter.data + ((o0 + o) * filter.inputs + i0) * filter.taps;
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t tap = 0; tap < filter.taps; ++tap)
        block[(tap * ib + i) * ob + o] = *run++;
  }
}

} // namespace

void packFilter(FilterView filter, int64_t ib, int64_t ob, float *packed) {
  // Without blocks of inputs, each input is a block of its own: [O/ob, I, taps, 1, ob].
  int64_t block = std::max<int64_t>(ib, 1);
  for (int64_t o0 = 0; o0 < filter.outputs; o0 += ob)
    for (int64_t i0 = 0; i0 < filter.inputs; i0 += block, packed += filter.taps * block * ob)
      packBlock(filter, o0, i0, block, ob, packed);
}

namespace {

#if defined(__x86_64__)
#define WEFT_WIDE_TOO __attribute__((target_clones("default", "avx2"))) // without multiply-adds, which round otherwise
#else
#define WEFT_WIDE_TOO
#endif

/// Of as many outputs.
using Lanes __attribute__((vector_size(32), aligned(8), may_alias)) = double;
constexpr int64_t lanesEach = sizeof(Lanes) / sizeof(double);

/// The points of a transform along one dimension, each of `count` lanes, from as many taps.
[[gnu::always_inline]] inline void transform(const kernel::Winograd &matrices, const Lanes *taps, int64_t tapStep, Lanes *points,
                                             int64_t pointStep, int64_t count) {
  for (int p = 0; p < matrices.points; ++p)
    for (int64_t l = 0; l < count; ++l) {
      Lanes sum = matrices.g[p][0] * taps[l];
      for (int tap = 1; tap < matrices.r; ++tap)
        sum += matrices.g[p][tap] * taps[tap * tapStep + l];
      points[p * pointStep + l] = sum;
    }
}

/// Elements of a block of outputs: of the filter, transformed along the first dimension, and along both.
struct Stages {
  double *taps, *half, *points;
};

/// G g, then (G g) G^T, in double precision, for all of a block of outputs: from `[o, inputs, slices, down, across]` to `[point, blocks of
/// inputs, slices, ib, ob]`, whose points lie `pointStep` apart.
WEFT_WIDE_TOO void transformBlock(FilterView filter, const kernel::Winograd &left, const kernel::Winograd &right, Stages stages,
                                  int64_t ib, int64_t ob, float *packed, int64_t pointStep) {
  const int64_t count = ceilDiv(ob, lanesEach), lanes = count * lanesEach, taps = left.r * right.r, slices = filter.taps / taps;
  auto *in = reinterpret_cast<Lanes *>(stages.taps), *half = reinterpret_cast<Lanes *>(stages.half);
  auto *out = reinterpret_cast<Lanes *>(stages.points);
  for (int64_t i = 0, s = 0; i < filter.inputs; s + 1 < slices ? ++s : (s = 0, ++i)) {
    for (int64_t o = 0; o < filter.outputs; ++o)
      for (int64_t e = 0; e < taps; ++e)
        stages.taps[e * lanes + o] = filter.data[((o * filter.inputs + i) * slices + s) * taps + e];
    for (int x = 0; x < right.r; ++x)
      transform(left, in + x * count, right.r * count, half + x * count, right.r * count, count);
    for (int p = 0; p < left.points; ++p)
      transform(right, half + p * right.r * count, count, out + p * right.points * count, count, count);
    float *to = packed + ((i / ib * slices + s) * ib + i % ib) * ob;
    for (int64_t p = 0; p < left.points * right.points; ++p)
      for (int64_t o = 0; o < ob; ++o)
        to[p * pointStep + o] = static_cast<float>(stages.points[p * lanes + o]);
  }
}

} // namespace

void packWinograd(FilterView filter, int m, int down, int across, int64_t ib, int64_t ob, float *packed) {
  const auto left = kernel::Winograd::along(m, down), right = kernel::Winograd::along(m, across);
  int64_t outputBlocks = ceilDiv(filter.outputs, ob), slices = filter.taps / (down * across);
  int64_t blockSize = ceilDiv(filter.inputs, ib) * slices * ib * ob, pointStep = outputBlocks * blockSize;
  if (filter.inputs % ib != 0)
    std::memset(packed, 0, sizeof(float) * left.points * right.points * pointStep);
  int64_t lanes = ceilDiv(ob, lanesEach) * lanesEach;
  std::vector<double> half(left.points * right.r * lanes), points(left.points * right.points * lanes);
  for (int64_t block = 0; block < outputBlocks; ++block) {
    int64_t first = block * ob, outputs = std::min(ob, filter.outputs - first);
    std::vector<double> taps(down * across * lanes); // zeros where there are no outputs
    transformBlock({filter.data + first * filter.inputs * filter.taps, outputs, filter.inputs, filter.taps}, left, right,
                   {taps.data(), half.data(), points.data()}, ib, ob, packed + block * blockSize, pointStep);
  }
}

void packStrassen(FilterView filter, int64_t ib, int64_t ob, float *packed) {
  int64_t inputs = ceilDiv(filter.inputs, 2 * ib), outputs = ceilDiv(filter.outputs, 2 * ob), size = ib * ob;
  std::vector<float> quarters(4 * size);
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t q = 0; q < 4; ++q)
        packBlock(filter, (2 * o + q / 2) * ob, (2 * i + q % 2) * ib, ib, ob, quarters.data() + q * size);
      float *to = packed + (o * inputs + i) * size;
      for (int64_t e = 0; e < size; ++e, ++to) {
        double a00 = quarters[e], a01 = quarters[size + e], a10 = quarters[2 * size + e], a11 = quarters[3 * size + e];
        double s = a10 + a11 - a00;
        double sums[] = {a00, a01, a01 - s, a11, a10 + a11, s, a00 - a10};
        for (int64_t product = 0; product < 7; ++product)
          to[product * outputs * inputs * size] = static_cast<float>(sums[product]);
      }
    }
}

} // namespace weft
