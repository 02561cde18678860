// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Problems as comma-separated values, in the format of MiniMalloc: a header, then one buffer a line.
//
// Columns, in any order: `id` (or `buffer`, `buffer_id`), `lower` (`begin`, `start`), `upper` (or `end`, which counts
// the last time in), `size`; and, where wanted, `alignment`, `gaps` (`3-5 8-9@0:64`: a window after the @), `group`
// with `delta`, and `offset`, which pins the buffer. Empty cells mean the column's default; other columns are kept and
// ignored.
#pragma once

#include "compiler/MemoryPlan/Problem.h"

#include <string>
#include <string_view>
#include <vector>

namespace weft::memplan {

/// A file as read: the problem, and the cells, so that what comes out has the columns that went in.
struct Csv {
  Problem problem;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows; ///< in the order of problem.buffers
  std::vector<std::string> errors; ///< "line 3: ...", at most ten; the rest is meaningless when there are any
};

Csv parseCsv(std::string_view text);

/// The same file with the column `offset`, replaced or added as the last one.
std::string printCsv(const Csv &csv, const Solution &solution);

} // namespace weft::memplan
