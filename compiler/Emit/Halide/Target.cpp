// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One row a CPU. Halide's larger AVX-512 sets do not imply the smaller ones: each is listed.
#include "compiler/Emit/Halide/Target.h"

namespace weft::emit {

namespace {

using Halide::Target;

struct Row {
  const char *name;
  Target::Processor tune;
  std::vector<Target::Feature> features; // beyond x86-64-v3
};

const std::vector<Row> &rows() {
  static const std::vector<Row> table = {
      {"x86-64-v3", Target::Processor::ProcessorGeneric, {}},
      {"x86-64-v4", Target::Processor::ProcessorGeneric, {Target::AVX512, Target::AVX512_Skylake}},
      {"znver4",
       Target::Processor::ZnVer4,
       {Target::AVX512, Target::AVX512_Skylake, Target::AVX512_Cannonlake, Target::AVX512_Zen4}},
      {"sapphirerapids",
       Target::Processor::ProcessorGeneric,
       {Target::AVX512, Target::AVX512_Skylake, Target::AVX512_Cannonlake, Target::AVX512_Zen4, Target::AVXVNNI,
        Target::AVX512_SapphireRapids}},
  };
  return table;
}

} // namespace

std::optional<Target> kernelTarget(const std::string &name, bool asserts) {
  for (const Row &row : rows()) {
    if (name != row.name)
      continue;
    std::vector<Target::Feature> features = {Target::SSE41, Target::AVX,       Target::AVX2,       Target::FMA,
                                             Target::F16C,  Target::NoRuntime, Target::UserContext};
    features.insert(features.end(), row.features.begin(), row.features.end());
    if (!asserts)
      features.insert(features.end(), {Target::NoAsserts, Target::NoBoundsQuery});
    return Target(Target::Linux, Target::X86, 64, row.tune, features);
  }
  return std::nullopt;
}

std::string kernelTargetNames() {
  std::string names;
  for (const Row &row : rows())
    names += (names.empty() ? "`" : ", `") + std::string(row.name) + "`";
  return names;
}

} // namespace weft::emit
