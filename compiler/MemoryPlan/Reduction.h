// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Takes out of a model what lives through all of it: in any plan such items can be moved to the bottom and the rest
// lowered onto them, so they need no search. Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Model.h"

namespace weft::memplan {

struct Reduction {
  Model model;             ///< what is left
  std::vector<int> itemOf; ///< per item left: its index in the whole model
  std::vector<int> bottom; ///< items of the whole model taken out, the lowest first
  int64_t height = 0;      ///< of the bottom ones together

  explicit Reduction(const Model &whole);

  /// Bases of the whole model from those of what is left.
  std::vector<int64_t> restore(const Model &whole, const std::vector<int64_t> &bases) const;
};

} // namespace weft::memplan
