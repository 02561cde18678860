// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The main function of all GoogleTest programs: where something was skipped (no tile registers, no shared data) and nothing
// failed, the exit code says so, and ctest lists the program as skipped instead of passed.
#include <gtest/gtest.h>

int main(int argc, char **argv) {
  constexpr int skipped = 77; // SKIP_RETURN_CODE in tools/cmake/WeftTargets.cmake
  testing::InitGoogleTest(&argc, argv);
  int result = RUN_ALL_TESTS();
  return result == 0 && testing::UnitTest::GetInstance()->skipped_test_count() > 0 ? skipped : result;
}
