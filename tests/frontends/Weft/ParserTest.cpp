// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What the lexer and the parser make of texts that are right; errors are in tests/frontends/Weft/errors.
#include "tests/frontends/Weft/AstText.h"
#include "tests/frontends/Weft/TestText.h"

#include "gtest/gtest.h"

using namespace weft;
using namespace weft::language;

/// The tree of one statement in a block.
static std::string statement(const std::string &text) {
  Parsed parsed("weft 1\nblock b(x) {\n" + text + "\n}\n");
  EXPECT_EQ(parsed.errors(), "") << text;
  if (!parsed.fine())
    return "";
  std::string tree = astText(*parsed.file);
  size_t begin = tree.find("(body ") + 6;
  return tree.substr(begin, tree.rfind("))") - begin);
}

TEST(Parser, OperatorsBindAsInTheGrammar) {
  EXPECT_EQ(statement("a = 1 + 2*3 - 4"), "(= a (chain 1 + (chain 2 * 3) - 4))");
  EXPECT_EQ(statement("a = -1 - -b"), "(= a (chain (negate 1) - (negate b)))");
  EXPECT_EQ(statement("a = not b == c and d or e"), "(= a (chain (chain (not (chain b == c)) and d) or e))");
  EXPECT_EQ(statement("a = 0..n+1"), "(= a (chain 0 .. (chain n + 1)))");
  EXPECT_EQ(statement("a = (1 + 2) // 3 % 4"), "(= a (chain (chain 1 + 2) // 3 % 4))");
}

TEST(Parser, ADotBetweenNumbersIsARange) {
  EXPECT_EQ(statement("a = 0..3"), "(= a (chain 0 .. 3))");
  EXPECT_EQ(statement("a = 1.5"), "(= a 1.500000)");
  EXPECT_EQ(statement("a = 5e-4"), "(= a 0.000500)");
}

TEST(Parser, PathsAreNoExpressions) {
  EXPECT_EQ(statement("f(x) as downsample.0"), "(value (call f x (as 'downsample' '.' '0')))");
  EXPECT_EQ(statement("f(x) as conv.0.0"), "(value (call f x (as 'conv' '.' '0' '.' '0')))");
  EXPECT_EQ(statement("f(x) as 3.conv"), "(value (call f x (as '3' '.' 'conv')))");
  EXPECT_EQ(statement("f(x) as a{k}b.{k + 1}"), "(value (call f x (as 'a' k 'b' '.' (chain k + 1))))");
  EXPECT_EQ(statement("g(f(x) as a, y)"), "(value (call g (call f x (as 'a')) y))");
}

TEST(Parser, ABraceAfterABlankOpensTheBody) {
  EXPECT_EQ(statement("for k in l as layer{k} { f(k) }"), "(for k l (as 'layer' k) (body (value (call f k))))");
  EXPECT_EQ(statement("for k in l as {k} { f(k) as {k} }"), "(for k l (as k) (body (value (call f k (as k)))))");
}

TEST(Parser, AnAsInTheHeadOfALoopBelongsToTheLoop) {
  EXPECT_EQ(statement("for k in f(l) as p { }"), "(for k (call f l) (as 'p') (body))");
  EXPECT_EQ(statement("for k in g(f(l) as q) as p { }"), "(for k (call g (call f l (as 'q'))) (as 'p') (body))");
  EXPECT_EQ(statement("for k in (f(l) as q) { }"), "(for k (call f l (as 'q')) (body))");
}

TEST(Parser, LinesGoOnInBracketsAndAfterOperators) {
  EXPECT_EQ(statement("a = f(1,\n  2)"), "(= a (call f 1 2))");
  EXPECT_EQ(statement("a = 1 +\n  2"), "(= a (chain 1 + 2))");
  EXPECT_EQ(statement("a =\n  2"), "(= a 2)");
  EXPECT_EQ(statement("a,\n  b = c"), "(= (names a b) c)");
  EXPECT_EQ(statement("a = 1; b = 2"), "(= a 1) (= b 2)");
}

TEST(Parser, BodiesInArgumentsCountLinesAgain) {
  EXPECT_EQ(statement("f(if c {\n  a = 1\n  a\n} else { 2 })"),
            "(value (call f (if c (body (= a 1) (value a)) (body (value 2)))))");
}

TEST(Parser, ElseTakesAnExpression) {
  EXPECT_EQ(statement("a = if c { 1 } else if d { 2 } else 3 + b"),
            "(= a (if c (body (value 1)) d (body (value 2)) (body (value (chain 3 + b)))))");
}

TEST(Parser, StringsHoldExpressions) {
  EXPECT_EQ(statement("a = \"x {y + 1} z\""), "(= a (string 'x ' (chain y + 1) ' z'))");
  EXPECT_EQ(statement("a = \"\\{\\\"\\}\""), "(= a (string '\\{\\\"\\}'))");
}

TEST(Parser, EdgesFollowTheirCalls) {
  EXPECT_EQ(statement("a = aggregate(g, sum) { h[src]*edge.w } + b"),
            "(= a (chain (call aggregate g sum (edge (chain (index h src) * (member edge w)))) + b))");
}

TEST(Parser, PatternsNest) {
  EXPECT_EQ(statement("for (k, (a, _)) in l { }"), "(for (names k (names a _)) l (body))");
  EXPECT_EQ(statement("(a, b), c = l"), "(= (names (names a b) c) l)");
}

TEST(Parser, SettingsAreNamesElsewhere) {
  EXPECT_EQ(statement("param = 3"), "(= param 3)");
  EXPECT_EQ(statement("memory = bound + precision"), "(= memory (chain bound + precision))");
}

TEST(Parser, NestingHasALimit) {
  auto nested = [](int depth) {
    return "weft 1\nblock b(x) {\n  y = " + std::string(depth, '(') + "x" + std::string(depth, ')') + "\n}\n";
  };
  EXPECT_TRUE(Parsed(nested(250)).fine());
  EXPECT_NE(Parsed(nested(300)).errors().find("nested deeper than 256"), std::string::npos);
  EXPECT_NE(Parsed("weft 1\nblock b(x) { y = " + std::string(100000, '-') + "x }").errors().find("nested deeper"),
            std::string::npos);
  std::string postfixes = "weft 1\nblock b(x) { y = x";
  for (int i = 0; i < 100000; ++i)
    postfixes += "[0]";
  EXPECT_NE(Parsed(postfixes + " }").errors().find("in a row"), std::string::npos);
}

TEST(Parser, ChainsMayBeLong) {
  std::string sum = "weft 1\nblock b(x) { y = 1";
  for (int i = 0; i < 9000; ++i)
    sum += " + 1";
  EXPECT_TRUE(Parsed(sum + " }\n").fine());
  for (int i = 0; i < 9000; ++i)
    sum += " + 1";
  EXPECT_NE(Parsed(sum + " }\n").errors().find("more than 10000 operators"), std::string::npos);
}

TEST(Parser, EncodingIsChecked) {
  EXPECT_NE(Parsed(std::string("weft 1\nnet\0x", 12)).errors().find("t.weft:2:4: error: NUL byte"), std::string::npos);
  EXPECT_NE(Parsed("weft 1\n# \xff").errors().find("t.weft:2:3: error: invalid UTF-8"), std::string::npos);
  EXPECT_TRUE(Parsed("weft 1\n# H\xc3\xa4user\n").fine());
}

TEST(Parser, ColumnsCountCharacters) {
  EXPECT_NE(Parsed("weft 1\nblock b(x) { a = \"\xc3\xa4\xc3\xa4\" $ }").errors().find("t.weft:2:23: error: unexpected"),
            std::string::npos);
}
