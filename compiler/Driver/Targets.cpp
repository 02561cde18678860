// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The table of CPU targets and the choice of the native one.

#include "compiler/Driver/Targets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

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
constexpr StringRef sprFeatures[] = {"avx",      "avx2",       "bmi",        "bmi2",         "f16c",          "fma",
                                     "lzcnt",    "movbe",      "popcnt",     "avx512f",      "avx512bw",      "avx512cd",
                                     "avx512dq", "avx512vl",   "avx512ifma", "avx512vbmi",   "avx512vbmi2",   "avx512vnni",
                                     "avx512bitalg", "avx512vpopcntdq", "avx512bf16", "avx512fp16"};

/// Best first: the native target is the first one all of whose features the machine has.
const CpuTarget targets[] = {
    {"cpu:sapphirerapids", "sapphirerapids", 16, sprFeatures},
    {"cpu:znver4", "znver4", 16, zen4Features},
    {"cpu:x86-64-v4", "x86-64-v4", 16, v4Features},
    {"cpu:x86-64-v3", "x86-64-v3", 8, v3Features},
};

bool hostRuns(const CpuTarget &target) {
  static const StringMap<bool> host = sys::getHostCPUFeatures();
  return all_of(target.features, [](StringRef feature) { return host.lookup(feature); });
}

} // namespace

ArrayRef<CpuTarget> cpuTargets() { return targets; }

std::optional<CpuTarget> resolveTarget(StringRef name, raw_ostream &errors) {
  for (const CpuTarget &target : targets)
    if (target.name == name || (name == "cpu:native" && hostRuns(target)))
      return target;
  if (name == "cpu:native")
    errors << "weftc: error: this machine has neither AVX-512 nor AVX2 with FMA; name the machine to compile for, such as "
              "`--target=cpu:x86-64-v3`\n";
  else
    errors << "weftc: error: there is no target `" << name
           << "`; there are cpu:native, cpu:x86-64-v3, cpu:x86-64-v4, cpu:znver4 and cpu:sapphirerapids\n";
  return std::nullopt;
}

} // namespace weft
