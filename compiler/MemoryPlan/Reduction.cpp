// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Lowering everything by the sum of the bottom ones must keep alignments and the shape of groups, and pins forbid it.
#include "compiler/MemoryPlan/Reduction.h"

#include <algorithm>

using namespace weft::memplan;

namespace {

/// Every alignment divides this; 0 when items are pinned or groups start at odd places.
int64_t commonAlignment(const Model &model) {
  int64_t common = 1;
  for (const Item &item : model.items) {
    if (item.fixed >= 0 || item.place.residue != 0)
      return 0;
    if (item.place.modulus > common)
      common = item.place.modulus;
  }
  bool divides = std::all_of(model.items.begin(), model.items.end(),
                             [&](const Item &item) { return common % item.place.modulus == 0; });
  return divides ? common : 0;
}

/// True when something could lie between two parts of the item: lowering what is above it would then tear it apart.
bool hasHole(const Model &model, const Item &item) {
  std::vector<std::pair<int64_t, int64_t>> parts;
  for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r)
    parts.emplace_back(model.rects[r].rel, model.rects[r].rel + model.rects[r].size);
  std::sort(parts.begin(), parts.end());
  int64_t covered = 0;
  for (auto [from, upTo] : parts) {
    if (from > covered)
      return true;
    covered = std::max(covered, upTo);
  }
  return covered < item.height;
}

} // namespace

Reduction::Reduction(const Model &whole) : model(whole) {
  int64_t alignment = commonAlignment(whole);
  if (std::any_of(whole.items.begin(), whole.items.end(),
                  [&](const Item &item) { return item.rectCount > 0 && hasHole(whole, item); }))
    alignment = 0;
  model.items.clear();
  model.rects.clear();
  for (size_t i = 0; i < whole.items.size(); ++i) {
    Item item = whole.items[i];
    const Rect *rect = item.rectCount == 1 ? &whole.rects[item.firstRect] : nullptr;
    bool spans = rect && rect->begin == 0 && rect->end == whole.sections() && rect->size == item.height;
    if (alignment && spans && item.height % alignment == 0) {
      bottom.push_back(static_cast<int>(i));
      height += item.height;
      continue;
    }
    int first = static_cast<int>(model.rects.size());
    for (int r = item.firstRect; r < item.firstRect + item.rectCount; ++r) {
      model.rects.push_back(whole.rects[r]);
      model.rects.back().item = static_cast<int>(model.items.size());
    }
    item.firstRect = first;
    model.items.push_back(item);
    itemOf.push_back(static_cast<int>(i));
  }
}

std::vector<int64_t> Reduction::restore(const Model &whole, const std::vector<int64_t> &bases) const {
  std::vector<int64_t> all(whole.items.size(), 0);
  int64_t next = 0;
  for (int i : bottom) {
    all[i] = next;
    next += whole.items[i].height;
  }
  for (size_t i = 0; i < itemOf.size(); ++i)
    all[itemOf[i]] = bases[i] + (whole.items[itemOf[i]].rectCount ? height : 0);
  return all;
}
