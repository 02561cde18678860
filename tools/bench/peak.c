/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What one core of this machine can do: f32 fused multiply-adds a second from registers, and bytes a second read from
 * memory. Prints `GFLOPS GBYTES`. Built with -O2 -march=native by tools/bench/peers. The memory lies in huge pages where the
 * system has them, as weights do in a compiled program: small pages read up to a third slower.
 */
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef __AVX512F__
typedef __m512 Vec;
#define SET1 _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define ADD _mm512_add_ps
#define LOAD _mm512_load_ps
enum { Lanes = 16 };
#else
typedef __m256 Vec;
#define SET1 _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define ADD _mm256_add_ps
#define LOAD _mm256_load_ps
enum { Lanes = 8 };
#endif

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static volatile float sink;

/* Twelve independent chains hide the latency of two pipes. */
static double flops(void) {
  enum { Chains = 12, Steps = 1 << 20 };
  Vec a[Chains], x = SET1(0.999f), y = SET1(0.001f);
  for (int i = 0; i < Chains; ++i)
    a[i] = SET1((float)i);
  double start = now();
  for (int s = 0; s < Steps; ++s)
#pragma GCC unroll 12
    for (int i = 0; i < Chains; ++i)
      a[i] = FMA(a[i], x, y);
  double seconds = now() - start;
  for (int i = 1; i < Chains; ++i)
    a[0] = ADD(a[0], a[i]);
  sink = ((float *)&a[0])[0];
  return 2.0 * Lanes * Chains * Steps / seconds;
}

static double bandwidth(const float *data, size_t count) {
  Vec sum = SET1(0);
  double start = now();
  for (size_t at = 0; at < count; at += Lanes)
    sum = ADD(sum, LOAD(data + at));
  double seconds = now() - start;
  sink = ((float *)&sum)[0];
  return 4.0 * count / seconds;
}

int main(void) {
  size_t count = (size_t)64 << 20;
  float *data = aligned_alloc((size_t)2 << 20, 4 * count);
  if (!data)
    return 1;
  madvise(data, 4 * count, MADV_HUGEPAGE);
  memset(data, 0, 4 * count);
  double bestFlops = 0, bestBytes = 0;
  for (int i = 0; i < 10; ++i) {
    double f = flops(), b = bandwidth(data, count);
    bestFlops = f > bestFlops ? f : bestFlops;
    bestBytes = b > bestBytes ? b : bestBytes;
  }
  printf("%.2f %.2f\n", bestFlops / 1e9, bestBytes / 1e9);
  free(data);
  return 0;
}
