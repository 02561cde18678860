// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Exact branch and bound: is there a plan within H bytes? One instance can be run many times, with other orders and
// limits; what it does is told in README.md, section "The search". Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Model.h"

#include <functional>
#include <limits>

namespace weft::memplan {

/// How the search chooses what to decide next. All choices are complete; they differ in what they find first, and which
/// is right differs by instance, so they are run in turns.
enum class Branching : uint8_t {
  FewestCandidates,      ///< the section in which the fewest rectangles can be the next one up
  FewestCandidatesDense, ///< the same, ties to the section where more is still to be placed
  LowestSection,         ///< the section whose floor is lowest
  TightestSection,       ///< few candidates times little slack; the highest priority in it, not the lowest offset
};

enum class Verdict : uint8_t {
  Found,
  Impossible, ///< proven
  Unknown,    ///< a limit was reached
};

class Search {
public:
  explicit Search(const Model &model);

  struct Setting {
    int64_t height = 0;                ///< bytes there are
    Branching branching = {};          //
    bool backwards = false;            ///< among equal sections the last goes first
    std::vector<int> priority;         ///< per rectangle; higher goes first among equals
    int64_t stepLimit = 0;             ///< placements tried
    int64_t workLimit = std::numeric_limits<int64_t>::max(); ///< rectangles looked at
    std::function<bool()> outOfBudget; ///< asked now and then
  };

  Verdict run(const Setting &setting);
  /// The bases found by the last run that said Found.
  const std::vector<int64_t> &bases() const { return base; }
  int64_t steps() const { return stepCount; } ///< of the last run
  int64_t work() const { return workCount; }  ///< of the last run: rectangles looked at

  /// Bytes the tables of a search would take; large problems are not for it.
  static double tableBytes(const Model &model);

private:
  struct Undo {
    enum Kind : uint8_t { Key, Real, Ban, Support, Fix, Place, Section } kind;
    int index;
    int64_t value, second;
  };

  void buildTables();
  void reset();
  void undoTo(size_t mark);

  // Propagation: bounds go up until nothing changes or a section overflows.
  bool raise(int rect, int64_t offset);
  bool setKey(int item, int64_t newBase);
  void moveTo(int item, int64_t newKey);
  void markDirty(int rect);
  bool refreshSection(int section);
  bool support(int item);
  bool withdrawSupport(int rect);
  bool aroundFixed(int rect);
  bool besideFixed(int rect);
  bool propagate(bool consistent);

  // Decisions.
  bool fixItem(int item);
  bool place(int rect);
  bool ban(int item);

  // Choice.
  bool isBanned(int item) const { return banAt[item] >= 0 && banAt[item] == real[item]; }
  bool isPlaceable(int rect) const;
  double score(int section) const;
  int candidateIn(int section) const;
  int choose(int begin, int end);
  int lowestIn(int begin, int end) const;

  bool solveRange(int begin, int end);
  bool searchPart(int begin, int end);
  bool stop();

  const Model &model;
  const Setting *setting = nullptr;
  int64_t height = 0;

  // Per rectangle, fixed by the model.
  std::vector<int> neighbourStart, neighbours; ///< rectangles of other items active together with this one
  std::vector<int> slotStart;                  ///< where the positions of a rectangle in its sections' lists begin
  std::vector<int> spanBegin, spanEnd;         ///< per item: its sections, with those between its rectangles
  std::vector<int> sectionStart;               ///< per section: where its list begins in `members`

  // State. `key` is a lower bound for the base of an item; `real` is the part of it that placed rectangles cause.
  std::vector<int64_t> key, real, banAt;
  std::vector<int64_t> base;
  std::vector<uint8_t> fixed, placed;
  std::vector<int> banned;               ///< items in the order of their bans
  std::vector<int> supportOf;            ///< per item: the rectangle that explains its key while it is banned
  std::vector<int> supports;             ///< per rectangle: how many items it supports
  int fixedOpen = 0;                     ///< rectangles that are fixed and not placed
  std::vector<int64_t> at;               ///< per rectangle: key + rel
  std::vector<int64_t> openTop;          ///< per rectangle: its end when it lies at its key; infinite once placed
  std::vector<int> members, slots, open; ///< open: the first so many in a section's list are not placed
  std::vector<int64_t> floorOf, rest;    ///< per section: least offset and sum of sizes of what is not placed
  std::vector<int> candidates;           ///< per section: how many could be its next one up
  std::vector<int> unplacedRects;        ///< per item
  std::vector<int> crossing;             ///< per border between sections: unplaced items on both sides

  int64_t supportsSought = 0; ///< since the last propagation ended

  std::vector<Undo> trail;
  std::vector<int> raised;
  std::vector<int> dirtyChange; ///< per section: marks that begin less marks that end there
  int dirtyBegin = 0, dirtyEnd = 0;
  std::vector<double> scores; ///< per section, while choosing
  int64_t stepCount = 0;
  mutable int64_t workCount = 0;
  bool aborted = false;    ///< a limit was reached
  bool incomplete = false; ///< a choice was cut that has no proof; "impossible" cannot be said any more
};

} // namespace weft::memplan
