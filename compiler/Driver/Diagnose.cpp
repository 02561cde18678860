// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Printing of MLIR diagnostics the way the text frontend prints its own.

#include "compiler/Driver/Diagnose.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace weft {
namespace {

llvm::StringRef kindName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("a severity of its own");
}

/// The first place in a file that `location` holds, and the operation path around it.
struct Place {
  FileLineColLoc file;
  llvm::StringRef path;
};

Place placeOf(Location location) {
  Place place;
  location->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner); name && place.path.empty())
      place.path = name.getName().getValue();
    if (auto file = dyn_cast<FileLineColLoc>(inner); file && !place.file) {
      place.file = file;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return place;
}

} // namespace

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context, llvm::raw_ostream &out, bool showRemarks)
    : out(out), showRemarks(showRemarks), handler(&context, [this](Diagnostic &diagnostic) {
        print(diagnostic);
        return success();
      }) {}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() == DiagnosticSeverity::Remark && !showRemarks)
    return;
  saidBug |= llvm::StringRef(diagnostic.str()).starts_with("compiler bug");
  printPlace(diagnostic.getLocation(), kindName(diagnostic.getSeverity()), diagnostic.str());
  for (Diagnostic &note : diagnostic.getNotes())
    printPlace(note.getLocation(), "note", note.str());
}

void DiagnosticPrinter::printPlace(Location location, llvm::StringRef kind, llvm::StringRef text) {
  Place place = placeOf(location);
  if (!place.file) {
    out << "weftc: " << kind << ": " << text << (place.path.empty() ? "" : " (`" + place.path.str() + "`)") << "\n";
    return;
  }
  llvm::StringRef file = place.file.getFilename().getValue();
  out << file << ":" << place.file.getLine() << ":" << place.file.getColumn() << ": " << kind << ": " << text;
  if (!place.path.empty())
    out << " (`" << place.path << "`)";
  out << "\n";
  printCaret(file, place.file.getLine(), place.file.getColumn());
}

void DiagnosticPrinter::printCaret(llvm::StringRef file, unsigned line, unsigned column) {
  llvm::StringRef text = lineOf(file, line);
  if (text.empty() || text.size() > 400 || column == 0 || column > text.size() + 1)
    return;
  out << text << "\n";
  for (char c : text.take_front(column - 1))
    out << (c == '\t' ? '\t' : ' ');
  out << "^\n";
}

llvm::StringRef DiagnosticPrinter::lineOf(llvm::StringRef file, unsigned line) {
  auto [entry, isNew] = sources.try_emplace(file);
  if (isNew)
    if (auto buffer = llvm::MemoryBuffer::getFile(file))
      entry->second = (*buffer)->getBuffer().str();
  llvm::StringRef rest = entry->second;
  for (unsigned i = 1; i < line && !rest.empty(); ++i)
    rest = rest.split('\n').second;
  return rest.split('\n').first.rtrim('\r');
}

} // namespace weft
