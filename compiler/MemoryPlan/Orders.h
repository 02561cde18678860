// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The orders in which buffers are considered: by the most crowded section they live in, size, area, length, and
// mixtures with noise. No single one is right; the solvers take them in turns. Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Model.h"

#include <random>

namespace weft::memplan {

/// What an order looks at first, second, third; descending.
enum class OrderBy : uint8_t {
  CrowdLengthArea, ///< the three of MiniMalloc, as the first two and the fourth
  CrowdAreaLength,
  LengthAreaCrowd,
  AreaCrowdLength,
  SizeLengthCrowd,
  SectionsSizeCrowd,
};
constexpr int orderKinds = 6;

class Orders {
public:
  explicit Orders(const Model &model);

  /// Items, the first one first. `noise` is the standard deviation of the factor's logarithm; 0 for the order itself.
  std::vector<int> items(OrderBy by, double noise, std::mt19937 &random) const;
  /// The same as priorities of rectangles: the higher, the earlier.
  std::vector<int> rectPriorities(OrderBy by, double noise, std::mt19937 &random) const;

  /// An order by size * length^a * crowd^b, times noise. What lives where at least `stack` times the most is alive goes
  /// first, by length: at the bottom, the longest lowest, it makes a floor without holes in the most crowded sections.
  /// What is as large as `huge` times the most alive goes before even that, of it what belongs to the floor first: on
  /// top of the floor it would find no hole.
  struct Mixture {
    double stack = 0; ///< 0: no such floor
    double length = 0, crowd = 0, noise = 0;
    double huge = 0; ///< 0: nothing goes before
  };
  /// Items by such a mixture; `urgency`, one an item, is added to the logarithm.
  std::vector<int> mixed(const Mixture &mix, const std::vector<double> &urgency, std::mt19937 &random) const;

private:
  struct Measure {
    double crowd = 0, length = 0, area = 0, size = 0, sections = 0;
  };
  std::vector<int> sorted(const std::vector<Measure> &measures, OrderBy by, double noise, std::mt19937 &random) const;

  std::vector<Measure> ofItem, ofRect;
  double mostCrowd = 0;
};

} // namespace weft::memplan
