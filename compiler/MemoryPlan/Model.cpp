// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// From a problem to rectangles, items and sections, and back to offsets; the bounds that need no search.
#include "compiler/MemoryPlan/Model.h"

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace weft::memplan;

namespace {

/// Members of each item: the groups that have members, then the buffers in no group.
std::vector<std::vector<int>> collectItems(const Problem &problem) {
  std::vector<std::vector<int>> members(problem.groups.size());
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    int group = problem.buffers[i].group;
    if (group >= 0)
      members[group].push_back(static_cast<int>(i));
    else
      members.push_back({static_cast<int>(i)});
  }
  std::erase_if(members, [](const std::vector<int> &list) { return list.empty(); });
  return members;
}

/// A rectangle whose begin and end are still times.
struct TimedRect {
  int64_t lower, upper;
  Rect rect;
};

void appendRects(const Buffer &buffer, int index, int item, int64_t rel, std::vector<TimedRect> &rects) {
  auto add = [&](int64_t lower, int64_t upper, int64_t begin, int64_t end) {
    if (lower < upper && begin < end)
      rects.push_back({lower, upper, {0, 0, end - begin, rel + begin, upper - lower, item, index}});
  };
  int64_t from = buffer.lower;
  for (const Gap &gap : buffer.gaps) {
    add(from, gap.lower, 0, buffer.size);
    if (gap.window)
      add(gap.lower, gap.upper, gap.window->lower, gap.window->upper);
    from = gap.upper;
  }
  add(from, buffer.upper, 0, buffer.size);
}

/// Cuts time where a death is followed by a birth: between two such cuts the set of live rectangles grows, then
/// shrinks, and its largest extent is the section.
std::vector<int64_t> cutIntoSections(std::vector<TimedRect> &rects) {
  struct Event {
    int64_t time;
    bool birth; // deaths first
    int rect;
  };
  std::vector<Event> events;
  events.reserve(2 * rects.size());
  for (size_t i = 0; i < rects.size(); ++i) {
    events.push_back({rects[i].lower, true, static_cast<int>(i)});
    events.push_back({rects[i].upper, false, static_cast<int>(i)});
  }
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return std::tie(a.time, a.birth, a.rect) < std::tie(b.time, b.birth, b.rect);
  });
  std::vector<int64_t> times;
  bool growing = false;
  for (const Event &event : events) {
    Rect &rect = rects[event.rect].rect;
    if (!event.birth) {
      growing = false;
      rect.end = static_cast<int>(times.size());
      continue;
    }
    if (!growing)
      times.push_back(event.time);
    growing = true;
    times.back() = event.time; // everything of the section is alive once its last birth has happened
    rect.begin = static_cast<int>(times.size()) - 1;
  }
  return times;
}

int64_t roundUp(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

} // namespace

Model::Model(const Problem &problem) : itemOf(problem.buffers.size()), relOf(problem.buffers.size()) {
  std::vector<TimedRect> timed;
  for (const std::vector<int> &members : collectItems(problem)) {
    auto deltaOf = [&](int i) { return problem.buffers[i].group < 0 ? 0 : problem.buffers[i].delta; };
    int64_t least = deltaOf(members.front());
    for (int i : members)
      least = std::min(least, deltaOf(i));
    Item item;
    item.firstRect = static_cast<int>(timed.size());
    for (int i : members) {
      const Buffer &buffer = problem.buffers[i];
      int64_t rel = deltaOf(i) - least, alignment = buffer.alignment;
      itemOf[i] = static_cast<int>(items.size());
      relOf[i] = rel;
      item.place = intersect(item.place, {alignment, (alignment - rel % alignment) % alignment}).value();
      item.height = std::max(item.height, rel + buffer.size);
      if (buffer.pinned)
        item.fixed = *buffer.pinned - rel;
      appendRects(buffer, i, itemOf[i], rel, timed);
    }
    item.rectCount = static_cast<int>(timed.size()) - item.firstRect;
    items.push_back(item);
  }
  sectionTime = cutIntoSections(timed);
  rects.reserve(timed.size());
  for (const TimedRect &rect : timed)
    rects.push_back(rect.rect);
}

Solution Model::solutionFrom(const std::vector<int64_t> &bases) const {
  Solution solution;
  solution.offsets.reserve(itemOf.size());
  for (size_t i = 0; i < itemOf.size(); ++i)
    solution.offsets.push_back(bases[itemOf[i]] + relOf[i]);
  return solution;
}

std::vector<int64_t> weft::memplan::sectionLoads(const Model &model) {
  std::vector<int64_t> load(model.sections() + 1, 0);
  for (const Rect &rect : model.rects) {
    load[rect.begin] += rect.size;
    load[rect.end] -= rect.size;
  }
  std::partial_sum(load.begin(), load.end(), load.begin());
  load.pop_back();
  return load;
}

std::vector<int64_t> weft::memplan::sectionBounds(const Model &model) {
  if (std::all_of(model.items.begin(), model.items.end(), [](const Item &item) { return item.place.modulus == 1; }))
    return sectionLoads(model);
  constexpr double mostVisited = 5e7; // beyond, what alignment adds is not worth looking for
  double visited = 0;
  for (const Rect &rect : model.rects)
    visited += rect.end - rect.begin;
  if (visited > mostVisited)
    return sectionLoads(model);
  // Where every offset of a section is a multiple of `step`, all rectangles but the topmost occupy whole steps.
  std::vector<int64_t> step(model.sections(), 0), sum(model.sections(), 0), slack(model.sections(), 0);
  auto stepOf = [&](const Rect &rect) {
    const Congruence &place = model.items[rect.item].place;
    return std::gcd(place.modulus, place.residue + rect.rel);
  };
  for (const Rect &rect : model.rects) {
    int64_t mine = stepOf(rect);
    for (int s = rect.begin; s < rect.end; ++s)
      step[s] = step[s] == mine ? mine : std::gcd(step[s], mine);
  }
  for (const Rect &rect : model.rects)
    for (int s = rect.begin; s < rect.end; ++s) {
      int64_t whole = roundUp(rect.size, step[s]);
      sum[s] += whole;
      slack[s] = std::max(slack[s], whole - rect.size);
    }
  for (int s = 0; s < model.sections(); ++s)
    sum[s] -= slack[s];
  return sum;
}

int64_t weft::memplan::granuleBytes(const Model &model) {
  int64_t granule = 0;
  for (const Item &item : model.items) {
    granule = std::gcd(granule, std::max<int64_t>(item.fixed, 0));
    granule = std::gcd(granule, item.height);
    if (item.place.modulus > 1)
      granule = std::gcd(granule, std::gcd(item.place.modulus, item.place.residue));
  }
  for (const Rect &rect : model.rects)
    granule = std::gcd(granule, std::gcd(rect.size, rect.rel));
  return std::max<int64_t>(granule, 1);
}

int64_t weft::memplan::lowerBoundBytes(const Model &model) {
  int64_t bound = 0;
  for (int64_t bytes : sectionBounds(model))
    bound = std::max(bound, bytes);
  for (const Item &item : model.items)
    bound = std::max(bound, item.place.next(std::max<int64_t>(item.fixed, 0)) + item.height);
  return bound;
}

int64_t weft::memplan::peakBytes(const Model &model, const std::vector<int64_t> &bases) {
  int64_t peak = 0;
  for (size_t i = 0; i < model.items.size(); ++i)
    peak = std::max(peak, bases[i] + model.items[i].height);
  return peak;
}
