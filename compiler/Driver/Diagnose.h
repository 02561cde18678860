// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How errors and remarks of passes reach the user: `file:line:col: error: text`, the source line with a caret, and the
// path of the operation. Remarks are shown only when asked for.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringMap.h"

namespace weft {

class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext &context, llvm::raw_ostream &out, bool showRemarks);

  /// A name messages use (`zoo:lenet5`, or a file given on the command line) and the text it stands for.
  void addSource(llvm::StringRef name, std::string text) { sources[name] = std::move(text); }

  /// Whether an error said that it is one of weft's own.
  bool foundBug() const { return saidBug; }

private:
  void print(mlir::Diagnostic &diagnostic);
  void printPlace(mlir::Location location, llvm::StringRef kind, llvm::StringRef text);
  void printCaret(llvm::StringRef file, unsigned line, unsigned column);
  llvm::StringRef lineOf(llvm::StringRef file, unsigned line);

  llvm::raw_ostream &out;
  bool showRemarks, saidBug = false;
  llvm::StringMap<std::string> sources;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace weft
