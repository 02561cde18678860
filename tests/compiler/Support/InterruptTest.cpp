// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Memory that the system refuses is an error that says so, and leaves nothing behind.
#include "compiler/Support/Interrupt.h"

#include "compiler/Support/Process.h"
#include "llvm/Support/ErrorHandling.h"

#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace weft;

namespace {

/// Gives up while a temporary folder is there, whose name it prints.
void giveUp(void (*how)()) {
  leaveNothingWithoutMemory("weftc", 1, 3);
  TemporaryFolder folder;
  std::fprintf(stderr, "%s\n", folder.path().c_str());
  how();
}

/// Where the process of a death test said that its folder was.
void expectGone(const std::string &said) {
  std::string folder = said.substr(0, said.find('\n'));
  ASSERT_NE(folder.find("weft-kernels"), std::string::npos) << said;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

class WithoutMemory : public ::testing::Test {
protected:
  /// What a process prints that ends with `code`.
  std::string saidBy(void (*how)(), int code) {
    testing::internal::CaptureStderr();
    pid_t child = fork();
    if (child == 0)
      giveUp(how), ::_exit(0);
    int status = 0;
    waitpid(child, &status, 0);
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == code) << said;
    expectGone(said);
    return said.substr(said.find('\n') + 1);
  }
};

constexpr char memory[] = "weftc: error: out of memory; `ulimit -v` says how much this process may take\n";

TEST_F(WithoutMemory, ObjectsThatFindNoRoomAreTheUsersError) {
  [[maybe_unused]] static char *volatile kept;
  EXPECT_EQ(saidBy([] { kept = new char[size_t(1) << 60]; }, 1), memory);
}

TEST_F(WithoutMemory, SoAreArraysAndThreadsOfLlvm) {
  EXPECT_EQ(saidBy([] { llvm::report_bad_alloc_error("none"); }, 1), memory);
  EXPECT_EQ(saidBy([] { llvm::report_fatal_error("pthread_create failed: no more"); }, 1), memory);
}

TEST_F(WithoutMemory, OtherFailuresAreBugs) {
  EXPECT_EQ(saidBy([] { llvm::report_fatal_error("cannot select"); }, 3), "weftc: compiler bug: cannot select\n");
}

} // namespace
