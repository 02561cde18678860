// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiled kernels give the bits of the reference evaluator: every kind of stage, odd extents, every tail, 1 and 2
// threads, with and without Halide's checks.
#include "tests/compiler/Emit/Halide/Runner.h"

#include "compiler/Kernel/Scratch.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

namespace {

/// Runs `desc` compiled and interpreted on equal buffers; `tolerance` 0 asks for the same bits.
void expectLikeEvaluator(const KernelDesc &desc, const std::vector<Buffer> &operands, RunOptions options,
                         double tolerance = 0) {
  std::vector<Buffer> expected = operands, actual = operands;
  std::vector<BufferView> views;
  for (Buffer &buffer : expected)
    views.push_back(buffer.view());
  std::string error;
  ASSERT_TRUE(evaluate(desc, views, error)) << error;
  RunResult result = run(desc, actual, options);
  ASSERT_EQ(result.error, "");
  for (size_t i = 0; i < operands.size(); ++i) {
    if (expected[i].bytes == actual[i].bytes)
      continue;
    ASSERT_EQ(operands[i].type, Scalar::F32);
    int64_t differences = 0;
    for (int64_t k = 0; k < operands[i].elements(); ++k) {
      float e = expected[i].as<float>()[k], a = actual[i].as<float>()[k];
      bool same = std::memcmp(&e, &a, sizeof e) == 0 || (e != e && a != a) ||
                  (tolerance > 0 && std::abs(double(e) - a) <= tolerance * std::abs(double(e)));
      if (!same && ++differences <= 5)
        ADD_FAILURE() << desc.name << ": operand " << i << " element " << k << ": expected " << e << ", got " << a;
    }
    ASSERT_EQ(differences, 0) << "of " << operands[i].elements();
    ASSERT_EQ(std::memcmp(expected[i].bytes.data(), actual[i].bytes.data(), Buffer::slack), 0) << "wrote in front";
    ASSERT_EQ(std::memcmp(expected[i].bytes.data() + expected[i].bytes.size() - Buffer::slack,
                          actual[i].bytes.data() + actual[i].bytes.size() - Buffer::slack, Buffer::slack),
              0)
        << "wrote behind";
  }
}

void expectLikeEvaluatorEverywhere(const KernelDesc &desc, const std::vector<Buffer> &operands, double tolerance = 0) {
  for (bool asserts : {false, true})
    for (int threads : {1, 2})
      expectLikeEvaluator(desc, operands, {.asserts = asserts, .threads = threads}, tolerance);
}

/// 3x3 convolution, bias and ReLU over packed channels; `schedule` is the text behind the stages.
std::string convText(const std::string &schedule) {
  return R"(kernel conv3x3 {
    operand x f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    operand w f32 [?, ?, 3, 3, 16, 16] strides [?, ?, 768, 256, 16, 1]
    operand b f32 [?, 16] strides [16, 1]
    output y f32 [?, ?, ?, 16] strides [?, ?, 16, 1]
    stage conv f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] {
      init @b[ob, oc]
      update [ib < w.1, ky < 3, kx < 3, ic < 16]
      value = add(acc, mul(@x[ib, add(oy, ky), add(ox, kx), ic], @w[ob, ib, ky, kx, ic, oc]))
    }
    stage relu f32 [ob < y.0, oy < y.1, ox < y.2, oc < 16] holds y {
      init max(conv[ob, oy, ox, oc], 0)
    }
)" + schedule +
         "}\n";
}

std::vector<Buffer> convBuffers(int64_t ib, int64_t ob, int64_t height, int64_t width) {
  return {makeBuffer(Scalar::F32, {ib, height + 2, width + 2, 16}, 1),
          makeBuffer(Scalar::F32, {ob, ib, 3, 3, 16, 16}, 2), makeBuffer(Scalar::F32, {ob, 16}, 3),
          makeBuffer(Scalar::F32, {ob, height, width, 16}, 4)};
}

std::string tiledConv(int tx, int tc, const std::string &tailX, const std::string &tailC, int unrollIc) {
  return R"(
    schedule relu {
      split(ob, obo, obi by )" +
         std::to_string(tc) + ", " + tailC + R"()
      split(ox, oxo, oxi by )" +
         std::to_string(tx) + ", " + tailX + R"()
      reorder(obo, oy, oxo, obi, oxi, oc)
      vectorize(oc)
      unroll(oxi)
      unroll(obi)
      fuse(obo, oy, t)
      parallel(t)
    }
    schedule conv {
      compute_at(relu, oxo)
      bound_extent(oc by 16)
      vectorize(oc)
      unroll(ox)
      unroll(ob)
      update split(ic, ico, ici by )" +
         std::to_string(unrollIc) + R"(, exact)
      update reorder(ib, ky, kx, ico, ici, ob, ox, oc)
      update vectorize(oc)
      update unroll(ox)
      update unroll(ob)
      update unroll(ici)
    }
)";
}

TEST(Matrix, ConvolutionTiledShiftInwards) {
  KernelDesc desc = parseOrDie(convText(tiledConv(7, 4, "shift_inwards", "shift_inwards", 4)));
  expectLikeEvaluatorEverywhere(desc, convBuffers(2, 5, 6, 11));
}

TEST(Matrix, ConvolutionPredicatedTails) {
  KernelDesc desc = parseOrDie(convText(tiledConv(4, 2, "predicate", "predicate", 2)));
  expectLikeEvaluatorEverywhere(desc, convBuffers(1, 3, 5, 7));
}

TEST(Matrix, ConvolutionUnscheduled) {
  expectLikeEvaluatorEverywhere(parseOrDie(convText("")), convBuffers(1, 2, 3, 5));
}

} // namespace
