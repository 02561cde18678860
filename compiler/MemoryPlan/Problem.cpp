// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What makes a problem one that can be solved: each buffer by itself, each group, the pins together, the sums.
#include "compiler/MemoryPlan/Problem.h"

#include "compiler/MemoryPlan/Congruence.h"
#include "compiler/MemoryPlan/Validate.h"

#include <algorithm>
#include <unordered_set>

using namespace weft::memplan;

namespace {

constexpr int64_t most = int64_t(1) << 60; ///< the largest number a problem may hold, and the largest sum

std::string quoted(const std::string &name) { return "`" + name + "`"; }
std::string number(int64_t value) { return std::to_string(value); }

class Checker {
public:
  explicit Checker(const Problem &problem) : problem(problem) {}

  std::vector<std::string> run() {
    checkNames();
    for (const Buffer &buffer : problem.buffers)
      checkBuffer(buffer);
    if (findings.empty())
      checkSum();
    if (findings.empty())
      checkGroups();
    if (findings.empty())
      checkPins();
    return std::move(findings);
  }

private:
  void add(std::string text) { findings.push_back(std::move(text)); }

  void checkNames() {
    std::unordered_set<std::string> seen;
    for (const Buffer &buffer : problem.buffers) {
      if (buffer.name.empty())
        add("a buffer has no name");
      else if (!seen.insert(buffer.name).second)
        add("two buffers are named " + quoted(buffer.name));
    }
  }

  void checkBuffer(const Buffer &buffer) {
    const std::string name = quoted(buffer.name);
    auto inRange = [&](int64_t value, int64_t least, const char *what) {
      if (value < least || value > most)
        add(name + " has the " + what + " " + number(value) + ", not a number from " + number(least) + " to " +
            number(most));
    };
    inRange(buffer.size, 0, "size");
    inRange(buffer.alignment, 1, "alignment");
    inRange(buffer.lower, -most, "lower");
    inRange(buffer.upper, -most, "upper");
    inRange(buffer.delta, -most, "delta");
    if (buffer.upper <= buffer.lower)
      add(name + " dies at " + number(buffer.upper) + ", not after its birth at " + number(buffer.lower));
    if (buffer.group < -1 || buffer.group >= static_cast<int>(problem.groups.size()))
      add(name + " is in group number " + number(buffer.group) + ", but there are " + number(problem.groups.size()));
    if (buffer.pinned) {
      inRange(*buffer.pinned, 0, "pinned offset");
      if (buffer.alignment > 0 && *buffer.pinned % buffer.alignment)
        add(name + " is pinned to " + number(*buffer.pinned) + ", not a multiple of its alignment, " +
            number(buffer.alignment));
    }
    checkGaps(buffer);
  }

  void checkGaps(const Buffer &buffer) {
    int64_t from = buffer.lower;
    for (const Gap &gap : buffer.gaps) {
      const std::string text = quoted(buffer.name) + " has a gap " + number(gap.lower) + "-" + number(gap.upper);
      if (gap.lower < from || gap.upper <= gap.lower || gap.upper > buffer.upper)
        add(text + "; gaps are inside the lifetime, ascending and apart");
      if (gap.window &&
          (gap.window->lower < 0 || gap.window->upper < gap.window->lower || gap.window->upper > buffer.size))
        add(text + " with a window that is not inside its " + number(buffer.size) + " bytes");
      from = std::max(from, gap.upper);
    }
  }

  /// A plan that puts everything apart must fit, so that no solver needs to think of overflow.
  void checkSum() {
    __int128 sum = 0;
    for (const Buffer &buffer : problem.buffers)
      sum += static_cast<__int128>(buffer.size) + buffer.alignment + std::abs(buffer.delta) + buffer.pinned.value_or(0);
    if (sum > most)
      add("sizes, alignments and offsets add up to more than " + number(most) + " bytes");
  }

  void checkGroups() {
    std::vector<std::vector<int>> members(problem.groups.size());
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      if (problem.buffers[i].group >= 0)
        members[problem.buffers[i].group].push_back(static_cast<int>(i));
    for (size_t group = 0; group < members.size(); ++group)
      if (!members[group].empty())
        checkGroup(problem.groups[group], members[group]);
  }

  void checkGroup(const std::string &name, const std::vector<int> &members) {
    int64_t least = problem.buffers[members.front()].delta;
    for (int i : members)
      least = std::min(least, problem.buffers[i].delta);
    Congruence base;
    std::optional<int64_t> pinnedBase;
    for (int i : members) {
      const Buffer &buffer = problem.buffers[i];
      int64_t rel = buffer.delta - least, alignment = buffer.alignment;
      std::optional<Congruence> both = intersect(base, {alignment, (alignment - rel % alignment) % alignment});
      if (!both || both->modulus > most) {
        add("group " + quoted(name) + " has no base that meets the alignments of all its members: " +
            quoted(buffer.name) + " has delta " + number(buffer.delta) + " and alignment " + number(alignment));
        return;
      }
      base = *both;
      if (!buffer.pinned)
        continue;
      if (*buffer.pinned < rel)
        add(quoted(buffer.name) + " is pinned to " + number(*buffer.pinned) + ", which puts others of group " +
            quoted(name) + " below 0");
      if (pinnedBase.value_or(*buffer.pinned - rel) != *buffer.pinned - rel)
        add(quoted(buffer.name) + " is pinned to " + number(*buffer.pinned) +
            ", which contradicts another pin and the deltas of group " + quoted(name));
      pinnedBase = *buffer.pinned - rel;
    }
    if (pinnedBase && !base.contains(*pinnedBase))
      add("the pins of group " + quoted(name) + " contradict the alignments of its members");
    expectApart(members, least, "of group " + quoted(name) + " cannot be apart: ");
  }

  /// Members of a group must not collide by their deltas alone.
  void expectApart(const std::vector<int> &members, int64_t least, const std::string &what) {
    Problem part;
    Solution placed;
    for (int i : members) {
      Buffer buffer = problem.buffers[i];
      placed.offsets.push_back(buffer.delta - least);
      buffer.alignment = 1;
      buffer.group = -1;
      buffer.pinned.reset();
      part.buffers.push_back(std::move(buffer));
    }
    for (const std::string &finding : validate(part, placed, std::nullopt, 1))
      add("members " + what + finding);
  }

  /// Pins, and the places the pin of one member implies for the others of its group, must not collide.
  void checkPins() {
    std::vector<std::optional<int64_t>> base(problem.groups.size()); ///< offset - delta
    for (const Buffer &buffer : problem.buffers)
      if (buffer.pinned && buffer.group >= 0)
        base[buffer.group] = *buffer.pinned - buffer.delta;
    Problem part;
    Solution placed;
    for (const Buffer &buffer : problem.buffers) {
      bool implied = buffer.group >= 0 && base[buffer.group];
      if (!buffer.pinned && !implied)
        continue;
      part.buffers.push_back(buffer);
      part.buffers.back().group = -1;
      part.buffers.back().pinned.reset();
      placed.offsets.push_back(implied ? *base[buffer.group] + buffer.delta : *buffer.pinned);
    }
    for (const std::string &finding : validate(part, placed))
      add("pinned offsets collide: " + finding);
  }

  const Problem &problem;
  std::vector<std::string> findings;
};

} // namespace

int Problem::groupNamed(const std::string &name) {
  auto it = std::find(groups.begin(), groups.end(), name);
  if (it == groups.end())
    it = groups.insert(it, name);
  return static_cast<int>(it - groups.begin());
}

std::vector<std::string> weft::memplan::check(const Problem &problem) { return Checker(problem).run(); }

int64_t weft::memplan::peakBytes(const Problem &problem, const Solution &solution) {
  int64_t peak = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    peak = std::max(peak, solution.offsets[i] + problem.buffers[i].size);
  return peak;
}
