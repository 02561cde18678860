// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Parts of f32 against the numbers they are parts of, and their products against those of f64.
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/TileProduct.h"

#include <bit>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

using namespace weft::kernel;

namespace {

constexpr ScalarOp parts[] = {ScalarOp::Bf16High, ScalarOp::Bf16Middle, ScalarOp::Bf16Low};

float lowOf(uint32_t word) { return std::bit_cast<float>(word << 16); }
float highOf(uint32_t word) { return std::bit_cast<float>(word & 0xffff0000); }

/// Any significand, exponents from -60 to 60.
float anyNumber(std::mt19937 &random) {
  float value = std::ldexp(1.0f + float(random() % (1 << 23)) / (1 << 23), int(random() % 121) - 60);
  return random() % 2 ? value : -value;
}

TEST(TileProduct, ThreePartsAreTheNumber) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    float a = anyNumber(random), b = anyNumber(random);
    double low = 0, high = 0;
    for (ScalarOp part : parts) {
      uint32_t word = bf16Part(part, a, b);
      low += lowOf(word);
      high += highOf(word);
    }
    ASSERT_EQ(low, a);
    ASSERT_EQ(high, b);
  }
}

TEST(TileProduct, SixProductsAreTheProduct) {
  std::mt19937 random(2);
  for (int i = 0; i < 100000; ++i) {
    float a[2] = {anyNumber(random), anyNumber(random)}, b[2] = {anyNumber(random), anyNumber(random)};
    uint32_t words[6];
    for (int part = 0; part < 3; ++part) {
      words[part] = bf16Part(parts[part], a[0], a[1]);
      words[3 + part] = bf16Part(parts[part], b[0], b[1]);
    }
    double products[] = {double(a[0]) * b[0], double(a[1]) * b[1]};
    double size = std::fabs(products[0]) + std::fabs(products[1]);
    ASSERT_NEAR(tileDot(words), products[0] + products[1], std::ldexp(size, -21));
  }
}

TEST(TileProduct, SumsOfOtherFormsAreRefused) {
  KernelDesc desc;
  desc.operands = {{"x", Scalar::F32, {{-1, -1}, {16, 1}}}, {"w", Scalar::F32, {{-1, -1}, {16, 16}, {16, 1}}}};
  auto sum = [&](ExprPtr value) {
    Stage stage{"s", Scalar::F32, {{"n", Extent::ofOperand(0, 0)}, {"c", Extent::fixed(16)}}, constant(0), std::make_unique<Update>()};
    stage.update->loops = {{"ib", Extent::ofOperand(1, 0)}, {"i", Extent::fixed(16)}};
    stage.update->value = std::move(value);
    return stage;
  };
  ExprPtr x = loadOperand(0, Scalar::F32, {loop(2), loop(3)}), w = loadOperand(1, Scalar::F32, {loop(2), loop(3), loop(1)});
  Stage good = sum(binary(ScalarOp::Add, accumulator(), binary(ScalarOp::Mul, x, w)));
  EXPECT_TRUE(splitSides(desc, good, 0));
  EXPECT_TRUE(isTileSum(good));
  Stage plain = sum(binary(ScalarOp::Add, accumulator(), x));
  EXPECT_FALSE(splitSides(desc, plain, 0));
  Stage squares = sum(binary(ScalarOp::Add, accumulator(), binary(ScalarOp::Mul, w, w))); // both run along the columns
  EXPECT_FALSE(splitSides(desc, squares, 0));
  Stage fromOne = sum(binary(ScalarOp::Add, accumulator(), binary(ScalarOp::Mul, x, w)));
  fromOne.init = constant(1);
  EXPECT_FALSE(splitSides(desc, fromOne, 0));
}

} // namespace
