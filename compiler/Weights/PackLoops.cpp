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

/// Transforms filters of `lanes` outputs at once: element e of output o is at [e * lanes + o] on both sides.
class FilterTransform {
public:
  static constexpr int lanes = 16;

  FilterTransform(int m, int down, int across)
      : left(kernel::Winograd::along(m, down)), right(kernel::Winograd::along(m, across)) {}

  int points() const { return left.points * right.points; }

  /// G g, then (G g) G^T, in double precision.
  void run(const double *g, double *result) {
    int across = right.r;
    for (int p = 0; p < left.points; ++p)
      for (int x = 0; x < across; ++x)
        combine(left, p, g + x * lanes, across * lanes, half + (p * across + x) * lanes);
    for (int p = 0; p < left.points; ++p)
      for (int q = 0; q < right.points; ++q)
        combine(right, q, half + p * across * lanes, lanes, result + (p * right.points + q) * lanes);
  }

private:
  /// Row `point` of G times the taps at multiples of `step`.
  static void combine(const kernel::Winograd &matrices, int point, const double *from, int step, double *to) {
    const auto &factors = matrices.g[point];
    if (matrices.r == 1)
      return void(std::memcpy(to, from, lanes * sizeof(double)));
    for (int lane = 0; lane < lanes; ++lane)
      to[lane] = factors[0] * from[lane] + factors[1] * from[step + lane];
    for (int tap = 2; tap < matrices.r; ++tap)
      for (int lane = 0; lane < lanes; ++lane)
        to[lane] += factors[tap] * from[tap * step + lane];
  }

  kernel::Winograd left, right;
  double half[kernel::Winograd::maxPoints * kernel::Winograd::maxTaps * lanes];
};

} // namespace

void packWinograd(FilterView filter, int m, int down, int across, int64_t ib, int64_t ob, float *packed) {
  constexpr int lanes = FilterTransform::lanes;
  FilterTransform transform(m, down, across);
  int64_t points = transform.points();
  int64_t outputBlocks = ceilDiv(filter.outputs, ob), inputBlocks = ceilDiv(filter.inputs, ib);
  int64_t taps = down * across, slices = filter.taps / taps,
          pointStride = outputBlocks * inputBlocks * slices * ib * ob;
  if (filter.outputs % ob != 0 || filter.inputs % ib != 0)
    std::memset(packed, 0, sizeof(float) * points * pointStride);
  std::vector<double> in(taps * lanes), out(points * lanes);
  for (int64_t o0 = 0; o0 < filter.outputs; o0 += lanes) {
    int64_t count = std::min<int64_t>(lanes, filter.outputs - o0);
    for (int64_t i = 0, s = 0; i < filter.inputs; s + 1 < slices ? ++s : (s = 0, ++i)) {
      for (int64_t o = 0; o < count; ++o)
        for (int64_t e = 0; e < taps; ++e)
          in[e * lanes + o] = filter.data[(((o0 + o) * filter.inputs + i) * slices + s) * taps + e];
      transform.run(in.data(), out.data());
      int64_t place[lanes];
      for (int64_t o = 0; o < count; ++o)
        place[o] = ((((o0 + o) / ob * inputBlocks + i / ib) * slices + s) * ib + i % ib) * ob + (o0 + o) % ob;
      // Points outside: their distance is often a power of two, and each is one cache line of neighbouring outputs.
      for (int64_t p = 0; p < points; ++p)
        for (int64_t o = 0; o < count; ++o)
          packed[p * pointStride + place[o]] = static_cast<float>(out[p * lanes + o]);
    }
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
