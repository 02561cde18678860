// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// First fit over what is already placed, kept sorted by offset, so that one pass from the bottom finds the first hole.
// With tens of thousands of buffers the pass is the cost of planning: it reads flat arrays in chunks, so that the test
// "alive at the same time" is vectorised and an insertion moves one chunk only.
#include "compiler/MemoryPlan/FirstFit.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

using namespace weft::memplan;

namespace {

/// Up to `capacity` placed rectangles, ascending by first byte.
struct Chunk {
  static constexpr int capacity = 256;
  int count = 0;
  int32_t begin[capacity], end[capacity]; // sections
  int64_t from[capacity], upTo[capacity]; // bytes

  void insert(int position, const Rect &rect, int64_t offset) {
    shift(begin, position);
    shift(end, position);
    shift(from, position);
    shift(upTo, position);
    begin[position] = rect.begin;
    end[position] = rect.end;
    from[position] = offset;
    upTo[position] = offset + rect.size;
    ++count;
  }

  /// The upper half, taken out.
  std::unique_ptr<Chunk> split() {
    auto upper = std::make_unique<Chunk>();
    int half = count / 2;
    upper->count = count - half;
    std::copy(begin + half, begin + count, upper->begin);
    std::copy(end + half, end + count, upper->end);
    std::copy(from + half, from + count, upper->from);
    std::copy(upTo + half, upTo + count, upper->upTo);
    count = half;
    return upper;
  }

private:
  template <typename T> void shift(T *values, int position) {
    std::memmove(values + position + 1, values + position, (count - position) * sizeof(T));
  }
};

/// What is placed and lives in some range of sections, ascending by first byte.
class Shelf {
public:
  Shelf() { chunks.push_back(std::make_unique<Chunk>()); }

  /// Calls visit(from, upTo) for what is alive together with the rectangle, ascending, until it returns false.
  template <typename Visit> void overlapping(const Rect &rect, Visit visit) const {
    alignas(16) uint8_t together[Chunk::capacity] = {};
    for (const std::unique_ptr<Chunk> &chunk : chunks) {
      int count = chunk->count;
      for (int i = 0; i < count; ++i)
        together[i] = int(chunk->begin[i] < rect.end) & int(rect.begin < chunk->end[i]);
      std::fill(together + count, together + std::min<int>(count + 8, Chunk::capacity), 0);
      for (int i = 0; i < count; i += 8) { // eight at a time: nearly all live at other times
        uint64_t eight;
        std::memcpy(&eight, together + i, 8);
        for (int j = i; eight != 0; eight >>= 8, ++j)
          if ((eight & 1) && !visit(chunk->from[j], chunk->upTo[j]))
            return;
      }
    }
  }

  void insert(const Rect &rect, int64_t offset) {
    auto after = std::upper_bound(chunks.begin() + 1, chunks.end(), offset,
                                  [](int64_t value, const auto &chunk) { return value < chunk->from[0]; });
    Chunk &chunk = **std::prev(after);
    int position = static_cast<int>(std::upper_bound(chunk.from, chunk.from + chunk.count, offset) - chunk.from);
    chunk.insert(position, rect, offset);
    if (chunk.count == Chunk::capacity)
      chunks.insert(after, chunk.split());
  }

private:
  std::vector<std::unique_ptr<Chunk>> chunks; ///< ascending; none but the first is ever empty
};

/// Shelves over ranges of sections of equal width, each half over the next, so that whatever is no longer than half a
/// width lies inside one of them.
struct Level {
  Level(int sections, int width) : half(std::max(width / 2, 1)), shelves(sections / half + 1) {}

  /// The shelf that covers the rectangle, or none.
  const Shelf *covering(const Rect &rect) const {
    int index = rect.begin / half;
    return rect.end <= (index + 2) * half ? &shelves[index] : nullptr;
  }

  void insert(const Rect &rect, int64_t offset) {
    for (int index = std::max(rect.begin / half - 1, 0); index <= (rect.end - 1) / half; ++index)
      shelves[index].insert(rect, offset);
  }

  int half;
  std::vector<Shelf> shelves; ///< number i covers sections [i * half, (i + 2) * half)
};

/// Everything that is placed, on one shelf and again on narrower and narrower ones: a rectangle looks for its hole on
/// the narrowest shelf that covers it, so that a short life in a long problem meets only its time.
class Arena {
public:
  explicit Arena(const Model &model) : model(model) {
    for (int width = model.sections() / narrowing; isWorthwhile(width); width /= narrowing)
      levels.emplace_back(model.sections(), width);
  }

  int64_t lowestBase(const Item &item) {
    if (item.rectCount == 0)
      return item.place.next(0);
    return item.rectCount == 1 ? lowestOfOne(item) : lowestOfMany(item);
  }

  void place(const Item &item, int64_t base) {
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
      whole.insert(model.rects[r], base + model.rects[r].rel);
      for (Level &level : levels)
        level.insert(model.rects[r], base + model.rects[r].rel);
    }
  }

private:
  static constexpr int narrowing = 4;

  /// Whether shelves of this width are long, and few enough for each rectangle.
  bool isWorthwhile(int width) const {
    if (width < 64)
      return false;
    double copies = 0;
    for (const Rect &rect : model.rects)
      copies += 2 + 2.0 * (rect.end - rect.begin) / width;
    double count = static_cast<double>(model.rects.size());
    return copies < 8 * count && copies * width > 2.0 * Chunk::capacity * model.sections();
  }

  template <typename Visit> void overlapping(const Rect &rect, Visit visit) const {
    const Shelf *shelf = &whole;
    for (const Level &level : levels)
      if (const Shelf *narrower = level.covering(rect))
        shelf = narrower;
    shelf->overlapping(rect, visit);
  }

  int64_t lowestOfOne(const Item &item) {
    const Rect &rect = model.rects[item.firstRect];
    int64_t base = item.place.next(0);
    overlapping(rect, [&](int64_t from, int64_t upTo) {
      if (base + rect.rel + rect.size <= from)
        return false;
      if (base + rect.rel < upTo)
        base = item.place.next(upTo - rect.rel);
      return true;
    });
    return base;
  }

  int64_t lowestOfMany(const Item &item) {
    // Bases from < base < upTo collide with something beside one of the rectangles.
    std::vector<std::pair<int64_t, int64_t>> blocked;
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
      const Rect &rect = model.rects[r];
      overlapping(rect, [&](int64_t from, int64_t upTo) {
        blocked.emplace_back(from - rect.rel - rect.size, upTo - rect.rel);
        return true;
      });
    }
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

  const Model &model;
  Shelf whole;
  std::vector<Level> levels; ///< the narrowest last
};

/// The highest byte in use, by section: a tree over ranges of sections. For problems too large for their budget.
class Skyline {
public:
  explicit Skyline(const Model &model)
      : model(model), leaves(std::bit_ceil(static_cast<size_t>(std::max(model.sections(), 1)))), most(2 * leaves, 0),
        raised(2 * leaves, 0) {}

  int64_t lowestBase(const Item &item) const {
    int64_t base = 0;
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
      base = std::max(base, top(1, 0, leaves, model.rects[r]) - model.rects[r].rel);
    return item.place.next(base);
  }

  void place(const Item &item, int64_t base) {
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
      raise(1, 0, leaves, model.rects[r], base + model.rects[r].rel + model.rects[r].size);
  }

private:
  bool apart(size_t begin, size_t end, const Rect &rect) const {
    return static_cast<int>(end) <= rect.begin || rect.end <= static_cast<int>(begin);
  }
  bool inside(size_t begin, size_t end, const Rect &rect) const {
    return rect.begin <= static_cast<int>(begin) && static_cast<int>(end) <= rect.end;
  }

  /// most: in the whole range of a node; raised: what holds for each section of it.
  int64_t top(size_t node, size_t begin, size_t end, const Rect &rect) const {
    if (apart(begin, end, rect))
      return 0;
    if (inside(begin, end, rect))
      return most[node];
    size_t middle = (begin + end) / 2;
    return std::max({raised[node], top(2 * node, begin, middle, rect), top(2 * node + 1, middle, end, rect)});
  }

  void raise(size_t node, size_t begin, size_t end, const Rect &rect, int64_t height) {
    if (apart(begin, end, rect))
      return;
    most[node] = std::max(most[node], height);
    if (inside(begin, end, rect)) {
      raised[node] = std::max(raised[node], height);
      return;
    }
    size_t middle = (begin + end) / 2;
    raise(2 * node, begin, middle, rect, height);
    raise(2 * node + 1, middle, end, rect, height);
  }

  const Model &model;
  size_t leaves;
  std::vector<int64_t> most, raised;
};

} // namespace

std::vector<int64_t> weft::memplan::firstFit(const Model &model, const std::vector<int> &order,
                                             const std::function<bool()> &isLate) {
  Arena arena(model);
  std::optional<Skyline> skyline; ///< there from the moment it is late
  std::vector<int64_t> bases(model.items.size(), 0);
  std::vector<int> placed;
  for (bool pinned : {true, false})
    for (int i : order) {
      const Item &item = model.items[i];
      if ((item.fixed >= 0) != pinned)
        continue;
      if (!skyline && placed.size() % 256 == 255 && isLate && isLate()) {
        skyline.emplace(model);
        for (int before : placed)
          skyline->place(model.items[before], bases[before]);
      }
      bases[i] = pinned ? item.fixed : skyline ? skyline->lowestBase(item) : arena.lowestBase(item);
      if (skyline)
        skyline->place(item, bases[i]);
      else
        arena.place(item, bases[i]);
      placed.push_back(i);
    }
  return bases;
}
