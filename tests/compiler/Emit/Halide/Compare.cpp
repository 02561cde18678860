// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Element by element, with the first few differences in the message.
#include "tests/compiler/Emit/Halide/Compare.h"

#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Scratch.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace weft::test {

using namespace kernel;

namespace {

bool isSame(float expected, float actual, double tolerance) {
  if (std::memcmp(&expected, &actual, sizeof expected) == 0 || (std::isnan(expected) && std::isnan(actual)))
    return true;
  return tolerance > 0 && std::abs(double(expected) - actual) <= tolerance * std::abs(double(expected));
}

void expectSameFloats(Buffer &expected, Buffer &actual, double tolerance, const std::string &what) {
  int64_t differences = 0;
  for (int64_t k = 0; k < expected.elements(); ++k)
    if (float e = expected.as<float>()[k], a = actual.as<float>()[k]; !isSame(e, a, tolerance) && ++differences <= 5)
      ADD_FAILURE() << what << " element " << k << ": expected " << e << ", got " << a;
  EXPECT_EQ(differences, 0) << what << ", of " << expected.elements();
}

void expectUntouchedSlack(const Buffer &expected, const Buffer &actual, const std::string &what) {
  size_t size = expected.bytes.size();
  EXPECT_EQ(std::memcmp(expected.bytes.data(), actual.bytes.data(), Buffer::slack), 0) << what << ": wrote in front";
  size_t behind = Buffer::slack - expected.shift;
  EXPECT_EQ(std::memcmp(expected.bytes.data() + size - behind, actual.bytes.data() + size - behind, behind), 0)
      << what << ": wrote behind";
}

void expectSame(Buffer &expected, Buffer &actual, double tolerance, const std::string &what) {
  if (expected.type == Scalar::F32)
    expectSameFloats(expected, actual, tolerance, what);
  else
    EXPECT_EQ(expected.bytes, actual.bytes) << what;
  expectUntouchedSlack(expected, actual, what);
}

/// The formula for the memory of a kernel is never below what it takes, and not far above.
void expectScratchFormula(const RunResult &result, const std::vector<Buffer> &operands) {
  std::vector<std::vector<int64_t>> extents;
  for (const Buffer &buffer : operands)
    extents.push_back(buffer.extents);
  std::optional<ScratchBytes> bytes = evaluateScratch(result.scratch, extents);
  ASSERT_TRUE(bytes) << result.scratch;
  EXPECT_GE(bytes->caller, result.scratchPeak) << result.scratch;
  EXPECT_GE(bytes->worker, result.workerPeak) << result.scratch;
  EXPECT_LE(bytes->caller, 2 * result.scratchPeak) << result.scratch;
}

} // namespace

void expectLikeEvaluator(const KernelDesc &desc, const std::vector<Buffer> &operands, RunOptions options,
                         double tolerance) {
  ASSERT_EQ(check(desc), "");
  std::vector<Buffer> expected = operands, first;
  std::vector<BufferView> views;
  for (Buffer &buffer : expected)
    views.push_back(buffer.view());
  std::string error;
  ASSERT_TRUE(evaluate(desc, views, error)) << error;
  RunResult compiled;
  std::string object = compileObject(desc, options, compiled);
  ASSERT_EQ(compiled.error, "");
  for (int threads : options.threads) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    std::vector<Buffer> actual = operands;
    RunResult result = runObject(desc, object, actual, threads);
    ASSERT_EQ(result.error, "");
    result.scratch = compiled.scratch;
    expectScratchFormula(result, operands);
    for (size_t i = 0; i < operands.size(); ++i)
      expectSame(expected[i], actual[i], tolerance, desc.name + ": " + desc.operands[i].name);
    if (first.empty())
      first = actual;
    for (size_t i = 0; i < operands.size(); ++i)
      EXPECT_TRUE(first[i].bytes == actual[i].bytes) << desc.operands[i].name << ": other bits than with "
                                                     << options.threads.front() << " threads";
  }
}

void expectLikeEvaluatorEverywhere(const KernelDesc &desc, const std::vector<Buffer> &operands, double tolerance) {
  for (bool asserts : {false, true})
    expectLikeEvaluator(desc, operands, {asserts, {1, 2}, ""}, tolerance);
}

} // namespace weft::test
