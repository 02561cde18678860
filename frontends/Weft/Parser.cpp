// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Recursive descent, one function a rule of the grammar in README.md, no backtracking. A function that fails has
// reported and returns null; callers pass that on until statement() or item() finds the next place to start from.
#include "frontends/Weft/Parser.h"
#include "frontends/Weft/Lexer.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <optional>

using namespace weft;
using namespace weft::language;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

static constexpr unsigned maxPostfixes = 16;
static constexpr unsigned maxLinks = 10'000;

unsigned language::precedence(BinaryKind op) {
  switch (op) {
  case BinaryKind::Or:
    return 0;
  case BinaryKind::And:
    return 1;
  case BinaryKind::Range:
    return 4;
  case BinaryKind::Add:
  case BinaryKind::Subtract:
    return 5;
  case BinaryKind::Multiply:
  case BinaryKind::Divide:
  case BinaryKind::FloorDivide:
  case BinaryKind::Remainder:
    return 6;
  default:
    return 3;
  }
}

namespace {
struct Spelling {
  StringRef text;
  BinaryKind op;
};
} // namespace

static constexpr Spelling spellings[] = {
    {"or", BinaryKind::Or},        {"and", BinaryKind::And},         {"==", BinaryKind::Equal},
    {"!=", BinaryKind::NotEqual},  {"<", BinaryKind::Less},          {">", BinaryKind::Greater},
    {"<=", BinaryKind::LessEqual}, {">=", BinaryKind::GreaterEqual}, {"..", BinaryKind::Range},
    {"+", BinaryKind::Add},        {"-", BinaryKind::Subtract},      {"*", BinaryKind::Multiply},
    {"/", BinaryKind::Divide},     {"//", BinaryKind::FloorDivide},  {"%", BinaryKind::Remainder},
};

StringRef language::spelling(BinaryKind op) {
  for (const Spelling &entry : spellings)
    if (entry.op == op)
      return entry.text;
  return {};
}

static std::optional<BinaryKind> binaryKind(const Token &token) {
  if (token.kind == TokenKind::Symbol || token.kind == TokenKind::Name)
    for (const Spelling &entry : spellings)
      if (entry.text == token.text)
        return entry.op;
  return std::nullopt;
}

namespace {
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
} // namespace

static std::string describe(const Token &token, bool insideString) {
  switch (token.kind) {
  case TokenKind::End:
    return insideString ? "the end of the string" : "the end of the file";
  case TokenKind::NewLine:
    return "the end of the line";
  default:
    return "`" + printable(token.text, 40) + "`";
  }
}

std::nullptr_t Parser::unexpected(const Twine &wanted) {
  Token found = peek();
  if (found.kind == TokenKind::Bad) // reported by the lexer
    return nullptr;
  bool insideString = !lexer.limitIsEnd();
  if (found.kind != TokenKind::NewLine && lexer.range(lastEnd, found.begin).text().contains('\n'))
    return fail(lexer.range(lastEnd, lastEnd), "expected " + wanted + " before the end of the line");
  if (found.kind == TokenKind::NewLine || found.kind == TokenKind::End)
    return fail(lexer.range(lastEnd, lastEnd), "expected " + wanted + " before " + describe(found, insideString));
  return fail(lexer.range(found), "expected " + wanted + ", found " + describe(found, insideString));
}

bool Parser::need(StringRef what) {
  if (eat(what))
    return true;
  unexpected("`" + what + "`");
  return false;
}

bool Parser::name(Name &result, const Twine &what) {
  if (peek().kind != TokenKind::Name) {
    unexpected(what);
    return false;
  }
  Token token = take();
  if (isReserved(token.text) || token.text == "_") {
    fail(lexer.range(token), "expected " + what + "; `" + token.text + "` is a word of the language");
    return false;
  }
  result = {token.text, lexer.range(token)};
  return true;
}

bool Parser::openBracket(char bracket) {
  if (!need(StringRef(&bracket, 1)))
    return false;
  lexer.open(bracket);
  if (bracket == '{')
    skipLines();
  return true;
}

bool Parser::closeBracket(StringRef bracket) {
  if (bracket == "}")
    skipLines();
  if (!at(bracket)) {
    unexpected("`" + bracket + "`");
    return false;
  }
  Token token = peek();
  lexer.close();
  lexer.seek(token.end);
  lastEnd = token.end;
  return true;
}

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

//===-- Recovery
//----------------------------------------------------------------------------------------------------===//

/// Moves to the end of the statement in which an error was found: the first line end outside brackets opened in it.
/// When a bracket is never closed that would swallow the statements after it: then the first line end has to do.
void Parser::skipStatement(size_t depth) {
  std::string open = lexer.bracketsSince(depth).str();
  std::optional<uint32_t> firstLine;
  lexer.closeTo(depth);
  for (;;) {
    const Token &token = peek();
    if (token.kind == TokenKind::NewLine) {
      if (open.empty())
        return;
      firstLine = firstLine.value_or(token.begin);
    }
    bool closesBody = token.is("}") && open.find('{') == std::string::npos;
    bool startsStatement = token.is("for") || token.is("return") || token.is("block") || token.is("net") ||
                           (open.size() == 1 && lexer.nameThen("="));
    if (token.kind == TokenKind::End || closesBody || (firstLine && !open.empty() && startsStatement))
      break;
    if (token.is("(") || token.is("[") || token.is("{"))
      open += token.text;
    else if (token.is("}"))
      open.resize(open.rfind('{'));
    else if ((token.is(")") || token.is("]")) && !open.empty() && open.back() != '{')
      open.pop_back();
    lexer.next();
  }
  if (firstLine && !open.empty())
    lexer.seek(*firstLine);
}

/// Moves to the next line that starts with a word of the top level in its first column.
void Parser::skipItem(size_t depth) {
  lexer.closeTo(depth);
  for (;;) {
    const Token &token = peek();
    if (token.kind == TokenKind::End || diagnostics.full())
      return;
    if (token.kind == TokenKind::NewLine) {
      lexer.next();
      const Token &first = peek();
      bool atStart = first.begin == 0 || lexer.character(first.begin - 1) == '\n';
      if (atStart && (first.is("import") || first.is("block") || first.is("net") || first.is("train")))
        return;
      continue;
    }
    lexer.next();
  }
}

//===-- Files
//-------------------------------------------------------------------------------------------------------===//

void Parser::file(File &file) {
  skipLines();
  if (!at("weft")) {
    fail(lexer.range(peek()), "a network begins with the line `weft 1`");
  } else {
    take();
    Token version = peek();
    if (version.kind != TokenKind::Int) {
      unexpected("the version of the language, `weft 1`");
    } else {
      take();
      file.versionRange = lexer.range(version);
      if (version.text != "1")
        fail(file.versionRange, "this text is for version " + printable(version.text, 20) +
                                    " of the language; this compiler reads version 1");
      if (peek().kind != TokenKind::NewLine && peek().kind != TokenKind::End)
        unexpected("a line end");
    }
    if (peek().kind != TokenKind::NewLine)
      skipStatement(0);
  }
  for (skipLines(); peek().kind != TokenKind::End && !fatal && !diagnostics.full(); skipLines()) {
    nesting = 0;
    headDepth = ~size_t(0);
    if (const Item *parsed = item())
      file.items.push_back(parsed);
    else
      skipItem(0);
  }
  llvm::append_range(file.comments, lexer.comments());
}

const Item *Parser::item() {
  uint32_t begin = lastEnd = peek().begin;
  const Item *result = at("import")  ? importItem(begin)
                       : at("block") ? blockItem(begin)
                       : at("net")   ? netItem(begin)
                       : at("train") ? trainItem(begin)
                                     : constItem(begin);
  if (!result)
    return nullptr;
  if (peek().kind == TokenKind::NewLine || peek().kind == TokenKind::End)
    return result;
  return unexpected("a line end");
}

const Item *Parser::importItem(uint32_t begin) {
  take();
  if (peek().kind != TokenKind::String)
    return unexpected("the file to import, as in `import \"zoo/blocks/resnet.weft\"`");
  const StringExpr *path = string();
  if (!path)
    return nullptr;
  auto *item = make<Item>();
  item->kind = Item::Kind::Import;
  item->importPath = path;
  item->range = from(begin);
  return item;
}

const Item *Parser::constItem(uint32_t begin) {
  Name name;
  if (peek().kind != TokenKind::Name || isReserved(peek().text))
    return unexpected("`import`, `block`, `net`, `train` or a constant `NAME = value`");
  if (!lexer.nameThen("="))
    return fail(lexer.range(peek()), "expected `import`, `block`, `net`, `train` or a constant `NAME = value`" +
                                         didYouMean(peek().text, {"import", "block", "net", "train"}));
  if (!this->name(name, "a constant"))
    return nullptr;
  take(); // `=`
  skipLines();
  const Expr *value = expr();
  if (!value)
    return nullptr;
  auto *item = make<Item>();
  item->kind = Item::Kind::Const;
  item->name = name;
  item->value = value;
  item->range = from(begin);
  return item;
}

const Item *Parser::blockItem(uint32_t begin) {
  take();
  auto *item = make<Item>();
  item->kind = Item::Kind::Block;
  SmallVector<Parameter> parameters;
  auto parameter = [&] {
    Parameter p;
    if (!name(p.name, "the name of a parameter"))
      return false;
    if (eat(":") && !(p.type = type()))
      return false;
    if (eat("=") && !(p.defaultValue = expr()))
      return false;
    parameters.push_back(p);
    return true;
  };
  if (!name(item->name, "the name of the block") || !openBracket('(') || !items(")", parameter))
    return nullptr;
  item->parameters = keep(parameters);
  if (!(item->body = body()))
    return nullptr;
  item->range = from(begin);
  return item;
}

const Item *Parser::netItem(uint32_t begin) {
  take();
  auto *item = make<Item>();
  item->kind = Item::Kind::Net;
  SmallVector<Port> ports, results;
  auto readPort = [&](SmallVector<Port> &into, bool isResult) {
    Port p;
    if (!port(p, isResult))
      return false;
    into.push_back(p);
    return true;
  };
  if (!name(item->name, "the name of the net") || !openBracket('(') ||
      !items(")", [&] { return readPort(ports, false); }))
    return nullptr;
  if (!at("->"))
    return unexpected("`->` and the results, as in `-> (y: f32[N, 10])`");
  take();
  skipLines();
  if (!openBracket('(') || !items(")", [&] { return readPort(results, true); }))
    return nullptr;
  SmallVector<Setting> settings;
  if (!(item->body = body(&settings)))
    return nullptr;
  item->ports = keep(ports);
  item->results = keep(results);
  item->settings = keep(settings);
  item->range = from(begin);
  return item;
}

bool Parser::port(Port &result, bool isResult) {
  if (!name(result.name, isResult ? "the name of a result" : "the name of an input") || !need(":") ||
      !(result.type = type()))
    return false;
  result.optional = isResult && eat("optional");
  return true;
}

const Item *Parser::trainItem(uint32_t begin) {
  take();
  auto *item = make<Item>();
  item->kind = Item::Kind::Train;
  if (!name(item->name, "the name of the training") || !need("of") || !name(item->trained, "the name of a net") ||
      !openBracket('{'))
    return nullptr;
  SmallVector<TrainStatement> statements;
  while (!at("}")) {
    TrainStatement statement;
    if (!trainStatement(statement) || !endOfStatement())
      return nullptr;
    statements.push_back(statement);
    do
      skipLines();
    while (eat(";"));
  }
  if (!closeBracket("}"))
    return nullptr;
  item->trainStatements = keep(statements);
  item->range = from(begin);
  return item;
}

bool Parser::trainStatement(TrainStatement &result) {
  uint32_t begin = peek().begin;
  if (peek().kind != TokenKind::Name) {
    unexpected("a statement");
    return false;
  }
  if (at("input") && !lexer.nameThen("=")) {
    take();
    result.kind = TrainStatement::Kind::Input;
    if (!name(result.name, "the name of an input") || !need(":") || !(result.type = type()))
      return false;
  } else if (at("optimizer") || at("schedule") || at("metrics") || at("seed")) {
    result.kind = TrainStatement::Kind::Directive;
    if (!name(result.name, "a directive") || !(result.value = expr()))
      return false;
  } else {
    result.kind = TrainStatement::Kind::Bind;
    if (!(result.target = target()) || !need("="))
      return false;
    skipLines();
    if (!(result.value = expr()))
      return false;
  }
  result.range = from(begin);
  return true;
}

/// `param`, `bound` and the like are names elsewhere: only what follows makes them settings.
bool Parser::atSetting() {
  if (at("param") || at("bound") || at("precision"))
    return lexer.nameThenName();
  return at("memory") && lexer.nameThen("<=");
}

bool Parser::setting(Setting &result) {
  Token word = take();
  result.kind = llvm::StringSwitch<Setting::Kind>(word.text)
                    .Case("param", Setting::Kind::Param)
                    .Case("bound", Setting::Kind::Bound)
                    .Case("precision", Setting::Kind::Precision)
                    .Default(Setting::Kind::Memory);
  switch (result.kind) {
  case Setting::Kind::Param:
    if (!name(result.name, "the name of the parameter") || !need("="))
      return false;
    skipLines();
    result.value = expr();
    break;
  case Setting::Kind::Bound:
    if (!name(result.name, "the name of a size") || !need("<="))
      return false;
    skipLines();
    result.value = expr();
    break;
  case Setting::Kind::Precision:
    if (!name(result.name, "a number type, as in `precision f32`"))
      return false;
    result.range = from(word.begin);
    return true;
  case Setting::Kind::Memory:
    if (!need("<="))
      return false;
    if (peek().kind != TokenKind::Int) {
      unexpected("a size, as in `memory <= 8MiB`");
      return false;
    }
    if (!(result.value = integer()))
      return false;
    if (!at("B") && !at("KiB") && !at("MiB") && !at("GiB")) {
      unexpected("a unit: `B`, `KiB`, `MiB` or `GiB`");
      return false;
    }
    result.unit = take().text;
    break;
  }
  result.range = from(word.begin);
  return result.value;
}

//===-- Types
//-------------------------------------------------------------------------------------------------------===//

const Type *Parser::type(bool isFeature) {
  uint32_t begin = peek().begin;
  if (at("graph") && !isFeature)
    return graphType(begin);
  auto *type = make<Type>();
  if (peek().kind == TokenKind::Name && !name(type->element, "a type"))
    return nullptr;
  if (isFeature && type->element.text.empty())
    return unexpected("a number type, as in `f32`");
  if (isFeature && !at("[")) {
    type->hasDims = false;
    type->range = from(begin);
    return type;
  }
  if (!at("["))
    return unexpected("`[` and dimensions, as in `f32[N, 10]`");
  if (!dims(*type))
    return nullptr;
  type->range = from(begin);
  return type;
}

bool Parser::dims(Type &type) {
  SmallVector<const Expr *> dims;
  auto dim = [&] {
    const Expr *e = expr();
    if (e)
      dims.push_back(e);
    return e != nullptr;
  };
  Nest nest(*this);
  if (!nest.fine || !openBracket('[') || !items("]", dim))
    return false;
  type.dims = keep(dims);
  return true;
}

const Type *Parser::graphType(uint32_t begin) {
  auto *type = make<Type>();
  type->isGraph = true;
  take();
  if (!dims(*type))
    return nullptr;
  if (type->dims.size() < 2 || type->dims.size() > 3)
    return fail(from(begin), "a graph is `graph[V, E]`, or `graph[Vdst, Vsrc, E]` with two kinds of vertices");
  if (at("{")) {
    SmallVector<EdgeFeature> features;
    auto feature = [&] {
      EdgeFeature f;
      skipLines();
      if (!name(f.prefix, "`edge` and a name, as in `edge.w: f32`") || !need(".") || !name(f.name, "a name") ||
          !need(":") || !(f.type = this->type(/*isFeature=*/true)))
        return false;
      features.push_back(f);
      skipLines();
      return true;
    };
    if (!openBracket('{') || !items("}", feature))
      return nullptr;
    type->features = keep(features);
  }
  type->range = from(begin);
  return type;
}

//===-- Statements
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

//===-- Expressions
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

//===-- Entry points
//------------------------------------------------------------------------------------------------===//

std::unique_ptr<File> language::parseFile(const TextFile &text, TextDiagnostics &diagnostics) {
  if (!Lexer::checkEncoding(text, diagnostics))
    return nullptr;
  auto file = std::make_unique<File>();
  file->text = &text;
  Parser(text, file->arena, diagnostics).file(*file);
  return file;
}

const Expr *language::parseExpression(const TextFile &text, llvm::BumpPtrAllocator &arena,
                                      TextDiagnostics &diagnostics) {
  if (!Lexer::checkEncoding(text, diagnostics))
    return nullptr;
  return Parser(text, arena, diagnostics).wholeExpression();
}
