// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A program whose last section has grown is an ordinary ELF file: it runs, and `strip` leaves the new bytes where they are.
#include "compiler/Emit/Host/GrowSection.h"

#include "compiler/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::emit;

namespace {

class GrowSection : public testing::Test {
protected:
  std::string file(const char *name) const { return folder.path() + "/" + name; }

  static std::string text(llvm::Error error) { return error ? llvm::toString(std::move(error)) : ""; }

  void write(const char *name, llvm::StringRef contents) const {
    ASSERT_EQ(text(writeFile(file(name), [&](llvm::raw_ostream &out) { out << contents; })), "");
  }

  /// What `command` prints.
  static std::string run(const std::vector<std::string> &command) {
    auto result = runProcess(command);
    EXPECT_TRUE(bool(result)) << command.front();
    EXPECT_EQ(result->exitCode, 0) << result->errors;
    return result->output;
  }

  /// A program that prints byte `at` of section `.big`, which has four, and how many globals of its own are right.
  OutputFile link(const std::vector<std::string> &flags) const {
    write("main.c", R"(
      #include <stdio.h>
      #include <stdlib.h>
      const char big[4] __attribute__((section(".big"))) = "abc";
      int zero[1000], one = 1;
      int main(int count, char **words) {
        printf("%d %d", *(volatile const char *)(big + atol(words[1])), (zero[999] == 0) + (one == 1));
        return 0;
      })");
    write("last.ld", lastSectionScript(".big"));
    auto output = OutputFile::create(file("program"), 0, true);
    EXPECT_TRUE(bool(output));
    std::vector<std::string> command = {"/usr/bin/cc", "-O1", file("main.c"), "-o", output->beside()};
    command.insert(command.end(), flags.begin(), flags.end());
    run(command);
    EXPECT_EQ(text(output->reopen()), "");
    return std::move(*output);
  }

  TemporaryFolder folder;
};

TEST_F(GrowSection, LeavesAProgramThatRunsAndCanBeStripped) {
  constexpr uint64_t bytes = 3'000'001;
  OutputFile output = link({"-Wl,--script=" + file("last.ld")});
  auto place = growSection(output.part(), ".big", bytes);
  ASSERT_TRUE(bool(place)) << text(place.takeError());
  ASSERT_EQ(text(place->write(bytes - 1, "!", 1)) + text(output.commit()), "");
  auto check = [&](const std::string &program) {
    EXPECT_EQ(run({program, "1"}), "98 2");
    EXPECT_EQ(run({program, "5000"}), "0 2") << "what lay behind the section has gone";
    EXPECT_EQ(run({program, "3000000"}), "33 2");
  };
  check(file("program"));
  EXPECT_NE(run({"/usr/bin/readelf", "-SW", file("program")}).find(" 2dc6c1 "), std::string::npos) << "the length, in hex";
  run({"/usr/bin/strip", "-o", file("stripped"), file("program")});
  check(file("stripped"));
}

TEST_F(GrowSection, RefusesWhatIsNotLast) {
  OutputFile output = link({});
  auto place = growSection(output.part(), ".big", 5000);
  EXPECT_EQ(text(place.takeError()), "the linker made a file in which `.big` cannot grow: it is not the last in memory");
  place = growSection(output.part(), ".none", 5000);
  EXPECT_EQ(text(place.takeError()), "the linker made a file in which `.none` cannot grow: there is none");
}

} // namespace
