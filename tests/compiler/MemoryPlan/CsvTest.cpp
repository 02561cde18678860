// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files come back as they went in, with an offset; bad ones are refused with the line and what would have been fine.
#include "compiler/MemoryPlan/Csv.h"
#include "compiler/MemoryPlan/Svg.h"

#include <gtest/gtest.h>

using namespace weft::memplan;

namespace {

TEST(Csv, AllColumns) {
  Csv csv = parseCsv("buffer_id,start,end,size,alignment,gaps,group,delta,offset,note\r\n"
                     "x,0,9,16,8,3-4 6-7@0:8,g,-8,,\"a \"\"b\"\", c\"\r\n"
                     "\r\n"
                     "y , -2,5,7,,,,,24,\r\n");
  ASSERT_TRUE(csv.errors.empty()) << csv.errors.front();
  ASSERT_EQ(csv.problem.buffers.size(), 2u);
  Buffer x;
  x.name = "x";
  x.lower = 0;
  x.upper = 10; // `end` is the last time in
  x.size = 16;
  x.alignment = 8;
  x.gaps = {{3, 5, {}}, {6, 8, Window{0, 8}}};
  x.group = 0;
  x.delta = -8;
  EXPECT_EQ(csv.problem.buffers[0], x);
  Buffer y;
  y.name = "y";
  y.lower = -2;
  y.upper = 6;
  y.size = 7;
  y.pinned = 24;
  EXPECT_EQ(csv.problem.buffers[1], y);
  EXPECT_EQ(csv.problem.groups, std::vector<std::string>{"g"});
  EXPECT_EQ(printCsv(csv, {{40, 24}}), "buffer_id,start,end,size,alignment,gaps,group,delta,offset,note\n"
                                       "x,0,9,16,8,3-4 6-7@0:8,g,-8,40,\"a \"\"b\"\", c\"\n"
                                       "y , -2,5,7,,,,,24,\n");
}

TEST(Csv, OffsetIsAppended) {
  Csv csv = parseCsv("id,lower,upper,size\na,0,1,2");
  EXPECT_EQ(printCsv(csv, {{5}}), "id,lower,upper,size,offset\na,0,1,2,5\n");
}

struct Case {
  const char *what;
  std::string text, expected;
};

const Case cases[] = {
    {"Empty", "", "the file is empty; its first line names the columns: `id,lower,upper,size`"},
    {"MissingSize", "id,lower,upper\n", "line 1: there is no column `size`"},
    {"MissingId", "lower,upper,size\n", "line 1: there is no column `id` (or `buffer`, `buffer_id`)"},
    {"UpperAndEnd", "id,lower,upper,end,size\n", "line 1: there is no column `upper`, or `end`, exactly one of them"},
    {"ColumnTwice", "id,lower,upper,size,size\n", "line 1: column `size` is there twice"},
    {"TooFewCells", "id,lower,upper,size\na,0,1\n", "line 2: there are 3 cells, but 4 columns"},
    {"NotANumber", "id,lower,upper,size\na,0,1,x\n", "line 2: `size` is `x`, not a whole number of at most 63 bits"},
    {"Fraction", "id,lower,upper,size\na,0,1,1.5\n", "line 2: `size` is `1.5`, not a whole number of at most 63 bits"},
    {"Huge", "id,lower,upper,size\na,0,1,99999999999999999999\n",
     "line 2: `size` is `99999999999999999999`, not a whole number of at most 63 bits"},
    {"EmptyCell", "id,lower,upper,size\na,,1,1\n", "line 2: `lower` is ``, not a whole number of at most 63 bits"},
    {"BadGap", "id,lower,upper,size,gaps\na,0,9,1,3..4\n", "line 2: gap `3..4` is not of the form `3-5` or `3-5@0:64`"},
    {"OpenQuote", "id,lower,upper,size\n\"a,0,1,1\n", "line 2: a quoted cell has no end"},
    {"ControlBytes", "id,lower,upper,size\na,0,1,\x1b[2J\n",
     "line 2: `size` is `?[2J`, not a whole number of at most 63 bits"},
    {"ZeroByte", std::string("id,lower,upper,size\na,0,\0,1\n", 28),
     "line 2: there is a zero byte; this is not a text file"},
};

class CsvErrors : public testing::TestWithParam<Case> {};

TEST_P(CsvErrors, NameTheLine) {
  Csv csv = parseCsv(GetParam().text);
  ASSERT_FALSE(csv.errors.empty());
  EXPECT_EQ(csv.errors.front(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Table, CsvErrors, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.what); });

TEST(Csv, ErrorsEndAfterTen) {
  std::string text = "id,lower,upper,size\n";
  for (int i = 0; i < 1000; ++i)
    text += "a,b,c,d\n";
  EXPECT_LE(parseCsv(text).errors.size(), 13u);
}

TEST(Svg, NamesAreEscapedAndGapsAreLeftOut) {
  Csv csv = parseCsv("id,lower,upper,size,gaps\n<a&b>,0,10,8,4-6\n");
  std::string svg = drawSvg(csv.problem, {{0}}, 8, 16);
  EXPECT_NE(svg.find("<title>&lt;a&amp;b&gt;: 8 bytes at 0, alive [0, 10)</title><rect"), std::string::npos) << svg;
  size_t rects = 0;
  for (size_t at = svg.find("<rect x="); at != std::string::npos; at = svg.find("<rect x=", at + 1))
    ++rects;
  EXPECT_EQ(rects, 2u);
  EXPECT_NE(svg.find("capacity: 16 bytes"), std::string::npos);
}

} // namespace
