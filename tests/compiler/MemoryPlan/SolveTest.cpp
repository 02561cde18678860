// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Plans are valid, as small as they can be, and what is claimed about them is true.
#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/FirstFit.h"
#include "compiler/MemoryPlan/Model.h"
#include "compiler/MemoryPlan/Orders.h"
#include "compiler/MemoryPlan/Search.h"
#include "compiler/MemoryPlan/Validate.h"
#include "tests/compiler/MemoryPlan/Instances.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace weft::memplan;

namespace {

Problem problemOf(std::initializer_list<std::array<int64_t, 3>> rows) {
  Problem problem;
  for (auto [lower, upper, size] : rows) {
    Buffer buffer;
    buffer.name = "b" + std::to_string(problem.buffers.size());
    buffer.lower = lower;
    buffer.upper = upper;
    buffer.size = size;
    problem.buffers.push_back(buffer);
  }
  return problem;
}

Result solved(const Problem &problem, const Options &options = {}) {
  Result result = solve(problem, options);
  for (const std::string &finding : validate(problem, result.solution))
    ADD_FAILURE() << finding;
  EXPECT_EQ(result.peak, peakBytes(problem, result.solution));
  EXPECT_LE(result.lowerBound, result.peak);
  return result;
}

TEST(Solve, NothingNeedsNothing) {
  Result result = solved({});
  EXPECT_EQ(result.peak, 0);
  EXPECT_TRUE(result.provenOptimal);
}

TEST(Solve, EmptyBuffersNeedNothing) { EXPECT_EQ(solved(problemOf({{0, 5, 0}, {0, 5, 0}})).peak, 0); }

/// Lifetimes are half open: what dies at 5 makes room for what is born at 5.
TEST(Solve, BytesAreReused) { EXPECT_EQ(solved(problemOf({{0, 5, 8}, {5, 9, 8}})).peak, 8); }

TEST(Solve, GapsAreUsed) {
  Problem problem = problemOf({{0, 10, 8}, {4, 6, 8}});
  EXPECT_EQ(solved(problem).peak, 16);
  problem.buffers[0].gaps = {{4, 6, {}}};
  EXPECT_EQ(solved(problem).peak, 8);
  problem.buffers[0].gaps = {{4, 6, Window{0, 3}}};
  EXPECT_EQ(solved(problem).peak, 11);
}

/// A concatenation of two: each member has a lifetime of its own, so a third buffer may sit under the late one.
TEST(Solve, MembersOfAGroupLiveOnTheirOwn) {
  Problem problem = problemOf({{0, 10, 8}, {6, 10, 8}, {0, 6, 8}});
  problem.buffers[0].group = problem.buffers[1].group = problem.groupNamed("concat");
  problem.buffers[1].delta = 8;
  Result result = solved(problem);
  EXPECT_EQ(result.peak, 16);
  EXPECT_TRUE(result.provenOptimal);
}

TEST(Solve, PinsStay) {
  Problem problem = problemOf({{0, 10, 8}, {0, 10, 8}});
  problem.buffers[0].pinned = 4;
  Result result = solved(problem);
  EXPECT_EQ(result.solution.offsets[0], 4);
  EXPECT_EQ(result.peak, 20);
  EXPECT_TRUE(result.provenOptimal); // 16 bytes would do without the pin: that they do not is proven
}

TEST(Solve, AlignmentIsInTheLowerBound) {
  Problem problem = problemOf({{0, 10, 5}, {0, 10, 5}, {0, 10, 5}});
  for (Buffer &buffer : problem.buffers)
    buffer.alignment = 8;
  Result result = solved(problem);
  EXPECT_EQ(result.peak, 21);
  EXPECT_EQ(result.lowerBound, 21);
}

TEST(Solve, CapacityThatCannotBeMetIsExplained) {
  Problem problem = problemOf({{0, 10, 600}, {5, 15, 500}, {20, 30, 900}});
  Result result = solved(problem, {.capacity = 1000});
  EXPECT_FALSE(result.fits);
  EXPECT_TRUE(result.provenInfeasible);
  EXPECT_EQ(result.explanation, "no plan fits 1000 bytes: at least 1100 bytes are needed, 100 bytes too many\n"
                                "at time 5, 1100 bytes are alive in 2 buffers, 100 bytes too many:\n"
                                "  `b0`: 600 bytes, alive [0, 10)\n"
                                "  `b1`: 500 bytes, alive [5, 15)\n");
}

TEST(Solve, ATallPinIsExplained) {
  Problem problem = problemOf({{0, 10, 8}});
  problem.buffers[0].pinned = 100;
  Result result = solved(problem, {.capacity = 64});
  EXPECT_TRUE(result.provenInfeasible);
  EXPECT_NE(result.explanation.find("`b0` ends at byte 108 where it is pinned, 44 bytes too many"), std::string::npos)
      << result.explanation;
}

TEST(Solve, CapacityEndsTheSearchAndMinimizeDoesNot) {
  KnownInstance instance = guillotine(5, 60, 100, 1000, 0);
  Result loose = solved(instance.problem, {.capacity = 3000});
  EXPECT_TRUE(loose.fits);
  EXPECT_FALSE(loose.provenOptimal);
  Result tight = solved(instance.problem, {.capacity = 3000, .minimize = true});
  EXPECT_EQ(tight.peak, instance.optimum);
}

/// An arena of whole pages has no use for a plan that is smaller by less than one.
TEST(Solve, PeaksThatRoundUpToTheSameEndTheSearch) {
  KnownInstance instance = guillotine(8, 250, 400, 1 << 20, 0.3);
  int64_t loosePeak = solved(instance.problem, {.budgetSeconds = 100, .stepLimit = 20000}).peak;
  ASSERT_GT(loosePeak, instance.optimum);
  Result rounded = solved(instance.problem, {.budgetSeconds = 100, .stepLimit = 20000, .rounding = 2 * instance.optimum});
  EXPECT_LE(rounded.peak, 2 * instance.optimum);
  EXPECT_LT(rounded.steps, 20000);
}

TEST(Solve, NoBudgetStillPlans) {
  KnownInstance instance = guillotine(6, 300, 500, 1 << 20, 0.2);
  EXPECT_GE(solved(instance.problem, {.budgetSeconds = 0}).peak, instance.optimum);
}

TEST(Solve, StepLimitCutsAtTheSamePlace) {
  KnownInstance instance = guillotine(8, 250, 400, 1 << 20, 0.3);
  Options options{.budgetSeconds = 100, .stepLimit = 20000};
  Result first = solved(instance.problem, options), second = solved(instance.problem, options);
  EXPECT_EQ(first.solution, second.solution);
  EXPECT_EQ(first.steps, second.steps);
}

/// Looks at rectangles count too: where groups lock, a few steps take as many as thousands elsewhere.
TEST(Solve, WorkLimitCutsAtTheSamePlace) {
  KnownInstance instance = guillotine(8, 250, 400, 1 << 20, 0.3);
  Options options{.budgetSeconds = 100, .stepLimit = 200'000, .workLimit = 2'000'000};
  Result first = solved(instance.problem, options), second = solved(instance.problem, options);
  EXPECT_EQ(first.solution, second.solution);
  EXPECT_GE(first.work, options.workLimit);
  EXPECT_LT(first.work, 2 * options.workLimit);
  EXPECT_LT(first.steps, options.stepLimit);
}

TEST(Solve, ProgressDescendsAndCanEndTheSearch) {
  KnownInstance instance = guillotine(9, 200, 300, 1 << 20, 0.2);
  std::vector<int64_t> peaks;
  Options options;
  options.progress = [&](const Progress &progress) {
    peaks.push_back(progress.peak);
    return peaks.size() < 2;
  };
  Result result = solved(instance.problem, options);
  ASSERT_EQ(peaks.size(), 2u);
  EXPECT_GT(peaks[0], peaks[1]);
  EXPECT_EQ(result.peak, peaks[1]);
}

//===----------------------------------------------------------------------===//
// Known optima
//===----------------------------------------------------------------------===//

TEST(Known, Guillotine) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    KnownInstance instance = guillotine(seed, 70, 150, 4096, 0);
    Result result = solved(instance.problem, {.budgetSeconds = 20});
    EXPECT_EQ(result.peak, instance.optimum) << "seed " << seed;
  }
}

TEST(Known, ShrunkGuillotineIsApproached) {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    KnownInstance instance = guillotine(seed, 250, 600, 1 << 20, 0.3);
    Result result = solved(instance.problem, {.budgetSeconds = 100, .stepLimit = 100'000});
    EXPECT_LE(static_cast<double>(result.peak), 1.2 * static_cast<double>(instance.optimum)) << "seed " << seed;
  }
}

TEST(Known, Nested) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    KnownInstance instance = nested(seed, 300);
    EXPECT_EQ(solved(instance.problem).peak, instance.optimum);
  }
}

TEST(Known, Staircase) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    KnownInstance instance = staircase(seed, 400);
    EXPECT_EQ(solved(instance.problem).peak, instance.optimum);
  }
}

/// Far more than a search can have: still a valid plan, in time. (Cut from a full rectangle, this is far harder than
/// any network; the shared instances show what networks need.)
TEST(Known, TensOfThousands) {
  KnownInstance instance = guillotine(3, 40'000, 100'000, int64_t(1) << 32, 0.2);
  Result result = solved(instance.problem, {.budgetSeconds = 60, .stepLimit = 80'000});
  EXPECT_LE(static_cast<double>(result.peak), 1.5 * static_cast<double>(instance.optimum));
}

/// The lowest hole, found by trying 0 and every top: what first fit must find, however it looks.
int64_t lowestHole(const std::vector<Rect> &placed, const std::vector<int64_t> &offsets, const Rect &rect) {
  std::vector<std::pair<int64_t, int64_t>> beside; ///< first byte and the byte behind the last
  for (size_t i = 0; i < placed.size(); ++i)
    if (placed[i].begin < rect.end && rect.begin < placed[i].end)
      beside.emplace_back(offsets[i], offsets[i] + placed[i].size);
  std::sort(beside.begin(), beside.end());
  int64_t offset = 0;
  for (auto [from, upTo] : beside) {
    if (offset + rect.size <= from)
      break;
    offset = std::max(offset, upTo);
  }
  return offset;
}

/// Short lives look at a part of time only; they and the long ones must still lie in the lowest hole there is.
TEST(FirstFit, EachLiesInTheLowestHole) {
  std::mt19937 random(17);
  Problem problem;
  for (int i = 0; i < 6000; ++i) {
    int64_t lower = static_cast<int64_t>(random() % 20'000), length = 1 + static_cast<int64_t>(random() % 300);
    Buffer buffer;
    buffer.name = "b" + std::to_string(i);
    buffer.lower = lower;
    buffer.upper = lower + (i % 50 ? length : 60 * length);
    buffer.size = 1 + static_cast<int64_t>(random() % 1000);
    problem.buffers.push_back(buffer);
  }
  Model model(problem);
  std::vector<int> order(model.items.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<int64_t> bases = firstFit(model, order), offsets;
  std::vector<Rect> placed;
  for (int item : order) {
    const Rect &rect = model.rects[model.items[item].firstRect];
    ASSERT_EQ(bases[item], lowestHole(placed, offsets, rect)) << "item " << item;
    placed.push_back(rect);
    offsets.push_back(bases[item]);
  }
}

//===----------------------------------------------------------------------===//
// Against exhaustive search
//===----------------------------------------------------------------------===//

struct Mix {
  const char *what;
  Features features;
};
const Mix mixes[] = {{"Plain", {}},
                     {"Alignment", {.alignment = true}},
                     {"Gaps", {.gaps = true, .windows = true}},
                     {"Groups", {.groups = true}},
                     {"Pins", {.pins = true}},
                     {"Everything", {true, true, true, true, true, true}}};

class Exhaustive : public testing::TestWithParam<Mix> {};

TEST_P(Exhaustive, OptimumIsFoundAndProofsAreTrue) {
  std::mt19937 random(11);
  int proven = 0, rounds = 150;
  for (int round = 0; round < rounds; ++round) {
    Problem problem = randomProblem(random, 5, 6, 4, GetParam().features);
    ASSERT_TRUE(check(problem).empty());
    Result result = solved(problem, {.budgetSeconds = 100, .stepLimit = 20'000});
    int64_t optimum = bruteForcePeak(problem, result.peak);
    EXPECT_EQ(result.peak, optimum) << "round " << round;
    EXPECT_LE(result.lowerBound, optimum) << "round " << round;
    proven += result.provenOptimal;
    if (optimum == 0)
      continue;
    // One byte less cannot be had, and saying so is a proof.
    Result less = solved(problem, {.budgetSeconds = 100, .stepLimit = 20'000, .capacity = optimum - 1});
    EXPECT_FALSE(less.fits);
  }
  EXPECT_GE(proven, rounds * 9 / 10); // groups that hang over one another may stay without a proof
}

INSTANTIATE_TEST_SUITE_P(Table, Exhaustive, testing::ValuesIn(mixes),
                         [](const auto &info) { return std::string(info.param.what); });

/// Every branching is complete: it finds the optimum, and proves that a byte less is impossible.
TEST(Search, EachBranchingIsComplete) {
  std::mt19937 random(13);
  for (int round = 0; round < 100; ++round) {
    Problem problem = randomProblem(random, 6, 6, 4, {.alignment = round % 2 == 1});
    int64_t optimum = bruteForcePeak(problem, 100);
    Model model(problem);
    Orders orders(model);
    Search search(model);
    for (Branching branching : {Branching::FewestCandidates, Branching::FewestCandidatesDense, Branching::LowestSection,
                                Branching::TightestSection}) {
      Search::Setting setting;
      setting.branching = branching;
      setting.priority = orders.rectPriorities(OrderBy::AreaCrowdLength, 0, random);
      setting.stepLimit = 100'000;
      setting.height = optimum;
      ASSERT_EQ(search.run(setting), Verdict::Found);
      EXPECT_TRUE(validate(problem, model.solutionFrom(search.bases()), optimum).empty());
      setting.height = optimum - 1;
      EXPECT_EQ(search.run(setting), Verdict::Impossible);
    }
  }
}

} // namespace
