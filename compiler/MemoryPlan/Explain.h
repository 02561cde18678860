// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Says why a capacity is not met, in terms of the problem: the time at which most is alive, what is alive there, and
// how many bytes too many that is.
#pragma once

#include "compiler/MemoryPlan/Problem.h"

#include <string>
#include <vector>

namespace weft::memplan {

/// The moment at which the most bytes are alive.
struct Crowd {
  int64_t time = 0;
  int64_t bytes = 0;        ///< their sum
  std::vector<int> buffers; ///< those alive then, largest first
};
Crowd mostCrowded(const Problem &problem);

/// Lines of text for a plan of `peak` bytes that does not fit. `impossible`: that no plan fits is proven, by
/// `lowerBound`.
std::string explainMisfit(const Problem &problem, int64_t capacity, int64_t peak, int64_t lowerBound, bool impossible);

} // namespace weft::memplan
