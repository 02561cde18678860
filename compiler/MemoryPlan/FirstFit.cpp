// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// First fit over what is already placed, kept sorted by offset, so that one pass from the bottom finds the first hole.
// With tens of thousands of buffers the pass is the cost of planning: it reads flat arrays in chunks, so that the test
// "alive at the same time" is vectorised and an insertion moves one chunk only.
#include "compiler/MemoryPlan/FirstFit.h"

#include <algorithm>
#include <cstring>
#include <memory>

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

class Arena {
public:
  explicit Arena(const Model &model) : model(model) { chunks.push_back(std::make_unique<Chunk>()); }

  int64_t lowestBase(const Item &item) {
    if (item.rectCount == 0)
      return item.place.next(0);
    return item.rectCount == 1 ? lowestOfOne(item) : lowestOfMany(item);
  }

  void place(const Item &item, int64_t base) {
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
      insert(model.rects[r], base + model.rects[r].rel);
  }

private:
  /// Calls visit(from, upTo) for what is alive together with the rectangle, ascending, until it returns false.
  template <typename Visit> void overlapping(const Rect &rect, Visit visit) {
    alignas(16) uint8_t together[Chunk::capacity];
    for (const std::unique_ptr<Chunk> &chunk : chunks) {
      int count = chunk->count;
      for (int i = 0; i < count; ++i)
        together[i] = int(chunk->begin[i] < rect.end) & int(rect.begin < chunk->end[i]);
      for (int i = 0; i < count; ++i)
        if (together[i] && !visit(chunk->from[i], chunk->upTo[i]))
          return;
    }
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

  void insert(const Rect &rect, int64_t offset) {
    auto after = std::upper_bound(chunks.begin() + 1, chunks.end(), offset,
                                  [](int64_t value, const auto &chunk) { return value < chunk->from[0]; });
    Chunk &chunk = **std::prev(after);
    int position = static_cast<int>(std::upper_bound(chunk.from, chunk.from + chunk.count, offset) - chunk.from);
    chunk.insert(position, rect, offset);
    if (chunk.count == Chunk::capacity)
      chunks.insert(after, chunk.split());
  }

  const Model &model;
  std::vector<std::unique_ptr<Chunk>> chunks; ///< ascending; none but the first is ever empty
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
