// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The anytime part: first fit in many orders, remembering what worked. It starts with orders that are good on their
// own, then walks from the best one, hurrying the items that ended too high. Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Model.h"
#include "compiler/MemoryPlan/Orders.h"

#include <functional>

namespace weft::memplan {

class Improve {
public:
  Improve(const Model &model, const Orders &orders, int64_t lowerBound);

  /// One more pass of first fit; true when its plan is smaller than all before. `isLate`: see firstFit.
  bool pass(const std::function<bool()> &isLate);
  /// Passes that are not random.
  static int plannedPasses();

  int64_t peak() const { return bestPeak; }
  const std::vector<int64_t> &bases() const { return bestBases; }

private:
  Orders::Mixture nextMixture();
  void hurry(const std::vector<int64_t> &bases);
  double uniform() { return random() / 4294967296.0; }

  const Model &model;
  const Orders &orders;
  int64_t lowerBound;
  std::mt19937 random{1};
  int passes = 0;
  int64_t bestPeak = -1;
  std::vector<int64_t> bestBases;
  Orders::Mixture bestMixture;
  std::vector<double> urgency, bestUrgency;
};

} // namespace weft::memplan
