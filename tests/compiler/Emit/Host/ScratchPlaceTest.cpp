// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Scratch memory must never lie over a tensor that its kernel's neighbours still need, and should cost nothing where there
// is room.
#include "compiler/Emit/Host/ScratchPlace.h"
#include "Parse.h"

#include <gtest/gtest.h>

using namespace weft::emit;

static std::string text(const std::string &arena, int first, int second) {
  return R"(
func.func private @k(tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
plan.program @net {
  %x = plan.input "x" [16] f32
  %y = plan.output "y" [16] f32
  %arena = plan.arena )" +
         arena + R"( bytes lower_bound 128
  %a = plan.slice %arena[0] 64 bytes live [0, 4)
  %b = plan.slice %arena[64] 64 bytes live [2, 6)
  plan.launch @k "first" ins(%x[0] [16] by [1] f32) outs(%a[0] [16] by [1] f32) scratch )" +
         std::to_string(first) + R"(
  plan.launch @k "second" ins(%a[0] [16] by [1] f32) outs(%b[0] [16] by [1] f32) scratch )" +
         std::to_string(second) + R"(
  plan.launch @k "third" ins(%b[0] [16] by [1] f32) outs(%y[0] [16] by [1] f32) scratch 60
})";
}

static ScratchPlace placed(const std::string &arena, int first, int second) {
  Parsed parsed(text(arena, first, second));
  return placeScratch(parsed.program());
}

TEST(ScratchPlace, LiesOverWhatIsNotAlive) {
  ScratchPlace place = placed("128", 0, 0); // only the third launch, when the first slice is dead
  EXPECT_EQ(place.end, 64);
  EXPECT_EQ(place.threadBytes, 64);
  EXPECT_EQ(place.totalBytes, 128);
  EXPECT_EQ(place.bytesFor(3), 128 + 2 * 64);
}

TEST(ScratchPlace, AddsToTheArenaWhereThereIsNoRoom) {
  ScratchPlace place = placed("128", 1, 100);
  EXPECT_EQ(place.end, 256);
  EXPECT_EQ(place.threadBytes, 128);
  EXPECT_EQ(place.totalBytes, 256);
  EXPECT_EQ(place.bytesFor(0), 128);
}

/// The first launch needs most, but has room; the second has none and decides with the little it needs.
TEST(ScratchPlace, EachLaunchTakesOnlyWhatItNeeds) {
  ScratchPlace place = placed("128", 128, 1);
  EXPECT_EQ(place.end, 192);
  EXPECT_EQ(place.threadBytes, 128);
  EXPECT_EQ(place.totalBytes, 192);
  EXPECT_EQ(place.bytesFor(2), 192 + 128);
}
