// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The table of CPU targets and the choice of the native one.

#include "compiler/Driver/Targets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace llvm;

namespace weft {
namespace {

constexpr StringRef v3Features[] = {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "popcnt"};
constexpr StringRef v4Features[] = {"avx",  "avx2",   "bmi",    "bmi2",     "f16c",     "fma",      "lzcnt",
                                    "movbe", "popcnt", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};
constexpr StringRef zen4Features[] = {"avx",      "avx2",       "bmi",        "bmi2",         "f16c",          "fma",
                                      "lzcnt",    "movbe",      "popcnt",     "avx512f",      "avx512bw",      "avx512cd",
                                      "avx512dq", "avx512vl",   "avx512ifma", "avx512vbmi",   "avx512vbmi2",   "avx512vnni",
                                      "avx512bitalg", "avx512vpopcntdq", "avx512bf16"};
constexpr StringRef zen5Features[] = {"avx",      "avx2",       "bmi",        "bmi2",         "f16c",          "fma",
                                      "lzcnt",    "movbe",      "popcnt",     "avx512f",      "avx512bw",      "avx512cd",
                                      "avx512dq", "avx512vl",   "avx512ifma", "avx512vbmi",   "avx512vbmi2",   "avx512vnni",
                                      "avx512bitalg", "avx512vpopcntdq", "avx512bf16", "avx512vp2intersect", "avxvnni"};
constexpr StringRef sprFeatures[] = {"avx",      "avx2",       "bmi",        "bmi2",         "f16c",          "fma",
                                     "lzcnt",    "movbe",      "popcnt",     "avx512f",      "avx512bw",      "avx512cd",
                                     "avx512dq", "avx512vl",   "avx512ifma", "avx512vbmi",   "avx512vbmi2",   "avx512vnni",
                                     "avx512bitalg", "avx512vpopcntdq", "avx512bf16", "avx512fp16"};

constexpr StringRef tileFeatures[] = {"amx-tile", "amx-bf16"};

/// Best first: the native target is the first one all of whose features the machine has.
const CpuTarget targets[] = {
    {"cpu:sapphirerapids", 16, sprFeatures, tileFeatures},
    {"cpu:znver5", 16, zen5Features},
    {"cpu:znver4", 16, zen4Features},
    {"cpu:x86-64-v4", 16, v4Features},
    {"cpu:x86-64-v3", 8, v3Features},
};

bool hostHas(ArrayRef<StringRef> features) {
  static const StringMap<bool> host = sys::getHostCPUFeatures();
  return all_of(features, [](StringRef feature) { return host.lookup(feature); });
}

/// Linux gives a process the state of tile registers when asked for it; what one process gets, the next one will.
bool mayUseTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr int requestState = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestState, tileData) == 0;
#else
  return false;
#endif
}

CpuTarget asHere(CpuTarget target) {
  if (!hostHas(target.tileFeatures) || !mayUseTiles())
    target.tileFeatures = {};
  return target;
}

} // namespace

ArrayRef<CpuTarget> cpuTargets() { return targets; }

std::optional<CpuTarget> resolveTarget(StringRef name, raw_ostream &errors) {
  for (const CpuTarget &target : targets) {
    if (target.name == name)
      return target;
    if (name == nativeTarget && hostHas(target.features))
      return asHere(target);
  }
  errors << "weftc: error: this machine has neither AVX-512 nor AVX2 with FMA; name the machine to compile for, such as "
            "`--target=cpu:x86-64-v3`\n";
  return std::nullopt;
}

} // namespace weft
