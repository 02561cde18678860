// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What all parts of the evaluator share: places in texts and in the IR, reports, limits.
#include "frontends/Weft/Evaluator.h"
#include "frontends/Weft/Lexer.h"

using namespace weft;
using namespace weft::language;
using llvm::StringRef;
using llvm::Twine;

Evaluator::Evaluator(mlir::MLIRContext &context, TextDiagnostics &diagnostics)
    : context(context), diagnostics(diagnostics), builder(&context),
      handler(context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) { receive(diagnostic); })) {}

Evaluator::~Evaluator() { context.getDiagEngine().eraseHandler(handler); }

const Entity *Evaluator::entity(StringRef name) const {
  if (!frame || !frame->unit)
    return nullptr;
  auto found = frame->unit->names.find(name);
  return found == frame->unit->names.end() ? nullptr : &found->second;
}

const Tensor *Evaluator::makeTensor(mlir::Value value, llvm::ArrayRef<Dim> dims, const Graph *perEdge) {
  return new (arena.Allocate<Tensor>()) Tensor{value, keep(dims), perEdge};
}

//===-- Reports
//-----------------------------------------------------------------------------------------------------===//

static bool onOneLine(TextRange a, TextRange b) {
  return a.file && a.file == b.file && a.file->position(a.begin).line == b.file->position(b.begin).line;
}

/// An error, with the calls that led there: the same line of a block means something else in each of them.
TextDiagnostics::Report &Evaluator::report(TextRange range, const Twine &text) {
  constexpr int shownCalls = 3;
  auto &report = diagnostics.error(range, text);
  const Frame *at = frame;
  if (at && at->calledAt && onOneLine(at->calledAt, range)) // the caret shows the call already
    at = at->caller;
  for (int i = 0; at && at->calledAt && i < shownCalls; ++i, at = at->caller)
    report.note(at->calledAt, "in `" + at->item->name.text + "`" +
                                  (at->path.empty() ? std::string() : " at `" + at->path + "`") + ", called here");
  stopped |= diagnostics.full();
  return report;
}

bool Evaluator::stop(TextRange range, const Twine &text) {
  if (!stopped)
    report(range, text);
  stopped = true;
  return true;
}

/// Errors of operations arrive here, whoever raised them.
void Evaluator::receive(mlir::Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
    return;
  TextRange range = rangeOf(diagnostic.getLocation());
  auto &line = report(range ? range : atCall, printable(diagnostic.str(), 2000));
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    if (TextRange place = rangeOf(note.getLocation()))
      line.note(place, printable(note.str(), 2000));
}

//===-- Places
//------------------------------------------------------------------------------------------------------===//

static uint32_t offsetOf(const TextFile &file, unsigned line, unsigned column) {
  uint32_t offset = file.lineStart(line), end = file.contents().size();
  for (unsigned i = 1; i < column && offset < end; ++i)
    do
      ++offset;
    while (offset < end && (static_cast<unsigned char>(file.contents()[offset]) & 0xC0) == 0x80);
  return offset;
}

/// A location without an end is that of a name or a symbol.
static uint32_t endOfToken(StringRef text, uint32_t begin) {
  uint32_t end = begin;
  while (end < text.size() && isNamePart(text[end]))
    ++end;
  return std::max(end, begin + 1);
}

TextRange Evaluator::rangeOf(mlir::Location loc) const {
  if (auto named = llvm::dyn_cast<mlir::NameLoc>(loc))
    return rangeOf(named.getChildLoc());
  auto range = llvm::dyn_cast<mlir::FileLineColRange>(loc);
  if (!range)
    return {};
  const TextFile *file = filesByName.lookup(range.getFilename());
  if (!file)
    return {};
  uint32_t begin = offsetOf(*file, range.getStartLine(), range.getStartColumn());
  bool isPoint = range.getEndLine() == range.getStartLine() && range.getEndColumn() == range.getStartColumn();
  uint32_t end =
      isPoint ? endOfToken(file->contents(), begin) : offsetOf(*file, range.getEndLine(), range.getEndColumn());
  return {file, begin, end};
}

mlir::StringAttr Evaluator::locationName(const TextFile *file) {
  mlir::StringAttr &name = locationNames[file];
  if (!name) {
    std::string unique =
        frame && frame->unit && frame->unit->text.get() == file ? frame->unit->locationName : file->name().str();
    name = builder.getStringAttr(unique);
    filesByName[name] = file;
  }
  return name;
}

/// The range as a location, for messages of operations; in the IR only beginnings are kept.
mlir::Location Evaluator::placeOf(TextRange range) {
  if (!range)
    return builder.getUnknownLoc();
  mlir::Location &known =
      places.try_emplace({range.file, range.begin, range.end}, builder.getUnknownLoc()).first->second;
  if (llvm::isa<mlir::UnknownLoc>(known)) {
    auto from = range.file->position(range.begin), to = range.file->position(range.end);
    mlir::StringAttr name = locationName(range.file);
    known = range.begin == range.end
                ? mlir::Location(mlir::FileLineColLoc::get(name, from.line, from.column))
                : mlir::Location(mlir::FileLineColRange::get(name, from.line, from.column, to.line, to.column));
  }
  return known;
}

mlir::Location Evaluator::locationOf(StringRef path, TextRange range) {
  mlir::Location place = placeOf({range.file, range.begin, range.begin});
  return path.empty() ? place : mlir::Location(mlir::NameLoc::get(builder.getStringAttr(path), place));
}

//===-- Limits
//------------------------------------------------------------------------------------------------------===//

bool Evaluator::count(TextRange range) {
  if (++operations > limits.operations)
    stop(range, "the net has more than " + Twine(limits.operations) + " operations");
  return !stopped;
}

/// Refuses what would surely end at the limit, before the time is spent.
bool Evaluator::affordable(uint64_t turns, uint64_t each, TextRange range) {
  uint64_t least = llvm::SaturatingMultiply(turns, each);
  if (llvm::SaturatingAdd<uint64_t>(least, operations) > limits.operations)
    stop(range, "this makes at least " + Twine(least) + " operations; a net has at most " + Twine(limits.operations));
  return !stopped;
}

/// What is walked costs steps: a list that holds another twice, and so on, is small and has more elements than can be
/// visited.
bool Evaluator::walkable(Value value, TextRange range) {
  size_t elements = countValues(value, limits.sequence + 1);
  if (elements > limits.sequence) {
    report(range, "a list has at most " + Twine(limits.sequence) + " elements, those of lists inside it included");
    return false;
  }
  steps += elements;
  if (steps > limits.steps)
    stop(range, "the expansion takes more than " + Twine(limits.steps) + " steps");
  return !stopped;
}

bool Evaluator::roomFor(size_t elements, TextRange range) {
  if (elements > limits.sequence) {
    report(range, "a list has at most " + Twine(limits.sequence) + " elements");
    return false;
  }
  if (arena.getBytesAllocated() + elements * sizeof(Value) > limits.memoryBytes)
    stop(range, "the expansion takes more than " + Twine(limits.memoryBytes >> 20) + " MiB of lists and texts");
  return !stopped;
}
