// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// --dump-dir: the module in a numbered file after every phase and after every pass that changed something.
#pragma once

#include "compiler/Support/Files.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include <memory>
#include <string>

namespace weft {

class DumpFolder {
public:
  /// `filter` is a glob on operation paths (layer1.*); empty: everything.
  DumpFolder(std::string folder, std::string filter);
  ~DumpFolder();

  /// Creates the folder and checks the filter; the reason of a failure as text, else empty.
  std::string open();

  /// Writes `NN-PHASE.mlir`.
  void writePhase(mlir::ModuleOp module, llvm::StringRef phase);

  /// Adds the instrumentation that writes `NN-PHASE-PASS.mlir` after each pass that changed the module.
  void watch(mlir::PassManager &manager, llvm::StringRef phase);

  /// First failure to write a file, or empty.
  const std::string &failure() const { return firstFailure; }

  /// Whether a filter was given that no operation has matched.
  bool missed() const { return !filter.empty() && !matched; }

private:
  class Instrumentation;
  void write(mlir::Operation *op, llvm::StringRef stem);
  void print(mlir::Operation *op, llvm::raw_ostream &out);

  std::string folder, filter, firstFailure;
  OutputFolder made;
  int count = 0;
  bool matched = false;
};

/// Prints `module` with locations, in the form --start-from takes.
void printWithLocations(mlir::ModuleOp module, llvm::raw_ostream &out);

} // namespace weft
