// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Loops over several strided tensors at once, merged into as few and as long ones as their strides allow.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <cstdint>

namespace weft {

/// Row-major strides, in elements.
inline llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0; stride *= shape[dim])
    strides[dim] = stride;
  return strides;
}

/// Nested loops, outermost first, that walk N tensors together.
template <size_t N> class StridedLoops {
public:
  /// `strides[t][d]` is tensor t's step in dimension d, 0 where it is repeated.
  StridedLoops(llvm::ArrayRef<int64_t> shape, std::array<llvm::ArrayRef<int64_t>, N> strides) {
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      Loop loop{shape[dim], {}};
      for (size_t t = 0; t < N; ++t)
        loop.steps[t] = strides[t][dim];
      if (loop.extent == 1)
        continue;
      if (!loops.empty() && follows(loops.back(), loop))
        loops.back() = {loops.back().extent * loop.extent, loop.steps};
      else
        loops.push_back(loop);
    }
    if (loops.empty())
      loops.push_back({1, {}});
  }

  /// Calls `run(offsets, count, steps)` for each innermost loop.
  template <typename Run> void forEach(Run run) const { walk(0, {}, run); }

private:
  struct Loop {
    int64_t extent;
    std::array<int64_t, N> steps;
  };

  /// Whether `inner` continues where a step of `outer` begins, for every tensor.
  static bool follows(const Loop &outer, const Loop &inner) {
    for (size_t t = 0; t < N; ++t)
      if (outer.steps[t] != inner.steps[t] * inner.extent)
        return false;
    return true;
  }

  template <typename Run> void walk(size_t depth, std::array<int64_t, N> offsets, Run &run) const {
    const Loop &loop = loops[depth];
    if (depth + 1 == loops.size())
      return run(offsets, loop.extent, loop.steps);
    for (int64_t i = 0; i < loop.extent; ++i) {
      walk(depth + 1, offsets, run);
      for (size_t t = 0; t < N; ++t)
        offsets[t] += loop.steps[t];
    }
  }

  llvm::SmallVector<Loop> loops;
};

} // namespace weft
