// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Lines, blank lines and comments. What depends on the old text is only: the order of things, whether a blank line
// stood before one, and which line a comment shared. All three survive printing, so printing twice changes nothing.
//
// A statement goes on one line if it fits; otherwise its longer bodies are opened; what is then still too long is
// broken after commas. A comment inside a statement, but in no opened body, moves above it.
#include "frontends/Weft/Printer.h"
#include "frontends/Weft/ExprPrinter.h"

#include <algorithm>

using namespace weft;
using namespace weft::language;
using llvm::StringRef;

static constexpr unsigned shortBody = 60;     // characters: stays on its line in a statement that is opened
static constexpr unsigned flatStatements = 2; // `{ a; b }`

namespace {
class FilePrinter {
public:
  FilePrinter(const File &file, llvm::raw_ostream &out) : file(file), out(out), done(file.comments.size()) {}
  void print();

private:
  void item(const Item &item);
  void block(const Item &item);
  void net(const Item &item);
  void train(const Item &item);
  void setting(const Setting &setting);
  void trainStatement(const TrainStatement &statement);
  void statement(const Statement &statement);
  bool flat(const Statement &statement);
  void opened(const Statement &statement);
  void open(const Body &body, ExprPrinter &head, List<Setting> settings = {});

  // Lines
  void writeLine(StringRef text, StringRef comment = {});
  void blankLineBefore(uint32_t begin);
  void finish(uint32_t end); // of an element of the old text

  // Comments
  std::pair<size_t, size_t> commentsIn(uint32_t begin, uint32_t end) const;
  bool hasComments(TextRange range) const;
  void commentsBefore(uint32_t end);
  void hoistComments(TextRange statement, llvm::ArrayRef<const Body *> bodies);
  std::string commentAfter(uint32_t end);

  uint32_t lineOf(uint32_t offset) const { return file.text->position(offset).line; }

  const File &file;
  llvm::raw_ostream &out;
  std::vector<bool> done; // comments printed
  unsigned indent = 0;
  uint32_t lastLine = 0; // of the old text, what has been printed reaches to here
  bool fresh = true;     // nothing printed yet in this body: no blank line here
};
} // namespace

//===-- Lines
//-------------------------------------------------------------------------------------------------------===//

/// Where to break `text` so that the first part has at most `width` characters: the last comma of the outermost
/// brackets that leaves a line worth its place; npos where nothing can be broken.
static size_t breakAt(StringRef text, size_t width) {
  size_t best = StringRef::npos, worth = width / 3;
  for (size_t i = 0; i < text.size() && (i <= width || best == StringRef::npos); ++i)
    if (isBreak(text[i]) && (best == StringRef::npos || best < worth || text[i] <= text[best]))
      best = i;
  return best;
}

/// Writes `text` at the current indentation, broken after commas where it is too long. The comment behind it does not
/// count.
void FilePrinter::writeLine(StringRef text, StringRef comment) {
  size_t margin = 2 * indent;
  auto write = [&](StringRef part, StringRef end) {
    std::string line = part.str();
    std::replace_if(line.begin(), line.end(), isBreak, ' ');
    out << std::string(margin, ' ') << line << end << "\n";
  };
  while (margin + text.size() > lineWidth) {
    size_t at = breakAt(text, lineWidth - std::min<size_t>(margin, lineWidth / 2));
    if (at == StringRef::npos)
      break;
    write(text.take_front(at), "");
    text = text.drop_front(at + 1);
    margin = 2 * indent + 4;
  }
  write(text, comment);
}

void FilePrinter::blankLineBefore(uint32_t begin) {
  if (!fresh && lineOf(begin) > lastLine + 1)
    out << "\n";
  fresh = false;
}

void FilePrinter::finish(uint32_t end) { lastLine = std::max(lastLine, lineOf(end)); }

//===-- Comments
//----------------------------------------------------------------------------------------------------===//

std::pair<size_t, size_t> FilePrinter::commentsIn(uint32_t begin, uint32_t end) const {
  auto before = [](const TextRange &comment, uint32_t offset) { return comment.begin < offset; };
  auto first = std::lower_bound(file.comments.begin(), file.comments.end(), begin, before);
  auto last = std::lower_bound(first, file.comments.end(), end, before);
  return {first - file.comments.begin(), last - file.comments.begin()};
}

bool FilePrinter::hasComments(TextRange range) const {
  auto [first, last] = commentsIn(range.begin, range.end);
  return first != last;
}

/// Comments on lines of their own, up to `end`.
void FilePrinter::commentsBefore(uint32_t end) {
  for (auto [i, last] = commentsIn(0, end); i < last; ++i) {
    if (done[i])
      continue;
    done[i] = true;
    blankLineBefore(file.comments[i].begin);
    out << std::string(2 * indent, ' ') << file.comments[i].text() << "\n";
    finish(file.comments[i].begin);
  }
}

/// Comments of a statement that have no line of their own in what is printed: they go above it.
void FilePrinter::hoistComments(TextRange statement, llvm::ArrayRef<const Body *> bodies) {
  for (auto [i, last] = commentsIn(statement.begin, statement.end); i < last; ++i) {
    uint32_t at = file.comments[i].begin;
    if (done[i] || llvm::any_of(bodies, [&](const Body *b) { return b->range.begin < at && at < b->range.end; }))
      continue;
    done[i] = true;
    out << std::string(2 * indent, ' ') << file.comments[i].text() << "\n";
  }
}

/// The comment behind what ends at `end`, on the same line and with nothing between.
std::string FilePrinter::commentAfter(uint32_t end) {
  auto [i, last] = commentsIn(end, file.text->contents().size());
  if (i == last || done[i])
    return {};
  StringRef between = file.text->contents().slice(end, file.comments[i].begin);
  if (between.find_first_not_of(" \t;") != StringRef::npos)
    return {};
  done[i] = true;
  return "  " + file.comments[i].text().str();
}

//===-- Statements
//--------------------------------------------------------------------------------------------------===//

/// The bodies of a statement that are in no other body of it.
static void outerBodies(const Expr &expr, llvm::SmallVectorImpl<const Body *> &bodies) {
  auto all = [&](List<const Expr *> items) {
    for (const Expr *item : items)
      outerBodies(*item, bodies);
  };
  if (const auto *choice = llvm::dyn_cast<IfExpr>(&expr)) {
    for (const Arm &arm : choice->arms) {
      outerBodies(*arm.condition, bodies);
      bodies.push_back(arm.body);
    }
    bodies.push_back(choice->otherwise);
  } else if (const auto *tuple = llvm::dyn_cast<TupleExpr>(&expr)) {
    all(tuple->items);
  } else if (const auto *list = llvm::dyn_cast<ListExpr>(&expr)) {
    all(list->items);
  } else if (const auto *call = llvm::dyn_cast<CallExpr>(&expr)) {
    for (const Argument &argument : call->arguments)
      outerBodies(*argument.value, bodies);
    if (call->edge)
      outerBodies(*call->edge, bodies);
  } else if (const auto *index = llvm::dyn_cast<IndexExpr>(&expr)) {
    outerBodies(*index->base, bodies);
    all(index->indices);
  } else if (const auto *member = llvm::dyn_cast<MemberExpr>(&expr)) {
    outerBodies(*member->base, bodies);
  } else if (const auto *unary = llvm::dyn_cast<UnaryExpr>(&expr)) {
    outerBodies(*unary->operand, bodies);
  } else if (const auto *chain = llvm::dyn_cast<ChainExpr>(&expr)) {
    outerBodies(*chain->first, bodies);
    for (const Link &link : chain->links)
      outerBodies(*link.operand, bodies);
  }
}

static llvm::SmallVector<const Body *> outerBodies(const Statement &statement) {
  llvm::SmallVector<const Body *> bodies;
  for (const Expr *value : statement.values)
    outerBodies(*value, bodies);
  if (statement.body)
    bodies.push_back(statement.body);
  return bodies;
}

/// Whether a body may stand on one line, however long it is.
static bool mayBeFlat(const Body &body) {
  if (body.statements.size() > flatStatements)
    return false;
  return llvm::all_of(body.statements, [](const Statement *statement) {
    return statement->kind != Statement::Kind::For && llvm::all_of(outerBodies(*statement), [](const Body *inner) {
             return inner->statements.size() <= flatStatements && mayBeFlat(*inner);
           });
  });
}

/// Prints the statement on one line if its bodies allow that and it fits; one without bodies is always a line, maybe
/// wrapped.
bool FilePrinter::flat(const Statement &statement) {
  llvm::SmallVector<const Body *> bodies = outerBodies(statement);
  for (const Body *body : bodies)
    if (!mayBeFlat(*body) || hasComments(body->range))
      return false;
  ExprPrinter printer;
  printer.statementHead(statement);
  if (statement.body)
    printer.flatBody(*statement.body);
  if (!bodies.empty() && printer.text.size() + 2 * indent > lineWidth)
    return false;
  writeLine(printer.text, commentAfter(statement.range.end));
  return true;
}

/// Prints the statement with its longer bodies on lines of their own.
void FilePrinter::opened(const Statement &statement) {
  ExprPrinter printer;
  printer.onBody = [&](const Body &body) {
    if (!hasComments(body.range) && mayBeFlat(body)) {
      ExprPrinter trial;
      trial.flatBody(body);
      if (trial.text.size() <= shortBody) {
        printer.text += trial.text;
        return;
      }
    }
    open(body, printer);
  };
  printer.statementHead(statement);
  if (statement.body)
    open(*statement.body, printer);
  writeLine(printer.text, commentAfter(statement.range.end));
}

/// Ends the line of `head` with `{`, prints the body, and leaves `}` as the beginning of the next line.
void FilePrinter::open(const Body &body, ExprPrinter &head, List<Setting> settings) {
  writeLine(head.text + "{", commentAfter(body.range.begin + 1));
  head.text = "}";
  ++indent;
  fresh = true;
  finish(body.range.begin);
  for (const Setting &s : settings)
    setting(s);
  for (const Statement *s : body.statements)
    statement(*s);
  commentsBefore(body.range.end);
  --indent;
  fresh = false;
  finish(body.range.end);
}

void FilePrinter::statement(const Statement &statement) {
  commentsBefore(statement.range.begin);
  blankLineBefore(statement.range.begin);
  hoistComments(statement.range, outerBodies(statement));
  if (!flat(statement))
    opened(statement);
  finish(statement.range.end);
}

//===-- Items
//-------------------------------------------------------------------------------------------------------===//

void FilePrinter::setting(const Setting &setting) {
  commentsBefore(setting.range.begin);
  blankLineBefore(setting.range.begin);
  hoistComments(setting.range, {});
  ExprPrinter printer;
  switch (setting.kind) {
  case Setting::Kind::Param:
    printer.text = ("param " + setting.name.text + " = ").str();
    break;
  case Setting::Kind::Bound:
    printer.text = ("bound " + setting.name.text + " <= ").str();
    break;
  case Setting::Kind::Precision:
    printer.text = ("precision " + setting.name.text).str();
    break;
  case Setting::Kind::Memory:
    printer.text = "memory <= ";
    break;
  }
  if (setting.value)
    printer.expr(*setting.value);
  printer.text += setting.unit;
  writeLine(printer.text, commentAfter(setting.range.end));
  finish(setting.range.end);
}

void FilePrinter::block(const Item &item) {
  ExprPrinter head;
  head.text = ("block " + item.name.text + "(").str();
  for (const Parameter &parameter : item.parameters) {
    if (&parameter != item.parameters.begin())
      head.comma();
    head.text += parameter.name.text;
    if (parameter.type) {
      head.text += ": ";
      head.type(*parameter.type);
    }
    if (parameter.defaultValue) {
      head.text += parameter.type ? " = " : "=";
      head.expr(*parameter.defaultValue);
    }
  }
  head.text += ") ";
  open(*item.body, head);
  writeLine(head.text, commentAfter(item.range.end));
}

void FilePrinter::net(const Item &item) {
  ExprPrinter head;
  auto ports = [&](List<Port> ports) {
    for (const Port &port : ports) {
      if (&port != ports.begin())
        head.comma();
      head.text += (port.name.text + ": ").str();
      head.type(*port.type);
      head.text += port.optional ? " optional" : "";
    }
  };
  head.text = ("net " + item.name.text + "(").str();
  ports(item.ports);
  head.text += ") -> (";
  ports(item.results);
  head.text += ") ";
  open(*item.body, head, item.settings);
  writeLine(head.text, commentAfter(item.range.end));
}

void FilePrinter::train(const Item &item) {
  writeLine(("train " + item.name.text + " of " + item.trained.text + " {").str());
  ++indent;
  fresh = true;
  for (const TrainStatement &statement : item.trainStatements)
    trainStatement(statement);
  commentsBefore(item.range.end);
  --indent;
  writeLine("}", commentAfter(item.range.end));
}

void FilePrinter::trainStatement(const TrainStatement &statement) {
  commentsBefore(statement.range.begin);
  blankLineBefore(statement.range.begin);
  hoistComments(statement.range, {});
  ExprPrinter printer;
  switch (statement.kind) {
  case TrainStatement::Kind::Input:
    printer.text = ("input " + statement.name.text + ": ").str();
    printer.type(*statement.type);
    break;
  case TrainStatement::Kind::Bind:
    printer.pattern(*statement.target);
    printer.text += " = ";
    printer.expr(*statement.value);
    break;
  case TrainStatement::Kind::Directive:
    printer.text = (statement.name.text + " ").str();
    printer.expr(*statement.value);
    break;
  }
  writeLine(printer.text, commentAfter(statement.range.end));
  finish(statement.range.end);
}

void FilePrinter::item(const Item &item) {
  ExprPrinter printer;
  switch (item.kind) {
  case Item::Kind::Import:
    printer.text = "import ";
    printer.expr(*item.importPath);
    return writeLine(printer.text, commentAfter(item.range.end));
  case Item::Kind::Const:
    printer.text = (item.name.text + " = ").str();
    printer.expr(*item.value);
    return writeLine(printer.text, commentAfter(item.range.end));
  case Item::Kind::Block:
    return block(item);
  case Item::Kind::Net:
    return net(item);
  case Item::Kind::Train:
    return train(item);
  }
}

void FilePrinter::print() {
  commentsBefore(file.versionRange.begin);
  blankLineBefore(file.versionRange.begin);
  writeLine("weft " + std::to_string(file.version), commentAfter(file.versionRange.end));
  finish(file.versionRange.end);
  for (const Item *next : file.items) {
    commentsBefore(next->range.begin);
    blankLineBefore(next->range.begin);
    uint32_t headEnd = next->body ? next->body->range.begin : next->range.end;
    if (next->kind != Item::Kind::Train)
      hoistComments({file.text, next->range.begin, headEnd}, {});
    item(*next);
    finish(next->range.end);
  }
  commentsBefore(file.text->contents().size() + 1);
}

void language::printFile(const File &file, llvm::raw_ostream &out) { FilePrinter(file, out).print(); }
