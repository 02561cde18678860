// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The bytes alive depend only on the set of operations that have run, so orders are paths between sets and the least
// peak is a bottleneck shortest path (dynamic programming over sets: Ahn et al., "Ordering Chaos", MLSys 2020). What
// makes it small: operations everything must pass through cut the list into blocks; an operation that can run within
// the peak and leaves no more alive than before is run at once; and a beam gives the bound that prunes the exact
// search.
#include "compiler/MemoryPlan/Order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

using namespace weft::memplan;

namespace {

constexpr int mostInWindow = 256;

/// A set of the operations of a window.
struct Set {
  std::array<uint64_t, mostInWindow / 64> words{};

  bool has(int i) const { return words[i / 64] >> (i % 64) & 1; }
  void add(int i) { words[i / 64] |= uint64_t(1) << (i % 64); }
  void remove(int i) { words[i / 64] &= ~(uint64_t(1) << (i % 64)); }
  void add(const Set &other) {
    for (size_t w = 0; w < words.size(); ++w)
      words[w] |= other.words[w];
  }
  bool contains(const Set &other) const {
    for (size_t w = 0; w < words.size(); ++w)
      if (other.words[w] & ~words[w])
        return false;
    return true;
  }
  bool meets(const Set &other) const {
    for (size_t w = 0; w < words.size(); ++w)
      if (other.words[w] & words[w])
        return true;
    return false;
  }
  bool operator==(const Set &) const = default;
};

struct SetHash {
  size_t operator()(const Set &set) const {
    uint64_t hash = 0x9e3779b97f4a7c15;
    for (uint64_t word : set.words) {
      hash = (hash ^ word) * 0xff51afd7ed558ccd;
      hash ^= hash >> 32;
    }
    return hash;
  }
};

/// How long the searches may go on: a time, and a number of looks at operations.
class Budget {
public:
  explicit Budget(const OrderOptions &options) : workLimit(options.workLimit) {
    auto time = std::chrono::duration<double>(std::max(options.budgetSeconds, 0.0));
    deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
  }

  void spend(int64_t looks) { work += looks; }
  bool isOver() const { return isWorkOver() || Clock::now() > deadline; }
  bool isWorkOver() const { return workLimit && work > workLimit; }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point deadline;
  int64_t workLimit, work = 0;
};

/// Some operations that are neighbours in a possible order, to be put into a better one.
class Window {
public:
  Window(const OrderProblem &problem, const std::vector<int> &operations, const std::vector<uint8_t> &ranBefore,
         Budget &budget)
      : problem(problem), operations(operations), count(static_cast<int>(operations.size())), budget(budget) {
    budget.spend(static_cast<int64_t>(problem.operations.size()));
    std::vector<int> local(problem.operations.size(), -1);
    for (int i = 0; i < count; ++i)
      local[operations[i]] = i;
    collectNeeds(local);
    collectStorage(local, ranBefore);
    least = leastPeak();
  }

  int64_t peakAsListed() const {
    std::vector<int> listed(count);
    for (int i = 0; i < count; ++i)
      listed[i] = i;
    return peakOf(listed);
  }

  /// A better order than one of peak `bound`, as positions in `operations`; empty when none was found. `proven` says
  /// whether none can be better than what was found (or than the bound).
  std::vector<int> improve(int64_t bound, int64_t stateLimit, bool &proven) {
    std::vector<int> best;
    for (int width : {4, 32, 256}) {
      if (bound <= least) {
        proven = true;
        return best;
      }
      std::vector<int> found = beam(width, bound);
      if (!found.empty()) {
        bound = peakOf(found);
        best = found;
      }
      if (budget.isOver())
        break;
    }
    std::vector<int> exact = search(bound, stateLimit, proven);
    return exact.empty() ? best : exact;
  }

private:
  /// No order has less: beside what an operation uses, there is what must be written before it and used behind it.
  int64_t leastPeak() const {
    std::vector<Set> before(needs), behind(count); // an operation itself is both
    for (int i = 0; i < count; ++i) {
      before[i].add(i);
      for (int other = 0; other < i; ++other)
        if (needs[i].has(other))
          before[i].add(before[other]);
    }
    for (int i = 0; i < count; ++i)
      for (int other = 0; other <= i; ++other)
        if (before[i].has(other))
          behind[other].add(i);
    int64_t least = aliveAtStart;
    for (int i = 0; i < count; ++i) {
      int64_t alive = aliveUntouched;
      for (const Storage &storage : storages)
        if ((storage.aliveBefore || before[i].meets(storage.writers)) && (storage.usedAfter || behind[i].meets(storage.users)))
          alive += storage.size;
      least = std::max(least, alive);
    }
    return least;
  }

  struct Storage {
    int64_t size = 0;
    bool aliveBefore = false; ///< written by an operation before the window
    bool usedAfter = false;   ///< used by an operation behind it
    Set writers, users;
  };
  struct State {
    Set ran, ready; ///< what may come next
    int64_t alive = 0, peak = 0;
    int parent = -1, operation = -1, ranCount = 0;
  };
  struct Effect {
    int64_t during, after; ///< bytes alive
  };

  void collectNeeds(const std::vector<int> &local) {
    needs.resize(count);
    neededBy.resize(count);
    for (int i = 0; i < count; ++i)
      for (int before : problem.operations[operations[i]].after)
        if (local[before] >= 0) {
          needs[i].add(local[before]);
          neededBy[local[before]].push_back(i);
        }
  }

  void collectStorage(const std::vector<int> &local, const std::vector<uint8_t> &ranBefore) {
    std::vector<Storage> all(problem.sizes.size());
    for (size_t s = 0; s < all.size(); ++s)
      all[s].size = problem.sizes[s];
    for (size_t o = 0; o < problem.operations.size(); ++o) {
      auto use = [&](int s, bool writes) {
        if (local[o] >= 0) {
          all[s].users.add(local[o]);
          if (writes)
            all[s].writers.add(local[o]);
        } else if (!ranBefore[o]) {
          all[s].usedAfter = true;
        } else if (writes) {
          all[s].aliveBefore = true;
        }
      };
      for (int s : problem.operations[o].reads)
        use(s, false);
      for (int s : problem.operations[o].writes)
        use(s, true);
    }
    std::vector<int> compact(all.size(), -1);
    usedBy.resize(count);
    for (size_t s = 0; s < all.size(); ++s) {
      const Storage &storage = all[s];
      bool touched = storage.users != Set{};
      if (storage.aliveBefore && (touched || storage.usedAfter))
        aliveAtStart += storage.size;
      if (storage.aliveBefore && !touched && storage.usedAfter)
        aliveUntouched += storage.size;
      if (!touched || storage.size == 0 || (!storage.aliveBefore && storage.writers == Set{}))
        continue;
      for (int i = 0; i < count; ++i)
        if (storage.users.has(i))
          usedBy[i].push_back(static_cast<int>(storages.size()));
      storages.push_back(storage);
    }
  }

  Effect effectOf(const Set &ran, int64_t alive, int operation) const {
    Set then = ran;
    then.add(operation);
    int64_t freed = 0;
    for (int s : usedBy[operation]) {
      const Storage &storage = storages[s];
      if (!storage.aliveBefore && !ran.meets(storage.writers) && storage.writers.has(operation))
        alive += storage.size;
      bool lives = storage.aliveBefore || then.meets(storage.writers);
      if (lives && !storage.usedAfter && then.contains(storage.users))
        freed += storage.size;
    }
    return {alive, alive - freed};
  }

  int64_t peakOf(const std::vector<int> &order) const {
    Set ran;
    int64_t alive = aliveAtStart, peak = alive;
    for (int operation : order) {
      Effect effect = effectOf(ran, alive, operation);
      peak = std::max(peak, effect.during);
      alive = effect.after;
      ran.add(operation);
    }
    return peak;
  }

  /// Whatever the order its peak will be the least one or more, so up to that operations are free.
  State start() const {
    State state{{}, {}, aliveAtStart, least, -1, -1, 0};
    for (int i = 0; i < count; ++i)
      if (needs[i] == Set{})
        state.ready.add(i);
    return state;
  }

  State successor(const State &state, int index, int operation, const Effect &effect) const {
    State next{state.ran, state.ready, effect.after, std::max(state.peak, effect.during), index, operation, state.ranCount + 1};
    next.ran.add(operation);
    next.ready.remove(operation);
    for (int later : neededBy[operation])
      if (next.ran.contains(needs[later]))
        next.ready.add(later);
    return next;
  }

  /// What may come next with a peak below the bound. One that is free (it does not raise the peak, and leaves no more
  /// alive) stands for all: any order that runs it later can run it now and is no worse.
  void expand(const State &state, int index, int64_t bound, std::vector<State> &out) const {
    size_t from = out.size();
    budget.spend(count);
    for (size_t word = 0; word < state.ready.words.size(); ++word)
      for (uint64_t rest = state.ready.words[word]; rest != 0; rest &= rest - 1) {
        int operation = static_cast<int>(64 * word) + std::countr_zero(rest);
        Effect effect = effectOf(state.ran, state.alive, operation);
        if (effect.during >= bound)
          continue;
        bool isFree = effect.during <= state.peak && effect.after <= state.alive;
        if (isFree)
          out.resize(from);
        out.push_back(successor(state, index, operation, effect));
        if (isFree)
          return;
      }
  }

  static std::vector<int> pathTo(const std::vector<State> &states, int index) {
    std::vector<int> order;
    for (; states[index].operation >= 0; index = states[index].parent)
      order.push_back(states[index].operation);
    std::reverse(order.begin(), order.end());
    return order;
  }

  /// Level by level, keeping the `width` best sets of each size; a single one when there is no time.
  std::vector<int> beam(int width, int64_t bound) const {
    std::vector<State> states{start()}, next;
    size_t from = 0;
    for (int level = 0; level < count; ++level) {
      if (budget.isOver())
        width = 1;
      next.clear();
      for (size_t i = from; i < states.size(); ++i)
        expand(states[i], static_cast<int>(i), bound, next);
      std::sort(next.begin(), next.end(), [](const State &a, const State &b) {
        return std::tie(a.peak, a.alive, a.ran.words) < std::tie(b.peak, b.alive, b.ran.words);
      });
      next.erase(std::unique(next.begin(), next.end(), [](const State &a, const State &b) { return a.ran == b.ran; }),
                 next.end());
      if (next.empty())
        return {};
      from = states.size();
      states.insert(states.end(), next.begin(), next.begin() + std::min<size_t>(width, next.size()));
    }
    return pathTo(states, static_cast<int>(from));
  }

  /// Sets by ascending peak, the largest first among equals: the first complete one is the best.
  std::vector<int> search(int64_t bound, int64_t stateLimit, bool &proven) const {
    std::vector<State> states{start()}, next;
    std::unordered_map<Set, int64_t, SetHash> bestPeak;
    auto worse = [&](int a, int b) {
      const State &x = states[a], &y = states[b];
      if (x.peak != y.peak)
        return x.peak > y.peak;
      if (x.ranCount != y.ranCount)
        return x.ranCount < y.ranCount;
      return x.alive != y.alive ? x.alive > y.alive : a > b;
    };
    std::priority_queue<int, std::vector<int>, decltype(worse)> queue(worse);
    queue.push(0);
    proven = false;
    for (int64_t turn = 0; !queue.empty(); ++turn) {
      int index = queue.top();
      queue.pop();
      if (states[index].ranCount == count) {
        proven = true;
        return pathTo(states, index);
      }
      bool isLate = (turn & 63) == 0 ? budget.isOver() : budget.isWorkOver();
      if (isLate || static_cast<int64_t>(states.size()) > stateLimit)
        return {};
      next.clear();
      expand(states[index], index, bound, next);
      for (const State &state : next) {
        auto [it, isNew] = bestPeak.try_emplace(state.ran, state.peak);
        if (!isNew && it->second <= state.peak)
          continue;
        it->second = state.peak;
        states.push_back(state);
        queue.push(static_cast<int>(states.size()) - 1); // compares states: the new one must be there
      }
    }
    proven = true; // nothing is below the bound
    return {};
  }

  const OrderProblem &problem;
  const std::vector<int> &operations;
  int count;
  Budget &budget;
  std::vector<Set> needs;
  std::vector<std::vector<int>> neededBy;
  std::vector<Storage> storages;
  std::vector<std::vector<int>> usedBy;
  int64_t aliveAtStart = 0, aliveUntouched = 0, least = 0;
};

/// Positions behind operations that come after everything before them and before everything behind them: whatever the
/// order, the same set has run there. In a listed order, operation i is such a one if the operations before it are all
/// its ancestors and those behind it all its descendants; both are found by counting, without a transitive closure.
std::vector<int> cutPositions(const OrderProblem &problem) {
  int count = static_cast<int>(problem.operations.size());
  // The ends that nothing consumes yet: sinks of the prefix. A single sink i after listing i means all before it are
  // ancestors of i. The same from behind gives the descendants.
  std::vector<uint8_t> single(count, 0), singleBack(count, 0);
  std::vector<std::vector<int>> users(count);
  std::vector<uint8_t> consumed(count, 0);
  for (int i = 0, sinks = 0; i < count; ++i) {
    ++sinks;
    for (int before : problem.operations[i].after) {
      users[before].push_back(i);
      if (!std::exchange(consumed[before], 1))
        --sinks;
    }
    single[i] = sinks == 1;
  }
  std::vector<uint8_t> supplied(count, 0);
  for (int i = count - 1, sources = 0; i >= 0; --i) {
    ++sources;
    for (int user : users[i])
      if (!std::exchange(supplied[user], 1))
        --sources;
    singleBack[i] = sources == 1;
  }
  std::vector<int> cuts;
  for (int i = 0; i < count; ++i)
    if (single[i] && singleBack[i])
      cuts.push_back(i + 1);
  if (cuts.empty() || cuts.back() != count)
    cuts.push_back(count);
  return cuts;
}

/// Reorders parts of an order in place, keeping the set that runs before and behind each.
class Chooser {
public:
  Chooser(const OrderProblem &problem, const OrderOptions &options)
      : problem(problem), options(options), budget(options) {
    for (size_t i = 0; i < problem.operations.size(); ++i)
      order.push_back(static_cast<int>(i));
  }

  OrderResult run() {
    bool proven = true;
    int begin = 0;
    for (int end : cutPositions(problem)) {
      proven &= end - begin <= mostInWindow ? reorder(begin, end) : slide(begin, end);
      begin = end;
    }
    OrderResult result{order, orderPeakBytes(problem, order), proven};
    return result;
  }

private:
  /// True when nothing better exists.
  bool reorder(int begin, int end) {
    if (end - begin < 2)
      return true;
    std::vector<int> part(order.begin() + begin, order.begin() + end);
    std::vector<uint8_t> ranBefore(problem.operations.size(), 0);
    for (int i = 0; i < begin; ++i)
      ranBefore[order[i]] = 1;
    Window window(problem, part, ranBefore, budget);
    bool proven = false;
    std::vector<int> better = window.improve(window.peakAsListed(), options.stateLimit, proven);
    for (size_t i = 0; i < better.size(); ++i)
      order[begin + i] = part[better[i]];
    return proven;
  }

  /// Overlapping windows, twice over a block too large for one.
  bool slide(int begin, int end) {
    for (int size : {48, 128})
      for (int from = begin; from + 1 < end && !budget.isOver(); from += size / 2)
        reorder(from, std::min(from + size, end));
    return false;
  }

  const OrderProblem &problem;
  const OrderOptions &options;
  Budget budget;
  std::vector<int> order;
};

} // namespace

std::vector<std::string> weft::memplan::check(const OrderProblem &problem) {
  std::vector<std::string> findings;
  for (size_t s = 0; s < problem.sizes.size(); ++s)
    if (problem.sizes[s] < 0 || problem.sizes[s] > int64_t(1) << 50)
      findings.push_back("storage " + std::to_string(s) + " has the size " + std::to_string(problem.sizes[s]));
  int storages = static_cast<int>(problem.sizes.size());
  for (int i = 0; i < static_cast<int>(problem.operations.size()); ++i) {
    const OrderProblem::Operation &operation = problem.operations[i];
    for (const std::vector<int> *uses : {&operation.reads, &operation.writes})
      for (int s : *uses)
        if (s < 0 || s >= storages)
          findings.push_back("operation " + std::to_string(i) + " uses storage " + std::to_string(s) + " of " +
                             std::to_string(storages));
    for (int before : operation.after)
      if (before < 0 || before >= i)
        findings.push_back("operation " + std::to_string(i) + " runs after " + std::to_string(before) +
                           ", which is not listed before it");
  }
  return findings;
}

bool weft::memplan::isOrder(const OrderProblem &problem, const std::vector<int> &order) {
  size_t count = problem.operations.size();
  std::vector<uint8_t> ran(count, 0);
  for (int i : order) {
    if (i < 0 || i >= static_cast<int>(count) || ran[i])
      return false;
    for (int before : problem.operations[i].after)
      if (!ran[before])
        return false;
    ran[i] = 1;
  }
  return order.size() == count;
}

int64_t weft::memplan::orderPeakBytes(const OrderProblem &problem, const std::vector<int> &order) {
  std::vector<int> first(problem.sizes.size(), -1), last(problem.sizes.size(), -1);
  for (int t = 0; t < static_cast<int>(order.size()); ++t) {
    const OrderProblem::Operation &operation = problem.operations[order[t]];
    for (int s : operation.writes)
      first[s] = first[s] < 0 ? t : first[s];
    for (const std::vector<int> *uses : {&operation.reads, &operation.writes})
      for (int s : *uses)
        last[s] = t;
  }
  std::vector<int64_t> change(order.size() + 1, 0);
  for (size_t s = 0; s < problem.sizes.size(); ++s)
    if (first[s] >= 0) {
      change[first[s]] += problem.sizes[s];
      change[last[s] + 1] -= problem.sizes[s];
    }
  int64_t alive = 0, peak = 0;
  for (int64_t bytes : change)
    peak = std::max(peak, alive += bytes);
  return peak;
}

OrderResult weft::memplan::chooseOrder(const OrderProblem &problem, const OrderOptions &options) {
  OrderResult result = Chooser(problem, options).run();
  std::vector<int> listed(problem.operations.size());
  for (size_t i = 0; i < listed.size(); ++i)
    listed[i] = static_cast<int>(i);
  if (orderPeakBytes(problem, listed) < result.peak) // cannot be, and must not
    result = {listed, orderPeakBytes(problem, listed), false};
  return result;
}
