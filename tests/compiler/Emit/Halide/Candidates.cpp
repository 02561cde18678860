// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tuning must not change results: all schedules of one kernel, on odd extents, give the same bits, on every target this
// machine runs.
#include "tests/compiler/Emit/Halide/ConvKernel.h"

#include "compiler/Kernel/Check.h"

#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

namespace {

const std::vector<std::string> &schedules() {
  static const std::vector<std::string> all = {
      "", tiledConv(7, 4, "shift_inwards", "shift_inwards", 4), tiledConv(4, 4, "predicate", "predicate", 1),
      tiledConv(6, 2, "shift_inwards", "predicate", 16), tiledConv(3, 1, "predicate", "exact", 8),
      // Register tiles over channels first, reduction over pixels inside.
      R"(
    schedule relu {
      split(ox, oxo, oxi by 5, predicate)
      reorder(ob, oy, oxo, oxi, oc)
      vectorize(oc)
      parallel(ob)
    }
    schedule conv {
      compute_at(relu, oxo)
      vectorize(oc)
      update reorder(ib, ky, kx, ic, ob, oy, ox, oc)
      update vectorize(oc)
    }
)"};
  return all;
}

TEST(Candidates, SameBitsForEverySchedule) {
  std::vector<std::string> targets = {"x86-64-v3"};
  if (hostTarget() != "x86-64-v3")
    targets.push_back(hostTarget());
  std::vector<Buffer> buffers = convBuffers(2, 5, 5, 9);
  std::vector<unsigned char> first;
  for (const std::string &schedule : schedules())
    for (const std::string &target : targets) {
      KernelDesc desc = parseOrDie(convText(schedule));
      ASSERT_EQ(check(desc), "");
      std::vector<Buffer> operands = buffers;
      RunResult result = run(desc, operands, {false, {1}, target});
      ASSERT_EQ(result.error, "") << schedule;
      if (first.empty())
        first = operands.back().bytes;
      EXPECT_TRUE(operands.back().bytes == first) << target << schedule;
    }
}

/// What no_asserts would let pass in silence: tiles larger than the tensor, shifted inwards.
TEST(Candidates, AssertsCatchTilesThatDoNotFit) {
  KernelDesc desc = parseOrDie(convText(tiledConv(7, 4, "shift_inwards", "shift_inwards", 4)));
  std::vector<Buffer> operands = convBuffers(1, 4, 3, 5);
  EXPECT_NE(run(desc, operands, {true, {1}, ""}).error, "");
}

/// A ring of two rows where three are needed.
TEST(Candidates, AssertsCatchFoldFactorsThatAreTooSmall) {
  KernelDesc desc = parseOrDie(R"(kernel ring {
    operand x f32 [?, 16] strides [16, 1]
    output y f32 [?, 16] strides [16, 1]
    stage a f32 [r < x.0, c < 16] { init add(@x[r, c], 1) }
    stage b f32 [r < y.0, c < 16] holds y { init add(add(a[r, c], a[add(r, 1:i32), c]), a[add(r, 2:i32), c]) }
    schedule b { vectorize(c) }
    schedule a { store_root() compute_at(b, r) fold_storage(r by 2) vectorize(c) }
  })");
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {12, 16}, 1), makeBuffer(Scalar::F32, {10, 16}, 2)};
  EXPECT_NE(run(desc, operands, {true, {1}, ""}).error, "");
}

} // namespace
