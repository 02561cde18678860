// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// First fit over what is already placed, kept sorted by offset, so that one pass from the bottom finds the first hole.
#include "compiler/MemoryPlan/FirstFit.h"

#include <algorithm>

using namespace weft::memplan;

namespace {

struct Placed {
  int begin, end;    // sections
  int64_t from, upTo; // bytes
};

class Arena {
public:
  explicit Arena(const Model &model) : model(model) {}

  int64_t lowestBase(const Item &item) {
    blocked.clear();
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
      collect(model.rects[r]);
    if (item.rectCount > 1)
      std::sort(blocked.begin(), blocked.end());
    int64_t base = item.place.next(0);
    for (auto [from, upTo] : blocked) {
      if (base <= from)
        break;
      if (base < upTo)
        base = item.place.next(upTo);
    }
    return base;
  }

  void place(const Item &item, int64_t base) {
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
      const Rect &rect = model.rects[r];
      Placed entry{rect.begin, rect.end, base + rect.rel, base + rect.rel + rect.size};
      auto later = [](const Placed &a, const Placed &b) { return a.from < b.from; };
      placed.insert(std::upper_bound(placed.begin(), placed.end(), entry, later), entry);
    }
  }

private:
  /// Bases from < base < upTo that would collide with something beside this rectangle.
  void collect(const Rect &rect) {
    for (const Placed &other : placed)
      if (other.begin < rect.end && rect.begin < other.end)
        blocked.emplace_back(other.from - rect.rel - rect.size, other.upTo - rect.rel);
  }

  const Model &model;
  std::vector<Placed> placed;
  std::vector<std::pair<int64_t, int64_t>> blocked;
};

} // namespace

std::vector<int64_t> weft::memplan::firstFit(const Model &model, const std::vector<int> &order) {
  Arena arena(model);
  std::vector<int64_t> bases(model.items.size(), 0);
  for (bool pinned : {true, false})
    for (int i : order) {
      const Item &item = model.items[i];
      if ((item.fixed >= 0) != pinned)
        continue;
      bases[i] = pinned ? item.fixed : arena.lowestBase(item);
      arena.place(item, bases[i]);
    }
  return bases;
}
