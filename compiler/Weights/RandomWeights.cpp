// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Weights drawn at random; the header is the definition.

#include "compiler/Weights/RandomWeights.h"

#include "mlir/IR/Threading.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace weft {
namespace {

constexpr uint64_t gamma = 0x9E3779B97F4A7C15;

uint64_t finish(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

uint64_t fnv1a64(StringRef text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

struct Range {
  double low, high;
};

Range rangeOf(StringRef path, mlir::RankedTensorType type) {
  if (path.ends_with("running_var"))
    return {0.5, 1.5};
  if (path.ends_with("running_mean"))
    return {-0.1, 0.1};
  if (type.getRank() >= 2) {
    const int64_t fanIn = std::max<int64_t>(1, type.getNumElements() / std::max<int64_t>(1, type.getDimSize(0)));
    const double bound = std::sqrt(6.0 / static_cast<double>(fanIn));
    return {-bound, bound};
  }
  return path.ends_with("weight") ? Range{0.75, 1.25} : Range{-0.1, 0.1};
}

#if defined(__x86_64__)
#define WEFT_WIDE_TOO __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"))) // v4 multiplies 64-bit integers
#else
#define WEFT_WIDE_TOO
#endif

WEFT_WIDE_TOO void draw(uint64_t start, Range range, float *to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = static_cast<int32_t>(finish(start + (i + 1) * gamma) >> 40); // of 24, which convert fastest signed
    const double above = (range.high - range.low) * (bits * 0x1p-24); // a statement of its own: never contracted
    to[i] = static_cast<float>(range.low + above);
  }
}

} // namespace

HostTensor drawWeight(uint64_t seed, StringRef path, mlir::RankedTensorType type) {
  HostTensor tensor = HostTensor::allocate(type);
  constexpr int64_t atOnce = 1 << 20; // elements a thread: their memory is new, and cleared by whoever writes first
  const uint64_t start = finish(seed + gamma) ^ fnv1a64(path);
  const Range range = rangeOf(path, type);
  float *to = reinterpret_cast<float *>(tensor.writable());
  mlir::parallelFor(type.getContext(), 0, divideCeil(tensor.elements(), atOnce), [&](size_t number) {
    const int64_t first = number * atOnce;
    draw(start + first * gamma, range, to + first, std::min(atOnce, tensor.elements() - first));
  });
  return tensor;
}

} // namespace weft
