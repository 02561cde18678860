// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A recipe evaluated wrongly gives a network that runs and is wrong. Each is checked element by element against the
// definition in its op's page, on extents that do not divide by the blocks.
#include "compiler/Weights/Recipes.h"
#include "compiler/Kernel/Winograd.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace mlir;
using namespace weft;

namespace {

/// A weight whose element i is a value that tells i and the path apart.
float element(StringRef path, int64_t i) {
  return static_cast<float>((i * 37 + path.size() * 11) % 1009) / 64.0f + 0.5f;
}

class Recipes : public ::testing::Test {
protected:
  Recipes() {
    DialectRegistry registry;
    registerWeftDialect(registry);
    registry.insert<func::FuncDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Evaluates what @f of `body` returns; `body` is the text of a function.
  FailureOr<HostTensor> evaluate(const std::string &body, const std::string &type) {
    module = parseSourceString<ModuleOp>("func.func @f() -> " + type + " {\n" + body + "\n}", &context);
    EXPECT_TRUE(module);
    if (!module)
      return failure();
    auto function = *module->getOps<func::FuncOp>().begin();
    RecipeEvaluator evaluator([&](StringRef path, RankedTensorType weight) -> FailureOr<HostTensor> {
      ++loads;
      if (path == "missing")
        return failure();
      HostTensor tensor = HostTensor::allocate(weight);
      auto *to = reinterpret_cast<float *>(tensor.writable());
      for (int64_t i = 0; i < tensor.elements(); ++i)
        to[i] = element(path, i);
      return tensor;
    });
    Value value = cast<func::ReturnOp>(function.getBody().front().back()).getOperand(0);
    FailureOr<HostTensor> result = evaluator.evaluate(value);
    if (succeeded(result))
      expectSameInPieces(evaluator, value, *result);
    return result;
  }

  /// However they are handed out the bytes are the same.
  void expectSameInPieces(RecipeEvaluator &evaluator, Value value, const HostTensor &wanted) {
    std::string bytes(wanted.bytes(), '\x55');
    int before = loads;
    pieces = 0;
    ASSERT_TRUE(succeeded(evaluator.evaluate(value, [&](size_t offset, const char *data, size_t count) {
      ++pieces;
      std::memcpy(bytes.data() + offset, data, count);
      return success();
    })));
    EXPECT_TRUE(bytes == std::string(wanted.data, wanted.bytes()));
    loads = before;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  int loads = 0;
  std::atomic<int> pieces = 0; ///< of the last evaluation
};

TEST_F(Recipes, NegativeVariancesAreRefusedByName) {
  std::string said;
  ScopedDiagnosticHandler listen(&context, [&](Diagnostic &diagnostic) {
    said = diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(evaluate(R"(
    %v = weft.weight "bn.running_var" : tensor<3xf32>
    %e = weft.constant dense<-1.0e+3> : tensor<f32>
    %a = weft.add %v, %e : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
    %r = weft.rsqrt %a : tensor<3xf32>
    return %r : tensor<3xf32>)",
                              "tensor<3xf32>")));
  EXPECT_NE(said.find("`bn.running_var` has no square root at [0]"), std::string::npos) << said;
}

TEST_F(Recipes, ArithmeticBroadcasts) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<3x2x2x2xf32>
    %v = weft.weight "var" : tensor<3xf32>
    %e = weft.constant dense<1.0e-3> : tensor<f32>
    %a = weft.add %v, %e : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
    %r = weft.rsqrt %a : tensor<3xf32>
    %f = weft.reshape %r to [3, 1, 1, 1] : (tensor<3xf32>) -> tensor<3x1x1x1xf32>
    %y = weft.mul %w, %f : (tensor<3x2x2x2xf32>, tensor<3x1x1x1xf32>) -> tensor<3x2x2x2xf32>
    return %y : tensor<3x2x2x2xf32>)",
                         "tensor<3x2x2x2xf32>");
  ASSERT_TRUE(succeeded(result));
  for (int64_t i = 0; i < 24; ++i)
    EXPECT_FLOAT_EQ(result->as<float>()[i], element("w", i) / std::sqrt(element("var", i / 8) + 1e-3f)) << i;
}

TEST_F(Recipes, BinaryOperationsFollowTheirDefinition) {
  struct {
    const char *name;
    float (*f)(float, float);
  } const operations[] = {{"add", [](float x, float y) { return x + y; }},
                          {"sub", [](float x, float y) { return x - y; }},
                          {"mul", [](float x, float y) { return x * y; }},
                          {"div", [](float x, float y) { return x / y; }},
                          {"minimum", [](float x, float y) { return std::min(x, y); }},
                          {"maximum", [](float x, float y) { return std::max(x, y); }}};
  for (auto &operation : operations) {
    auto result =
        evaluate("%x = weft.weight \"x\" : tensor<2x3xf32>\n %y = weft.weight \"yy\" : tensor<3xf32>\n %z = weft." +
                     std::string(operation.name) +
                     " %x, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>\n return %z : tensor<2x3xf32>",
                 "tensor<2x3xf32>");
    ASSERT_TRUE(succeeded(result));
    for (int64_t i = 0; i < 6; ++i)
      EXPECT_FLOAT_EQ(result->as<float>()[i], operation.f(element("x", i), element("yy", i % 3)))
          << operation.name << i;
  }
}

TEST_F(Recipes, ReshapeSharesMemory) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<4x6xf32>
    %y = weft.reshape %w to [24] : (tensor<4x6xf32>) -> tensor<24xf32>
    %z = weft.reshape %y to [2, 12] : (tensor<24xf32>) -> tensor<2x12xf32>
    return %z : tensor<2x12xf32>)",
                         "tensor<2x12xf32>");
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(result->owner.use_count(), 1);
  EXPECT_EQ(result->type.getRank(), 2);
}

TEST_F(Recipes, SharedOperandsAreEvaluatedOnce) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<4xf32>
    %a = weft.mul %w, %w : tensor<4xf32>
    %b = weft.add %a, %w : tensor<4xf32>
    %c = weft.mul %b, %a : tensor<4xf32>
    return %c : tensor<4xf32>)",
                         "tensor<4xf32>");
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(loads, 1);
  float w = element("w", 3);
  EXPECT_FLOAT_EQ(result->as<float>()[3], (w * w + w) * (w * w));
}

TEST_F(Recipes, TransposeExpandSliceConcatPad) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<4x3xf32>
    %t = weft.transpose %w [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
    %s = weft.slice %t from [2, 0] to [-1, 4] step [-1, 2] : (tensor<3x4xf32>) -> tensor<3x2xf32>
    %v = weft.weight "vv" : tensor<3x1xf32>
    %e = weft.expand %v to [3, 2] : (tensor<3x1xf32>) -> tensor<3x2xf32>
    %c = weft.concat %s, %e axis 1 : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
    %p = weft.pad %c constant low [1, 0] high [0, 1] {value = 2.5 : f64} : (tensor<3x4xf32>) -> tensor<4x5xf32>
    return %p : tensor<4x5xf32>)",
                         "tensor<4x5xf32>");
  ASSERT_TRUE(succeeded(result));
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 5; ++j) {
      float expected = 2.5f;
      if (i > 0 && j < 2)
        expected = element("w", (2 * j) * 3 + (2 - (i - 1)));
      else if (i > 0 && j < 4)
        expected = element("vv", i - 1);
      EXPECT_EQ(result->as<float>()[i * 5 + j], expected) << i << " " << j;
    }
}

TEST_F(Recipes, GatherReduceAndChoose) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<2x3x4xf32>
    %i = weft.constant dense<[2, 0]> : tensor<2xi64>
    %g = weft.gather %w[%i] axis 1 : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x2x4xf32>
    %m = weft.reduce_mean %g axes [0, 2] {keepdims = false} : (tensor<2x2x4xf32>) -> tensor<2xf32>
    %h = weft.reduce_max %g axes [0, 2] : (tensor<2x2x4xf32>) -> tensor<1x2x1xf32>
    %v = weft.reshape %h to [2] : (tensor<1x2x1xf32>) -> tensor<2xf32>
    %c = weft.constant dense<[1.0, 0.0]> : tensor<2xf32>
    %z = weft.where %c, %m, %v : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    return %z : tensor<2xf32>)",
                         "tensor<2xf32>");
  ASSERT_TRUE(succeeded(result));
  double sum = 0;
  float largest = 0;
  for (int64_t a = 0; a < 2; ++a)
    for (int64_t b = 0; b < 4; ++b) {
      sum += element("w", a * 12 + 2 * 4 + b);
      largest = std::max(largest, element("w", a * 12 + b));
    }
  EXPECT_EQ(result->as<float>()[0], static_cast<float>(sum / 8));
  EXPECT_EQ(result->as<float>()[1], largest);
}

/// Indices from a file are never trusted: negative ones count from the end, others are brought inside.
TEST_F(Recipes, GatherStaysInside) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<3xf32>
    %i = weft.constant dense<[3, -1, -9, 1]> : tensor<4xi64>
    %g = weft.gather %w[%i] axis 0 : (tensor<3xf32>, tensor<4xi64>) -> tensor<4xf32>
    return %g : tensor<4xf32>)",
                         "tensor<4xf32>");
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(std::vector<float>(result->as<float>()),
            (std::vector<float>{element("w", 2), element("w", 2), element("w", 0), element("w", 1)}));
}

TEST_F(Recipes, ProductsAndSoftmax) {
  auto product = evaluate(R"(
    %x = weft.weight "x" : tensor<2x1x3x4xf32>
    %y = weft.weight "yy" : tensor<5x4x2xf32>
    %z = weft.matmul %x, %y : (tensor<2x1x3x4xf32>, tensor<5x4x2xf32>) -> tensor<2x5x3x2xf32>
    return %z : tensor<2x5x3x2xf32>)",
                          "tensor<2x5x3x2xf32>");
  ASSERT_TRUE(succeeded(product));
  for (int64_t at = 0; at < product->elements(); ++at) {
    int64_t j = at % 2, m = at / 2 % 3, b = at / 6 % 5, a = at / 30;
    double sum = 0;
    for (int64_t k = 0; k < 4; ++k)
      sum += double(element("x", (a * 3 + m) * 4 + k)) * element("yy", (b * 4 + k) * 2 + j);
    EXPECT_EQ(product->as<float>()[at], static_cast<float>(sum)) << at;
  }
  auto softmax = evaluate(R"(
    %x = weft.weight "x" : tensor<2x3x4xf32>
    %y = weft.softmax %x axis 1 : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    return %y : tensor<2x3x4xf32>)",
                          "tensor<2x3x4xf32>");
  ASSERT_TRUE(succeeded(softmax));
  for (int64_t at = 0; at < softmax->elements(); ++at) {
    int64_t first = at / 12 * 12 + at % 4;
    double sum = 0;
    for (int64_t i = 0; i < 3; ++i)
      sum += std::exp(double(element("x", first + 4 * i)) - element("x", at));
    EXPECT_NEAR(softmax->as<float>()[at], 1 / sum, 1e-6) << at;
  }
}

TEST_F(Recipes, CastAndConstants) {
  auto result = evaluate(R"(
    %c = weft.constant dense<[[1, -2], [3, 4]]> : tensor<2x2xi32>
    %f = weft.cast %c to f32 : (tensor<2x2xi32>) -> tensor<2x2xf32>
    %n = weft.neg %f : tensor<2x2xf32>
    return %n : tensor<2x2xf32>)",
                         "tensor<2x2xf32>");
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(std::vector<float>(result->as<float>()), (std::vector<float>{-1, 2, -3, -4}));
}

TEST_F(Recipes, PackFilter) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<5x3x2x3xf32>
    %p = weft.pack_filter %w {ic_block = 2 : i64, oc_block = 4 : i64} : (tensor<5x3x2x3xf32>) -> tensor<2x2x2x3x2x4xf32>
    return %p : tensor<2x2x2x3x2x4xf32>)",
                         "tensor<2x2x2x3x2x4xf32>");
  ASSERT_TRUE(succeeded(result));
  const float *packed = result->as<float>().data();
  for (int64_t ob = 0; ob < 2; ++ob)
    for (int64_t ib = 0; ib < 2; ++ib)
      for (int64_t k = 0; k < 6; ++k)
        for (int64_t i = 0; i < 2; ++i)
          for (int64_t o = 0; o < 4; ++o) {
            int64_t out = ob * 4 + o, in = ib * 2 + i;
            float expected = out < 5 && in < 3 ? element("w", (out * 3 + in) * 6 + k) : 0;
            EXPECT_EQ(*packed++, expected);
          }
}

TEST_F(Recipes, PackFilterWithoutInputBlocks) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<5x3x2xf32>
    %p = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 4 : i64} : (tensor<5x3x2xf32>) -> tensor<2x3x2x4xf32>
    return %p : tensor<2x3x2x4xf32>)",
                         "tensor<2x3x2x4xf32>");
  ASSERT_TRUE(succeeded(result));
  const float *packed = result->as<float>().data();
  for (int64_t ob = 0; ob < 2; ++ob)
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t k = 0; k < 2; ++k)
        for (int64_t o = 0; o < 4; ++o)
          EXPECT_EQ(*packed++, ob * 4 + o < 5 ? element("w", ((ob * 4 + o) * 3 + i) * 2 + k) : 0);
}

TEST_F(Recipes, LargeFiltersArePackedInPieces) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<1000x600xf32>
    %p = weft.pack_filter %w {ic_block = 0 : i64, oc_block = 16 : i64} : (tensor<1000x600xf32>) -> tensor<63x600x16xf32>
    return %p : tensor<63x600x16xf32>)",
                         "tensor<63x600x16xf32>");
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(pieces, 3) << "of 27 blocks, a million bytes, at most";
}

TEST_F(Recipes, PackDepthwise) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<6x1x3x3xf32>
    %p = weft.pack_depthwise %w {block = 4 : i64} : (tensor<6x1x3x3xf32>) -> tensor<2x3x3x4xf32>
    return %p : tensor<2x3x3x4xf32>)",
                         "tensor<2x3x3x4xf32>");
  ASSERT_TRUE(succeeded(result));
  const float *packed = result->as<float>().data();
  for (int64_t cb = 0; cb < 2; ++cb)
    for (int64_t k = 0; k < 9; ++k)
      for (int64_t c = 0; c < 4; ++c)
        EXPECT_EQ(*packed++, cb * 4 + c < 6 ? element("w", (cb * 4 + c) * 9 + k) : 0);
}

TEST_F(Recipes, PackGrouped) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<6x3x2xf32>
    %p = weft.pack_grouped %w {groups = 2 : i64, ic_block = 2 : i64, oc_block = 2 : i64}
           : (tensor<6x3x2xf32>) -> tensor<2x2x2x2x2x2xf32>
    return %p : tensor<2x2x2x2x2x2xf32>)",
                         "tensor<2x2x2x2x2x2xf32>");
  ASSERT_TRUE(succeeded(result));
  const float *packed = result->as<float>().data();
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t ob = 0; ob < 2; ++ob)
      for (int64_t ib = 0; ib < 2; ++ib)
        for (int64_t k = 0; k < 2; ++k)
          for (int64_t i = 0; i < 2; ++i)
            for (int64_t o = 0; o < 2; ++o) {
              int64_t out = ob * 2 + o, in = ib * 2 + i;
              EXPECT_EQ(*packed++, out < 3 && in < 3 ? element("w", ((g * 3 + out) * 3 + in) * 2 + k) : 0);
            }
}

TEST_F(Recipes, PackVector) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<5xf32>
    %p = weft.pack_vector %w {block = 4 : i64} : (tensor<5xf32>) -> tensor<2x4xf32>
    return %p : tensor<2x4xf32>)",
                         "tensor<2x4xf32>");
  ASSERT_TRUE(succeeded(result));
  for (int64_t i = 0; i < 8; ++i)
    EXPECT_EQ(result->as<float>()[i], i < 5 ? element("w", i) : 0);
}

TEST_F(Recipes, RelayoutFillsBorderAndRoundedChannels) {
  const char *type = "tensor<1x3x2x2xf32, #weft.blocked<2, border = [1, 0, 0, 1], fill = -7.0>>";
  auto result = evaluate(std::string(R"(
    %w = weft.weight "w" : tensor<1x3x2x2xf32>
    %p = weft.relayout %w : tensor<1x3x2x2xf32> -> )") +
                             type + "\n return %p : " + type,
                         type);
  ASSERT_TRUE(succeeded(result));
  // Stored as [1, 2, 1 + 2, 2 + 1, 2].
  const float *stored = result->as<float>().data();
  for (int64_t cb = 0; cb < 2; ++cb)
    for (int64_t y = 0; y < 3; ++y)
      for (int64_t x = 0; x < 3; ++x)
        for (int64_t c = 0; c < 2; ++c) {
          float expected = y == 0 || x == 2 ? -7.0f
                           : cb * 2 + c < 3 ? element("w", ((cb * 2 + c) * 2 + y - 1) * 2 + x)
                                            : 0.0f;
          EXPECT_EQ(*stored++, expected) << cb << y << x << c;
        }
}

TEST_F(Recipes, RelayoutThereAndBack) {
  auto result = evaluate(R"(
    %w = weft.weight "w" : tensor<2x5x3xf32>
    %p = weft.relayout %w : tensor<2x5x3xf32> -> tensor<2x5x3xf32, #weft.blocked<4, border = [1, 2], fill = 1.0>>
    %q = weft.relayout %p : tensor<2x5x3xf32, #weft.blocked<4, border = [1, 2], fill = 1.0>>
           -> tensor<2x5x3xf32, #weft.blocked<2>>
    %r = weft.relayout %q : tensor<2x5x3xf32, #weft.blocked<2>> -> tensor<2x5x3xf32>
    return %r : tensor<2x5x3xf32>)",
                         "tensor<2x5x3xf32>");
  ASSERT_TRUE(succeeded(result));
  for (int64_t i = 0; i < 30; ++i)
    EXPECT_EQ(result->as<float>()[i], element("w", i)) << i;
}

/// y = A^T [(G g) * (B^T d)] must be the correlation itself, for each F.
TEST(Winograd, MatricesGiveTheCorrelation) {
  for (auto [m, r] : {std::pair{2, 2}, {4, 2}, {6, 2}, {2, 3}, {4, 3}, {6, 3}, {2, 5}, {4, 5}, {6, 5}, {2, 7}, {4, 7}, {6, 7}, {2, 9}, {4, 9}}) {
    kernel::Winograd w(m, r);
    double g[9] = {0.75, -1.5, 2.25, 0.5, -3, 1.25, -0.25, 1, -2}, d[12];
    for (int i = 0; i < w.points; ++i)
      d[i] = 0.5 * i * i - 3 * i + 1;
    for (int y = 0; y < m; ++y) {
      double sum = 0;
      for (int p = 0; p < w.points; ++p) {
        double u = 0, v = 0;
        for (int k = 0; k < r; ++k)
          u += w.g[p][k] * g[k];
        for (int k = 0; k < w.points; ++k)
          v += w.bt[p][k] * d[k];
        sum += w.at[y][p] * u * v;
      }
      EXPECT_NEAR(sum, std::inner_product(g, g + r, d + y, 0.0), 1e-10) << "F(" << m << ", " << r << ") result " << y;
    }
  }
}

TEST(Winograd, TilesAreTransformedExactlyInSinglePrecision) {
  for (auto [m, r] : {std::pair{2, 2}, {4, 2}, {6, 2}, {2, 3}, {4, 3}, {6, 3}, {2, 5}, {4, 5}, {6, 5}, {2, 7}, {4, 7}, {6, 7}, {2, 9}, {4, 9}}) {
    kernel::Winograd w(m, r);
    for (auto &row : w.bt)
      for (double value : row)
        EXPECT_EQ(static_cast<double>(static_cast<float>(value)), value);
    for (auto &row : w.at)
      for (double value : row)
        EXPECT_EQ(static_cast<double>(static_cast<float>(value)), value);
  }
}

/// The error of the worst of a tile's results in single precision, over many sums of 64 channels, in times of that of the sums themselves.
double errorOfWorstResult(const kernel::Winograd &w) {
  const int channels = 64, sums = 400;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<double> squares(w.m);
  double plainSquares = 0;
  for (int s = 0; s < sums; ++s) {
    std::vector<float> points(w.points), plain(w.m);
    std::vector<double> exact(w.m);
    for (int i = 0; i < channels; ++i) {
      std::vector<float> d(w.points), g(w.r);
      std::ranges::generate(d, [&] { return normal(random); });
      std::ranges::generate(g, [&] { return normal(random); });
      for (int p = 0; p < w.points; ++p) {
        double u = 0;
        float v = 0;
        for (int k = 0; k < w.r; ++k)
          u += w.g[p][k] * g[k];
        for (int k = 0; k < w.points; ++k)
          v = std::fma(static_cast<float>(w.bt[p][k]), d[k], v);
        points[p] = std::fma(static_cast<float>(u), v, points[p]);
      }
      for (int y = 0; y < w.m; ++y)
        for (int k = 0; k < w.r; ++k) {
          exact[y] += static_cast<double>(d[y + k]) * g[k];
          plain[y] = std::fma(d[y + k], g[k], plain[y]);
        }
    }
    for (int y = 0; y < w.m; ++y) {
      float result = 0;
      for (int p = 0; p < w.points; ++p)
        result = std::fma(static_cast<float>(w.at[y][p]), points[p], result);
      squares[y] += std::pow(result - exact[y], 2);
      plainSquares += std::pow(plain[y] - exact[y], 2) / w.m;
    }
  }
  return std::sqrt(std::ranges::max(squares) / plainSquares);
}

/// What compiler/Kernel/Winograd.h says of its points: with 1 and 2 in place of 5/8 and 3/2 F(4, 3) has 3.3.
TEST(Winograd, ErrorsOfTheWorstResultAreBounded) {
  struct {
    int m, r;
    double most;
  } bounds[] = {{2, 3, 1}, {4, 3, 2.2}, {6, 3, 5}, {2, 5, 1.5}, {4, 5, 3.2}, {4, 7, 6.5}, {6, 7, 17}, {4, 9, 14}};
  for (auto [m, r, most] : bounds)
    EXPECT_LT(errorOfWorstResult(kernel::Winograd(m, r)), most) << "F(" << m << ", " << r << ")";
}

TEST_F(Recipes, WinogradFilter) {
  for (int m : {2, 4, 6}) {
    kernel::Winograd w(m, 3);
    int64_t points = w.points * w.points;
    std::string type = "tensor<" + std::to_string(points) + "x2x2x2x4xf32>";
    auto result = evaluate(
        "%w = weft.weight \"w\" : tensor<5x3x3x3xf32>\n %p = weft.winograd_filter %w {m = " + std::to_string(m) +
            " : i64, ic_block = 2 : i64, oc_block = 4 : i64} : (tensor<5x3x3x3xf32>) -> " + type +
            "\n return %p : " + type,
        type);
    ASSERT_TRUE(succeeded(result));
    const float *packed = result->as<float>().data();
    for (int64_t p = 0; p < points; ++p)
      for (int64_t ob = 0; ob < 2; ++ob)
        for (int64_t ib = 0; ib < 2; ++ib)
          for (int64_t i = 0; i < 2; ++i)
            for (int64_t o = 0; o < 4; ++o) {
              int64_t out = ob * 4 + o, in = ib * 2 + i;
              double expected = 0;
              for (int64_t y = 0; y < 3 && out < 5 && in < 3; ++y)
                for (int64_t x = 0; x < 3; ++x)
                  expected +=
                      w.g[p / w.points][y] * element("w", ((out * 3 + in) * 3 + y) * 3 + x) * w.g[p % w.points][x];
              EXPECT_NEAR(*packed++, expected, 1e-5 * std::fabs(expected)) << "m " << m << " point " << p;
            }
  }
}

TEST_F(Recipes, WhatCannotBeEvaluatedIsAnError) {
  std::string text;
  ScopedDiagnosticHandler capture(&context, [&](Diagnostic &diagnostic) {
    text += diagnostic.str() + "\n";
    return success();
  });
  auto softmax = evaluate(R"(
    %w = weft.weight "w" : tensor<4xf32>
    %s = weft.log_softmax %w axis 0 : (tensor<4xf32>) -> tensor<4xf32>
    return %s : tensor<4xf32>)",
                          "tensor<4xf32>");
  EXPECT_TRUE(failed(softmax));
  EXPECT_NE(text.find("`weft.log_softmax` on f32[4] cannot be part of a recipe"), std::string::npos) << text;
}

TEST_F(Recipes, AWeightThatFailsToLoadFails) {
  auto result = evaluate(R"(
    %w = weft.weight "missing" : tensor<4xf32>
    %s = weft.relu %w : tensor<4xf32>
    return %s : tensor<4xf32>)",
                         "tensor<4xf32>");
  EXPECT_TRUE(failed(result));
}

/// The evaluator and `isRecipe` must agree on what a recipe is.
TEST_F(Recipes, WhatIsARecipe) {
  module = parseSourceString<ModuleOp>(R"(
    func.func @f(%x: tensor<4xf32>) {
      %w = weft.weight "w" : tensor<4xf32>
      %a = weft.exp %w : tensor<4xf32>
      %b = weft.add %a, %x : tensor<4xf32>
      %c = weft.log_softmax %w axis 0 : (tensor<4xf32>) -> tensor<4xf32>
      %m = weft.weight "m" : tensor<8x3xf32>
      %n = weft.weight "n" : tensor<3x5xf32>
      %d = weft.matmul %m, %n : (tensor<8x3xf32>, tensor<3x5xf32>) -> tensor<8x5xf32>
      %p = weft.weight "p" : tensor<800x1xf32>
      %q = weft.weight "q" : tensor<1x500xf32>
      %e = weft.matmul %p, %q : (tensor<800x1xf32>, tensor<1x500xf32>) -> tensor<800x500xf32>
      return
    })",
                                       &context);
  ASSERT_TRUE(module);
  std::vector<bool> recipes;
  module->walk([&](Operation *op) {
    if (op->getNumResults() == 1)
      recipes.push_back(isRecipe(op->getResult(0)));
  });
  EXPECT_EQ(recipes, (std::vector<bool>{true, true, false, false, true, true, true, true, true, false})); // the last is too large
}

} // namespace
