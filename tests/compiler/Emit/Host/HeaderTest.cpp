// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The header is what a C programmer sees of a network: it must compile as C99 and survive hostile names.
#include "compiler/Emit/Host/Header.h"
#include "Parse.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <fstream>
#include <gtest/gtest.h>

using namespace weft::emit;

static std::string headerOf(llvm::StringRef text) {
  Parsed parsed(text);
  HostOptions options;
  options.name = "net";
  options.target = "cpu:x86-64-v3";
  std::string header;
  llvm::raw_string_ostream stream(header);
  printHeader(parsed.program(), options, stream);
  return header;
}

static const char *const hostile = R"(plan.program @net {
  plan.size "V" at_most 10
  %a = plan.input "x */ int evil; /*" [V, 3] f32
  %b = plan.input "x*/ int evil; /*" [2] i32
  %c = plan.output "</script>\00../../y" [V] f64
  plan.copy "output" %b[0] [2] by [1] i32 to %b[0] [2] by [1] i32
})";

TEST(Header, NamesCannotLeaveTheirComment) {
  std::string header = headerOf(hostile);
  EXPECT_EQ(header.find("*/ int evil"), std::string::npos) << header;
  EXPECT_NE(header.find("#define net_INPUT_x____int_evil_____BYTES 120"), std::string::npos) << header;
}

TEST(Header, NamesOfPortsMeetNoOtherMacro) {
  std::string header = headerOf(R"(plan.program @net {
  plan.size "V" at_most 10
  plan.size "V_BOUND" at_most 10
  %a = plan.input "COUNT" [4] f32
  %b = plan.input "x" [4] f32
  %c = plan.input "x_BYTES" [4] f32
  %d = plan.output "y_BYTES" [4] f32
  %e = plan.output "y" [4] f32
  plan.copy "output" %a[0] [4] by [1] f32 to %d[0] [4] by [1] f32
  plan.copy "output" %b[0] [4] by [1] f32 to %e[0] [4] by [1] f32
})");
  llvm::StringSet<> defined;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(header).split(lines, '\n');
  unsigned macros = 0;
  for (llvm::StringRef line : lines)
    if (line.consume_front("#define ")) {
      ++macros;
      EXPECT_TRUE(defined.insert(line.take_until([](char c) { return c == ' ' || c == '('; })).second) << line.str();
    }
  EXPECT_GE(macros, 16u) << header;
}

TEST(Header, SaysBytesOfArenaAndPorts) {
  std::string header = headerOf(R"(func.func private @k(tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  plan.program @net {
    %x = plan.input "x" [4] f32
    %y = plan.output "y" [4] f32
    %arena = plan.arena 448 bytes lower_bound 448 threads 3
    %t = plan.slice %arena[64] 384 bytes live [2, 4)
    %a = plan.slice %arena[0] 64 bytes live [0, 4)
    plan.launch @k "first" ins(%x[0] [4] by [1] f32) outs(%a[0] [4] by [1] f32)
    plan.launch @k "second" ins(%a[0] [4] by [1] f32) outs(%y[0] [4] by [1] f32) scratch(%t 256, worker 64)
  })");
  EXPECT_NE(header.find("#define net_ARENA_BYTES(threads) \\\n"
                        "  ((size_t)448 + ((threads) > 3 ? (size_t)(threads) - (size_t)3 : (size_t)0) * (size_t)64)"),
            std::string::npos)
      << header;
  EXPECT_NE(header.find("#define net_INPUT_x_BYTES 16"), std::string::npos) << header;
}

TEST(Header, CompilesAsC99) {
  auto compiler = llvm::sys::findProgramByName("cc");
  if (!compiler)
    GTEST_SKIP() << "no cc";
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("weft-header", folder));
  std::string file = (folder + "/net.h").str();
  std::ofstream(file) << headerOf(hostile);
  llvm::StringRef arguments[] = {
      *compiler, "-std=c99",           "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c",
      "-I",      WEFT_RUNTIME_INCLUDE, file};
  EXPECT_EQ(llvm::sys::ExecuteAndWait(*compiler, arguments), 0);
  llvm::sys::fs::remove_directories(folder);
}
