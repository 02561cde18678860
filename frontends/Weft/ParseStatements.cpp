// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Bodies and statements, patterns left of `=`, and paths behind `as`.
#include "frontends/Weft/ParserImpl.h"

using namespace weft;
using namespace weft::language;

//--------------------------------------------------------------------------------------------------===//

const Body *Parser::body(SmallVector<Setting> *settings) {
  Nest nest(*this);
  uint32_t begin = peek().begin;
  size_t headBefore = headDepth;
  headDepth = ~size_t(0);
  if (!nest.fine || !openBracket('{'))
    return nullptr;
  size_t depth = lexer.depth();
  SmallVector<const Statement *> statements;
  while (!at("}") && peek().kind != TokenKind::End && !fatal && !diagnostics.full()) {
    bool fine;
    if (settings && atSetting()) {
      Setting s;
      bool late = !statements.empty();
      TextRange where = lexer.range(peek());
      fine = setting(s) && endOfStatement();
      if (fine && late)
        fail(where, "settings come before the first statement");
      settings->push_back(s);
    } else {
      const Statement *s = statement();
      fine = s && endOfStatement();
      if (fine)
        statements.push_back(s);
    }
    if (!fine)
      skipStatement(depth);
    skipLines();
    while (eat(";"))
      skipLines();
  }
  headDepth = headBefore;
  if (!closeBracket("}"))
    return nullptr;
  return make<Body>(from(begin), keep(statements));
}

bool Parser::endOfStatement() {
  if (peek().kind == TokenKind::NewLine || at(";") || at("}"))
    return true;
  if (at("else"))
    fail(lexer.range(peek()), "this `else` has no `if`");
  else if (at(","))
    fail(lexer.range(peek()), "a statement is one expression; a tuple wants parentheses");
  else
    unexpected("the end of the statement");
  return false;
}

const Statement *Parser::statement() {
  uint32_t begin = lastEnd = peek().begin;
  if (at("for"))
    return forStatement(begin);
  if (at("assert"))
    return assertStatement(begin);
  if (at("return")) {
    take();
    SmallVector<const Expr *> values;
    if (!expressions(values))
      return nullptr;
    auto *result = make<Statement>(Statement::Kind::Return, from(begin));
    result->values = keep(values);
    return result;
  }
  if (binaryKind(peek()) && !at("-"))
    return fail(lexer.range(peek()), "a line does not begin with an operator; end the line before with it");
  return bindOrEvaluate(begin);
}

bool Parser::expressions(SmallVector<const Expr *> &values) {
  do {
    if (!values.empty())
      skipLines();
    const Expr *value = expr();
    if (!value)
      return false;
    values.push_back(value);
  } while (eat(","));
  return true;
}

const Statement *Parser::bindOrEvaluate(uint32_t begin) {
  SmallVector<const Expr *> left;
  if (!expressions(left))
    return nullptr;
  if (!at("=")) {
    if (left.size() > 1)
      return fail(from(begin), "a statement is one expression; a tuple wants parentheses");
    auto *result = make<Statement>(Statement::Kind::Evaluate, from(begin));
    result->values = keep(left);
    return result;
  }
  SmallVector<const Pattern *> members;
  for (const Expr *expr : left) {
    const Pattern *member = patternOf(expr);
    if (!member)
      return nullptr;
    members.push_back(member);
  }
  TextRange range = from(begin);
  take(); // `=`
  skipLines();
  SmallVector<const Expr *> values;
  if (!expressions(values))
    return nullptr;
  auto *result = make<Statement>(Statement::Kind::Bind, from(begin));
  result->target = members.size() == 1 ? members.front() : make<Pattern>(range, StringRef(), keep(members));
  result->values = keep(values);
  return result;
}

const Pattern *Parser::patternOf(const Expr *expr) {
  if (const auto *named = llvm::dyn_cast<NameExpr>(expr))
    return make<Pattern>(expr->range, named->name);
  const auto *tuple = llvm::dyn_cast<TupleExpr>(expr);
  if (!tuple)
    return fail(expr->range, "only names stand left of `=`");
  SmallVector<const Pattern *> members;
  for (const Expr *item : tuple->items) {
    const Pattern *member = patternOf(item);
    if (!member)
      return nullptr;
    members.push_back(member);
  }
  return make<Pattern>(expr->range, StringRef(), keep(members));
}

const Pattern *Parser::target() {
  uint32_t begin = peek().begin;
  SmallVector<const Pattern *> members;
  do {
    const Pattern *member = pattern();
    if (!member)
      return nullptr;
    members.push_back(member);
  } while (eat(","));
  if (members.size() == 1)
    return members.front();
  return make<Pattern>(from(begin), StringRef(), keep(members));
}

const Pattern *Parser::pattern() {
  if (at("(")) {
    Nest nest(*this);
    if (!nest.fine || !openBracket('('))
      return nullptr;
    const Pattern *inner = target();
    return inner && closeBracket(")") ? inner : nullptr;
  }
  if (at("_")) {
    Token token = take();
    return make<Pattern>(lexer.range(token), token.text);
  }
  Name named;
  return name(named, "a name") ? make<Pattern>(named.range, named.text) : nullptr;
}

const Statement *Parser::forStatement(uint32_t begin) {
  take();
  const Pattern *variable = target();
  if (!variable || !need("in"))
    return nullptr;
  const Expr *over;
  {
    Head head(*this);
    over = expr();
  }
  if (!over)
    return nullptr;
  const Path *loopPath = nullptr;
  if (at("as") && !(loopPath = path()))
    return nullptr;
  const Body *loopBody = body();
  if (!loopBody)
    return nullptr;
  auto *result = make<Statement>(Statement::Kind::For, from(begin));
  result->target = variable;
  result->values = keep(llvm::ArrayRef<const Expr *>(over));
  result->path = loopPath;
  result->body = loopBody;
  return result;
}

const Statement *Parser::assertStatement(uint32_t begin) {
  take();
  const Expr *condition = expr();
  if (!condition || !need(":"))
    return nullptr;
  skipLines();
  if (peek().kind != TokenKind::String)
    return unexpected("the message of the assertion, a string");
  const StringExpr *message = string();
  if (!message)
    return nullptr;
  auto *result = make<Statement>(Statement::Kind::Assert, from(begin));
  result->values = keep(llvm::ArrayRef<const Expr *>(condition));
  result->message = message;
  return result;
}

/// `as` and what follows, character by character: no white space inside, `{expr}` as pieces.
const Path *Parser::path() {
  uint32_t i = take().end;
  while (lexer.character(i) == ' ' || lexer.character(i) == '\t')
    ++i;
  uint32_t begin = i;
  SmallVector<StringPart> pieces;
  bool segmentOpen = false; // a dot may follow
  for (;;) {
    char c = lexer.character(i);
    if (isNamePart(c)) {
      uint32_t start = i;
      while (isNamePart(lexer.character(i)))
        ++i;
      pieces.push_back({lexer.range(start, i).text()});
      segmentOpen = true;
    } else if (c == '{') {
      const Expr *value = braced(i);
      if (!value)
        return nullptr;
      i = lexer.offset();
      pieces.push_back({lexer.range(i, i).text(), value});
      segmentOpen = true;
    } else if (c == '.') {
      if (!segmentOpen) {
        lexer.seek(i);
        return fail(lexer.range(i, i + 1), "empty segment in a path");
      }
      pieces.push_back({lexer.range(i, i + 1).text()});
      ++i;
      segmentOpen = false;
    } else {
      break;
    }
  }
  lexer.seek(i);
  lastEnd = i;
  if (!segmentOpen)
    return fail(lexer.range(begin, std::max(begin + 1, i)), pieces.empty()
                                                                ? "expected a path after `as`, such as `layer1.0.conv1`"
                                                                : "a path does not end in a dot");
  char next = lexer.character(i);
  if (next != '\0' && !StringRef(" \t\r\n,)]};#").contains(next))
    return fail(lexer.range(i, i + 1), "a path is made of letters, digits, `_`, `.` and `{...}`");
  return make<Path>(from(begin), keep(pieces));
}

/// The expression in braces at offset `brace`; leaves the lexer behind the closing one.
const Expr *Parser::braced(uint32_t brace) {
  Nest nest(*this);
  lexer.seek(brace + 1);
  lastEnd = brace + 1;
  size_t headBefore = headDepth;
  headDepth = ~size_t(0);
  lexer.open('(');
  const Expr *value = nest.fine ? expr() : nullptr;
  headDepth = headBefore;
  if (value && !closeBracket("}"))
    return nullptr;
  return value;
}
