// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One compilation: a model is loaded, led through the phases, and written out in the form that was asked for.
#pragma once

#include "compiler/Driver/Diagnose.h"
#include "compiler/Driver/Dump.h"
#include "compiler/Driver/Options.h"
#include "compiler/Driver/Targets.h"
#include "compiler/Emit/Kernels/Kernels.h"
#include "compiler/Summary/Summary.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <chrono>

namespace weft {

class Compilation {
public:
  explicit Compilation(DriverOptions options);
  ~Compilation();

  /// Runs everything; the result is the exit code. Errors have been printed.
  int run();

  /// Loads the model and counts; nothing after errors, which have been printed.
  std::optional<NetworkSummary> summary();

private:
  void begin();

  // Loading (Load.cpp).
  bool load();
  bool loadText();
  mlir::OwningOpRef<mlir::ModuleOp> parseText();
  mlir::OwningOpRef<mlir::ModuleOp> importModel();
  bool loadIR();
  void describe(const CpuTarget &target);
  int printCanonicalText();
  int printModelText();
  int writeText(llvm::StringRef text);

  // Phases (Compilation.cpp).
  int runPhases(std::optional<Phase> done, Phase last);
  int compileKernels();
  bool runPhase(Phase phase);
  bool finishPhase(Phase phase);
  int write();
  int printIR();
  int printDrawing();
  int writeReport();
  void printTimes();

  // Output (Output.cpp).
  int checkOutput();
  int emit();

  /// Notes the time a step took, for --time-report.
  template <typename Step> auto timed(llvm::StringRef what, Step step) {
    auto start = std::chrono::steady_clock::now();
    auto result = step();
    times.emplace_back(what.str(), std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return result;
  }

  int userError(const llvm::Twine &text);

  DriverOptions options;
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<DiagnosticPrinter> diagnostics;
  std::unique_ptr<DumpFolder> dumps;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<emit::KernelObject> kernels; ///< compiled before phase plan, which asks how much memory they work in
  std::vector<std::pair<std::string, double>> times;
};

} // namespace weft
