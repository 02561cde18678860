/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * What one core of this machine can do: f32 fused multiply-adds a second from registers, bytes a second read from memory,
 * f32 multiply-adds a second in tile registers (AMX), six products of bf16 each, and how long two cores take to answer each
 * other; 0 where there are none. Prints `GFLOPS GBYTES TILES NANOSECONDS`. Built with -O2 -march=native by machine.py. The memory lies in huge pages where the system has
 * them, as weights do in a compiled program: small pages read up to a third slower.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

/* Four sums of 16 x 16 by 32 terms, operands in registers. They are ones: numbers of many bits make some processors slower. */
static double tileFlops(void) {
#ifdef __AMX_BF16__
  enum { Sums = 4, Steps = 1 << 18, Products = 6, RequestState = 0x1023, TileData = 18 };
  static struct {
    unsigned char palette, start, zeros[14];
    unsigned short rowBytes[16];
    unsigned char rows[16];
  } volatile registers = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  static unsigned int ones[256];
  if (syscall(SYS_arch_prctl, RequestState, TileData))
    return 0;
  for (int i = 0; i < 256; ++i)
    ones[i] = 0x3f803f80;
  _tile_loadconfig((void *)&registers);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_loadd(6, ones, 64);
  _tile_loadd(7, ones, 64);
  double start = now();
  for (int s = 0; s < Steps; ++s) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  double seconds = now() - start;
  _tile_release();
  return 2.0 * 16 * 16 * 32 / Products * Sums * Steps / seconds;
#else
  return 0;
#endif
}

static inline __attribute__((always_inline)) double readIn(size_t streams, const float *data, size_t count) {
  Vec sums[4] = {SET1(0), SET1(0), SET1(0), SET1(0)};
  size_t length = count / streams;
  double start = now();
  for (size_t at = 0; at < length; at += Lanes)
#pragma GCC unroll 4
    for (size_t i = 0; i < streams; ++i)
      sums[i] = ADD(sums[i], LOAD(data + i * length + at));
  double seconds = now() - start;
  sums[0] = ADD(ADD(sums[0], sums[1]), ADD(sums[2], sums[3]));
  sink = ((float *)sums)[0];
  return 4.0 * count / seconds;
}

/* One stream, two and four in turn: on some processors one does not fill the lines on their way. */
static double bandwidth(const float *data, size_t count, int turn) {
  return turn % 3 == 0 ? readIn(1, data, count) : turn % 3 == 1 ? readIn(2, data, count) : readIn(4, data, count);
}

enum { Answers = 200000 };
static _Alignas(128) atomic_int said;

static void *answer(void *core) {
  sched_setaffinity(0, sizeof(cpu_set_t), core);
  for (int i = 0; i < Answers; ++i) {
    while (atomic_load(&said) != 2 * i + 1)
      ;
    atomic_store(&said, 2 * i + 2);
  }
  return NULL;
}

/* Seconds until a line that one core wrote is back from the next one, which wrote it too. It tells whether they share a
 * cache: a virtual machine's cores may, and minutes later not. */
static double roundTrip(void) {
  cpu_set_t all, cores[2];
  sched_getaffinity(0, sizeof all, &all);
  if (CPU_COUNT(&all) < 2)
    return 0;
  for (int c = 0, found = 0; found < 2; ++c)
    if (CPU_ISSET(c, &all)) {
      CPU_ZERO(&cores[found]);
      CPU_SET(c, &cores[found++]);
    }
  pthread_t other;
  if (pthread_create(&other, NULL, answer, &cores[1]))
    return 0;
  sched_setaffinity(0, sizeof cores[0], &cores[0]);
  double start = now();
  for (int i = 0; i < Answers; ++i) {
    atomic_store(&said, 2 * i + 1);
    while (atomic_load(&said) != 2 * i + 2)
      ;
  }
  double seconds = now() - start;
  pthread_join(other, NULL);
  sched_setaffinity(0, sizeof all, &all);
  return seconds / Answers;
}

int main(void) {
  size_t count = (size_t)64 << 20;
  float *data = aligned_alloc((size_t)2 << 20, 4 * count);
  if (!data)
    return 1;
  madvise(data, 4 * count, MADV_HUGEPAGE);
  memset(data, 0, 4 * count);
  double bestFlops = 0, bestBytes = 0, bestTiles = 0;
  for (int i = 0; i < 10; ++i) {
    double f = flops(), b = bandwidth(data, count, i), t = tileFlops();
    bestFlops = f > bestFlops ? f : bestFlops;
    bestBytes = b > bestBytes ? b : bestBytes;
    bestTiles = t > bestTiles ? t : bestTiles;
  }
  printf("%.2f %.2f %.2f %.0f\n", bestFlops / 1e9, bestBytes / 1e9, bestTiles / 1e9, roundTrip() * 1e9);
  free(data);
  return 0;
}
