// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A wrong plan never passes: each way to be wrong is said, and only that.
#include "compiler/MemoryPlan/Validate.h"
#include "tests/compiler/MemoryPlan/Instances.h"

#include <gtest/gtest.h>

using namespace weft::memplan;

namespace {

/// a [0, 10) and c [10, 20) may share bytes; b [5, 15) conflicts with both. d and e are a group.
Problem fiveBuffers() {
  Problem problem;
  problem.groups = {"g"};
  struct Row {
    const char *name;
    int64_t lower, upper, size;
  };
  for (const Row &row :
       std::vector<Row>{{"a", 0, 10, 16}, {"b", 5, 15, 16}, {"c", 10, 20, 16}, {"d", 30, 40, 8}, {"e", 30, 40, 8}}) {
    Buffer buffer;
    buffer.name = row.name;
    buffer.lower = row.lower;
    buffer.upper = row.upper;
    buffer.size = row.size;
    problem.buffers.push_back(buffer);
  }
  problem.buffers[3].group = problem.buffers[4].group = 0;
  problem.buffers[4].delta = 8;
  return problem;
}

struct Case {
  const char *what;
  std::vector<int64_t> offsets;
  void (*change)(Problem &);
  std::string expected; ///< the whole text; empty: valid
};

const Case cases[] = {
    {"Valid", {0, 16, 0, 0, 8}, [](Problem &) {}, ""},
    {"TooFew", {0, 16}, [](Problem &) {}, "the solution has 2 offsets for 5 buffers"},
    {"Negative", {-1, 16, 0, 0, 8}, [](Problem &) {}, "`a` is at the negative offset -1"},
    {"Beyond62Bits", {INT64_MAX, 16, 0, 0, 8}, [](Problem &) {}, "`a` lies beyond 62 bits"},
    {"Overlap", {0, 15, 31, 0, 8}, [](Problem &) {}, "`a` at [0, 16) and `b` at [15, 31) share bytes at time 5"},
    {"SameOffset", {4, 4, 31, 0, 8}, [](Problem &) {}, "`a` at [4, 20) and `b` at [4, 20) share bytes at time 5"},
    {"Unaligned",
     {4, 20, 0, 0, 8},
     [](Problem &p) { p.buffers[0].alignment = 8; },
     "`a` is at 4, not a multiple of its alignment, 8"},
    {"NotWherePinned", {0, 16, 0, 0, 8}, [](Problem &p) { p.buffers[1].pinned = 32; }, "`b` is at 16 but pinned to 32"},
    {"GroupApart", {0, 16, 0, 0, 16}, [](Problem &) {}, "`e` is 16 bytes after `d` of its group, not 8"},
    {"BeyondCapacity", {0, 40, 0, 0, 8}, [](Problem &) {}, "`b` ends at 56, 8 bytes beyond the capacity, 48"},
    {"GapLetsIn",
     {0, 0, 16, 0, 8},
     [](Problem &p) {
       p.buffers[0].gaps = {{5, 10, {}}};
     },
     ""},
    {"WindowStays",
     {0, 8, 24, 0, 8},
     [](Problem &p) {
       p.buffers[0].gaps = {{5, 10, Window{0, 9}}};
     },
     "`a` at [0, 9) and `b` at [8, 24) share bytes at time 5"},
    {"EmptyBufferIsNowhere", {0, 16, 0, 0, 8}, [](Problem &p) { p.buffers[1].size = 0; }, ""},
};

class Validate : public testing::TestWithParam<Case> {};

TEST_P(Validate, SaysWhatIsWrong) {
  Problem problem = fiveBuffers();
  GetParam().change(problem);
  std::vector<std::string> findings = validate(problem, {GetParam().offsets}, 48);
  if (GetParam().expected.empty()) {
    EXPECT_TRUE(findings.empty()) << findings.front();
  } else {
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings.front(), GetParam().expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Validate, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.what); });

/// The sweep looks at neighbours only; comparing all pairs at all times finds no overlap it does not.
TEST(Validate, AgreesWithAllPairs) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Problem problem = randomProblem(random, 8, 8, 8, {.gaps = true});
    Solution solution;
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      solution.offsets.push_back(static_cast<int64_t>(random() % 24));
    auto active = [&](const Buffer &b, int64_t t) {
      return b.lower <= t && t < b.upper && (b.gaps.empty() || t < b.gaps[0].lower || t >= b.gaps[0].upper);
    };
    bool overlap = false;
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        for (int64_t t = 0; t < 8; ++t) {
          const Buffer &a = problem.buffers[i], &b = problem.buffers[j];
          int64_t x = solution.offsets[i], y = solution.offsets[j];
          overlap |= active(a, t) && active(b, t) && x < y + b.size && y < x + a.size;
        }
    EXPECT_EQ(!validate(problem, solution).empty(), overlap);
  }
}

} // namespace
