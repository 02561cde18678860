// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The branch and bound. Each item has a lower bound for its base, its key. A decision takes an item whose key nothing
// unplaced can undercut and says: it lies exactly there, or above. "There" raises everything it overlaps; "above" means
// that it must rest on something still unplaced, which raises it too. A section whose floor (the least key in it) plus
// what is unplaced exceeds the height ends the branch; so tight instances leave little to decide.
#include "compiler/MemoryPlan/Search.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

using namespace weft::memplan;

namespace {
constexpr int64_t infinite = std::numeric_limits<int64_t>::max();
constexpr int supportsPerRect = 64;                                  ///< looked for in one propagation
constexpr double hopeless = std::numeric_limits<double>::infinity(); ///< the score of a section not to branch in
} // namespace

//===----------------------------------------------------------------------===//
// Tables and state
//===----------------------------------------------------------------------===//

double Search::tableBytes(const Model &model) {
  // Each rectangle overlaps those alive at its birth and those born while it lives: count by sections.
  std::vector<int64_t> alive(model.sections() + 1, 0), born(model.sections() + 1, 0);
  double lists = 0, overlaps = 0;
  for (const Rect &rect : model.rects) {
    ++alive[rect.begin];
    --alive[rect.end];
    ++born[rect.begin];
    lists += rect.end - rect.begin;
  }
  int64_t now = 0;
  for (int s = 0; s < model.sections(); ++s) {
    overlaps += static_cast<double>(born[s]) * (now += alive[s]);
  }
  return 8 * overlaps + 8 * lists;
}

Search::Search(const Model &model) : model(model) { buildTables(); }

void Search::buildTables() {
  const std::vector<Rect> &rects = model.rects;
  int sections = model.sections(), count = static_cast<int>(rects.size());
  std::vector<std::vector<int>> lists(sections);
  slotStart.assign(count + 1, 0);
  for (int r = 0; r < count; ++r) {
    slotStart[r + 1] = slotStart[r] + rects[r].end - rects[r].begin;
    for (int s = rects[r].begin; s < rects[r].end; ++s)
      lists[s].push_back(r);
  }
  sectionStart.assign(1, 0);
  for (const std::vector<int> &list : lists)
    sectionStart.push_back(sectionStart.back() + static_cast<int>(list.size()));

  neighbourStart.assign(1, 0);
  std::vector<int> seenBy(count, -1);
  for (int r = 0; r < count; ++r) {
    for (int s = rects[r].begin; s < rects[r].end; ++s)
      for (int q : lists[s])
        if (rects[q].item != rects[r].item && std::exchange(seenBy[q], r) != r)
          neighbours.push_back(q);
    neighbourStart.push_back(static_cast<int>(neighbours.size()));
  }

  spanBegin.assign(model.items.size(), sections);
  spanEnd.assign(model.items.size(), 0);
  for (const Rect &rect : rects) {
    spanBegin[rect.item] = std::min(spanBegin[rect.item], rect.begin);
    spanEnd[rect.item] = std::max(spanEnd[rect.item], rect.end);
  }
}

void Search::reset() {
  const std::vector<Rect> &rects = model.rects;
  int sections = model.sections(), items = static_cast<int>(model.items.size());
  int count = static_cast<int>(rects.size());
  key.assign(items, -1);
  real.assign(items, 0);
  banAt.assign(items, -1);
  base.assign(items, 0);
  fixed.assign(items, 0);
  placed.assign(count, 0);
  at.assign(count, 0);
  openTop.assign(count, 0);
  unplacedRects.assign(items, 0);
  rest.assign(sections, 0);
  floorOf.assign(sections, 0);
  candidates.assign(sections, 0);
  crossing.assign(sections + 1, 0);
  open.assign(sections, 0);
  members.resize(sectionStart.back());
  slots.resize(slotStart.back());
  for (int r = 0; r < count; ++r) {
    ++unplacedRects[rects[r].item];
    for (int s = rects[r].begin; s < rects[r].end; ++s) {
      rest[s] += rects[r].size;
      slots[slotStart[r] + s - rects[r].begin] = sectionStart[s] + open[s];
      members[sectionStart[s] + open[s]++] = r;
    }
  }
  for (int i = 0; i < items; ++i)
    for (int border = spanBegin[i] + 1; border < spanEnd[i]; ++border)
      ++crossing[border];
  banned.clear();
  supportOf.assign(items, -1);
  supports.assign(count, 0);
  fixedOpen = 0;
  trail.clear();
  raised.clear();
  dirtyChange.assign(sections + 1, 0);
  dirtyBegin = sections;
  dirtyEnd = 0;
  scores.assign(sections, 0);
}

void Search::undoTo(size_t mark) {
  for (; trail.size() > mark; trail.pop_back()) {
    const Undo &undo = trail.back();
    switch (undo.kind) {
    case Undo::Key:
      moveTo(undo.index, undo.value);
      break;
    case Undo::Real:
      real[undo.index] = undo.value;
      break;
    case Undo::Ban:
      banAt[undo.index] = undo.value;
      banned.pop_back();
      break;
    case Undo::Support:
      --supports[supportOf[undo.index]];
      supportOf[undo.index] = static_cast<int>(undo.value);
      if (undo.value >= 0)
        ++supports[undo.value];
      break;
    case Undo::Fix:
      fixed[undo.index] = 0;
      fixedOpen -= model.items[undo.index].rectCount;
      break;
    case Undo::Section:
      floorOf[undo.index] = undo.value;
      candidates[undo.index] = static_cast<int>(undo.second);
      break;
    case Undo::Place: {
      const Rect &rect = model.rects[undo.index];
      placed[undo.index] = 0;
      ++fixedOpen;
      openTop[undo.index] = at[undo.index] + rect.size;
      for (int s = rect.begin; s < rect.end; ++s) {
        rest[s] += rect.size;
        ++open[s]; // the last one closed is the first behind the open ones
      }
      if (unplacedRects[rect.item]++ == 0)
        for (int border = spanBegin[rect.item] + 1; border < spanEnd[rect.item]; ++border)
          ++crossing[border];
      break;
    }
    }
  }
}

//===----------------------------------------------------------------------===//
// Propagation
//===----------------------------------------------------------------------===//

/// The sections of this rectangle are refreshed by the next propagate. Marks are differences, summed up once: where
/// hundreds of long rectangles are raised together, marking each of their sections would cost more than refreshing.
void Search::markDirty(int r) {
  const Rect &rect = model.rects[r];
  ++dirtyChange[rect.begin];
  --dirtyChange[rect.end];
  dirtyBegin = std::min(dirtyBegin, rect.begin);
  dirtyEnd = std::max(dirtyEnd, rect.end);
}

void Search::moveTo(int i, int64_t newKey) {
  key[i] = newKey;
  const Item &item = model.items[i];
  workCount += item.rectCount;
  for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
    at[r] = newKey + model.rects[r].rel;
    openTop[r] = at[r] + model.rects[r].size;
  }
}

/// The item's base is at least this, which its alignments allow.
bool Search::setKey(int i, int64_t newBase) {
  if (newBase <= key[i])
    return true;
  const Item &item = model.items[i];
  if (fixed[i] || newBase > height - item.height)
    return false;
  trail.push_back({Undo::Key, i, key[i], 0});
  moveTo(i, newBase);
  for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
    raised.push_back(r);
    markDirty(r);
  }
  return true;
}

/// The offset of this rectangle is at least this.
bool Search::raise(int r, int64_t offset) {
  const Rect &rect = model.rects[r];
  int64_t from = offset - rect.rel;
  if (from <= key[rect.item])
    return true;
  return setKey(rect.item, model.items[rect.item].place.next(from));
}

/// A banned item rests on something unplaced: it is no lower than the lowest top among those it overlaps. One that is
/// low enough to explain the item's key is remembered; until that one moves there is nothing to look for. Two groups
/// that hang over one another may rest on each other and go up together byte by byte: after many rounds their keys stay
/// where they are, lower than they might be, which costs search but no plan.
bool Search::support(int i) {
  if (++supportsSought > supportsPerRect * (static_cast<int64_t>(model.rects.size()) + 64))
    return true;
  const Item &item = model.items[i];
  int64_t lowest = infinite;
  int lowestRect = -1;
  for (int r = item.firstRect; r < item.firstRect + item.rectCount && lowest > key[i]; ++r)
    for (int n = neighbourStart[r]; n < neighbourStart[r + 1]; ++n, ++workCount) {
      int64_t top = openTop[neighbours[n]];
      if (top == infinite || top - model.rects[r].rel >= lowest)
        continue;
      lowest = top - model.rects[r].rel;
      lowestRect = neighbours[n];
      if (lowest <= key[i])
        break;
    }
  if (lowestRect < 0)
    return false;
  if (lowestRect != supportOf[i]) {
    trail.push_back({Undo::Support, i, supportOf[i], 0});
    if (supportOf[i] >= 0)
      --supports[supportOf[i]];
    supportOf[i] = lowestRect;
    ++supports[lowestRect];
  }
  return lowest <= key[i] || setKey(i, item.place.next(lowest));
}

/// Finds new supports for what counted on this rectangle, which has moved or been placed.
bool Search::withdrawSupport(int r) {
  if (supports[r] == 0)
    return true;
  workCount += static_cast<int64_t>(banned.size());
  for (size_t b = 0; b < banned.size(); ++b) {
    int i = banned[b];
    if (supportOf[i] == r && isBanned(i) && !fixed[i] && !support(i))
      return false;
  }
  return true;
}

/// Whatever cannot pass below a fixed rectangle any more lies above it.
bool Search::aroundFixed(int r) {
  int64_t offset = at[r], top = at[r] + model.rects[r].size;
  workCount += neighbourStart[r + 1] - neighbourStart[r];
  for (int n = neighbourStart[r]; n < neighbourStart[r + 1]; ++n) {
    int q = neighbours[n];
    if (!placed[q] && openTop[q] > offset && !raise(q, top))
      return false;
  }
  return true;
}

/// What a raised rectangle means where something fixed is still unplaced.
bool Search::besideFixed(int r) {
  if (placed[r])
    return true;
  if (fixed[model.rects[r].item])
    return aroundFixed(r);
  workCount += neighbourStart[r + 1] - neighbourStart[r];
  for (int n = neighbourStart[r]; n < neighbourStart[r + 1]; ++n) {
    int q = neighbours[n];
    if (!placed[q] && fixed[model.rects[q].item] && openTop[r] > at[q] && !raise(r, openTop[q]))
      return false;
  }
  return true;
}

/// Floor and candidates of a section whose members' keys have changed; false when it overflows.
bool Search::refreshSection(int s) {
  int64_t least = infinite, limit = height - rest[s];
  int count = 0;
  workCount += open[s];
  for (int m = sectionStart[s], end = m + open[s]; m < end; ++m) {
    int64_t offset = at[members[m]];
    least = std::min(least, offset);
    count += offset <= limit;
  }
  if (open[s] && least > limit)
    return false;
  if (least != floorOf[s] || count != candidates[s]) {
    trail.push_back({Undo::Section, s, floorOf[s], candidates[s]});
    floorOf[s] = least;
    candidates[s] = count;
  }
  return true;
}

/// Until nothing changes; only empties the queues when an inconsistency is known already.
bool Search::propagate(bool consistent) {
  while (consistent && !raised.empty()) {
    int r = raised.back();
    raised.pop_back();
    consistent = withdrawSupport(r) && (fixedOpen == 0 || besideFixed(r));
  }
  for (int s = dirtyBegin, marks = 0; s < dirtyEnd; ++s) {
    marks += std::exchange(dirtyChange[s], 0);
    if (marks > 0 && consistent)
      consistent = refreshSection(s);
  }
  dirtyChange[std::max(dirtyEnd, 0)] = 0;
  dirtyBegin = model.sections();
  dirtyEnd = 0;
  raised.clear();
  supportsSought = 0;
  return consistent;
}

//===----------------------------------------------------------------------===//
// Decisions
//===----------------------------------------------------------------------===//

/// The item lies at its key.
bool Search::fixItem(int i) {
  if (fixed[i])
    return true;
  trail.push_back({Undo::Fix, i, 0, 0});
  fixed[i] = 1;
  base[i] = key[i];
  const Item &item = model.items[i];
  fixedOpen += item.rectCount;
  for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
    if (!aroundFixed(r))
      return false;
  return true;
}

/// The rectangle lies at its key, and everything it overlaps lies above it.
bool Search::place(int r) {
  const Rect &rect = model.rects[r];
  if (model.items[rect.item].rectCount > 1 && !fixItem(rect.item))
    return propagate(false);
  if (!fixed[rect.item]) { // alone in its item: what it overlaps is raised below
    trail.push_back({Undo::Fix, rect.item, 0, 0});
    fixed[rect.item] = 1;
    base[rect.item] = key[rect.item];
    ++fixedOpen;
  }
  trail.push_back({Undo::Place, r, 0, 0});
  placed[r] = 1;
  --fixedOpen;
  markDirty(r);
  for (int s = rect.begin; s < rect.end; ++s) {
    rest[s] -= rect.size;
    // Swap it behind the open ones, where undoing finds it.
    int &mine = slots[slotStart[r] + s - rect.begin];
    int last = sectionStart[s] + --open[s], other = members[last];
    slots[slotStart[other] + s - model.rects[other].begin] = mine;
    members[mine] = other;
    members[last] = r;
    mine = last;
  }
  if (--unplacedRects[rect.item] == 0)
    for (int border = spanBegin[rect.item] + 1; border < spanEnd[rect.item]; ++border)
      --crossing[border];
  openTop[r] = infinite;
  workCount += neighbourStart[r + 1] - neighbourStart[r] + rect.end - rect.begin;
  int64_t top = at[r] + rect.size;
  bool consistent = true;
  for (int n = neighbourStart[r]; consistent && n < neighbourStart[r + 1]; ++n) {
    int q = neighbours[n];
    if (placed[q])
      continue;
    int other = model.rects[q].item;
    int64_t from = top - model.rects[q].rel;
    if (real[other] < from) {
      from = model.items[other].place.next(from);
      trail.push_back({Undo::Real, other, real[other], 0});
      real[other] = from;
      consistent = setKey(other, from);
    }
  }
  return propagate(consistent && withdrawSupport(r));
}

/// The item lies above its key.
bool Search::ban(int i) {
  trail.push_back({Undo::Ban, i, banAt[i], 0});
  banAt[i] = real[i];
  banned.push_back(i);
  return propagate(setKey(i, model.items[i].place.next(key[i] + 1)) && support(i));
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// Nothing unplaced fits below the rectangle where its key says, so placing it hides nothing.
bool Search::isPlaceable(int r) const {
  int item = model.rects[r].item;
  if (isBanned(item) && !fixed[item])
    return false;
  for (int n = neighbourStart[r]; n < neighbourStart[r + 1]; ++n, ++workCount)
    if (openTop[neighbours[n]] <= at[r])
      return false;
  return true;
}

double Search::score(int s) const {
  double slack = static_cast<double>(height - rest[s] - floorOf[s]) / static_cast<double>(height + 1);
  switch (setting->branching) {
  case Branching::FewestCandidates:
    return candidates[s] + 0.5 * slack;
  case Branching::FewestCandidatesDense:
    return candidates[s] - 0.01 * open[s];
  case Branching::LowestSection:
    return static_cast<double>(floorOf[s]) + 0.001 * candidates[s];
  case Branching::TightestSection:
    return candidates[s] * (1 + 20 * slack);
  }
  return 0;
}

int Search::candidateIn(int s) const {
  int64_t limit = height - rest[s], bestOffset = infinite;
  int best = -1;
  bool byPriority = setting->branching == Branching::TightestSection;
  workCount += open[s];
  for (int m = sectionStart[s], end = m + open[s]; m < end; ++m) {
    int r = members[m];
    int64_t offset = at[r];
    if (offset > limit)
      continue;
    bool better = best < 0 || ((byPriority || offset == bestOffset) ? setting->priority[r] > setting->priority[best]
                                                                    : offset < bestOffset);
    if (better && isPlaceable(r)) {
      best = r;
      bestOffset = offset;
    }
  }
  return best;
}

int Search::lowestIn(int begin, int end) const {
  int best = -1;
  int64_t bestOffset = infinite;
  for (int s = begin; s < end; ++s)
    for (int m = sectionStart[s], last = m + open[s]; m < last; ++m) {
      int r = members[m];
      int64_t offset = at[r];
      if (best < 0 || offset < bestOffset || (offset == bestOffset && setting->priority[r] > setting->priority[best])) {
        best = r;
        bestOffset = offset;
      }
    }
  return best;
}

/// A candidate of the section with the least score that has one.
int Search::choose(int begin, int end) {
  workCount += end - begin;
  for (int s = begin; s < end; ++s)
    scores[s] = open[s] ? score(s) : hopeless;
  for (;;) {
    auto first = scores.begin() + begin, last = scores.begin() + end, least = std::min_element(first, last);
    if (setting->backwards)
      least = std::prev(std::min_element(std::reverse_iterator(last), std::reverse_iterator(first)).base());
    int best = static_cast<int>(least - scores.begin());
    if (scores[best] == hopeless)
      return -1;
    if (int found = candidateIn(best); found >= 0)
      return found;
    scores[best] = hopeless;
  }
}

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

bool Search::stop() {
  if (++stepCount > setting->stepLimit || workCount > setting->workLimit)
    aborted = true;
  if ((stepCount & 15) == 0 && setting->outOfBudget && setting->outOfBudget())
    aborted = true;
  return aborted;
}

/// Sections [begin, end), cut where nothing unplaced crosses: the parts have nothing to do with one another, so when
/// one of them fails no other choice in the rest can help. The shortest is asked first.
bool Search::solveRange(int begin, int end) {
  std::vector<std::pair<int, int>> parts;
  for (int from = begin, s = begin + 1; s <= end; ++s) {
    if (s != end && crossing[s] != 0)
      continue;
    if (std::any_of(open.begin() + from, open.begin() + s, [](int count) { return count > 0; }))
      parts.emplace_back(from, s);
    from = s;
  }
  std::sort(parts.begin(), parts.end(), [&](auto a, auto b) {
    int lengthA = a.second - a.first, lengthB = b.second - b.first;
    return lengthA != lengthB ? lengthA < lengthB : setting->backwards ? b < a : a < b;
  });
  return std::all_of(parts.begin(), parts.end(), [&](auto part) { return searchPart(part.first, part.second); });
}

bool Search::searchPart(int begin, int end) {
  size_t start = trail.size();
  for (;;) {
    if (stop())
      return false;
    int r = choose(begin, end);
    bool forced = r < 0;
    if (forced) // only groups that hang over one another come here: take the lowest as it is
      r = lowestIn(begin, end);
    int item = model.rects[r].item;
    bool decided = fixed[item];
    size_t mark = trail.size();
    if (place(r) && solveRange(begin, end))
      return true;
    if (aborted)
      return false;
    undoTo(mark);
    incomplete |= forced;
    if (decided || forced || !ban(item)) {
      undoTo(start);
      return false;
    }
  }
}

Verdict Search::run(const Setting &newSetting) {
  setting = &newSetting;
  height = newSetting.height;
  stepCount = workCount = 0;
  aborted = incomplete = false;
  reset();
  bool consistent = true;
  for (size_t i = 0; i < model.items.size() && consistent; ++i) {
    const Item &item = model.items[i];
    consistent = setKey(static_cast<int>(i), item.place.next(std::max<int64_t>(item.fixed, 0)));
    base[i] = real[i] = key[i];
  }
  for (size_t i = 0; i < model.items.size() && consistent; ++i)
    if (model.items[i].fixed >= 0)
      consistent = fixItem(static_cast<int>(i));
  consistent = propagate(consistent);
  if (consistent && solveRange(0, model.sections()))
    return Verdict::Found;
  return aborted || incomplete ? Verdict::Unknown : Verdict::Impossible;
}
