// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where boxes and arrows of a diagram go: layers from top to bottom. Plain geometry, no text.
//
// The classic method (Sugiyama, Tagawa, Toda, Methods for visual understanding of hierarchical system structures, 1981):
// 1. the layer of a box is the longest way to it; 2. an arrow over several layers gets a point in each; 3. points of a
// layer are sorted by the mean of their neighbours', downwards and upwards in turn, and the order with the fewest
// crossings is kept; 4. in that order each point goes as near as it can to the middle of its neighbours, upwards and downwards in turn: least squares with
// minimal distances, which is isotonic regression and solved exactly by pooling neighbours (Barlow et al., 1972).
#pragma once

#include "compiler/Draw/Diagram.h"

namespace weft::draw {

struct Point {
  double x = 0, y = 0;
};

struct BoxSize {
  double width, height;
};

struct Layout {
  std::vector<Point> boxes;               ///< centres
  std::vector<std::vector<Point>> arrows; ///< from the lower edge of one box to the upper edge of the other; they bend
                                          ///< only where no box is beside them
  double width = 0, height = 0;
};

/// `sizes` has one entry a box, `arrows` point to higher numbers. Nothing overlaps and everything lies in
/// [0, width] x [0, height].
Layout layOut(const std::vector<BoxSize> &sizes, const std::vector<Arrow> &arrows);

} // namespace weft::draw
