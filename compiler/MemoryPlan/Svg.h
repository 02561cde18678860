// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Draws a plan: time across, bytes up, one rectangle a buffer with its name, size and place in the tooltip.
#pragma once

#include "compiler/MemoryPlan/Problem.h"

#include <optional>
#include <string>

namespace weft::memplan {

/// A whole SVG file. The lower bound, and the capacity where there is one, are drawn as lines.
std::string drawSvg(const Problem &problem, const Solution &solution, int64_t lowerBound,
                    std::optional<int64_t> capacity = std::nullopt);

} // namespace weft::memplan
