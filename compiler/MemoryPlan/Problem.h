// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A static memory planning problem and its answer, as plain data: buffers with sizes and lifetimes go in, one offset
// for each comes out. Everything else in this folder reads these structs; nothing here knows how they are solved.
//
// Conventions. Sizes, offsets, alignments and deltas are bytes. Times are points of any clock (the compiler uses the
// index of the launch); a lifetime is half open, so a buffer that dies at 5 and one that is born at 5 may share bytes.
// Two buffers conflict when both are active at some time; conflicting buffers must not share a byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::memplan {

/// Bytes [lower, upper) of a buffer, counted from its offset.
struct Window {
  int64_t lower = 0;
  int64_t upper = 0;
  bool operator==(const Window &) const = default;
};

/// A part [lower, upper) of a lifetime in which the buffer holds nothing, or, with a window, nothing outside it.
struct Gap {
  int64_t lower = 0;
  int64_t upper = 0;
  std::optional<Window> window;
  bool operator==(const Gap &) const = default;
};

struct Buffer {
  std::string name;      ///< for messages and files; unique in the problem
  int64_t lower = 0;     ///< first time at which the bytes are needed
  int64_t upper = 0;     ///< first time at which they are not
  int64_t size = 0;      ///< 0 is allowed: such a buffer conflicts with nothing
  int64_t alignment = 1; ///< the offset is a multiple of it; any positive number, not only powers of two
  std::vector<Gap> gaps; ///< inside the lifetime, ascending, disjoint
  int group = -1;        ///< index into Problem::groups, -1: none
  int64_t delta = 0;     ///< members of a group sit at base + delta, one base a group; each has its own lifetime
  std::optional<int64_t> pinned; ///< the offset, where it is decided already
  bool operator==(const Buffer &) const = default;
};

struct Problem {
  std::vector<Buffer> buffers;
  std::vector<std::string> groups; ///< names of the groups

  /// The group of this name, made when there is none.
  int groupNamed(const std::string &name);
  bool operator==(const Problem &) const = default;
};

/// Offsets, in the order of Problem::buffers.
struct Solution {
  std::vector<int64_t> offsets;
  bool operator==(const Solution &) const = default;
};

/// What is wrong with a problem, one sentence a finding, naming the buffer; empty when a solver may have it. Also finds
/// groups and pins that contradict themselves, and sums that would not fit 62 bits.
std::vector<std::string> check(const Problem &problem);

/// The bytes an arena needs for this solution: the largest offset + size.
int64_t peakBytes(const Problem &problem, const Solution &solution);

} // namespace weft::memplan
