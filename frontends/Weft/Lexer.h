// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Tokens of a .weft text, made on demand: whether a line end counts, and whether a path or an expression comes next,
// only the parser knows.
#pragma once

#include "compiler/Support/Diagnostics.h"

#include "llvm/ADT/SmallVector.h"

namespace weft::language {

enum class TokenKind : uint8_t { End, NewLine, Name, Int, Float, String, Symbol, Bad };

struct Token {
  TokenKind kind = TokenKind::End;
  uint32_t begin = 0, end = 0;
  llvm::StringRef text; // as written; of a String with its quotes

  bool is(llvm::StringRef symbolOrName) const {
    return (kind == TokenKind::Symbol || kind == TokenKind::Name) && text == symbolOrName;
  }
};

class Lexer {
public:
  /// Text of at most `maxBytes` is checked as a whole for UTF-8 and NUL bytes by `checkEncoding`.
  static constexpr uint64_t maxBytes = 8u << 20;

  Lexer(const TextFile &file, TextDiagnostics &diagnostics);

  /// Reports the first byte that is no text. Everything after relies on it.
  static bool checkEncoding(const TextFile &file, TextDiagnostics &diagnostics);

  const Token &peek();
  Token next();
  /// Whether the token after a Name that is next is the symbol `symbol`, on the same line.
  bool nameThen(llvm::StringRef symbol);
  bool nameThenName();

  /// Inside `(` and `[` a line end is white space; inside `{` it counts.
  void open(char bracket);
  void close();
  size_t depth() const { return brackets.size(); }
  /// The brackets opened after the first `depth`, outermost first.
  llvm::StringRef bracketsSince(size_t depth) const {
    return llvm::StringRef(brackets.data(), brackets.size()).drop_front(depth);
  }
  void closeTo(size_t depth);

  /// Character by character, for paths and the parts of strings. Valid between tokens; peek() looks from here on.
  uint32_t offset() const { return at; }
  void seek(uint32_t offset);
  /// No token reaches past `end`: how an expression inside a string is read.
  void limit(uint32_t end);
  uint32_t limit() const { return last; }
  bool limitIsEnd() const { return last == text.size(); }
  char character(uint32_t offset) const { return offset < last ? text[offset] : '\0'; }

  /// Comments met so far, in order, each from `#` to the end of its line without trailing blanks.
  llvm::ArrayRef<TextRange> comments() const { return commentRanges; }

  TextRange range(uint32_t begin, uint32_t end) const { return {&file, begin, end}; }
  TextRange range(const Token &token) const { return range(token.begin, token.end); }

private:
  Token lex();
  uint32_t skipBlanks(uint32_t from, bool linesToo);
  llvm::StringRef afterName();
  Token number(uint32_t begin);
  Token string(uint32_t begin);
  Token make(TokenKind kind, uint32_t begin, uint32_t end) const;
  bool linesCount() const { return brackets.empty() || brackets.back() == '{'; }

  const TextFile &file;
  TextDiagnostics &diagnostics;
  llvm::StringRef text;
  uint32_t at = 0, last;
  bool cached = false;
  Token cache;
  llvm::SmallVector<char> brackets;
  std::vector<TextRange> commentRanges;
};

bool isNameStart(char c);
bool isNamePart(char c);
/// Words that are never names.
bool isReserved(llvm::StringRef word);

} // namespace weft::language
