// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The oracle itself, against numbers worked out by hand.
#include "tests/compiler/Kernel/Texts.h"

#include "compiler/Kernel/Check.h"
#include "compiler/Kernel/Evaluate.h"

#include <algorithm>
#include <cmath>

using namespace weft::kernel;
using namespace weft::test;

namespace {

BufferView view(std::vector<float> &values, std::vector<int64_t> extents) {
  std::vector<int64_t> strides(extents.size(), 1);
  for (size_t d = extents.size(); d-- > 1;)
    strides[d - 1] = strides[d] * extents[d];
  return {values.data(), std::move(extents), std::move(strides)};
}

float valueOf(const std::string &expression, float x) {
  KernelDesc desc =
      parsed("kernel k { operand x f32 [] strides [] output y f32 [] strides []\nstage s f32 [] holds y { init " +
             expression + " } }");
  EXPECT_EQ(check(desc), "");
  std::vector<float> in = {x}, out = {-77};
  std::string error;
  EXPECT_TRUE(evaluate(desc, {view(in, {}), view(out, {})}, error)) << error;
  return out[0];
}

TEST(Evaluate, ScalarOperations) {
  EXPECT_EQ(valueOf("add(@x[], 0.1)", 0.2f), 0.2f + 0.1f);
  EXPECT_EQ(valueOf("mul(@x[], @x[])", 1e30f), INFINITY);
  EXPECT_EQ(valueOf("mod(@x[], 3)", -1), 2);
  EXPECT_EQ(valueOf("round(@x[])", 2.5f), 2);
  EXPECT_EQ(valueOf("cast:f32(div(cast:i32(@x[]), 4:i32))", -9), -3);
  EXPECT_EQ(valueOf("cast:f32(mod(cast:i32(@x[]), 4:i32))", -9), 3);
  EXPECT_EQ(valueOf("cast:f32(div(cast:i32(@x[]), 0:i32))", 5), 0);
  EXPECT_EQ(valueOf("cast:f32(cast:i32(@x[]))", -1.9f), -1);
  EXPECT_EQ(valueOf("select(or(lt(@x[], 0), gt(@x[], 5)), 1, 2)", 6), 1);
  EXPECT_EQ(valueOf("mux(cast:i32(@x[]), 10, 20, 30)", 2), 30);
  EXPECT_TRUE(std::isnan(valueOf("max(@x[], 0)", NAN)));
  EXPECT_TRUE(std::isnan(valueOf("min(0, @x[])", NAN)));
  EXPECT_EQ(valueOf("exp(@x[])", 1), float(std::exp(1.0)));
}

/// What a select does not take is not computed: it may be out of range.
TEST(Evaluate, SelectGuardsLoads) {
  KernelDesc desc = parsed("kernel k { operand x f32 [2] strides [1] output y f32 [3] strides [1]\n"
                           "stage s f32 [i < 3] holds y { init select(lt(i, 2:i32), @x[i], 9) } }");
  std::vector<float> in = {1, 2}, out(3);
  std::string error;
  ASSERT_TRUE(evaluate(desc, {view(in, {2}), view(out, {3})}, error)) << error;
  EXPECT_EQ(out, (std::vector<float>{1, 2, 9}));
}

/// A value may depend on how much the caller passes: a flipped index counts from the run-time end.
TEST(Evaluate, ExtentsOfOperands) {
  KernelDesc desc = parsed("kernel k { operand x f32 [?] strides [1] output y f32 [?] strides [1]\n"
                           "stage s f32 [i < y.0] holds y { init @x[sub(extent(@x, 0), add(i, 1:i32))] } }");
  EXPECT_EQ(check(desc), "");
  EXPECT_NE(print(desc).find("extent(@x, 0)"), std::string::npos);
  std::vector<float> in = {1, 2, 3}, out(3);
  std::string error;
  ASSERT_TRUE(evaluate(desc, {view(in, {3}), view(out, {3})}, error)) << error;
  EXPECT_EQ(out, (std::vector<float>{3, 2, 1}));
}

/// Each term goes where its place says, in order.
TEST(Evaluate, Scatters) {
  KernelDesc desc = parsed(scatter);
  EXPECT_EQ(check(desc), "");
  std::vector<int64_t> at = {2, 0, 7, 2, -1};
  std::vector<float> u(5 * 4), y(3 * 4, -1);
  for (size_t i = 0; i < u.size(); ++i)
    u[i] = float(i);
  std::string error;
  ASSERT_TRUE(evaluate(desc, {{at.data(), {5}, {1}}, view(u, {5, 4}), view(y, {3, 4})}, error)) << error;
  EXPECT_EQ(y, (std::vector<float>{4, 5, 6, 7, 0, 0, 0, 0, 12, 14, 16, 18}));
}

/// Terms are added from zero in pieces of three blocks, and the pieces in order: seven blocks are 3 + 3 + 1.
TEST(Evaluate, SumsInTwoLevels) {
  constexpr int blocks = 7, pixels = 2;
  KernelDesc desc = parsed(pieces);
  EXPECT_EQ(check(desc), "");
  std::vector<float> x(pixels * blocks * 8), w(blocks * 8 * 16), y(pixels * 16);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(float(i)) * 3;
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = std::cos(float(i * i));
  std::string error;
  ASSERT_TRUE(evaluate(desc, {view(x, {pixels, blocks, 8}), view(w, {blocks, 8, 16}), view(y, {pixels, 16})}, error))
      << error;
  bool differsFromOneSequence = false;
  for (int p = 0; p < pixels; ++p)
    for (int c = 0; c < 16; ++c) {
      auto term = [&](int k, float sum) { return std::fma(x[p * blocks * 8 + k], w[k * 16 + c], sum); };
      float sum = 0, sequence = 0;
      for (int first = 0; first < blocks; first += 3) {
        float part = 0;
        for (int k = first * 8; k < std::min(first + 3, blocks) * 8; ++k)
          part = term(k, part), sequence = term(k, sequence);
        sum += part;
      }
      EXPECT_EQ(y[p * 16 + c], sum);
      differsFromOneSequence |= sum != sequence;
    }
  EXPECT_TRUE(differsFromOneSequence);
}

/// acc + a * b rounds once: 1 - (1 + e)(1 - e) with e = 2^-12 is e^2, which two roundings lose.
TEST(Evaluate, AccumulationIsFused) {
  KernelDesc desc =
      parsed("kernel k { operand a f32 [] strides [] operand b f32 [] strides [] output y f32 [] strides []\n"
             "stage s f32 [] holds y { init 1 update [k < 1] value = add(acc, mul(@a[], @b[])) } }");
  float e = std::ldexp(1.0f, -13);
  std::vector<float> a = {1 + e}, b = {e - 1}, out = {0};
  std::string error;
  ASSERT_TRUE(evaluate(desc, {view(a, {}), view(b, {}), view(out, {})}, error)) << error;
  EXPECT_EQ(out[0], e * e);
}

TEST(Evaluate, StridesAndPredicates) {
  KernelDesc desc = parsed("kernel k { operand x f32 [?, ?] strides [?, 1] output y f32 [?] strides [1]\n"
                           "stage s f32 [i < y.0] holds y { init 0 update [k < x.1]\n"
                           "value where le(k, i) = add(acc, @x[i, k]) } }");
  std::vector<float> x = {1, 2, 3, -1, 4, 5, 6, -1}, y(2);
  BufferView padded{x.data(), {2, 3}, {4, 1}};
  std::string error;
  ASSERT_TRUE(evaluate(desc, {padded, view(y, {2})}, error)) << error;
  EXPECT_EQ(y, (std::vector<float>{1, 9}));
}

TEST(Evaluate, InDoubleRoundsOnce) {
  KernelDesc desc = parsed("kernel k { operand x f32 [?] strides [1] output y f32 [] strides []\n"
                           "stage s f32 [] holds y { init 0 update [k < x.0] value = add(acc, @x[k]) } }");
  std::vector<float> x = {16777216, 1, 1}, y(1);
  std::string error;
  ASSERT_TRUE(evaluate(desc, {view(x, {3}), view(y, {})}, error));
  EXPECT_EQ(y[0], 16777216);
  ASSERT_TRUE(evaluate(desc, {view(x, {3}), view(y, {})}, error, {.inDouble = true}));
  EXPECT_EQ(y[0], 16777218);
}

TEST(Evaluate, ErrorsNameTheBuffer) {
  KernelDesc desc = parsed("kernel k { operand x f32 [?] strides [1] output y f32 [?] strides [1]\n"
                           "stage s f32 [i < y.0] holds y { init @x[add(i, 1:i32)] } }");
  std::vector<float> x(4), y(4);
  std::string error;
  EXPECT_FALSE(evaluate(desc, {view(x, {4}), view(y, {4})}, error));
  EXPECT_EQ(error, "index 4 of dimension 0 of `x` is outside 0 to 3");
  EXPECT_FALSE(evaluate(desc, {view(x, {4})}, error));
  EXPECT_EQ(error, "`k` takes 2 operands, not 1");
  EXPECT_FALSE(evaluate(desc, {view(x, {2, 2}), view(y, {4})}, error));
  EXPECT_EQ(error, "`x` has 1 dimensions");
}

} // namespace
