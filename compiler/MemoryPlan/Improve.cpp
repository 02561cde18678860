// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A fixed list of mixtures of size, length and crowd, then a walk: what ended near the top is considered earlier next
// time (squeaky wheel optimisation, Joslin and Clements 1999), and the walk returns to the best it knows now and then.
#include "compiler/MemoryPlan/Improve.h"

#include "compiler/MemoryPlan/FirstFit.h"

#include <cmath>
#include <iterator>

using namespace weft::memplan;

namespace {
// Where one moment needs all the memory, what is alive then must lie without holes: stacked, longest lowest. Elsewhere
// length counts, less than size: long buffers at the bottom leave one clean floor to the short ones.
// What is huge then finds no hole any more and goes first.
constexpr Orders::Mixture planned[] = {{1},
                                       {0, 0.3},
                                       {0.999},
                                       {0},
                                       {1, 0, 0, 0, 0.1},
                                       {1, 0.3},
                                       {0, 0.5},
                                       {1, 0, 0, 0, 0.02},
                                       {0.99},
                                       {0.99, 0, 0, 0, 0.02},
                                       {0, 0.1},
                                       {0, 0.2},
                                       {0, 0.4},
                                       {0, 0.7},
                                       {0, 1},
                                       {0, 0.3, 1},
                                       {0, 0.3, 3},
                                       {0, 0.3, 12}};
} // namespace

Improve::Improve(const Model &model, const Orders &orders, int64_t lowerBound)
    : model(model), orders(orders), lowerBound(lowerBound), urgency(model.items.size(), 0), bestUrgency(urgency) {}

int Improve::plannedPasses() { return static_cast<int>(std::size(planned)); }

Orders::Mixture Improve::nextMixture() {
  if (passes < plannedPasses())
    return planned[passes];
  Orders::Mixture mix = bestMixture;
  mix.length += 0.1 * (uniform() - 0.5);
  mix.crowd += uniform() - 0.5;
  mix.noise = 0.03 * uniform();
  return mix;
}

void Improve::hurry(const std::vector<int64_t> &bases) {
  double threshold = static_cast<double>(lowerBound) + 0.7 * uniform() * static_cast<double>(bestPeak - lowerBound);
  for (size_t i = 0; i < bases.size(); ++i)
    if (static_cast<double>(bases[i] + model.items[i].height) > threshold)
      urgency[i] += std::log1p(0.5 * uniform());
}

bool Improve::pass(const std::function<bool()> &isLate) {
  Orders::Mixture mix = nextMixture();
  std::vector<int64_t> bases = firstFit(model, orders.mixed(mix, urgency, random), isLate);
  int64_t peak = peakBytes(model, bases);
  bool better = bestPeak < 0 || peak < bestPeak;
  bool walking = passes++ >= plannedPasses();
  if (better || (peak == bestPeak && walking)) {
    bestPeak = peak;
    bestBases = bases;
    bestMixture = mix;
    bestUrgency = urgency;
  } else if (walking && uniform() < 0.3) {
    urgency = bestUrgency;
  }
  if (walking || passes >= plannedPasses())
    hurry(bases);
  return better;
}
