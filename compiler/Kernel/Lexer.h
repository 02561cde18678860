// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tokens of the KernelDesc text form. Used by Parse.cpp only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::kernel {

struct Token {
  enum class Kind { Name, Bound /* %0 */, Number, Punctuation, End, Bad };
  Kind kind = Kind::End;
  std::string_view text;
  size_t offset = 0;
};

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}
  Token next();

private:
  void skipBlanks();
  std::string_view text;
  size_t at = 0;
};

} // namespace weft::kernel
