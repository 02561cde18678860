// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What all rules share: tokens taken and wanted, brackets, and where to go on after an error. No backtracking: a
// function that fails has reported and returns null; callers pass that on until a statement or an item finds the next
// place to start from.
#include "frontends/Weft/ParserImpl.h"

using namespace weft;
using namespace weft::language;

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

std::optional<BinaryKind> language::binaryKind(const Token &token) {
  if (token.kind == TokenKind::Symbol || token.kind == TokenKind::Name)
    for (const Spelling &entry : spellings)
      if (entry.text == token.text)
        return entry.op;
  return std::nullopt;
}

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

//===-- Recovery
//----------------------------------------------------------------------------------------------------===//

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

//===-- Entry points
//------------------------------------------------------------------------------------------------===//

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
