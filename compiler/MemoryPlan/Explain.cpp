// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Finds the crowd by a sweep and writes it down.
#include "compiler/MemoryPlan/Explain.h"

#include "compiler/MemoryPlan/Model.h"

#include <algorithm>

using namespace weft::memplan;

namespace {

constexpr size_t mostListed = 20;

std::string bytes(int64_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

std::string describe(const Buffer &buffer) {
  std::string text = "  `" + buffer.name + "`: " + bytes(buffer.size) + ", alive [" + std::to_string(buffer.lower) +
                     ", " + std::to_string(buffer.upper) + ")";
  if (buffer.pinned)
    text += ", pinned to " + std::to_string(*buffer.pinned);
  return text + "\n";
}

/// A buffer or group that is too high by itself.
std::string explainTall(const Problem &problem, const Model &model, int64_t capacity) {
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Item &item = model.items[model.itemOf[i]];
    int64_t end = item.place.next(std::max<int64_t>(item.fixed, 0)) + model.relOf[i] + problem.buffers[i].size;
    if (end <= capacity)
      continue;
    const Buffer &buffer = problem.buffers[i];
    std::string why = buffer.pinned       ? "where it is pinned"
                      : buffer.group >= 0 ? "at its place in its group"
                                          : "at best";
    return "`" + buffer.name + "` ends at byte " + std::to_string(end) + " " + why + ", " + bytes(end - capacity) +
           " too many\n";
  }
  return "";
}

} // namespace

Crowd weft::memplan::mostCrowded(const Problem &problem) {
  Model model(problem);
  std::vector<int64_t> load = sectionLoads(model);
  Crowd crowd;
  if (load.empty())
    return crowd;
  int section = static_cast<int>(std::max_element(load.begin(), load.end()) - load.begin());
  crowd.time = model.sectionTime[section];
  crowd.bytes = load[section];
  std::vector<std::pair<int64_t, int>> alive;
  for (const Rect &rect : model.rects)
    if (rect.begin <= section && section < rect.end)
      alive.emplace_back(-rect.size, rect.buffer);
  std::sort(alive.begin(), alive.end());
  for (auto [size, buffer] : alive)
    crowd.buffers.push_back(buffer);
  return crowd;
}

std::string weft::memplan::explainMisfit(const Problem &problem, int64_t capacity, int64_t peak, int64_t lowerBound,
                                         bool impossible) {
  std::string text = impossible ? "no plan fits " + bytes(capacity) + ": at least " + bytes(lowerBound) +
                                      " are needed, " + bytes(lowerBound - capacity) + " too many\n"
                                : "no plan within " + bytes(capacity) + " was found: the smallest needs " +
                                      bytes(peak) + ", " + bytes(peak - capacity) + " too many; none needs less than " +
                                      bytes(lowerBound) + "\n";
  text += explainTall(problem, Model(problem), capacity);
  Crowd crowd = mostCrowded(problem);
  text += "at time " + std::to_string(crowd.time) + ", " + bytes(crowd.bytes) + " are alive in " +
          std::to_string(crowd.buffers.size()) + " buffers";
  if (crowd.bytes > capacity)
    text += ", " + bytes(crowd.bytes - capacity) + " too many";
  text += ":\n";
  for (size_t i = 0; i < std::min(crowd.buffers.size(), mostListed); ++i)
    text += describe(problem.buffers[crowd.buffers[i]]);
  if (crowd.buffers.size() > mostListed)
    text += "  and " + std::to_string(crowd.buffers.size() - mostListed) + " smaller ones\n";
  return text;
}
