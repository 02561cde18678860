// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The parser's inside: tokens, recovery and one function a rule of the grammar. Files: Parser.cpp (tokens, recovery),
// ParseItems.cpp (files, types), ParseStatements.cpp, ParseExpressions.cpp.
#pragma once

#include "frontends/Weft/Lexer.h"
#include "frontends/Weft/Parser.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <optional>

namespace weft::language {

using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

std::optional<BinaryKind> binaryKind(const Token &token);

class Parser {
public:
  Parser(const TextFile &text, llvm::BumpPtrAllocator &arena, TextDiagnostics &diagnostics)
      : lexer(text, diagnostics), arena(arena), diagnostics(diagnostics) {}

  void file(File &file);
  const Expr *wholeExpression();

private:
  // Making nodes
  template <typename T, typename... Args> T *make(Args &&...args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (arena.Allocate<T>()) T{std::forward<Args>(args)...};
  }
  template <typename T> List<T> keep(llvm::ArrayRef<T> items) { return items.copy(arena); }
  template <typename T> List<T> keep(const SmallVector<T> &items) { return keep(llvm::ArrayRef<T>(items)); }

  // Tokens
  const Token &peek() { return lexer.peek(); }
  bool at(StringRef what) { return peek().is(what); }
  Token take() {
    Token token = lexer.next();
    lastEnd = token.end;
    return token;
  }
  bool eat(StringRef what) {
    if (!at(what))
      return false;
    take();
    return true;
  }
  void skipLines() {
    while (peek().kind == TokenKind::NewLine)
      lexer.next();
  }
  TextRange from(uint32_t begin) { return lexer.range(begin, lastEnd); }
  std::nullptr_t fail(TextRange range, const Twine &text) {
    if (!fatal)
      diagnostics.error(range, text);
    return nullptr;
  }
  std::nullptr_t unexpected(const Twine &wanted);
  bool need(StringRef what);
  bool name(Name &result, const Twine &what);
  bool openBracket(char bracket);
  bool closeBracket(StringRef bracket);
  /// Items separated by commas, up to `close`; a comma may end them. The opening bracket is taken already.
  template <typename Item> bool items(StringRef close, Item item);

  // Recovery
  void skipStatement(size_t depth);
  void skipItem(size_t depth);

  // Files
  const Item *item();
  const Item *importItem(uint32_t begin);
  const Item *constItem(uint32_t begin);
  const Item *blockItem(uint32_t begin);
  const Item *netItem(uint32_t begin);
  const Item *trainItem(uint32_t begin);
  bool trainStatement(TrainStatement &result);
  bool port(Port &result, bool isResult);
  bool setting(Setting &result);
  bool atSetting();
  const Type *type(bool isFeature = false);
  const Type *graphType(uint32_t begin);
  bool dims(Type &type);

  // Statements
  const Body *body(SmallVector<Setting> *settings = nullptr);
  const Statement *statement();
  const Statement *forStatement(uint32_t begin);
  const Statement *assertStatement(uint32_t begin);
  const Statement *bindOrEvaluate(uint32_t begin);
  bool endOfStatement();
  bool expressions(SmallVector<const Expr *> &values);
  const Pattern *target();
  const Pattern *pattern();
  const Pattern *patternOf(const Expr *expr);
  const Path *path();

  // Expressions
  const Expr *expr();
  const Expr *ifExpr();
  const Body *elseExpression();
  const Expr *level(unsigned level);
  const Expr *unary();
  const Expr *postfix();
  const Expr *call(const Expr *callee);
  bool argument(Argument &result);
  const Expr *index(const Expr *base);
  const Expr *primary();
  const Expr *parenthesised();
  const Expr *list();
  const Expr *integer();
  const Expr *floating();
  const StringExpr *string();
  const Expr *braced(uint32_t brace);

  /// Counts what is inside what; past the limit everything fails at once.
  struct Nest {
    Parser &parser;
    bool fine;
    explicit Nest(Parser &parser) : parser(parser), fine(++parser.nesting <= maxNesting) {
      if (!fine && !parser.fatal) {
        parser.fail(parser.lexer.range(parser.peek()),
                    "nested deeper than " + Twine(maxNesting) + " brackets and bodies");
        parser.fatal = true;
      }
    }
    ~Nest() { --parser.nesting; }
  };

  /// In the head of `for` and `if` an `as` outside brackets belongs to the statement.
  struct Head {
    Parser &parser;
    size_t before;
    explicit Head(Parser &parser) : parser(parser), before(parser.headDepth) {
      parser.headDepth = parser.lexer.depth();
    }
    ~Head() { parser.headDepth = before; }
  };

  Lexer lexer;
  llvm::BumpPtrAllocator &arena;
  TextDiagnostics &diagnostics;
  uint32_t lastEnd = 0;
  unsigned nesting = 0;
  size_t headDepth = ~size_t(0); // depth of brackets of the head being read
  bool fatal = false;
};

template <typename Item> bool Parser::items(StringRef close, Item item) {
  while (!at(close)) {
    if (!item())
      return false;
    if (!eat(","))
      break;
  }
  if (!at(close)) {
    unexpected("`,` or `" + close + "`");
    return false;
  }
  return closeBracket(close);
}

} // namespace weft::language
