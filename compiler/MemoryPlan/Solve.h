// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The one entry to planning: a problem and a budget in, offsets and what is known about them out. The algorithm is told
// in this folder's README.md.
#pragma once

#include "compiler/MemoryPlan/Problem.h"

#include <functional>
#include <optional>
#include <string>

namespace weft::memplan {

/// How far a running solver is.
struct Progress {
  double seconds = 0;     ///< since the call of solve
  int64_t peak = 0;       ///< of the best solution so far
  int64_t lowerBound = 0; ///< proven so far
  const char *stage = ""; ///< "order", "improve" or "search"
};

struct Options {
  double budgetSeconds = 10; ///< wall time; the best solution so far is returned when it is over

  /// Steps of the search, after which it ends as if the budget were over; 0: no limit. Unlike a time it cuts at the
  /// same place on every machine: a compilation that must be reproducible sets this and a generous budget.
  int64_t stepLimit = 0;

  /// The same for what the search does in its steps, as the number of times it looks at a rectangle; 0: no limit. A step may
  /// look at a dozen of them, and where large groups lock, at a hundred thousand.
  int64_t workLimit = 0;

  /// Both limits are for solutions this far above the lower bound, as a part of it, or farther; nearer ones are worth as much
  /// less of them. 0: the same for all.
  double gapForLimits = 0;

  std::optional<int64_t> capacity =
      std::nullopt;      ///< bytes there are; a solution within it ends the search unless `minimize` is set
  bool minimize = false; ///< with a capacity: go on to the smallest peak. Without one that is always the aim
  int64_t rounding = 1;  ///< arenas are multiples of these bytes: peaks that round up to the same are equally good

  std::function<bool(const Progress &)> progress =
      nullptr; ///< called at each improvement; returning false ends the search
};

struct Result {
  Solution solution;             ///< always complete and valid when the problem passes check()
  int64_t peak = 0;              ///< bytes the solution needs
  int64_t lowerBound = 0;        ///< no solution needs fewer
  bool provenOptimal = false;    ///< no solution has a smaller peak (a tightened lowerBound says so too)
  bool fits = true;              ///< peak is within the capacity, or none was given
  bool provenInfeasible = false; ///< no solution fits the capacity
  std::string stage;             ///< which part of the solver found the solution
  int64_t steps = 0;             ///< steps of the search, as counted by Options::stepLimit
  int64_t work = 0;              ///< of the search, as counted by Options::workLimit
  double seconds = 0;            ///< wall time of the call
  double bestSeconds = 0;        ///< wall time until this solution was found

  /// When the capacity is not met: at which time, which buffers, how many bytes too many. Lines of text.
  std::string explanation;
};

/// Plans. The problem must pass check(); a problem that does not gives an empty solution with the findings as
/// explanation.
Result solve(const Problem &problem, const Options &options = {});

} // namespace weft::memplan
