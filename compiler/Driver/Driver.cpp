// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The first and last steps of weftc: what needs no compilation (help, lists), and exit codes.

#include "compiler/Driver/Driver.h"

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Driver/Summaries.h"
#include "compiler/Support/Interrupt.h"
#include "frontends/Weft/Frontend.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

namespace weft {
namespace {

int printList(llvm::StringRef what) {
  if (what == "zoo") {
    for (const std::string &name : zooNetworks(zooFolder()))
      llvm::outs() << name << "\n";
  } else if (what == "targets") {
    for (const CpuTarget &target : cpuTargets())
      llvm::outs() << target.name << "\n";
  } else if (what == "phases") {
    for (Phase phase : allPhases())
      llvm::outs() << llvm::formatv("{0,-10}{1}\n", phaseName(phase), phaseSentence(phase));
  } else {
    llvm::errs() << "weftc: error: `--list=" << what << "` is not known; there are zoo, targets and phases\n";
    return UsageError;
  }
  return Success;
}

int printVersion() {
  llvm::outs() << "weft " WEFT_VERSION " (MLIR " LLVM_VERSION_STRING ")\n";
  return Success;
}

} // namespace

int runWeftc(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // a file over the user's limit is an error of writing like a full disk
  leaveNothingWhenInterrupted();
  std::optional<DriverOptions> options = parseDriverOptions(argc, argv, llvm::errs());
  if (!options)
    return UsageError;
  if (options->help) {
    printDriverHelp(llvm::outs());
    return Success;
  }
  if (options->version)
    return printVersion();
  if (!options->list.empty())
    return printList(options->list);
  if (options->emit == EmitKind::Summary)
    return runSummaries(*options);
  return Compilation(std::move(*options)).run();
}

} // namespace weft
