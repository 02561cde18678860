// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The planner reserves what the formula says: an answer that is too small would let kernels write into each other.
#include "compiler/Kernel/Scratch.h"

#include <chrono>
#include <gtest/gtest.h>

using namespace weft::kernel;

namespace {

int64_t totalOf(const std::string &formula, const std::vector<std::vector<int64_t>> &extents = {}) {
  std::optional<ScratchBytes> bytes = evaluateScratch(formula, extents);
  return bytes ? bytes->caller : -1;
}

TEST(Scratch, PeakOfNestedAndSuccessiveAllocations) {
  EXPECT_EQ(totalOf("(seq)"), 0);
  EXPECT_EQ(totalOf("(alloc 1 (seq))"), 64);
  EXPECT_EQ(totalOf("(seq (alloc 64 (seq)) (alloc 128 (seq)))"), 128);
  EXPECT_EQ(totalOf("(alloc 64 (seq (alloc 128 (seq)) (alloc 1 (seq))))"), 192);
}

TEST(Scratch, CallerAndWorkersApart) {
  ScratchBytes bytes = *evaluateScratch("(alloc 64 (parallel t 0 8 (alloc 128 (seq))))", {});
  EXPECT_EQ(bytes, (ScratchBytes{192, 128}));
}

/// What the caller holds outside a loop and what it holds inside another are not held together.
TEST(Scratch, CallerHoldsOnlyWhatIsAliveTogether) {
  ScratchBytes bytes = *evaluateScratch("(seq (alloc 256 (seq)) (alloc 64 (parallel t 0 8 (alloc 128 (seq)))))", {});
  EXPECT_EQ(bytes, (ScratchBytes{256, 128}));
}

/// Strips are cut for the threads there are: room is kept for whatever number that will be.
TEST(Scratch, SizesFromThreads) {
  EXPECT_EQ(totalOf("(let rows (/ (+ 55 (threads)) (threads)) (parallel s 0 (threads) (alloc (* 64 rows) (seq))))"),
            56 * 64);
  EXPECT_EQ(totalOf("(alloc (* 64 (threads)) (seq))"), 256 * 64);
}

TEST(Scratch, SizesFromExtents) {
  EXPECT_EQ(totalOf("(let w (+ (extent 0 1) 2) (alloc (* w (* 4 (extent 0 0))) (seq)))", {{16, 30}}), 2048);
  EXPECT_EQ(totalOf("(alloc (* 64 (min (max (- 3 5) 2) (select (< 1 2) 7 8))) (seq))"), 128);
  EXPECT_EQ(totalOf("(alloc (* 64 (/ -7 -2)) (seq))"), 192);
}

/// The largest tile counts, wherever it occurs; a loop no size depends on is not run through.
TEST(Scratch, LoopsThatSizesDependOnAreRun) {
  EXPECT_EQ(totalOf("(for y 0 10 (let n (- (min (+ y 4) 10) y) (alloc (* n 64) (seq))))"), 4 * 64);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(totalOf("(for a 0 1000000000 (for b 0 a (alloc 100 (seq))))"), 128);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
}

/// The last strip of a kernel whose rows divide evenly: its code is there, under a condition that does not hold.
TEST(Scratch, SizesBelowZeroAreNeverAskedFor) {
  EXPECT_EQ(totalOf("(seq (alloc 128 (seq)) (alloc (* 64 (- (% (extent 0 0) 6) 1)) (seq)))", {{12}}), 128);
}

TEST(Scratch, NoAnswerRatherThanAWrongOne) {
  EXPECT_EQ(totalOf("(alloc ? (seq))"), -1);
  EXPECT_EQ(totalOf("(alloc y (seq))"), -1);
  EXPECT_EQ(totalOf("(alloc (extent 0 3) (seq))", {{1}}), -1);
  EXPECT_EQ(totalOf("(alloc (* 4611686018427387904 4) (seq))"), -1);
  EXPECT_EQ(totalOf("(for y 0 100000000 (alloc y (seq)))"), -1);
  for (const char *broken : {"", "(", "(seq", "(seq))", "seq seq", "(alloc)", "(for a 0)", ")", "()"})
    EXPECT_EQ(totalOf(broken), -1) << broken;
  std::string deep;
  for (int i = 0; i < 1000000; ++i)
    deep += "(seq ";
  EXPECT_EQ(totalOf(deep), -1);
}

} // namespace
