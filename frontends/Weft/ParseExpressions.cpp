// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Expressions, loosest operators first; calls, texts and numbers.
#include "frontends/Weft/ParserImpl.h"

#include <cmath>

using namespace weft;
using namespace weft::language;

static constexpr unsigned maxPostfixes = 16;
static constexpr unsigned maxLinks = 10'000;

//-------------------------------------------------------------------------------------------------===//

const Expr *Parser::wholeExpression() {
  lexer.open('('); // line ends are white space here
  const Expr *value = expr();
  if (value && peek().kind != TokenKind::End)
    return unexpected("the end");
  return value;
}

const Expr *Parser::expr() { return at("if") ? ifExpr() : level(0); }

const Expr *Parser::ifExpr() {
  uint32_t begin = peek().begin;
  SmallVector<Arm> arms;
  for (;;) {
    take(); // `if`
    Arm arm;
    {
      Head head(*this);
      arm.condition = expr();
    }
    if (!arm.condition)
      return nullptr;
    if (at("as"))
      return fail(lexer.range(peek()), "`as` in the head of an `if` belongs to a call in parentheses");
    if (!(arm.body = body()))
      return nullptr;
    arms.push_back(arm);
    if (peek().kind == TokenKind::NewLine) {
      uint32_t lineEnd = peek().begin;
      skipLines();
      if (at("else"))
        return fail(lexer.range(peek()), "`else` stands on the line of its `}`");
      lexer.seek(lineEnd);
    }
    if (!at("else"))
      return fail(lexer.range(lastEnd - 1, lastEnd),
                  "this `if` has no `else`: an `if` is a value, whichever branch is taken");
    take();
    if (!at("if"))
      break;
  }
  const Body *otherwise = at("{") ? body() : elseExpression();
  if (!otherwise)
    return nullptr;
  return make<IfExpr>(from(begin), keep(arms), otherwise);
}

/// `else x` is `else { x }`.
const Body *Parser::elseExpression() {
  const Expr *value = expr();
  if (!value)
    return nullptr;
  auto *only = make<Statement>(Statement::Kind::Evaluate, value->range);
  only->values = keep(llvm::ArrayRef<const Expr *>(value));
  return make<Body>(value->range, keep(llvm::ArrayRef<const Statement *>(only)));
}

/// Operators of precedence `level` and above.
const Expr *Parser::level(unsigned level) {
  constexpr unsigned notLevel = 2, comparisons = 3, ranges = 4, operands = 7;
  if (level == operands)
    return unary();
  uint32_t begin = peek().begin;
  if (level == notLevel) {
    if (!at("not"))
      return this->level(comparisons);
    Nest nest(*this);
    take();
    const Expr *operand = nest.fine ? this->level(notLevel) : nullptr;
    return operand ? make<UnaryExpr>(from(begin), UnaryKind::Not, operand) : nullptr;
  }
  const Expr *first = this->level(level + 1);
  if (!first)
    return nullptr;
  SmallVector<Link> links;
  for (;;) {
    std::optional<BinaryKind> op = binaryKind(peek());
    if (!op || precedence(*op) != level)
      break;
    if (!links.empty() && (level == comparisons || level == ranges))
      return fail(lexer.range(peek()),
                  level == ranges ? "ranges do not chain" : "comparisons do not chain; join them with `and`");
    if (links.size() == maxLinks)
      return fail(lexer.range(peek()), "more than " + Twine(maxLinks) + " operators in a row");
    TextRange opRange = lexer.range(take());
    skipLines();
    const Expr *operand = this->level(level + 1);
    if (!operand)
      return nullptr;
    links.push_back({*op, opRange, operand});
  }
  return links.empty() ? first : make<ChainExpr>(from(begin), first, keep(links));
}

const Expr *Parser::unary() {
  if (!at("-"))
    return postfix();
  Nest nest(*this);
  uint32_t begin = take().begin;
  const Expr *operand = nest.fine ? unary() : nullptr;
  return operand ? make<UnaryExpr>(from(begin), UnaryKind::Negate, operand) : nullptr;
}

const Expr *Parser::postfix() {
  uint32_t begin = peek().begin;
  const Expr *base = primary();
  for (unsigned count = 0; base; ++count) {
    if (!at("(") && !at("[") && !at("."))
      return base;
    if (count == maxPostfixes)
      return fail(lexer.range(peek()), "more than " + Twine(maxPostfixes) + " calls and indices in a row");
    if (at("(")) {
      base = call(base);
    } else if (at("[")) {
      base = index(base);
    } else {
      take();
      Name member;
      base = name(member, "a name") ? make<MemberExpr>(from(begin), base, member) : nullptr;
    }
  }
  return base;
}

const Expr *Parser::call(const Expr *callee) {
  const auto *named = llvm::dyn_cast<NameExpr>(callee);
  if (!named)
    return fail(callee->range, "only a name can be called");
  Nest nest(*this);
  SmallVector<Argument> arguments;
  auto read = [&] {
    Argument a;
    if (!argument(a))
      return false;
    arguments.push_back(a);
    return true;
  };
  if (!nest.fine || !openBracket('(') || !items(")", read))
    return nullptr;
  auto *result = make<CallExpr>(from(callee->range.begin), Name{named->name, named->range}, keep(arguments));
  if ((named->name == "aggregate" || named->name == "softmax_by_dst") && at("{")) {
    if (!openBracket('{') || !(result->edge = expr()) || !closeBracket("}"))
      return nullptr;
  }
  if (at("as") && headDepth != lexer.depth() && !(result->path = path()))
    return nullptr;
  result->range = from(callee->range.begin);
  return result;
}

bool Parser::argument(Argument &result) {
  if (lexer.nameThen("=")) {
    // What stands before `=` here can only be a keyword of the call, so words of the language (`block`) serve too.
    Token word = take();
    result.name = {word.text, lexer.range(word)};
    take(); // `=`
  }
  return (result.value = expr()) != nullptr;
}

const Expr *Parser::index(const Expr *base) {
  Nest nest(*this);
  SmallVector<const Expr *> indices;
  auto read = [&] {
    const Expr *value = expr();
    if (value)
      indices.push_back(value);
    return value != nullptr;
  };
  if (!nest.fine || !openBracket('['))
    return nullptr;
  if (at("]"))
    return unexpected("an index");
  if (!items("]", read))
    return nullptr;
  return make<IndexExpr>(from(base->range.begin), base, keep(indices));
}

const Expr *Parser::primary() {
  Token token = peek();
  switch (token.kind) {
  case TokenKind::Int:
    return integer();
  case TokenKind::Float:
    return floating();
  case TokenKind::String:
    return string();
  case TokenKind::Name:
    if (token.text == "true" || token.text == "false") {
      take();
      return make<BoolExpr>(lexer.range(token), token.text == "true");
    }
    if (token.text == "if")
      return fail(lexer.range(token), "an `if` inside an operation wants parentheses");
    if (isReserved(token.text))
      return unexpected("a value");
    take();
    return make<NameExpr>(lexer.range(token), token.text);
  default:
    if (token.is("("))
      return parenthesised();
    if (token.is("["))
      return list();
    return unexpected("a value");
  }
}

const Expr *Parser::parenthesised() {
  Nest nest(*this);
  uint32_t begin = peek().begin;
  SmallVector<const Expr *> values;
  size_t headBefore = headDepth;
  headDepth = ~size_t(0);
  bool fine = nest.fine && openBracket('(') && expressions(values) && closeBracket(")");
  headDepth = headBefore;
  if (!fine)
    return nullptr;
  if (values.size() == 1)
    return values.front();
  return make<TupleExpr>(from(begin), keep(values));
}

const Expr *Parser::list() {
  Nest nest(*this);
  uint32_t begin = peek().begin;
  SmallVector<const Expr *> values;
  auto read = [&] {
    const Expr *value = expr();
    if (value)
      values.push_back(value);
    return value != nullptr;
  };
  if (!nest.fine || !openBracket('[') || !items("]", read))
    return nullptr;
  return make<ListExpr>(from(begin), keep(values));
}

/// A number that runs into letters is one mistake, not two tokens. Units of sizes (`8MiB`) are the exception.
static bool runsIntoName(const Token &number, const Lexer &lexer) {
  if (!isNameStart(lexer.character(number.end)))
    return false;
  StringRef rest = lexer.range(number.end, number.end + 4).text();
  for (StringRef unit : {"B", "KiB", "MiB", "GiB"})
    if (rest.starts_with(unit) && !isNamePart(lexer.character(number.end + unit.size())))
      return false;
  return true;
}

const Expr *Parser::integer() {
  Token token = take();
  int64_t value;
  if (runsIntoName(token, lexer))
    return fail(lexer.range(token.begin, token.end + 1), "a name does not begin with a digit");
  if (token.text.getAsInteger(10, value))
    return fail(lexer.range(token), "this integer does not fit 64 bits");
  return make<IntExpr>(lexer.range(token), value);
}

const Expr *Parser::floating() {
  Token token = take();
  double value;
  if (runsIntoName(token, lexer))
    return fail(lexer.range(token.begin, token.end + 1), "a name does not begin with a digit");
  if (token.text.size() > 64 || token.text.getAsDouble(value, /*AllowInexact=*/true) || !std::isfinite(value))
    return fail(lexer.range(token), "this number does not fit 64 bits");
  return make<FloatExpr>(lexer.range(token), value);
}

const StringExpr *Parser::string() {
  Token token = take();
  uint32_t i = token.begin + 1, end = token.end - 1, textBegin = i;
  SmallVector<StringPart> parts;
  auto flush = [&] {
    if (i > textBegin)
      parts.push_back({lexer.range(textBegin, i).text()});
  };
  uint32_t outerLimit = lexer.limit();
  while (i < end) {
    char c = lexer.character(i);
    if (c == '\\') {
      if (!StringRef("\\\"{}nt").contains(lexer.character(i + 1)))
        return fail(lexer.range(i, i + 2), "unknown escape in a string; there are `\\\\`, `\\\"`, `\\{`, `\\}`, `\\n` "
                                           "and `\\t`");
      i += 2;
    } else if (c == '{') {
      flush();
      lexer.limit(end);
      const Expr *value = braced(i);
      i = lexer.offset();
      lexer.limit(outerLimit);
      if (!value) {
        lexer.seek(token.end);
        return nullptr;
      }
      parts.push_back({StringRef(), value});
      textBegin = i;
    } else if (c == '}') {
      return fail(lexer.range(i, i + 1), "`}` without `{` in a string; write `\\}` for the character");
    } else {
      ++i;
    }
  }
  flush();
  lexer.seek(token.end);
  lastEnd = token.end;
  return make<StringExpr>(lexer.range(token), keep(parts));
}
