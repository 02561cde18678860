// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Says whether a solution is one. Shares no code with the solvers and is kept simple on purpose: one sweep over time
// with the live bytes in an ordered map. Everything that plans memory is followed by a call of this.
#pragma once

#include "compiler/MemoryPlan/Problem.h"

#include <optional>
#include <string>
#include <vector>

namespace weft::memplan {

/// What the solution breaks, at most `limit` sentences: wrong number of offsets, negative, unaligned, not where pinned,
/// group members apart from their deltas, bytes shared at some time, and bytes beyond `capacity` where that is given.
std::vector<std::string> validate(const Problem &problem, const Solution &solution,
                                  std::optional<int64_t> capacity = std::nullopt, size_t limit = 10);

} // namespace weft::memplan
