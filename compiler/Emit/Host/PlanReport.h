// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a plan costs, as numbers: `weftc --emit=plan --json FILE`.
#pragma once

#include "dialects/Plan/Plan.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <string>
#include <vector>

namespace weft::emit {

struct PlanReport {
  /// One step; names are those of launches, a border or copy is named by what asked for it.
  struct Step {
    std::string kind; ///< "launch", "border" or "copy"
    std::string path, kernel, why;
    int64_t liveBytes = 0;     ///< of the arena, while the step runs
    int64_t borderBytes = 0;   ///< of these, borders
    int64_t scratchBytes = 0;  ///< the kernel works in, with all threads of the arena; part of what is alive
    int64_t strips = 0;        ///< of rows, in which the threads of the arena share a chain; 0: none are cut
    int64_t againPermille = 0; ///< of the work of a chain, what its strips compute a second time
    int64_t bytes = 0;         ///< filled by a border, copied by a copy
    bool inPlace = false;
  };

  /// A layer of a graph network: whether it multiplies or aggregates first, and the bytes between for the one and the
  /// other.
  struct Product {
    std::string path, order;
    int64_t bytes = 0, otherBytes = 0;
  };

  std::string name;
  int64_t arenaBytes = 0;      ///< all there is with `threads` threads
  int64_t lowerBoundBytes = 0; ///< most bytes alive at once
  int64_t tensorBytes = 0;     ///< most bytes of tensors alive at once: the lower bound without scratch memory
  int64_t bareBytes = 0;       ///< the same without borders: what no kernel could do without
  int64_t threads = 1;
  int64_t threadBytes = 0; ///< each further thread adds
  int64_t weightBytes = 0;
  int64_t borderBytes = 0;      ///< all borders together
  int64_t peakBorderBytes = 0;  ///< the borders alive when most bytes are
  int64_t peakScratchBytes = 0; ///< the scratch memory then
  int64_t copiedBytes = 0;      ///< a run
  std::map<std::string, int64_t> copiedBytesByReason;
  unsigned inPlace = 0;
  std::vector<Product> products;
  std::vector<Step> steps;
  std::string peak; ///< path of the first step with most bytes alive

  int64_t gapBytes() const { return arenaBytes - lowerBoundBytes; }
  /// What is in the arena besides bare tensors, and its parts: what borders raise the most alive by, what scratch
  /// memory raises that by, and alignment with what the arrangement loses.
  int64_t overheadBytes() const { return arenaBytes - bareBytes; }
  int64_t borderOverheadBytes() const { return tensorBytes - bareBytes; }
  int64_t scratchOverheadBytes() const { return lowerBoundBytes - tensorBytes; }
  double overheadPercent() const { return bareBytes ? 100.0 * double(overheadBytes()) / double(bareBytes) : 0; }
};

/// All bytes are for the largest run-time sizes.
PlanReport reportPlan(plan::ProgramOp program);
void printJson(const PlanReport &report, llvm::raw_ostream &out);

} // namespace weft::emit
