// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The Halide program a user is shown is the kernel they run: it compiles by itself and gives the same bits.
#include "tests/compiler/Emit/Halide/ConvKernel.h"
#include "tests/compiler/Kernel/Texts.h"

#include "compiler/Emit/Halide/Source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

namespace {

/// Compiles and runs the printed program; returns the object it wrote.
std::string objectOfSource(const KernelDesc &desc) {
  std::string folder = scratchFolder() + "/" + desc.name, file = folder + "/" + desc.name;
  std::filesystem::create_directory(folder);
  std::ofstream(file + ".cpp") << weft::emit::printHalideSource(desc, hostTarget());
  std::string build = std::string(WEFT_TEST_CXX) + " -std=c++17 " + file + ".cpp -I" + WEFT_TEST_HALIDE_INCLUDE + " " +
                      WEFT_TEST_HALIDE_LIBRARY + " -Wl,-rpath," +
                      std::filesystem::path(WEFT_TEST_HALIDE_LIBRARY).parent_path().string() + " -o " + file;
  EXPECT_EQ(std::system(build.c_str()), 0) << build;
  EXPECT_EQ(std::system(("cd " + folder + " && " + file).c_str()), 0);
  return file + ".o";
}

void expectSameBits(const KernelDesc &desc, const std::vector<Buffer> &operands) {
  std::vector<Buffer> compiled = operands, printed = operands;
  ASSERT_EQ(run(desc, compiled).error, "");
  ASSERT_EQ(runObject(desc, objectOfSource(desc), printed).error, "");
  EXPECT_TRUE(compiled.back().bytes == printed.back().bytes) << desc.name;
  EXPECT_FALSE(compiled.back().bytes == operands.back().bytes) << "nothing was written";
}

TEST(Source, Convolution) {
  expectSameBits(parseOrDie(convText(tiledConv(7, 4, "shift_inwards", "shift_inwards", 4))), convBuffers(2, 5, 6, 11));
}

TEST(Source, SumInTwoLevels) {
  expectSameBits(parseOrDie(pieces), {makeBuffer(Scalar::F32, {6, 8, 8}, 1), makeBuffer(Scalar::F32, {8, 8, 16}, 2),
                                      makeBuffer(Scalar::F32, {6, 16}, 3)});
}

TEST(Source, StripsOfABorderedRow) {
  expectSameBits(parseOrDie(bordered),
                 {makeBuffer(Scalar::F32, {11, 12, 16}, 1), makeBuffer(Scalar::F32, {3, 3, 16}, 2),
                  makeBuffer(Scalar::F32, {11, 12, 16}, 3)});
}

/// Names that C++ and Halide use themselves, transcendental functions, a predicate, a multiply-add inside a select, a shared
/// expression inside another.
TEST(Source, AwkwardNamesAndOperations) {
  KernelDesc desc = parseOrDie(R"(kernel awkward {
    operand max f32 [?, ?] strides [?, 1]
    operand float i32 [?] strides [1]
    output y f32 [?, ?] strides [?, 1]
    stage sum f32 [n < y.0, int < y.1] {
      init -inf
      update [k < 5]
      let %0 = exp(neg(abs(@max[n, add(int, k)])))
      value where lt(k, @float[n]) = max(acc, sub(%0, mul(%0, %0)))
    }
    stage dot f32 [n < y.0, int < y.1] {
      init 1
      update [k < 4]
      value = select(gt(@max[n, k], 0.1), add(acc, mul(@max[n, k], add(sum[n, int], 2))), acc)
    }
    stage out f32 [n < y.0, int < y.1] holds y {
      let %0 = mod(@max[n, int], 0.3)
      let %1 = add(abs(%0), 0.5)
      init add(div(rsqrt(%1), add(tanh(%0), dot[n, int])), pow(abs(%0), mul(%1, 0.75)))
    }
    schedule sum { compute_at(out, n) split(int, io, ii by 8, predicate) vectorize(ii)
      update split(int, uo, ui by 8, predicate) update reorder(n, uo, k, ui) update vectorize(ui) }
    schedule dot { compute_at(out, n) split(int, io, ii by 8, predicate) vectorize(ii) }
    schedule out { split(int, io, ii by 8, predicate) vectorize(ii) parallel(n) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {3, 23}, 1), makeBuffer(Scalar::I32, {3}, 2),
                                  makeBuffer(Scalar::F32, {3, 19}, 3)};
  expectSameBits(desc, operands);
}

} // namespace
