// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The first and last steps of weftc: what needs no compilation (help, lists), and exit codes.

#include "compiler/Driver/Driver.h"

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Driver/Summaries.h"
#include "compiler/Support/Files.h"
#include "compiler/Support/Interrupt.h"
#include "frontends/Onnx/Onnx.h"
#include "frontends/Weft/Frontend.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

namespace weft {
namespace {

int print(llvm::function_ref<void(llvm::raw_ostream &)> write) {
  llvm::Error error = writeFile("-", write);
  if (!error)
    return Success;
  llvm::errs() << "weftc: error: " << llvm::toString(std::move(error)) << "\n";
  return UserError;
}

void printZoo(llvm::raw_ostream &out) {
  for (const std::string &name : zooNetworks(zooFolder()))
    out << name << "\n";
}

void printTargets(llvm::raw_ostream &out) {
  for (const CpuTarget &target : cpuTargets())
    out << target.name << "\n";
}

void printPhases(llvm::raw_ostream &out) {
  for (Phase phase : allPhases())
    out << llvm::formatv("{0,-10}{1}\n", phaseName(phase), phaseSentence(phase));
}

void printOnnxOperations(llvm::raw_ostream &out) {
  for (const auto &[op, attributes] : onnxOperations())
    out << llvm::StringRef(llvm::formatv("{0,-27}{1}", op, attributes).str()).rtrim() << "\n";
}

int printList(llvm::StringRef what) {
  if (what == "zoo")
    return print(printZoo);
  if (what == "targets")
    return print(printTargets);
  if (what == "phases")
    return print(printPhases);
  if (what == "onnx")
    return print(printOnnxOperations);
  llvm::errs() << "weftc: error: `--list=" << what << "` is not known; there are zoo, targets, phases and onnx\n";
  return UsageError;
}

void printVersion(llvm::raw_ostream &out) { out << "weft " WEFT_VERSION " (MLIR " LLVM_VERSION_STRING ")\n"; }

} // namespace

int runWeftc(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // a file over the user's limit is an error of writing like a full disk
  leaveNothingWhenInterrupted();
  leaveNothingWithoutMemory("weftc", UserError, CompilerBug);
  std::optional<DriverOptions> options = parseDriverOptions(argc, argv, llvm::errs());
  if (!options)
    return UsageError;
  if (options->help)
    return print(printDriverHelp);
  if (options->version)
    return print(printVersion);
  if (!options->list.empty())
    return printList(options->list);
  if (options->emit == EmitKind::Summary)
    return runSummaries(*options);
  return Compilation(std::move(*options)).run();
}

} // namespace weft
