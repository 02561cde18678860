// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Generators, and exhaustive search with the validator as its only knowledge.
#include "tests/compiler/MemoryPlan/Instances.h"

#include "compiler/MemoryPlan/Validate.h"

#include <algorithm>

using namespace weft::memplan;

namespace {

int64_t between(std::mt19937 &random, int64_t least, int64_t most) {
  return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
}
bool chance(std::mt19937 &random, double probability) { return random() / 4294967296.0 < probability; }

struct Piece {
  int64_t lower, upper, begin, end;
};

Buffer named(size_t index, int64_t lower, int64_t upper, int64_t size) {
  Buffer buffer;
  buffer.name = "b" + std::to_string(index);
  buffer.lower = lower;
  buffer.upper = upper;
  buffer.size = size;
  return buffer;
}

/// Cuts the piece across time or across bytes, or not at all where it is too thin.
bool cut(std::mt19937 &random, std::vector<Piece> &pieces, size_t index) {
  Piece piece = pieces[index], rest = piece;
  bool acrossTime = chance(random, 0.5);
  if (acrossTime ? piece.upper - piece.lower < 2 : piece.end - piece.begin < 2)
    return false;
  if (acrossTime)
    pieces[index].upper = rest.lower = between(random, piece.lower + 1, piece.upper - 1);
  else
    pieces[index].end = rest.begin = between(random, piece.begin + 1, piece.end - 1);
  pieces.push_back(rest);
  return true;
}

void shrinkPiece(std::mt19937 &random, Piece &piece) {
  if (chance(random, 0.5))
    piece.upper -= between(random, 0, (piece.upper - piece.lower) / 2);
  else
    piece.end -= between(random, 0, (piece.end - piece.begin) / 2);
}

} // namespace

KnownInstance weft::memplan::guillotine(uint32_t seed, int count, int64_t times, int64_t bytes, double shrink) {
  std::mt19937 random(seed);
  std::vector<Piece> pieces{{0, times, 0, bytes}};
  while (static_cast<int>(pieces.size()) < count) {
    auto areaOf = [&](size_t i) {
      return static_cast<double>(pieces[i].upper - pieces[i].lower) *
             static_cast<double>(pieces[i].end - pieces[i].begin);
    };
    size_t index = random() % pieces.size();
    for (int tries = 0; tries < 3; ++tries) // rather a large one
      if (size_t other = random() % pieces.size(); areaOf(other) > areaOf(index))
        index = other;
    cut(random, pieces, index);
  }
  int64_t kept = between(random, 0, times - 1);
  for (Piece &piece : pieces)
    if ((piece.lower > kept || piece.upper <= kept) && chance(random, shrink))
      shrinkPiece(random, piece);
  std::shuffle(pieces.begin(), pieces.end(), random);
  KnownInstance instance;
  instance.optimum = bytes;
  for (const Piece &piece : pieces)
    instance.problem.buffers.push_back(
        named(instance.problem.buffers.size(), piece.lower, piece.upper, piece.end - piece.begin));
  return instance;
}

KnownInstance weft::memplan::nested(uint32_t seed, int depth) {
  std::mt19937 random(seed);
  KnownInstance instance;
  for (int i = 0; i < depth; ++i) {
    int64_t size = between(random, 1, 1000);
    instance.problem.buffers.push_back(named(i, i, 2 * depth - i, size));
    instance.optimum += size;
  }
  std::shuffle(instance.problem.buffers.begin(), instance.problem.buffers.end(), random);
  return instance;
}

KnownInstance weft::memplan::staircase(uint32_t seed, int steps) {
  std::mt19937 random(seed);
  int64_t reach = between(random, 2, 6), size = between(random, 1, 4096);
  KnownInstance instance;
  for (int i = 0; i < steps; ++i)
    instance.problem.buffers.push_back(named(i, i, i + reach, size));
  instance.optimum = std::min<int64_t>(reach, steps) * size;
  return instance;
}

Problem weft::memplan::randomProblem(std::mt19937 &random, int most, int64_t times, int64_t bytes,
                                     const Features &features) {
  Problem problem;
  int count = static_cast<int>(between(random, 1, most));
  for (int i = 0; i < count; ++i) {
    int64_t lower = between(random, 0, times - 1);
    Buffer buffer = named(i, lower, between(random, lower + 1, times),
                          between(random, features.empty && chance(random, 0.1) ? 0 : 1, bytes));
    if (features.alignment && chance(random, 0.5))
      buffer.alignment = between(random, 1, 4);
    if (features.gaps && buffer.upper - buffer.lower > 2 && chance(random, 0.4)) {
      Gap gap;
      gap.lower = between(random, buffer.lower + 1, buffer.upper - 2);
      gap.upper = between(random, gap.lower + 1, buffer.upper - 1);
      if (features.windows && chance(random, 0.5)) {
        int64_t from = between(random, 0, buffer.size);
        gap.window = Window{from, between(random, from, buffer.size)};
      }
      buffer.gaps.push_back(gap);
    }
    if (features.groups && chance(random, 0.5)) {
      buffer.group = problem.groupNamed("g" + std::to_string(random() % 3));
      buffer.delta = between(random, -2, 2 * bytes);
    }
    if (features.pins && chance(random, 0.15))
      buffer.pinned = between(random, 0, bytes) * buffer.alignment;
    problem.buffers.push_back(std::move(buffer));
    if (!check(problem).empty()) {
      // Contradicts an earlier one: take it without what can.
      problem.buffers.back().group = -1;
      problem.buffers.back().delta = 0;
      problem.buffers.back().pinned.reset();
    }
  }
  return problem;
}

namespace {

class BruteForce {
public:
  BruteForce(const Problem &problem, int64_t most) : problem(problem), best(most + 1), most(most) {
    placed.groups = problem.groups;
  }

  int64_t run() {
    placeFrom(0, 0);
    return best > most ? -1 : best;
  }

private:
  void placeFrom(size_t index, int64_t peak) {
    if (peak >= best)
      return;
    if (index == problem.buffers.size()) {
      best = peak;
      return;
    }
    placed.buffers.push_back(problem.buffers[index]);
    int64_t size = problem.buffers[index].size;
    for (int64_t offset = 0; offset + size <= best; ++offset) {
      solution.offsets.push_back(offset);
      if (validate(placed, solution, std::nullopt, 1).empty())
        placeFrom(index + 1, std::max(peak, offset + size));
      solution.offsets.pop_back();
    }
    placed.buffers.pop_back();
  }

  const Problem &problem;
  Problem placed;
  Solution solution;
  int64_t best, most;
};

void forEachOrder(const OrderProblem &problem, std::vector<int> &order, int64_t &best) {
  if (order.size() == problem.operations.size()) {
    int64_t peak = orderPeakBytes(problem, order);
    best = best < 0 ? peak : std::min(best, peak);
    return;
  }
  auto ran = [&](int i) { return std::find(order.begin(), order.end(), i) != order.end(); };
  for (int i = 0; i < static_cast<int>(problem.operations.size()); ++i) {
    const std::vector<int> &after = problem.operations[i].after;
    if (ran(i) || !std::all_of(after.begin(), after.end(), ran))
      continue;
    order.push_back(i);
    forEachOrder(problem, order, best);
    order.pop_back();
  }
}

} // namespace

int64_t weft::memplan::bruteForcePeak(const Problem &problem, int64_t most) { return BruteForce(problem, most).run(); }

OrderProblem weft::memplan::randomOperations(std::mt19937 &random, int count) {
  OrderProblem problem;
  for (int i = 0; i < count; ++i) {
    OrderProblem::Operation operation;
    // Each operation writes storage of its own; some write into an older one as well, as an accumulation does.
    problem.sizes.push_back(between(random, 0, 9));
    operation.writes.push_back(i);
    for (int reads = static_cast<int>(between(random, i ? 1 : 0, 2)); i && reads > 0; --reads) {
      int before = static_cast<int>(between(random, std::max(0, i - 5), i - 1));
      operation.reads.push_back(before);
      operation.after.push_back(before);
      if (chance(random, 0.1))
        operation.writes.push_back(before);
    }
    problem.operations.push_back(operation);
  }
  return problem;
}

int64_t weft::memplan::bruteForceOrderPeak(const OrderProblem &problem) {
  std::vector<int> order;
  int64_t best = -1;
  forEachOrder(problem, order, best);
  return best;
}
