// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The four steps of Layout.h.

#include "compiler/Draw/Layout.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace weft::draw {
namespace {

constexpr double boxGap = 24, pointGap = 10, layerGap = 28, margin = 12;
constexpr size_t mostPoints = 30'000; // beyond, the longest arrows go straight
constexpr int sweeps = 12, moves = 10;

/// A box, or a point of an arrow on its way through a layer.
struct Place {
  double width = 0, height = 0;
  size_t layer = 0;
  double x = 0;
  std::vector<size_t> above, below;
  bool isBox = false;
};

class LayeredLayout {
public:
  LayeredLayout(const std::vector<BoxSize> &sizes, const std::vector<Arrow> &arrows) : sizes(sizes), arrows(arrows) {}

  Layout run() {
    makeBoxes();
    assignLayers();
    makeChains();
    sortLayers();
    placeAcross();
    return finish();
  }

private:
  void makeBoxes() {
    for (const BoxSize &size : sizes)
      places.push_back({size.width, size.height, 0, 0, {}, {}, true});
  }

  /// The longest way from the top; what nothing leads to stands just above what it leads to.
  void assignLayers() {
    std::vector<size_t> first(sizes.size(), std::numeric_limits<size_t>::max());
    std::vector<bool> led(sizes.size());
    for (const Arrow &arrow : arrows) // sorted by `from`, and `from` is final once all arrows to it were seen
      led[arrow.to] = true;
    for (size_t i = 0; i < arrows.size(); ++i)
      places[arrows[i].to].layer = std::max(places[arrows[i].to].layer, places[arrows[i].from].layer + 1);
    for (const Arrow &arrow : arrows)
      first[arrow.from] = std::min(first[arrow.from], places[arrow.to].layer);
    for (size_t i = 0; i < sizes.size(); ++i)
      if (!led[i] && first[i] != std::numeric_limits<size_t>::max())
        places[i].layer = first[i] - 1;
  }

  /// Over how many layers an arrow may lead from point to point.
  size_t longestChain() const {
    for (size_t longest : {size_t(1) << 40, size_t(64), size_t(8)}) {
      size_t points = 0;
      for (const Arrow &arrow : arrows)
        if (size_t span = places[arrow.to].layer - places[arrow.from].layer; span <= longest)
          points += span - 1;
      if (points <= mostPoints)
        return longest;
    }
    return 1;
  }

  void makeChains() {
    size_t longest = longestChain();
    for (const Arrow &arrow : arrows) {
      std::vector<size_t> &chain = chains.emplace_back(1, arrow.from);
      bool straight = places[arrow.to].layer - places[arrow.from].layer > longest;
      for (size_t layer = places[arrow.from].layer + 1; !straight && layer < places[arrow.to].layer; ++layer) {
        chain.push_back(places.size());
        places.push_back({0, 0, layer, 0, {}, {}, false});
      }
      chain.push_back(arrow.to);
      for (size_t i = 0; !straight && i + 1 < chain.size(); ++i) {
        places[chain[i]].below.push_back(chain[i + 1]);
        places[chain[i + 1]].above.push_back(chain[i]);
      }
    }
    size_t depth = 0;
    for (const Place &place : places)
      depth = std::max(depth, place.layer + 1);
    layers.resize(depth);
    for (size_t i = 0; i < places.size(); ++i)
      layers[places[i].layer].push_back(i);
  }

  void number() {
    positions.resize(places.size());
    for (const auto &layer : layers)
      for (size_t i = 0; i < layer.size(); ++i)
        positions[layer[i]] = i;
  }

  void sortBy(std::vector<size_t> &layer, bool downwards) {
    std::vector<std::pair<double, size_t>> keys;
    for (size_t i = 0; i < layer.size(); ++i) {
      const auto &neighbours = downwards ? places[layer[i]].above : places[layer[i]].below;
      double sum = 0;
      for (size_t neighbour : neighbours)
        sum += positions[neighbour];
      keys.emplace_back(neighbours.empty() ? double(i) : sum / double(neighbours.size()), i);
    }
    std::sort(keys.begin(), keys.end()); // equal means keep their order
    std::vector<size_t> before = layer;
    for (size_t i = 0; i < layer.size(); ++i)
      layer[i] = before[keys[i].second];
    for (size_t i = 0; i < layer.size(); ++i)
      positions[layer[i]] = i;
  }

  /// Pairs of arrows between neighbouring layers that cross: inversions of their lower ends, counted with a tree of sums.
  size_t crossings() const {
    size_t count = 0;
    for (size_t l = 0; l + 1 < layers.size(); ++l) {
      std::vector<size_t> ends, tree(layers[l + 1].size() + 1);
      for (size_t place : layers[l]) {
        size_t begin = ends.size();
        for (size_t below : places[place].below)
          ends.push_back(positions[below]);
        std::sort(ends.begin() + begin, ends.end());
      }
      for (size_t i = 0; i < ends.size(); ++i) {
        size_t notRight = 0; // earlier ends at or left of this one
        for (size_t k = ends[i] + 1; k > 0; k -= k & -k)
          notRight += tree[k];
        count += i - notRight;
        for (size_t k = ends[i] + 1; k < tree.size(); k += k & -k)
          ++tree[k];
      }
    }
    return count;
  }

  void sortLayers() {
    number();
    auto best = layers;
    size_t fewest = crossings();
    for (int sweep = 0; sweep < sweeps && fewest > 0; ++sweep) {
      bool downwards = sweep % 2 == 0;
      for (size_t l = 0; l < layers.size(); ++l)
        sortBy(layers[downwards ? l : layers.size() - 1 - l], downwards);
      if (size_t count = crossings(); count < fewest) {
        fewest = count;
        best = layers;
      }
    }
    layers = std::move(best);
    number();
  }

  double distance(size_t left, size_t right) const {
    const Place &a = places[left], &b = places[right];
    return (a.width + b.width) / 2 + (a.isBox && b.isBox ? boxGap : pointGap);
  }

  /// As near to `wanted` as order and distances allow. Without the distances in front of them positions need only rise;
  /// neighbours that would fall share the mean of what they want.
  void settle(const std::vector<size_t> &layer, const std::vector<double> &wanted, const std::vector<double> &weights) {
    struct Pool {
      double sum, weight;
      size_t size;
      double mean() const { return sum / weight; }
    };
    std::vector<Pool> pools;
    double before = 0;
    for (size_t i = 0; i < layer.size(); ++i) {
      before += i ? distance(layer[i - 1], layer[i]) : 0;
      pools.push_back({(wanted[i] - before) * weights[i], weights[i], 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
        Pool last = pools.back();
        pools.pop_back();
        pools.back() = {pools.back().sum + last.sum, pools.back().weight + last.weight, pools.back().size + last.size};
      }
    }
    size_t i = 0;
    before = 0;
    for (const Pool &pool : pools)
      for (size_t k = 0; k < pool.size; ++k, ++i) {
        before += i ? distance(layer[i - 1], layer[i]) : 0;
        places[layer[i]].x = pool.mean() + before;
      }
  }

  /// The middle of the neighbours: chains stay straight, and bend once, where they must.
  double median(const std::vector<size_t> &neighbours) const {
    std::vector<double> values;
    for (size_t neighbour : neighbours)
      values.push_back(places[neighbour].x);
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
  }

  void move(const std::vector<size_t> &layer, bool downwards) {
    std::vector<double> wanted, weights;
    for (size_t i : layer) {
      const std::vector<size_t> &neighbours = downwards ? places[i].above : places[i].below;
      wanted.push_back(neighbours.empty() ? places[i].x : median(neighbours));
      weights.push_back(neighbours.empty() ? 0.05 : 1);
    }
    settle(layer, wanted, weights);
  }

  void placeAcross() {
    for (const auto &layer : layers)
      settle(layer, std::vector<double>(layer.size(), 0), std::vector<double>(layer.size(), 1));
    for (int round = 0; round < moves; ++round) {
      bool downwards = round % 2 == 1 || round + 1 == moves;
      for (size_t l = 0; l < layers.size(); ++l)
        move(layers[downwards ? l : layers.size() - 1 - l], downwards);
    }
  }

  Layout finish() {
    Layout layout;
    double left = std::numeric_limits<double>::max(), right = std::numeric_limits<double>::lowest();
    for (const Place &place : places) {
      left = std::min(left, place.x - place.width / 2);
      right = std::max(right, place.x + place.width / 2);
    }
    std::vector<double> tops, bottoms;
    double y = margin;
    for (const auto &layer : layers) {
      double height = 0;
      for (size_t i : layer)
        height = std::max(height, places[i].height);
      tops.push_back(y);
      bottoms.push_back(y + height);
      y += height + layerGap;
    }
    layout.width = places.empty() ? 2 * margin : right - left + 2 * margin;
    layout.height = places.empty() ? 2 * margin : y - layerGap + margin;
    for (size_t i = 0; i < sizes.size(); ++i)
      layout.boxes.push_back({places[i].x - left + margin, (tops[places[i].layer] + bottoms[places[i].layer]) / 2});
    for (const auto &chain : chains) {
      std::vector<Point> way;
      for (size_t i : chain) { // bends lie between layers; inside them it goes straight down
        double middle = (tops[places[i].layer] + bottoms[places[i].layer]) / 2, x = places[i].x - left + margin;
        way.push_back({x, i == chain.front() ? middle + places[i].height / 2 : tops[places[i].layer]});
        way.push_back({x, i == chain.back() ? middle - places[i].height / 2 : bottoms[places[i].layer]});
      }
      layout.arrows.push_back(withoutRepeats(way));
    }
    return layout;
  }

  static std::vector<Point> withoutRepeats(const std::vector<Point> &way) {
    std::vector<Point> result;
    for (const Point &point : way)
      if (result.empty() || point.y > result.back().y)
        result.push_back(point);
    return result;
  }

  const std::vector<BoxSize> &sizes;
  const std::vector<Arrow> &arrows;
  std::vector<Place> places; ///< the boxes first
  std::vector<std::vector<size_t>> chains, layers;
  std::vector<size_t> positions; ///< of a place in its layer
};

} // namespace

Layout layOut(const std::vector<BoxSize> &sizes, const std::vector<Arrow> &arrows) {
  return LayeredLayout(sizes, arrows).run();
}

} // namespace weft::draw
