// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What solve does, in order: check, bounds, greedy orders.
#include "compiler/MemoryPlan/Solve.h"

#include "compiler/MemoryPlan/FirstFit.h"
#include "compiler/MemoryPlan/Model.h"

#include <algorithm>
#include <chrono>
#include <numeric>

using namespace weft::memplan;

Result weft::memplan::solve(const Problem &problem, const Options &options) {
  auto start = std::chrono::steady_clock::now();
  Result result;
  if (std::vector<std::string> findings = check(problem); !findings.empty()) {
    for (const std::string &finding : findings)
      result.explanation += finding + "\n";
    result.fits = false;
    return result;
  }
  Model model(problem);
  result.lowerBound = lowerBoundBytes(model);

  std::vector<int64_t> size(model.items.size(), 0);
  std::vector<double> area(model.items.size(), 0);
  for (const Rect &rect : model.rects) {
    size[rect.item] = std::max(size[rect.item], rect.size);
    area[rect.item] += static_cast<double>(rect.size) * (rect.end - rect.begin);
  }
  std::vector<int> order(model.items.size());
  bool first = true;
  for (int kind = 0; kind < 2; ++kind) {
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
                     [&](int a, int b) { double x = kind == 0 ? size[a] : area[a], y = kind == 0 ? size[b] : area[b]; return x != y ? x > y : a < b; });
    std::vector<int64_t> bases = firstFit(model, order);
    int64_t peak = peakBytes(model, bases);
    if (first || peak < result.peak) {
      result.peak = peak;
      result.solution = model.solutionFrom(bases);
      result.stage = "order";
    }
    first = false;
  }
  result.provenOptimal = result.peak == result.lowerBound;
  result.fits = !options.capacity || result.peak <= *options.capacity;
  result.provenInfeasible = options.capacity && result.lowerBound > *options.capacity;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}
