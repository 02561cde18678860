// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A wrong problem is refused with a sentence that names the buffer, before any solver sees it.
#include "compiler/MemoryPlan/Problem.h"
#include "compiler/MemoryPlan/Congruence.h"
#include "compiler/MemoryPlan/Solve.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace weft::memplan;

namespace {

Buffer buffer(std::string name, int64_t lower, int64_t upper, int64_t size) {
  Buffer result;
  result.name = std::move(name);
  result.lower = lower;
  result.upper = upper;
  result.size = size;
  return result;
}

/// Two buffers that are fine, changed by the case.
struct Case {
  const char *what;
  void (*change)(Problem &);
  const char *expected; ///< a part of the first finding; empty: none
};

const Case cases[] = {
    {"Fine", [](Problem &) {}, ""},
    {"NoName", [](Problem &p) { p.buffers[0].name.clear(); }, "a buffer has no name"},
    {"TwoOfAName", [](Problem &p) { p.buffers[1].name = "a"; }, "two buffers are named `a`"},
    {"DiesBeforeBirth", [](Problem &p) { p.buffers[0].upper = 0; }, "`a` dies at 0, not after its birth at 0"},
    {"NegativeSize", [](Problem &p) { p.buffers[0].size = -1; }, "`a` has the size -1"},
    {"HugeSize", [](Problem &p) { p.buffers[0].size = INT64_MAX; }, "`a` has the size 9223372036854775807"},
    {"HugeTime", [](Problem &p) { p.buffers[0].upper = INT64_MAX; }, "`a` has the upper"},
    {"ZeroAlignment", [](Problem &p) { p.buffers[0].alignment = 0; }, "`a` has the alignment 0"},
    {"HugeSum", [](Problem &p) { p.buffers[0].size = p.buffers[1].size = int64_t(1) << 60; }, "add up to more than"},
    {"UnknownGroup", [](Problem &p) { p.buffers[0].group = 3; }, "`a` is in group number 3, but there are 0"},
    {"GapOutside",
     [](Problem &p) {
       p.buffers[0].gaps = {{5, 12, {}}};
     },
     "`a` has a gap 5-12; gaps are inside"},
    {"GapsUnordered",
     [](Problem &p) {
       p.buffers[0].gaps = {{5, 6, {}}, {2, 3, {}}};
     },
     "`a` has a gap 2-3"},
    {"WindowOutside",
     [](Problem &p) {
       p.buffers[0].gaps = {{5, 6, Window{0, 17}}};
     },
     "not inside its 16 bytes"},
    {"UnalignedPin", [](Problem &p) { p.buffers[0].pinned = 6, p.buffers[0].alignment = 4; },
     "pinned to 6, not a multiple"},
    {"NegativePin", [](Problem &p) { p.buffers[0].pinned = -8; }, "`a` has the pinned offset -8"},
    {"PinsCollide", [](Problem &p) { p.buffers[0].pinned = 0, p.buffers[1].pinned = 8; }, "pinned offsets collide"},
    {"MembersCollide", [](Problem &p) { p.buffers[0].group = p.buffers[1].group = p.groupNamed("g"); },
     "members of group `g` cannot be apart"},
    {"MembersCannotAlign",
     [](Problem &p) {
       p.buffers[0].group = p.buffers[1].group = p.groupNamed("g");
       p.buffers[1].delta = 17;
       p.buffers[0].alignment = p.buffers[1].alignment = 4;
     },
     "group `g` has no base that meets the alignments"},
    {"PinsOfGroupDisagree",
     [](Problem &p) {
       p.buffers[0].group = p.buffers[1].group = p.groupNamed("g");
       p.buffers[1].delta = 16;
       p.buffers[0].pinned = 0;
       p.buffers[1].pinned = 32;
     },
     "contradicts another pin"},
    {"PinPutsGroupBelowZero",
     [](Problem &p) {
       p.buffers[0].group = p.buffers[1].group = p.groupNamed("g");
       p.buffers[1].delta = 16;
       p.buffers[1].pinned = 8;
     },
     "puts others of group `g` below 0"},
};

class ProblemCheck : public testing::TestWithParam<Case> {};

TEST_P(ProblemCheck, NamesWhatIsWrong) {
  Problem problem;
  problem.buffers = {buffer("a", 0, 10, 16), buffer("b", 5, 15, 16)};
  GetParam().change(problem);
  std::vector<std::string> findings = check(problem);
  if (std::string(GetParam().expected).empty()) {
    EXPECT_TRUE(findings.empty()) << findings.front();
    return;
  }
  ASSERT_FALSE(findings.empty());
  EXPECT_NE(findings.front().find(GetParam().expected), std::string::npos) << findings.front();
  // A solver handed the problem anyway says the same instead of planning.
  Result result = solve(problem);
  EXPECT_FALSE(result.fits);
  EXPECT_TRUE(result.solution.offsets.empty());
  EXPECT_NE(result.explanation.find(GetParam().expected), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Table, ProblemCheck, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.what); });

/// Bases of groups come from the Chinese remainder theorem: all residues of small moduli, against counting.
TEST(Congruence, IntersectionIsWhatCountingFinds) {
  for (int64_t m = 1; m <= 12; ++m)
    for (int64_t n = 1; n <= 12; ++n)
      for (int64_t r = 0; r < m; ++r)
        for (int64_t s = 0; s < n; ++s) {
          std::optional<Congruence> both = intersect({m, r}, {n, s});
          int64_t first = -1;
          for (int64_t x = 0; x < m * n && first < 0; ++x)
            if (x % m == r && x % n == s)
              first = x;
          ASSERT_EQ(both.has_value(), first >= 0);
          if (both) {
            EXPECT_EQ(both->next(0), first);
            EXPECT_EQ(both->next(first + 1), first + std::lcm(m, n));
          }
        }
}

TEST(Congruence, ModulusBeyond61BitsIsRefused) {
  EXPECT_FALSE(intersect({(int64_t(1) << 40) + 1, 0}, {(int64_t(1) << 40) - 1, 0}));
}

} // namespace
