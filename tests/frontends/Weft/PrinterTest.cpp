// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The canonical form: nothing is lost, and printing it again changes nothing.
#include "tests/frontends/Weft/AstText.h"
#include "tests/frontends/Weft/TestText.h"

#include "gtest/gtest.h"

using namespace weft;
using namespace weft::language;

/// Prints, reads again, compares the trees, prints again; gives the text.
static std::string canonical(const std::string &text) {
  Parsed first(text);
  EXPECT_EQ(first.errors(), "") << text;
  if (!first.fine())
    return "";
  std::string printed = first.printed();
  Parsed second(printed);
  EXPECT_EQ(second.errors(), "") << printed;
  if (!second.fine())
    return "";
  EXPECT_EQ(astText(*first.file), astText(*second.file)) << printed;
  EXPECT_EQ(second.printed(), printed);
  return printed;
}

static std::string inBlock(const std::string &text) {
  std::string head = "weft 1\n\nblock b(x) {\n", printed = canonical(head + text + "}\n");
  return printed.substr(head.size(), printed.size() - head.size() - 2);
}

TEST(Printer, BlanksAndParentheses) {
  EXPECT_EQ(inBlock("a=1+2 *3\n"), "  a = 1 + 2*3\n");
  EXPECT_EQ(inBlock("a=(1+2) *3\n"), "  a = (1 + 2) * 3\n");
  EXPECT_EQ(inBlock("a=1-(2-3)\n"), "  a = 1 - (2 - 3)\n");
  EXPECT_EQ(inBlock("a=-(1+2)\n"), "  a = -(1 + 2)\n");
  EXPECT_EQ(inBlock("a=not(b and c)\n"), "  a = not (b and c)\n");
  EXPECT_EQ(inBlock("a=0 .. n + 1\n"), "  a = 0..n+1\n");
  EXPECT_EQ(inBlock("a = h[0]*f(x, y)\n"), "  a = h[0] * f(x, y)\n");
  EXPECT_EQ(inBlock("for k in ((f(x) as a)) { g(k) }\n"), "  for k in (f(x) as a) { g(k) }\n");
  EXPECT_EQ(inBlock("a = (f(x) as p)[0]\n"), "  a = (f(x) as p)[0]\n");
  EXPECT_EQ(inBlock("a = 1 + (if c { 1 } else { 2 })\n"), "  a = 1 + (if c { 1 } else { 2 })\n");
  EXPECT_EQ(inBlock("f(a = if c { 1 } else { 2 })\n"), "  f(a = if c { 1 } else { 2 })\n");
}

TEST(Printer, ShortBodiesStayOnTheLine) {
  EXPECT_EQ(inBlock("for i in l {\n f(i)\n}\n"), "  for i in l { f(i) }\n");
  EXPECT_EQ(inBlock("for i in l {\n f(i)\n g(i)\n h(i)\n}\n"), "  for i in l {\n    f(i)\n    g(i)\n    h(i)\n  }\n");
}

TEST(Printer, LongLinesBreakAfterCommas) {
  std::string item = "(100, 200, 300, 400)", list = item;
  for (int i = 0; i < 7; ++i)
    list += ", " + item;
  EXPECT_EQ(inBlock("a = [" + list + "]\n"), "  a = [" + item + ", " + item + ", " + item + ", " + item + ", " + item +
                                                 ",\n      " + item + ", " + item + ", " + item + "]\n");
}

TEST(Printer, CommentsKeepTheirPlace) {
  EXPECT_EQ(inBlock("# above\na = 1   # behind\n\n\n# alone\n\nb = 2\n# last\n"),
            "  # above\n  a = 1  # behind\n\n  # alone\n\n  b = 2\n  # last\n");
  EXPECT_EQ(inBlock("for i in l {   # head\n  f(i)\n}   # tail\n"), "  for i in l {  # head\n    f(i)\n  }  # tail\n");
  EXPECT_EQ(inBlock("a = f(1,   # one\n   2)\n"), "  # one\n  a = f(1, 2)\n");
  EXPECT_EQ(canonical("# first\nweft 1 # one\n# second\nblock b(x) { # three\n}\n# end\n"),
            "# first\nweft 1  # one\n# second\nblock b(x) {  # three\n}\n# end\n");
}

TEST(Printer, WholeFiles) {
  EXPECT_EQ(
      canonical("weft 1\nimport   \"zoo/blocks/vgg.weft\"\nk=[1,2]\nnet n(g:graph[V,E]{edge.w:f32},x:f32[V,3])->(y:f32"
                "[V,2] optional){\nparam c=1\nbound V<=10\nprecision f32\nmemory<=8 MiB\n y=x\n}\ntrain t of n "
                "{ input l: i32[2]\n loss=f(l); optimizer sgd(lr=1e-3)\n}\n"),
      "weft 1\nimport \"zoo/blocks/vgg.weft\"\nk = [1, 2]\nnet n(g: graph[V, E] { edge.w: f32 }, x: f32[V, 3]) -> "
      "(y: f32[V, 2] optional) {\n  param c = 1\n  bound V <= 10\n  precision f32\n  memory <= 8MiB\n  y = x\n}\n"
      "train t of n {\n  input l: i32[2]\n  loss = f(l)\n  optimizer sgd(lr=1e-3)\n}\n");
}

TEST(Printer, TheZooIsInCanonicalForm) {
  ASSERT_GT(zooTexts().size(), 20u);
  for (const auto &[name, text] : zooTexts())
    EXPECT_EQ(canonical(text), text) << name;
}
