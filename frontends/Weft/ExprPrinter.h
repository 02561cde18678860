// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Expressions as text, parentheses only where the grammar wants them. Private to the printer.
#pragma once

#include "frontends/Weft/Ast.h"

#include <functional>

namespace weft::language {

/// Characters 1 to this stand for the blank after a comma, by how many brackets are around it: the line may be broken
/// there, outermost first.
constexpr char deepestBreak = 8;
inline bool isBreak(char c) { return c >= 1 && c <= deepestBreak; }

class ExprPrinter {
public:
  /// How a body is printed; by default on one line, `{ a; b }`.
  std::function<void(const Body &)> onBody;
  std::string text;

  ExprPrinter();
  void expr(const Expr &expr);
  void expressions(List<const Expr *> values);
  /// In the head of `for` and `if` a call with `as` needs parentheses.
  void head(const Expr &expr);
  void path(const Path &path);
  void pattern(const Pattern &pattern);
  void type(const Type &type);
  void statementHead(const Statement &statement); // all but the body of a `for`
  void flatBody(const Body &body);

  void comma();

private:
  void list(llvm::StringRef open, List<const Expr *> items, llvm::StringRef close);
  void operand(const Expr &expr, bool parentheses);
  void call(const CallExpr &call);
  void chain(const ChainExpr &chain);
  void string(const StringExpr &string);
  void parts(List<StringPart> parts);

  bool breakable = true; // not inside strings and paths
  bool tight = false;    // inside ranges and paths: no blanks around `+`
  int depth = 0;         // of brackets
};

} // namespace weft::language
