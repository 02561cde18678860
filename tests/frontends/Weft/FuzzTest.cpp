// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Texts of the zoo with random damage: whatever happens to them, there are errors or there is a net, never a crash; and
// what still parses prints to something that parses to the same.
#include "tests/frontends/Weft/AstText.h"
#include "tests/frontends/Weft/TestText.h"

#include "gtest/gtest.h"

#include <random>

using namespace weft;
using namespace weft::language;

static std::string damaged(std::string text, std::mt19937 &random) {
  static const std::vector<std::string> pieces{"(",
                                               ")",
                                               "{",
                                               "}",
                                               "[",
                                               "]",
                                               "\"",
                                               "\n",
                                               " as ",
                                               ".",
                                               "..",
                                               ",",
                                               "=",
                                               "if ",
                                               " else ",
                                               "for ",
                                               "#",
                                               "{k}",
                                               "-",
                                               "0",
                                               "9999999999999999999",
                                               "\\",
                                               "not ",
                                               "net ",
                                               "block ",
                                               "aggregate(g, sum) {",
                                               ";",
                                               "\xc3",
                                               std::string(1, '\0')};
  for (int edits = 1 + random() % 4; edits > 0; --edits) {
    size_t at = random() % (text.size() + 1), length = std::min<size_t>(random() % 20, text.size() - at);
    switch (random() % 4) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, pieces[random() % pieces.size()]);
      break;
    case 2:
      text.insert(at, text.substr(random() % (text.size() + 1), 40));
      break;
    default:
      text.resize(at + length);
      break;
    }
  }
  return text;
}

TEST(Fuzz, DamagedTextsNeverCrash) {
  std::mt19937 random(20260101);
  auto texts = zooTexts();
  ASSERT_FALSE(texts.empty());
  int fine = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = damaged(texts[random() % texts.size()].second, random);
    Parsed first(text);
    ASSERT_TRUE(first.fine() || !first.errors().empty()) << text;
    if (!first.fine())
      continue;
    ++fine;
    std::string printed = first.printed();
    Parsed second(printed);
    ASSERT_TRUE(second.fine()) << text << "\n---- prints as\n" << printed << second.errors();
    ASSERT_EQ(astText(*first.file), astText(*second.file)) << text;
    ASSERT_EQ(second.printed(), printed) << text;
  }
  EXPECT_GT(fine, 100); // otherwise the damage is too great to test the printer
}
