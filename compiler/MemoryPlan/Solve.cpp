// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The order of events: check, bounds, what spans everything aside, then first fit in many orders and exact searches in
// turns until the aim is reached, proven out of reach, or the budget is over.
#include "compiler/MemoryPlan/Solve.h"

#include "compiler/MemoryPlan/Explain.h"
#include "compiler/MemoryPlan/Improve.h"
#include "compiler/MemoryPlan/Reduction.h"
#include "compiler/MemoryPlan/Search.h"

#include <algorithm>
#include <chrono>
#include <limits>

using namespace weft::memplan;

namespace {

/// Above these an exact search costs more than it finds.
constexpr double mostTableBytes = 256e6;
constexpr size_t mostSearchedRects = 6000;

/// Below this a search is quicker than all the planned orders.
constexpr size_t quickRects = 500;

/// The turns of the portfolio; each order meets each branching once a round.
constexpr Branching branchings[] = {Branching::FewestCandidates, Branching::FewestCandidatesDense,
                                    Branching::LowestSection, Branching::TightestSection};

class Solver {
public:
  Solver(const Problem &problem, const Options &options)
      : options(options), whole(problem), reduction(whole), model(reduction.model), orders(model),
        granule(granuleBytes(whole)) {
    result.peak = -1;
    result.lowerBound = std::max(lowerBoundBytes(whole), lowerBoundBytes(model) + reduction.height);
  }

  Result run() {
    improve.emplace(model, orders, result.lowerBound - reduction.height);
    bool searchable = model.rects.size() <= mostSearchedRects && Search::tableBytes(model) <= mostTableBytes;
    // The quick things first, the quickest before: most instances end here.
    int quickPasses = model.rects.size() < quickRects ? 3 : Improve::plannedPasses();
    do
      improvePass();
    while (!done() && improvePasses < quickPasses);
    if (!done() && searchable) {
      search.emplace(model);
      dive();
      while (!done() && improvePasses < Improve::plannedPasses())
        improvePass();
      searchInTurns();
    }
    while (!done())
      improvePass();
    finish();
    return std::move(result);
  }

private:
  double now() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

  bool spent() {
    stopped |= now() >= options.budgetSeconds || left(options.stepLimit, result.steps) <= 0 ||
               left(options.workLimit, result.work) <= 0;
    return stopped;
  }

  int64_t left(int64_t limit, int64_t used) const {
    return limit ? static_cast<int64_t>(static_cast<double>(limit) * worth()) - used : std::numeric_limits<int64_t>::max();
  }

  /// What may be spent on the gap that is left, as a part of the limits.
  double worth() const {
    double gap = static_cast<double>(result.peak - result.lowerBound);
    double whole = options.gapForLimits * static_cast<double>(result.lowerBound);
    return result.peak < 0 || gap >= whole ? 1 : gap / whole;
  }

  bool minimizing() const { return !options.capacity || options.minimize; }
  /// The peak at which nothing is left to do.
  int64_t aim() const { return minimizing() ? result.lowerBound : std::max(result.lowerBound, *options.capacity); }
  bool impossible() const { return !minimizing() && result.lowerBound > *options.capacity; }

  int64_t arenaBytes(int64_t peak) const { return (peak + options.rounding - 1) / options.rounding * options.rounding; }

  /// Peaks are multiples of the granule, so a gap of less than one is none.
  bool reached() const {
    return result.peak >= 0 && (result.peak < aim() + granule || arenaBytes(result.peak) <= arenaBytes(aim()));
  }
  bool done() { return reached() || impossible() || spent(); }

  void keep(const std::vector<int64_t> &bases, const char *stage) {
    std::vector<int64_t> all = reduction.restore(whole, bases);
    int64_t peak = peakBytes(whole, all);
    if (result.peak >= 0 && peak >= result.peak)
      return;
    result.peak = peak;
    result.solution = whole.solutionFrom(all);
    result.stage = stage;
    result.bestSeconds = now();
    if (options.progress && !options.progress({now(), peak, result.lowerBound, stage}))
      stopped = true;
  }

  void improvePass() {
    bool planned = improvePasses++ < Improve::plannedPasses();
    improve->pass([this] { return now() >= options.budgetSeconds; });
    result.steps += static_cast<int64_t>(model.items.size());
    keep(improve->bases(), planned ? "order" : "improve");
  }

  /// One search for a plan of at most `peak` bytes.
  Verdict attempt(int64_t peak, Branching branching, OrderBy by, double noise, int64_t stepLimit) {
    Search::Setting setting;
    setting.height = peak - reduction.height;
    setting.branching = branching;
    setting.backwards = noise > 0 && (random() & 1);
    setting.priority = orders.rectPriorities(by, noise, random);
    setting.stepLimit = std::min(stepLimit, left(options.stepLimit, result.steps));
    setting.workLimit = left(options.workLimit, result.work);
    setting.outOfBudget = [this] { return spent(); };
    Verdict verdict = search->run(setting);
    result.steps += search->steps();
    result.work += search->work();
    if (verdict == Verdict::Found)
      keep(search->bases(), "search");
    if (verdict == Verdict::Impossible)
      result.lowerBound = std::max(result.lowerBound, peak + 1);
    return verdict;
  }

  /// Searches of a few steps a rectangle: hardly more than one way down the tree.
  void dive() {
    int64_t steps = static_cast<int64_t>(model.rects.size()) + 16;
    attempt(aim(), Branching::FewestCandidates, OrderBy::CrowdLengthArea, 0, steps);
    descend(2 * steps);
    for (OrderBy by : {OrderBy::CrowdLengthArea, OrderBy::SizeLengthCrowd})
      for (Branching branching : branchings)
        if (!done())
          attempt(aim(), branching, by, 0, steps);
  }

  /// Rounds of short searches, slowly longer: which order and branching is right cannot be told beforehand, and the right
  /// one is quick (heavy tails: Gomes, Selman and Kautz, 1998). Of ten forms of the hardest published instance (mirrored in
  /// time, listed in other orders) the slowest took 12 s where limits grew by a half, 1 to 7 s with this.
  void searchInTurns() {
    double limit = static_cast<double>(model.rects.size());
    for (double noise = 0; !done(); noise = 0.1, limit *= 1.1) {
      for (int order = 0; order < orderKinds && !done(); ++order) {
        for (Branching branching : branchings)
          if (!done())
            attempt(aim(), branching, static_cast<OrderBy>(order), noise, static_cast<int64_t>(limit));
        alsoImprove(limit);
      }
      descend(static_cast<int64_t>(limit));
    }
  }

  /// A part of the time stays with first fit: where buffers are many and nested, its walk finds what no search does.
  /// The share is in steps, not in time, so that a step limit cuts at the same place everywhere.
  void alsoImprove(double searchSteps) {
    for (double steps = 0; steps < searchSteps && !done(); steps += static_cast<double>(model.items.size() + 1))
      improvePass();
  }

  /// Smaller peaks between the aim and the best plan: half of the distance, and after each failure half of that step
  /// with another branching, so that there is a good plan before there is the best one.
  void descend(int64_t stepLimit) {
    for (int turn = 0; turn < 4 && !done();) {
      int64_t between = result.peak - std::max(((result.peak - aim()) >> (1 + turn / 2)) / granule * granule, granule);
      if (between <= aim())
        return;
      Branching branching = branchings[descents % std::size(branchings)];
      OrderBy by = static_cast<OrderBy>(descents / std::size(branchings) % orderKinds);
      if (attempt(between, branching, by, descents < 24 ? 0 : 0.1, stepLimit) != Verdict::Found) {
        ++turn;
        ++descents;
      }
    }
  }

  void finish() {
    result.provenOptimal = result.peak < result.lowerBound + granule;
    if (result.provenOptimal)
      result.lowerBound = result.peak;
    result.fits = !options.capacity || result.peak <= *options.capacity;
    result.provenInfeasible = options.capacity && result.lowerBound > *options.capacity;
    result.seconds = now();
  }

  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  const Options &options;
  Model whole;
  Reduction reduction;
  const Model &model;
  Orders orders;
  int64_t granule;
  std::optional<Improve> improve;
  std::optional<Search> search;
  std::mt19937 random{1};
  Result result;
  int improvePasses = 0;
  size_t descents = 0;
  bool stopped = false;
};

} // namespace

Result weft::memplan::solve(const Problem &problem, const Options &options) {
  if (std::vector<std::string> findings = check(problem); !findings.empty()) {
    Result result;
    result.fits = false;
    for (const std::string &finding : findings)
      result.explanation += finding + "\n";
    return result;
  }
  Result result = Solver(problem, options).run();
  if (!result.fits)
    result.explanation =
        explainMisfit(problem, *options.capacity, result.peak, result.lowerBound, result.provenInfeasible);
  return result;
}
