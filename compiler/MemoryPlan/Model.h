// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A problem as the solvers see it: rectangles (a buffer between two of its gaps) that belong to items (what moves as
// one: a buffer, or a group), and time cut into sections. Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Congruence.h"
#include "compiler/MemoryPlan/Problem.h"

#include <cstdint>
#include <vector>

namespace weft::memplan {

/// Bytes [base + rel, base + rel + size) of an item, during sections [begin, end).
struct Rect {
  int begin = 0;
  int end = 0;
  int64_t size = 0;
  int64_t rel = 0;
  int64_t length = 0; ///< in units of the problem's clock
  int item = 0;
  int buffer = 0;
};

/// What moves as one. Its rectangles are Model::rects[firstRect, firstRect + rectCount), possibly none.
struct Item {
  int firstRect = 0;
  int rectCount = 0;
  Congruence place;   ///< the bases its members' alignments allow
  int64_t fixed = -1; ///< the base, where a pin decides it
  int64_t height = 0; ///< the largest rel + size of its buffers
};

struct Model {
  std::vector<Rect> rects;
  std::vector<Item> items;
  /// A time at which all rectangles of the section are active. Two rectangles are active together at some time exactly
  /// if they share a section: sections are the maximal sets of rectangles active together, in order of time.
  std::vector<int64_t> sectionTime;
  std::vector<int> itemOf;    ///< per buffer
  std::vector<int64_t> relOf; ///< per buffer: its offset - its item's base

  explicit Model(const Problem &problem);

  int sections() const { return static_cast<int>(sectionTime.size()); }
  Solution solutionFrom(const std::vector<int64_t> &bases) const;
};

/// Bytes alive, by section.
std::vector<int64_t> sectionLoads(const Model &model);

/// A number of bytes that divides the peak of every plan in which nothing can be lowered.
int64_t granuleBytes(const Model &model);

/// Bytes below which no arena can be, by section: what lives there, with what alignment makes unusable.
std::vector<int64_t> sectionBounds(const Model &model);

/// The largest section bound, item height and end of a pinned item.
int64_t lowerBoundBytes(const Model &model);

/// The bytes the bases need.
int64_t peakBytes(const Model &model, const std::vector<int64_t> &bases);

} // namespace weft::memplan
