// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The text form loses nothing, is the same bytes each time, and no input makes the parser crash.
#include "tests/compiler/Kernel/Texts.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Check.h"

#include <chrono>
#include <cstring>
#include <random>

using namespace weft::kernel;
using namespace weft::test;

namespace {

TEST(Text, CanonicalTextIsAFixedPoint) {
  EXPECT_EQ(print(parsed(dense)), dense);
  EXPECT_EQ(print(parsed(pieces)), pieces);
  EXPECT_EQ(print(parsed(scatter)), scatter);
}

TEST(Text, BlanksAndCommentsDoNotMatter) {
  std::string wide = with(dense, "operand b", "// the bias\n\t  operand   b");
  EXPECT_EQ(print(parsed(wide)), dense);
}

TEST(Text, SpecialNumbersComeBack) {
  for (double value : {0.0, -0.0, 1e-45, 3.4028234663852886e38, 0.1, -1.5e300}) {
    KernelDesc desc = parsed("kernel k { output y f64 [] strides [] stage s f64 [] holds y { init 1:f64 } }");
    desc.stages[0].init = constant(value, Scalar::F64);
    double back = parsed(print(desc)).stages[0].init->constant;
    EXPECT_EQ(std::memcmp(&back, &value, sizeof value), 0) << value;
  }
}

/// Without `let` an expression that uses itself twice at each of 60 levels would print for years.
TEST(Text, SharedExpressionsStaySmall) {
  KernelDesc desc = parsed("kernel k { operand x f32 [] strides [] output y f32 [] strides []\n"
                           "stage s f32 [] holds y { init @x[] } }");
  for (int i = 0; i < 60; ++i)
    desc.stages[0].init = binary(ScalarOp::Add, desc.stages[0].init, desc.stages[0].init);
  std::string text = print(desc);
  EXPECT_LT(text.size(), 5000u);
  EXPECT_EQ(print(parsed(text)), text);
  EXPECT_EQ(check(parsed(text)), "");
}

TEST(Text, DeepExpressionsAreSplitByLets) {
  KernelDesc desc = parsed("kernel k { operand x f32 [] strides [] output y f32 [] strides []\n"
                           "stage s f32 [] holds y { init @x[] } }");
  for (int i = 0; i < 3000; ++i)
    desc.stages[0].init = unary(ScalarOp::Neg, desc.stages[0].init);
  std::string text = print(desc);
  EXPECT_EQ(print(parsed(text)), text);
}

std::string errorOf(const std::string &text) {
  ParseError error;
  EXPECT_FALSE(parseKernel(text, error)) << text;
  return std::to_string(error.line) + ":" + std::to_string(error.column) + ": " + error.message;
}

TEST(Text, ErrorsSayWhereAndWhatWasSeen) {
  EXPECT_EQ(errorOf(""), "1:1: expected one kernel, got 0");
  EXPECT_EQ(errorOf("kernel {"), "1:8: expected a name, got `{`");
  EXPECT_EQ(errorOf("kernel k {"), "1:11: expected `operand`, `output`, `stage`, `schedule` or `}`, got the end");
  EXPECT_EQ(errorOf(with(dense, "x f32", "x f16")), "2:13: expected an element type, got `f16`");
  EXPECT_EQ(errorOf(with(dense, "strides [?, 1]", "strides [1]")), "3:3: `x` has 2 extents and 1 strides");
  EXPECT_EQ(errorOf(with(dense, "n < y.0", "n < z.0")), "6:22: no operand `z`");
  EXPECT_EQ(errorOf(with(dense, "n < y.0", "n < y.7")), "6:25: `y` has no dimension 7");
  EXPECT_EQ(errorOf(with(dense, "n < y.0", "n < y.0 by 0")), "6:30: expected how many of an extent make one turn, at least 1");
  EXPECT_EQ(errorOf(with(dense, "@b[c]", "b[c]")),
            "7:10: no stage `b` before this one; operands are read as `@b[...]`");
  EXPECT_EQ(errorOf(with(dense, "@b[c]", "@b[d]")), "7:13: no loop `d` in stage `sum`");
  EXPECT_EQ(errorOf(with(dense, "init @b[c]", "init cast:f32(extent(@b, 1))")), "7:32: `b` has no dimension 1");
  EXPECT_EQ(errorOf(with(dense, "max(", "most(")), "12:14: no operation `most`");
  EXPECT_EQ(errorOf(with(dense, "max(sum[n, c], 0)", "max(0)")), "12:14: `max` takes 2 arguments, not 1");
  EXPECT_EQ(errorOf(with(dense, "lt(%0", "lt(%1")), "13:20: `%1` is not bound");
  EXPECT_EQ(errorOf(with(scatter, "place n", "place e")), "9:17: no loop `e` of the stage");
  EXPECT_EQ(errorOf(with(dense, "exact", "exactly")),
            "19:34: expected `shift_inwards`, `predicate`, `round_up` or `exact`, got `exactly`");
  EXPECT_EQ(errorOf(with(dense, "parallel(n)", "run(n)")), "28:5: expected a directive or `}`, got `run`");
  EXPECT_EQ(errorOf(with(dense, "[k < 64]", "[k < 99999999999999999999]")),
            "8:17: expected an integer, got `99999999999999999999`");
}

TEST(Text, NestingIsLimited) {
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "neg(";
  EXPECT_NE(errorOf(with(dense, "@b[c]", deep)).find("nest deeper than 256 levels"), std::string::npos);
  std::string chain = "let %0 = 1\n";
  for (int i = 0; i < 200; ++i) {
    chain += "let %0 = ";
    for (int k = 0; k < 100; ++k)
      chain += "neg(";
    chain += "%0" + std::string(100, ')') + "\n";
  }
  EXPECT_NE(errorOf(with(dense, "init @b[c]", chain + "init %0")).find("nest deeper than 8192 levels"),
            std::string::npos);
}

/// Cut, doubled and mutated texts: an error or a description, never a crash; what parses is checked and prints.
TEST(Text, SurvivesAnyInput) {
  std::mt19937 random(7);
  auto pick = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const std::string alphabet = "{}[]()<,.=?:@%-0123456789abcxyz_ \n\t\x00\xff/";
  int good = 0;
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (int round = 0; round < 20000 && std::chrono::steady_clock::now() < end; ++round) {
    std::string text = dense;
    for (size_t edits = 1 + pick(4); edits > 0; --edits) {
      size_t at = pick(text.size());
      switch (pick(4)) {
      case 0:
        text[at] = alphabet[pick(alphabet.size())];
        break;
      case 1:
        text.erase(at, pick(30));
        break;
      case 2:
        text.insert(at, text.substr(pick(text.size()), pick(40)));
        break;
      default:
        text.insert(at, 1, alphabet[pick(alphabet.size())]);
      }
      if (text.empty())
        text = dense;
    }
    ParseError error;
    if (std::optional<KernelDesc> desc = parseKernel(text, error)) {
      ++good;
      if (check(*desc).empty())
        EXPECT_EQ(print(parsed(print(*desc))), print(*desc));
    } else {
      EXPECT_GT(error.line, 0);
      EXPECT_FALSE(error.message.empty());
    }
  }
  EXPECT_GT(good, 10); // the edits are small enough for both outcomes
}

TEST(Text, ClonesPrintTheSame) { EXPECT_EQ(print(clone(parsed(dense))), dense); }

} // namespace
