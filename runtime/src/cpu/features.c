/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Has this processor what a model was compiled for? Names are LLVM's. A name this file does not know counts as missing:
 * an error from create is better than an illegal instruction. Bits are from the Intel SDM, CPUID (volume 2A).
 */
#include "../common/error.h"
#include "../common/instance.h"

#include <errno.h>
#include <string.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__)
#include <cpuid.h>

enum cpu_register { EAX, EBX, ECX, EDX };

/* What the operating system must save for the feature to be usable: bits of XCR0. */
enum state { NONE = 0, YMM = 0x06, ZMM = 0xe6, TILE = 0x60000 };

typedef struct feature {
  const char *name;
  uint32_t leaf, subleaf;
  uint8_t where, bit;
  uint32_t state;
} feature;

#define EXTENDED 0x80000001u

static const feature features[] = {
    {"cmov", 1, 0, EDX, 15, NONE},         {"mmx", 1, 0, EDX, 23, NONE},
    {"sse", 1, 0, EDX, 25, NONE},          {"sse2", 1, 0, EDX, 26, NONE},
    {"sse3", 1, 0, ECX, 0, NONE},          {"pclmul", 1, 0, ECX, 1, NONE},
    {"ssse3", 1, 0, ECX, 9, NONE},         {"fma", 1, 0, ECX, 12, YMM},
    {"cx16", 1, 0, ECX, 13, NONE},         {"sse4.1", 1, 0, ECX, 19, NONE},
    {"sse4.2", 1, 0, ECX, 20, NONE},       {"crc32", 1, 0, ECX, 20, NONE},
    {"movbe", 1, 0, ECX, 22, NONE},        {"popcnt", 1, 0, ECX, 23, NONE},
    {"aes", 1, 0, ECX, 25, NONE},          {"xsave", 1, 0, ECX, 26, NONE},
    {"avx", 1, 0, ECX, 28, YMM},           {"f16c", 1, 0, ECX, 29, YMM},
    {"rdrnd", 1, 0, ECX, 30, NONE},        {"fsgsbase", 7, 0, EBX, 0, NONE},
    {"bmi", 7, 0, EBX, 3, NONE},           {"avx2", 7, 0, EBX, 5, YMM},
    {"bmi2", 7, 0, EBX, 8, NONE},          {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},      {"rdseed", 7, 0, EBX, 18, NONE},
    {"adx", 7, 0, EBX, 19, NONE},          {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"clflushopt", 7, 0, EBX, 23, NONE},   {"clwb", 7, 0, EBX, 24, NONE},
    {"avx512cd", 7, 0, EBX, 28, ZMM},      {"sha", 7, 0, EBX, 29, NONE},
    {"avx512bw", 7, 0, EBX, 30, ZMM},      {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},     {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"gfni", 7, 0, ECX, 8, NONE},          {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},  {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"rdpid", 7, 0, ECX, 22, NONE},        {"avx512vp2intersect", 7, 0, EDX, 8, ZMM},
    {"amx-bf16", 7, 0, EDX, 22, TILE},     {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amx-tile", 7, 0, EDX, 24, TILE},     {"amx-int8", 7, 0, EDX, 25, TILE},
    {"avxvnni", 7, 1, EAX, 4, YMM},        {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"amx-fp16", 7, 1, EAX, 21, TILE},     {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"avxvnniint16", 7, 1, EDX, 10, YMM},  {"sahf", EXTENDED, 0, ECX, 0, NONE},
    {"lzcnt", EXTENDED, 0, ECX, 5, NONE},  {"sse4a", EXTENDED, 0, ECX, 6, NONE},
    {"prfchw", EXTENDED, 0, ECX, 8, NONE}, {"64bit", EXTENDED, 0, EDX, 29, NONE},
};

/* Written as bytes: the instruction needs -mxsave, the runtime is compiled for every x86-64. */
static uint32_t savedStates(void) {
  uint32_t a, b, c, d, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
    return 0;
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static int hasFeature(const feature *feature) {
  uint32_t registers[4] = {0, 0, 0, 0};
  if (!__get_cpuid_count(feature->leaf, feature->subleaf, &registers[EAX], &registers[EBX], &registers[ECX],
                         &registers[EDX]))
    return 0;
  return (registers[feature->where] >> feature->bit & 1) && (savedStates() & feature->state) == feature->state;
}

static int hasNamed(const char *name) {
  for (size_t i = 0; i < sizeof features / sizeof *features; ++i)
    if (strcmp(features[i].name, name) == 0)
      return hasFeature(&features[i]);
  return 0;
}

#else

static int hasNamed(const char *name) {
  (void)name;
  return 1; /* other architectures have no optional features here yet: code and runtime are built for the same one */
}

#endif

/* Linux gives the state of tile registers to processes that ask, and to all their threads. Asking again does no harm. */
static weft_status askForTiles(const char *name) {
#if defined(__linux__) && defined(__x86_64__)
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  if (syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) != 0)
    return weft_fail(WEFT_ERROR_CPU,
                     "the system refuses this process the tile registers of `%s`, which the model was compiled for (%s); "
                     "`weftc --no-tiles` makes one that needs none",
                     name, errno == ENOSPC ? "a thread's alternate signal stack is too small to save them" : strerror(errno));
#endif
  (void)name;
  return WEFT_OK;
}

weft_status weft_check_features(const char *const *names) {
  for (; names != NULL && *names != NULL; ++names) {
    if (!hasNamed(*names))
      return weft_fail(WEFT_ERROR_CPU, "this processor lacks `%s`, which the model was compiled for", *names);
    weft_status status = strncmp(*names, "amx-", 4) == 0 ? askForTiles(*names) : WEFT_OK;
    if (status != WEFT_OK)
      return status;
  }
  return WEFT_OK;
}
