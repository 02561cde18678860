// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files: imports, constants, blocks, nets with their settings, trainings; and the types in their signatures.
#include "frontends/Weft/ParserImpl.h"

#include "llvm/ADT/StringSwitch.h"

using namespace weft;
using namespace weft::language;

//-------------------------------------------------------------------------------------------------------===//

void Parser::file(File &file) {
  skipLines();
  if (at("module")) { // and no sentence of the hundreds that follow is weft's
    fail(lexer.range(peek()), "this is the IR of a phase, no network; `--start-from=PHASE` goes on from it");
    return;
  }
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
