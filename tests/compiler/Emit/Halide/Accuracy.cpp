// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Transcendental functions against f64: over the whole range, at special values, and with nothing of libm inside.
#include "tests/compiler/Emit/Halide/Runner.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace weft::kernel;
using namespace weft::test;

namespace {

std::vector<float> valuesOf(const std::string &expression, const std::vector<float> &values) {
  KernelDesc desc = parseOrDie("kernel f { operand x f32 [?] strides [1] output y f32 [?] strides [1]\n"
                               "stage s f32 [i < y.0] holds y { let %0 = @x[i] init " +
                               expression + " }\nschedule s { split(i, io, ii by 16, predicate) vectorize(ii) } }");
  int64_t count = int64_t(values.size());
  std::vector<Buffer> operands = {makeBuffer(Scalar::F32, {count}, 1), makeBuffer(Scalar::F32, {count}, 2)};
  std::memcpy(operands[0].data(), values.data(), values.size() * 4);
  RunResult result = run(desc, operands);
  EXPECT_EQ(result.error, "");
  return {operands[1].as<float>(), operands[1].as<float>() + count};
}

/// Distance in units in the last place of the exact result.
double ulps(double exact, float actual) {
  if (std::isnan(exact) || std::isinf(float(exact)))
    return (std::isnan(exact) && std::isnan(actual)) || float(exact) == actual ? 0 : 1e9;
  float rounded = std::max(std::fabs(float(exact)), 1.17549435e-38f);
  double unit = double(std::nextafter(rounded, INFINITY)) - rounded;
  return std::fabs(exact - actual) / unit;
}

double worst(const std::string &expression, double (*exact)(double), double low, double high) {
  std::vector<float> values;
  const int count = 200001;
  for (int i = 0; i < count; ++i)
    values.push_back(float(low + (high - low) * i / (count - 1)));
  std::vector<float> results = valuesOf(expression, values);
  double largest = 0;
  for (int i = 0; i < count; ++i)
    largest = std::max(largest, ulps(exact(values[i]), results[i]));
  return largest;
}

/// No number between gives NaN: not one float, as where a factor is infinite another may be zero at a single place.
void expectNumbers(const std::string &expression, float low, float high) {
  std::vector<float> values;
  for (float x = low; x <= high; x = std::nextafter(x, INFINITY))
    values.push_back(x);
  std::vector<float> results = valuesOf(expression, values);
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_FALSE(std::isnan(results[i])) << expression << " at " << values[i];
}

void expectSpecial(const std::string &expression, float at, float expected) {
  float result = valuesOf(expression, {at})[0];
  bool same = std::isnan(expected) ? std::isnan(result) : std::memcmp(&result, &expected, 4) == 0;
  EXPECT_TRUE(same) << expression << " at " << at << " gave " << result << ", not " << expected;
}

TEST(Accuracy, Exp) {
  EXPECT_LE(worst("exp(@x[i])", std::exp, -87, 88.7), 1.5);
  EXPECT_LE(worst("exp(@x[i])", std::exp, -1, 1), 1.5);
  EXPECT_LE(worst("exp(@x[i])", std::exp, -103, -87), 1.5); // denormals, in their own units
  expectNumbers("exp(@x[i])", 86, 90);
  expectSpecial("exp(@x[i])", 0, 1);
  expectSpecial("exp(@x[i])", 90, INFINITY);
  expectSpecial("exp(@x[i])", INFINITY, INFINITY);
  expectSpecial("exp(@x[i])", -INFINITY, 0);
  expectSpecial("exp(@x[i])", -200, 0);
  expectSpecial("exp(@x[i])", NAN, NAN);
}

/// Where it cannot leave the normal numbers it is shorter; a bound too far out must not make it so.
TEST(Accuracy, ExpBetweenBounds) {
  EXPECT_LE(worst("exp(max(min(@x[i], 88), -87))", std::exp, -87, 88), 1.5);
  EXPECT_LE(worst("exp(min(max(@x[i], -87), 0))", std::exp, -1, 0), 1.5);
  expectSpecial("exp(min(max(@x[i], -87), 0))", INFINITY, 1);
  expectSpecial("exp(min(max(@x[i], -87), 0))", NAN, NAN);
  expectSpecial("exp(min(max(@x[i], -200), 0))", -INFINITY, 0);
  expectSpecial("exp(min(max(@x[i], -87), 200))", INFINITY, INFINITY);
  expectSpecial("exp(max(min(@x[i], 0), 90))", 0, INFINITY);
}

TEST(Accuracy, ExpPlusOne) {
  auto exact = [](double x) { return std::exp(x) + 1; };
  EXPECT_LE(worst("add(exp(@x[i]), 1)", exact, -100, 88.37), 5.5);
  EXPECT_LE(worst("add(1, exp(@x[i]))", exact, -10, 10), 3);
  EXPECT_LE(worst(
                "add(1, exp(neg(@x[i])))", [](double x) { return std::exp(-x) + 1; }, -88.37, 100),
            5.5);
  expectSpecial("add(exp(@x[i]), 1)", 90, INFINITY);
  expectSpecial("add(exp(@x[i]), 1)", INFINITY, INFINITY);
  expectSpecial("add(exp(@x[i]), 1)", -INFINITY, 1);
  expectSpecial("add(exp(@x[i]), 1)", NAN, NAN);
  expectSpecial("div(@x[i], add(exp(neg(@x[i])), 1))", -1e38f, -0.0f);
  expectNumbers("add(exp(@x[i]), 1)", 86, 90);
  expectNumbers("add(exp(@x[i]), 1)", -90, -86);
}

TEST(Accuracy, Log) {
  EXPECT_LE(worst("log(@x[i])", std::log, 0.5, 2), 2);
  EXPECT_LE(worst("log(@x[i])", std::log, 1e-30, 100), 2);
  EXPECT_LE(worst("log(@x[i])", std::log, 1e-42, 1e-37), 2);
  expectSpecial("log(@x[i])", 0, -INFINITY);
  expectSpecial("log(@x[i])", -1, NAN);
  expectSpecial("log(@x[i])", INFINITY, INFINITY);
  expectSpecial("log(@x[i])", NAN, NAN);
  expectSpecial("log(@x[i])", 1, 0);
}

TEST(Accuracy, Tanh) {
  EXPECT_LE(worst("tanh(@x[i])", std::tanh, -12, 12), 2.5);
  EXPECT_LE(worst("tanh(@x[i])", std::tanh, -1e-3, 1e-3), 2.5);
  expectSpecial("tanh(@x[i])", INFINITY, 1);
  expectSpecial("tanh(@x[i])", -INFINITY, -1);
  expectSpecial("tanh(@x[i])", NAN, NAN);
  expectNumbers("tanh(@x[i])", 43, 46);
}

TEST(Accuracy, Erf) {
  EXPECT_LE(worst("erf(@x[i])", std::erf, -5, 5), 3);
  EXPECT_LE(worst("erf(@x[i])", std::erf, -1e-3, 1e-3), 3);
  expectSpecial("erf(@x[i])", INFINITY, 1);
  expectSpecial("erf(@x[i])", -INFINITY, -1);
  expectSpecial("erf(@x[i])", NAN, NAN);
}

TEST(Accuracy, Sin) {
  EXPECT_LE(worst("sin(@x[i])", std::sin, -7, 7), 1.6);
  EXPECT_LE(worst("sin(@x[i])", std::sin, -1e-3, 1e-3), 1.6);
  EXPECT_LE(worst("sin(@x[i])", std::sin, -1e5, 1e5), 1.6);
  EXPECT_LE(worst("sin(@x[i])", std::sin, 1e15, 1e18), 1.6);
  EXPECT_LE(worst("sin(@x[i])", std::sin, -3.4e38, 3.4e38), 1.6);
  EXPECT_LE(worst("sin(@x[i])", std::sin, 3.1415925, 3.1415928), 1.6); // nearly all digits go
  for (float special : {0.0f, -0.0f, 1e-40f})
    expectSpecial("sin(@x[i])", special, special);
  for (float special : {INFINITY, -INFINITY, NAN})
    expectSpecial("sin(@x[i])", special, NAN);
}

TEST(Accuracy, Cos) {
  EXPECT_LE(worst("cos(@x[i])", std::cos, -7, 7), 1.6);
  EXPECT_LE(worst("cos(@x[i])", std::cos, -1e5, 1e5), 1.6);
  EXPECT_LE(worst("cos(@x[i])", std::cos, 1e15, 1e18), 1.6);
  EXPECT_LE(worst("cos(@x[i])", std::cos, -3.4e38, 3.4e38), 1.6);
  EXPECT_LE(worst("cos(@x[i])", std::cos, 1.5707962, 1.5707965), 1.6);
  expectSpecial("cos(@x[i])", 0, 1);
  for (float special : {INFINITY, -INFINITY, NAN})
    expectSpecial("cos(@x[i])", special, NAN);
}

/// By parts of x: below zero the formula with an exact error function loses as many digits.
TEST(Accuracy, Gelu) {
  const std::string gelu = "mul(mul(%0, 0.5), add(erf(mul(%0, 0.7071067811865476)), 1))";
  std::vector<float> values;
  for (int i = -100000; i <= 100000; ++i)
    values.push_back(float(i) * 1e-4f);
  std::vector<float> results = valuesOf(gelu, values);
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] != 0)
      largest = std::max(largest, std::fabs(results[i] / double(values[i]) - 0.5 * std::erfc(-values[i] * M_SQRT1_2)));
  EXPECT_LE(largest, 1.6e-7);
  expectSpecial(gelu, 0, 0);
  expectSpecial(gelu, -100, 0);
  expectSpecial(gelu, -1e38f, 0);
  expectSpecial(gelu, 1e38f, 1e38f);
  expectSpecial(gelu, INFINITY, INFINITY);
  expectSpecial(gelu, NAN, NAN);
}

TEST(Accuracy, PowersWithoutLibm) {
  EXPECT_LE(worst(
                "pow(@x[i], 0.75)", [](double x) { return std::pow(x, 0.75); }, 0, 1000),
            2.5);
  EXPECT_LE(worst(
                "pow(@x[i], 0.5)", [](double x) { return std::sqrt(x); }, 0, 1000),
            0.501);
  EXPECT_LE(worst(
                "pow(@x[i], 3)", [](double x) { return x * x * x; }, -10, 10),
            2);
  EXPECT_LE(worst(
                "rsqrt(@x[i])", [](double x) { return 1 / std::sqrt(x); }, 0.001, 1000),
            1.5);
}

} // namespace
