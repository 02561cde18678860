// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One row a CPU. Halide's larger AVX-512 sets do not imply the smaller ones: each is listed.
#include "compiler/Emit/Halide/Target.h"

namespace weft::emit {

namespace {

struct Row {
  const char *name, *features; // beyond x86-64-v3
};

constexpr Row rows[] = {
    {"x86-64-v3", ""},
    {"x86-64-v4", "-avx512-avx512_skylake"},
    {"znver4", "-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4-tune_znver4"},
    {"znver5", "-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4-avx512_zen5-tune_znver5"},
    {"sapphirerapids", "-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4-avx512_sapphirerapids-avxvnni"},
};

} // namespace

std::optional<std::string> halideTarget(const std::string &name, bool asserts) {
  for (const Row &row : rows)
    if (name == row.name)
      return std::string("x86-64-linux-sse41-avx-avx2-fma-f16c") + row.features + "-no_runtime-user_context" +
             (asserts ? "" : "-no_asserts-no_bounds_query");
  return std::nullopt;
}

std::string halideTargetNames() {
  std::string names;
  for (const Row &row : rows)
    names += (names.empty() ? "`" : ", `") + std::string(row.name) + "`";
  return names;
}

} // namespace weft::emit
