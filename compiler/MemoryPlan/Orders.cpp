// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Measures of rectangles, their sums over items, and sorting by them.
#include "compiler/MemoryPlan/Orders.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

using namespace weft::memplan;

namespace {

/// Box-Muller by hand: the standard distributions differ between libraries, and a plan must not.
double normal(std::mt19937 &random) {
  double u = (random() + 1.0) / 4294967297.0, v = random() / 4294967296.0;
  return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
}

/// Indices by descending key, equal ones as listed.
template <typename Key> std::vector<int> descending(const std::vector<Key> &keys) {
  std::vector<int> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<int>(i);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return keys[a] != keys[b] ? keys[a] > keys[b] : a < b; });
  return order;
}

/// Answers "the most in [begin, end)" from tables of the most in 1, 2, 4, ... neighbours.
class RangeMaximum {
public:
  explicit RangeMaximum(std::vector<int64_t> values) {
    tables.push_back(std::move(values));
    for (size_t step = 1; 2 * step <= tables[0].size(); step *= 2) {
      const std::vector<int64_t> &half = tables.back();
      std::vector<int64_t> next(tables[0].size() - 2 * step + 1);
      for (size_t i = 0; i < next.size(); ++i)
        next[i] = std::max(half[i], half[i + step]);
      tables.push_back(std::move(next));
    }
  }
  int64_t operator()(int begin, int end) const {
    int level = std::bit_width(static_cast<unsigned>(end - begin)) - 1;
    return std::max(tables[level][begin], tables[level][end - (1 << level)]);
  }

private:
  std::vector<std::vector<int64_t>> tables;
};

} // namespace

Orders::Orders(const Model &model) : ofItem(model.items.size()), ofRect(model.rects.size()) {
  RangeMaximum crowd(sectionLoads(model));
  for (size_t r = 0; r < model.rects.size(); ++r) {
    const Rect &rect = model.rects[r];
    Measure &measure = ofRect[r];
    measure.crowd = static_cast<double>(crowd(rect.begin, rect.end));
    mostCrowd = std::max(mostCrowd, measure.crowd);
    measure.length = static_cast<double>(rect.length);
    measure.size = static_cast<double>(rect.size);
    measure.area = measure.length * measure.size;
    measure.sections = rect.end - rect.begin;

    Measure &whole = ofItem[rect.item];
    whole.crowd = std::max(whole.crowd, measure.crowd);
    whole.length += measure.length;
    whole.size = std::max(whole.size, static_cast<double>(model.items[rect.item].height));
    whole.area += measure.area;
    whole.sections += measure.sections;
  }
}

std::vector<int> Orders::sorted(const std::vector<Measure> &measures, OrderBy by, double noise,
                                std::mt19937 &random) const {
  auto factor = [&] { return std::exp(noise * normal(random)); };
  std::vector<std::array<double, 3>> keys(measures.size());
  for (size_t i = 0; i < measures.size(); ++i) {
    Measure m = measures[i];
    if (noise > 0) {
      double shape = factor();
      m.crowd *= std::sqrt(std::sqrt(factor()));
      m.length *= shape;
      m.area *= shape;
      m.size *= shape;
      m.sections *= shape;
    }
    switch (by) {
    case OrderBy::CrowdLengthArea:
      keys[i] = {m.crowd, m.length, m.area};
      break;
    case OrderBy::CrowdAreaLength:
      keys[i] = {m.crowd, m.area, m.length};
      break;
    case OrderBy::LengthAreaCrowd:
      keys[i] = {m.length, m.area, m.crowd};
      break;
    case OrderBy::AreaCrowdLength:
      keys[i] = {m.area, m.crowd, m.length};
      break;
    case OrderBy::SizeLengthCrowd:
      keys[i] = {m.size, m.length, m.crowd};
      break;
    case OrderBy::SectionsSizeCrowd:
      keys[i] = {m.sections, m.size, m.crowd};
      break;
    }
  }
  return descending(keys);
}

std::vector<int> Orders::mixed(const Mixture &mix, const std::vector<double> &urgency, std::mt19937 &random) const {
  std::vector<std::array<double, 2>> keys(ofItem.size());
  constexpr double first = 1000; // more than any logarithm below
  for (size_t i = 0; i < ofItem.size(); ++i) {
    const Measure &m = ofItem[i];
    bool stacked = mix.stack > 0 && m.crowd >= mix.stack * mostCrowd;
    double key = stacked
                     ? first + std::log(m.length + 1)
                     : std::log(m.size + 1) + mix.length * std::log(m.length + 1) + mix.crowd * std::log(m.crowd + 1);
    if (mix.huge > 0 && m.size >= mix.huge * mostCrowd)
      key += 2 * first + std::log(m.size + 1);
    keys[i] = {key + urgency[i] + (mix.noise > 0 ? mix.noise * normal(random) : 0), stacked ? m.size : m.length};
  }
  return descending(keys);
}

std::vector<int> Orders::items(OrderBy by, double noise, std::mt19937 &random) const {
  return sorted(ofItem, by, noise, random);
}

std::vector<int> Orders::rectPriorities(OrderBy by, double noise, std::mt19937 &random) const {
  std::vector<int> order = sorted(ofRect, by, noise, random), priority(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    priority[order[i]] = static_cast<int>(order.size() - i);
  return priority;
}
