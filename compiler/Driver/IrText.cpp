// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One walk over the characters. Texts in quotes and comments are stepped over: brackets in there open and close nothing.
#include "compiler/Driver/IrText.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace weft {

namespace {

constexpr size_t deepestNesting = 256, mostSigns = 256, mostOperators = 10'000, longestNumber = 1000;

class IrScan {
public:
  explicit IrScan(StringRef text) : text(text) {}

  std::string run() {
    while (at < text.size() && problem.empty())
      step();
    return problem;
  }

private:
  /// What is open, and how many operators stand in its present part.
  struct Level {
    char bracket;
    size_t operators = 0;
  };

  void step() {
    char c = text[at];
    if (llvm::isAlnum(c) || c == '_')
      return word();
    if (!llvm::isSpace(c) && c != '-' && c != '/')
      signs = 0;
    ++at;
    if (c == '"')
      string();
    else if (c == '/' && here() == '/')
      at = std::min(text.find('\n', at), text.size());
    else if (StringRef("([{<").contains(c))
      open(c);
    else if (StringRef(")]}>").contains(c))
      close(c);
    else if (c == '-' && here() == '>')
      ++at;
    else if (c == '+' || c == '-' || c == '*')
      count(c);
    else if (c == ',' || c == '=' || c == ':')
      levels.back().operators = 0;
  }

  char here() const { return at < text.size() ? text[at] : '\0'; }

  /// A name or a number.
  void word() {
    size_t begin = at;
    while (at < text.size() && (llvm::isAlnum(text[at]) || text[at] == '_' || text[at] == '.'))
      ++at;
    signs = 0;
    if (llvm::isDigit(text[begin]) && at - begin > longestNumber)
      problem = "holds a number of more than " + std::to_string(longestNumber) + " digits";
  }

  void string() {
    while (at < text.size() && text[at] != '"')
      at += text[at] == '\\' ? 2 : 1;
    ++at;
  }

  void open(char bracket) {
    levels.push_back({bracket});
    if (levels.size() > deepestNesting + 1)
      problem = "nested deeper than " + std::to_string(deepestNesting) + " brackets";
  }

  /// A bracket that closes nothing is the parser's to report; `>` is one of `>=` too.
  void close(char bracket) {
    StringRef openers = "([{<", closers = ")]}>";
    if (levels.back().bracket == openers[closers.find(bracket)])
      levels.pop_back();
  }

  void count(char c) {
    signs = c == '-' ? signs + 1 : 0;
    if (signs > mostSigns)
      problem = "holds more than " + std::to_string(mostSigns) + " signs in a row";
    else if (++levels.back().operators > mostOperators)
      problem = "holds more than " + std::to_string(mostOperators) + " operators in a row";
  }

  StringRef text;
  size_t at = 0, signs = 0;
  llvm::SmallVector<Level> levels{{'\0'}};
  std::string problem;
};

} // namespace

std::string whyNotParse(StringRef text) {
  if (text.size() > mostIrBytes)
    return "larger than 256 MiB";
  if (text.contains('\0'))
    return "holds a NUL byte, so it is no text";
  if (!text.contains("weft.phase"))
    return "is no output of --stop-after";
  return IrScan(text).run();
}

} // namespace weft
