// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names, numbers and single characters; never looks at the current locale.
#include "compiler/Kernel/Lexer.h"

namespace weft::kernel {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isName(char c) { return isNameStart(c) || isDigit(c); }

size_t skipWhile(std::string_view text, size_t at, bool (*belongs)(char)) {
  while (at < text.size() && belongs(text[at]))
    ++at;
  return at;
}

/// The end of `-12`, `1.5`, `2e-07`. A dot counts only before a digit.
size_t numberEnd(std::string_view text, size_t at) {
  if (text[at] == '-')
    ++at;
  at = skipWhile(text, at, isDigit);
  if (at + 1 < text.size() && text[at] == '.' && isDigit(text[at + 1]))
    at = skipWhile(text, at + 1, isDigit);
  if (at < text.size() && text[at] == 'e') {
    size_t digits = at + 1 < text.size() && (text[at + 1] == '-' || text[at + 1] == '+') ? at + 2 : at + 1;
    if (digits < text.size() && isDigit(text[digits]))
      at = skipWhile(text, digits, isDigit);
  }
  return at;
}

} // namespace

void Lexer::skipBlanks() {
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')
      ++at;
    else if (text.substr(at, 2) == "//")
      at = skipWhile(text, at, [](char c) { return c != '\n'; });
    else
      return;
  }
}

Token Lexer::next() {
  skipBlanks();
  size_t begin = at;
  auto token = [&](Token::Kind kind, size_t end) {
    at = end;
    return Token{kind, text.substr(begin, end - begin), begin};
  };
  if (at == text.size())
    return token(Token::Kind::End, at);
  char c = text[at], following = at + 1 < text.size() ? text[at + 1] : '\0';
  if (isNameStart(c))
    return token(Token::Kind::Name, skipWhile(text, at, isName));
  if (isDigit(c) || (c == '-' && isDigit(following)))
    return token(Token::Kind::Number, numberEnd(text, at));
  if (c == '-' && text.substr(at, 4) == "-inf")
    return token(Token::Kind::Number, at + 4);
  if (c == '%' && isDigit(following))
    return token(Token::Kind::Bound, skipWhile(text, at + 1, isDigit));
  if (std::string_view("{}[]()<,.=?:@").find(c) != std::string_view::npos)
    return token(Token::Kind::Punctuation, at + 1);
  return token(Token::Kind::Bad, at + 1);
}

} // namespace weft::kernel
