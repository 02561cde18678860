// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Texts of the zoo and of the tests whose words and numbers are exchanged: most still parse, so this reaches the
// evaluator and the operations. A module or an error comes out, never a crash.
#include "frontends/Weft/Frontend.h"
#include "frontends/Weft/Lexer.h"
#include "tests/frontends/Weft/TestText.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

#include <fstream>
#include <random>

using namespace weft;
using namespace weft::language;

namespace {
struct Words {
  std::vector<std::pair<size_t, size_t>> places; // names and numbers of one text
};
} // namespace

static Words wordsOf(const std::string &text) {
  Words words;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '#')
      i = std::min(text.find('\n', i), text.size());
    size_t end = i;
    while (end < text.size() && isNamePart(text[end]))
      ++end;
    if (end > i)
      words.places.emplace_back(i, end - i);
    i = std::max(end, i + 1);
  }
  return words;
}

static std::string exchanged(std::string text, std::mt19937 &random) {
  static const std::vector<std::string> others{"0",      "1",     "2",      "7",    "2147483647", "9223372036854775807",
                                               "x",      "(-1)",  "[]",     "true", "1.5",        "V",
                                               "g",      "image", "[3, 3]", "g",    "relu",       "\"a\"",
                                               "(1, 2)", "C(x)",  "same"};
  for (int edits = 1 + random() % 3; edits > 0; --edits) {
    Words words = wordsOf(text);
    auto [at, length] = words.places[random() % words.places.size()];
    auto [fromAt, fromLength] = words.places[random() % words.places.size()];
    std::string replacement = random() % 2 ? text.substr(fromAt, fromLength) : others[random() % others.size()];
    text.replace(at, length, replacement);
  }
  return text;
}

TEST(ExpandFuzz, ExchangedWordsNeverCrash) {
  std::mt19937 random(20260102);
  auto texts = zooTexts();
  for (const char *name : {"graphs", "values", "paths", "outputs"}) {
    std::string reason;
    auto file = readTextFile(std::string(WEFT_TESTS) + "/expand/" + name + ".weft", name, 1 << 20, reason);
    ASSERT_TRUE(file) << reason;
    for (int copies = 0; copies < 12; ++copies)
      texts.emplace_back(name, file->contents().str());
  }
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("weft-fuzz", folder));
  std::string path = (folder + "/net.weft").str();
  int fine = 0;
  for (int round = 0; round < 800; ++round) {
    std::string text = exchanged(texts[random() % texts.size()].second, random);
    std::ofstream(path) << text;
    std::string errors;
    llvm::raw_string_ostream stream(errors);
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    ParseRequest request;
    request.fileName = path;
    request.zooDir = WEFT_ZOO;
    bool made = static_cast<bool>(parseWeft(request, context, stream));
    fine += made;
    ASSERT_EQ(made, errors.empty()) << text << errors;
    ASSERT_EQ(errors.find("refuses its arguments"), std::string::npos) << text << errors;
  }
  llvm::sys::fs::remove_directories(folder);
  EXPECT_GT(fine, 20);
}
