// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The report is what users judge memory by: borders, copies and live bytes must be counted as they are.
#include "compiler/Emit/Host/PlanReport.h"
#include "Parse.h"

#include <gtest/gtest.h>

using namespace weft::emit;

static const char *const text = R"(
func.func private @k(tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> attributes {weft.may_alias = array<i64: 0>}
plan.program @net {
  %x = plan.input "x" [14] f32
  %y = plan.output "y" [16] f32
  %arena = plan.arena 512 bytes lower_bound 448 threads 2
  %t = plan.slice %arena[128] 320 bytes live [6, 8)
  %a = plan.slice %arena[0] 64 bytes live [0, 5)
  %b = plan.slice %arena[0] 64 bytes live [5, 8)
  %c = plan.slice %arena[64] 64 bytes live [6, 10)
  plan.copy "pad" %x[0] [14] by [1] f32 to %a[1] [14] by [1] f32
  plan.border %a[0] [16] by [1] f32 low [1] high [1] fill 0.000000e+00 : f32
  plan.launch @k "first" in_place [0] ins(%a[0] [16] by [1] f32) outs(%b[0] [16] by [1] f32)
  plan.launch @k "second" ins(%b[0] [16] by [1] f32) outs(%c[0] [16] by [1] f32)
    scratch(%t 256, worker 64)
  plan.copy "output" %c[0] [16] by [1] f32 to %y[0] [16] by [1] f32
})";

TEST(PlanReport, CountsBordersCopiesAndLiveBytes) {
  Parsed parsed(text);
  PlanReport report = reportPlan(parsed.program());
  EXPECT_EQ(report.arenaBytes, 512);
  EXPECT_EQ(report.tensorBytes, 128);
  EXPECT_EQ(report.threads, 2);
  EXPECT_EQ(report.threadBytes, 64);
  EXPECT_EQ(report.peakScratchBytes, 320);
  EXPECT_EQ(report.gapBytes(), 64);
  EXPECT_EQ(report.borderBytes, 8);
  EXPECT_EQ(report.peakBorderBytes, 0);
  EXPECT_EQ(report.copiedBytes, 14 * 4 + 16 * 4);
  EXPECT_EQ(report.copiedBytesByReason["pad"], 14 * 4);
  EXPECT_EQ(report.inPlace, 1u);
  EXPECT_EQ(report.peak, "second");
  ASSERT_EQ(report.steps.size(), 5u);
  EXPECT_EQ(report.steps[2].liveBytes, 64);
  EXPECT_EQ(report.steps[3].liveBytes, 448);
  EXPECT_EQ(report.steps[3].scratchBytes, 320);
}

/// Eleven rows in steps of two on four threads: three strips of two steps, of which the third repeats none.
TEST(PlanReport, CountsStripsOfChains) {
  Parsed parsed(R"(
func.func private @chain(tensor<1x1x11x4x16xf32>, tensor<1x1x11x4x16xf32>) -> tensor<1x1x11x4x16xf32>
  attributes {weft.choice = {family = "chain", rows = 2 : i64, strip = 3 : i64, again_permille = 40 : i64}}
plan.program @net {
  %x = plan.input "x" [1, 1, 11, 4, 16] f32
  %y = plan.output "y" [1, 1, 11, 4, 16] f32
  %arena = plan.arena 0 bytes lower_bound 0 threads 4
  plan.launch @chain "c" ins(%x[0] [1, 1, 11, 4, 16] by [704, 704, 64, 16, 1] f32)
    outs(%y[0] [1, 1, 11, 4, 16] by [704, 704, 64, 16, 1] f32)
})");
  PlanReport report = reportPlan(parsed.program());
  EXPECT_EQ(report.steps[0].strips, 3);
  EXPECT_EQ(report.steps[0].againPermille, 80);
}

TEST(PlanReport, JsonHasTheKeysUsersRead) {
  Parsed parsed(text);
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  printJson(reportPlan(parsed.program()), stream);
  for (const char *key : {"\"arena_bytes\": 512", "\"lower_bound_bytes\": 448", "\"gap_bytes\": 64", "\"tensor_bytes\": 128",
                          "\"peak_scratch_bytes\": 320", "\"threads\": 2", "\"thread_bytes\": 64",
                          "\"copied_bytes\": 120", "\"border_bytes\": 8", "\"live_bytes\": 448", "\"why\": \"output\""})
    EXPECT_NE(printed.find(key), std::string::npos) << key << " in\n" << printed;
}
