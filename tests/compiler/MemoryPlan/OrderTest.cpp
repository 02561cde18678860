// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The chosen order is possible, never worse than as listed, and the best where it says so.
#include "compiler/MemoryPlan/Order.h"
#include "tests/compiler/MemoryPlan/Instances.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace weft::memplan;

namespace {

std::vector<int> listed(const OrderProblem &problem) {
  std::vector<int> order(problem.operations.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

TEST(Order, NothingToOrder) { EXPECT_EQ(chooseOrder({}).peak, 0); }

/// Two branches with a large middle each: one after the other needs one middle, side by side both.
TEST(Order, BranchesRunOneAfterTheOther) {
  OrderProblem problem;
  problem.sizes = {1, 10, 1, 10, 1, 1};
  problem.operations = {{{}, {0}, {}},   {{0}, {1}, {0}}, {{0}, {3}, {0}},
                        {{1}, {2}, {1}}, {{3}, {4}, {2}}, {{2, 4}, {5}, {3, 4}}};
  EXPECT_EQ(orderPeakBytes(problem, listed(problem)), 21);
  OrderResult result = chooseOrder(problem);
  EXPECT_EQ(result.peak, 12);
  EXPECT_TRUE(result.provenOptimal);
  EXPECT_TRUE(isOrder(problem, result.order));
}

TEST(Order, WrongProblemsAreNamed) {
  OrderProblem problem;
  problem.sizes = {1, -4};
  problem.operations = {{{0}, {2}, {}}, {{}, {}, {1}}};
  std::vector<std::string> expected = {"storage 1 has the size -4", "operation 0 uses storage 2 of 2",
                                       "operation 1 runs after 1, which is not listed before it"};
  EXPECT_EQ(check(problem), expected);
}

TEST(Order, IsOrderSeesWhatIsNot) {
  OrderProblem problem;
  problem.operations = {{{}, {}, {}}, {{}, {}, {0}}};
  EXPECT_TRUE(isOrder(problem, {0, 1}));
  EXPECT_FALSE(isOrder(problem, {1, 0}));
  EXPECT_FALSE(isOrder(problem, {0}));
  EXPECT_FALSE(isOrder(problem, {0, 0}));
  EXPECT_FALSE(isOrder(problem, {0, 2}));
}

TEST(Order, IsTheBestOfAllOrders) {
  std::mt19937 random(17);
  for (int round = 0; round < 200; ++round) {
    OrderProblem problem = randomOperations(random, 2 + round % 7);
    OrderResult result = chooseOrder(problem, {.budgetSeconds = 10});
    ASSERT_TRUE(isOrder(problem, result.order));
    EXPECT_EQ(result.peak, orderPeakBytes(problem, result.order));
    EXPECT_TRUE(result.provenOptimal);
    EXPECT_EQ(result.peak, bruteForceOrderPeak(problem)) << "round " << round;
  }
}

TEST(Order, LargeOnesAreNeverWorseThanListed) {
  std::mt19937 random(19);
  for (int operations : {60, 300, 1500}) {
    OrderProblem problem = randomOperations(random, operations);
    OrderResult result = chooseOrder(problem, {.budgetSeconds = 0.2});
    EXPECT_TRUE(isOrder(problem, result.order));
    EXPECT_LE(result.peak, orderPeakBytes(problem, listed(problem)));
  }
}

/// Hundreds of windows, each of which would end before its own limit, are cut together and at the same place.
TEST(Order, WorkLimitCutsAtTheSamePlace) {
  std::mt19937 random(29);
  OrderProblem problem = randomOperations(random, 1500);
  OrderOptions options{.budgetSeconds = 100, .stateLimit = 1'000'000'000, .workLimit = 3'000'000};
  OrderResult first = chooseOrder(problem, options);
  EXPECT_EQ(first.order, chooseOrder(problem, options).order);
  EXPECT_TRUE(isOrder(problem, first.order));
  EXPECT_LE(first.peak, orderPeakBytes(problem, listed(problem)));
}

TEST(Order, NoBudgetStillAnswers) {
  std::mt19937 random(23);
  OrderProblem problem = randomOperations(random, 400);
  EXPECT_TRUE(isOrder(problem, chooseOrder(problem, {.budgetSeconds = 0}).order));
}

} // namespace
