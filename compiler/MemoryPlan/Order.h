// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Chooses the order in which operations run so that the most bytes alive at once are few: exactly where blocks are
// small, by beams and windows where they are not. The answer is never worse than the order as listed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::memplan {

/// Operations as listed, which must be a possible order, and the storage they use. Storage comes alive when the first
/// operation that writes it starts and dies when the last one that reads or writes it has ended; storage nobody writes
/// (inputs) and storage of size 0 (what lives elsewhere) costs nothing.
struct OrderProblem {
  struct Operation {
    std::vector<int> reads;  ///< indices into sizes
    std::vector<int> writes; ///< likewise
    std::vector<int> after; ///< operations listed before it that must run before it; all of them, also those that write
                            ///< what it reads or read what it overwrites
  };
  std::vector<int64_t> sizes; ///< bytes
  std::vector<Operation> operations;
};

/// What is wrong with the problem, one sentence a finding.
std::vector<std::string> check(const OrderProblem &problem);

/// The most bytes alive at once in this order. Simple, and independent of the search.
int64_t orderPeakBytes(const OrderProblem &problem, const std::vector<int> &order);

/// True when the order is a permutation in which each operation runs after those it must.
bool isOrder(const OrderProblem &problem, const std::vector<int> &order);

struct OrderOptions {
  double budgetSeconds = 0.2;   ///< wall time
  int64_t stateLimit = 400'000; ///< states of one exact search; bounds its memory to about 100 bytes each
  int64_t workLimit = 0; ///< of all searches, as the number of times they look at an operation: cuts where a state limit
                         ///< does not, in orders of thousands; 0: no limit
};

struct OrderResult {
  std::vector<int> order;
  int64_t peak = 0;
  bool provenOptimal = false;
};

/// The problem must pass check.
OrderResult chooseOrder(const OrderProblem &problem, const OrderOptions &options = {});

} // namespace weft::memplan
