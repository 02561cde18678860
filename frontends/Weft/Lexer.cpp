// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads one token at a time; what is no token is reported here, once, and handed on as Bad.
#include "frontends/Weft/Lexer.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool language::isNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool language::isNamePart(char c) { return isNameStart(c) || isDigit(c); }

bool language::isReserved(StringRef word) {
  return llvm::StringSwitch<bool>(word)
      .Cases({"import", "block", "net", "train", "for", "in", "as", "if", "else"}, true)
      .Cases({"and", "or", "not", "return", "assert", "true", "false"}, true)
      .Default(false);
}

Lexer::Lexer(const TextFile &file, TextDiagnostics &diagnostics)
    : file(file), diagnostics(diagnostics), text(file.contents()), last(text.size()) {
  if (text.starts_with("\xef\xbb\xbf"))
    seek(3); // the byte order mark some editors begin a file with
}

bool Lexer::checkEncoding(const TextFile &file, TextDiagnostics &diagnostics) {
  StringRef text = file.contents();
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data()), *end = begin + text.size();
  const llvm::UTF8 *from = begin;
  bool legal = llvm::isLegalUTF8String(&from, end);
  size_t bad = legal ? text.size() : from - begin;
  size_t nul = text.find('\0');
  if (nul < bad) {
    diagnostics.error({&file, static_cast<uint32_t>(nul), static_cast<uint32_t>(nul + 1)},
                      "NUL byte: this is no text file");
    return false;
  }
  if (!legal) {
    diagnostics.error({&file, static_cast<uint32_t>(bad), static_cast<uint32_t>(bad + 1)},
                      "invalid UTF-8: a network is plain text");
    return false;
  }
  return true;
}

const Token &Lexer::peek() {
  if (!cached) {
    cache = lex();
    cached = true;
  }
  return cache;
}

Token Lexer::next() {
  Token token = peek();
  seek(token.end);
  return token;
}

void Lexer::seek(uint32_t offset) {
  at = offset;
  cached = false;
}

void Lexer::limit(uint32_t end) {
  last = end;
  cached = false;
}

void Lexer::open(char bracket) {
  brackets.push_back(bracket);
  cached = false;
}

void Lexer::close() {
  brackets.pop_back();
  cached = false;
}

void Lexer::closeTo(size_t depth) {
  brackets.truncate(depth);
  cached = false;
}

/// What follows the Name that is next, blanks left out; empty when no Name is next.
StringRef Lexer::afterName() {
  if (peek().kind != TokenKind::Name)
    return {};
  return text.slice(cache.end, last).ltrim(" \t");
}

bool Lexer::nameThen(StringRef symbol) {
  StringRef rest = afterName();
  return rest.starts_with(symbol) && !(symbol == "=" && rest.starts_with("=="));
}

bool Lexer::nameThenName() {
  StringRef rest = afterName();
  return !rest.empty() && isNameStart(rest.front());
}

/// White space and comments from `from` on. Comments are kept once, however often they are passed.
uint32_t Lexer::skipBlanks(uint32_t from, bool linesToo) {
  for (;; ++from) {
    char c = character(from);
    if (c == '#') {
      uint32_t end = std::min<size_t>(text.find('\n', from), last);
      if (commentRanges.empty() || commentRanges.back().begin < from)
        commentRanges.push_back(range(from, from + text.slice(from, end).rtrim().size()));
      from = end - 1;
    } else if (c != ' ' && c != '\t' && c != '\r' && !(linesToo && c == '\n')) {
      return from;
    }
  }
}

Token Lexer::make(TokenKind kind, uint32_t begin, uint32_t end) const {
  return {kind, begin, end, text.slice(begin, end)};
}

Token Lexer::lex() {
  uint32_t begin = skipBlanks(at, !linesCount());
  if (begin >= last)
    return make(TokenKind::End, last, last);
  char c = text[begin];
  if (c == '\n')
    return make(TokenKind::NewLine, begin, skipBlanks(begin, /*linesToo=*/true));
  if (isNameStart(c)) {
    uint32_t end = begin;
    while (isNamePart(character(end)))
      ++end;
    return make(TokenKind::Name, begin, end);
  }
  if (isDigit(c))
    return number(begin);
  if (c == '"')
    return string(begin);
  StringRef two = text.slice(begin, std::min(begin + 2, last));
  for (StringRef symbol : {"->", "..", "==", "!=", "<=", ">=", "//"})
    if (two == symbol)
      return make(TokenKind::Symbol, begin, begin + 2);
  if (StringRef("-+*/%<>=(){}[],.:;").contains(c))
    return make(TokenKind::Symbol, begin, begin + 1);
  uint32_t end = begin + 1;
  while (end < last && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    ++end;
  diagnostics.error(range(begin, end), "unexpected character `" + printable(text.slice(begin, end)) + "`");
  return make(TokenKind::Bad, begin, end);
}

Token Lexer::number(uint32_t begin) {
  uint32_t end = begin;
  auto digits = [&] {
    while (isDigit(character(end)))
      ++end;
  };
  digits();
  TokenKind kind = TokenKind::Int;
  // `0..3` is a range: a dot belongs to a number only before a digit.
  if (character(end) == '.' && isDigit(character(end + 1))) {
    kind = TokenKind::Float;
    ++end;
    digits();
  }
  if (character(end) == 'e' || character(end) == 'E') {
    uint32_t exponent = end + 1 + (character(end + 1) == '-' || character(end + 1) == '+');
    if (isDigit(character(exponent))) {
      kind = TokenKind::Float;
      end = exponent;
      digits();
    }
  }
  return make(kind, begin, end);
}

Token Lexer::string(uint32_t begin) {
  uint32_t end = begin + 1;
  for (; character(end) != '"'; ++end) {
    if (end >= last || text[end] == '\n') {
      diagnostics.error(range(begin, begin + 1), "this string has no closing `\"` on its line");
      return make(TokenKind::Bad, begin, end);
    }
    if (static_cast<unsigned char>(text[end]) < 0x20) {
      diagnostics.error(range(end, end + 1), "control character in a string; write `\\t` for a tab");
      return make(TokenKind::Bad, begin, std::min<size_t>(text.find('\n', end), last));
    }
    if (text[end] == '\\' && end + 1 < last && text[end + 1] != '\n')
      ++end;
  }
  return make(TokenKind::String, begin, end + 1);
}
