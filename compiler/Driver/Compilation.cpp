// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The phases one after another: run its passes, mark the module, dump, stop where asked.

#include "compiler/Driver/Compilation.h"

#include "compiler/Draw/ModuleDiagram.h"
#include "compiler/Draw/Print.h"
#include "compiler/Driver/Driver.h"
#include "compiler/Driver/Filters.h"
#include "compiler/Driver/Kernels.h"
#include "compiler/Emit/Host/PlanReport.h"
#include "compiler/Support/Files.h"
#include "compiler/Transforms/Plan/Limit.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace weft {
namespace {

/// MLIR's thread pool starts more threads than one network needs; a compilation is a handful of small passes.
std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registerPipelineDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false); // the place in the text says more than the IR
  return context;
}

bool makesCode(EmitKind kind) {
  return kind == EmitKind::Exe || kind == EmitKind::SharedLibrary || kind == EmitKind::StaticLibrary ||
         kind == EmitKind::Object || kind == EmitKind::Assembly;
}

} // namespace

Compilation::Compilation(DriverOptions given) : options(std::move(given)) {}
Compilation::~Compilation() = default;

int Compilation::userError(const llvm::Twine &text) {
  llvm::errs() << "weftc: error: " << text << "\n";
  return UserError;
}

void Compilation::begin() {
  context = makeContext();
  diagnostics = std::make_unique<DiagnosticPrinter>(*context, llvm::errs(), options.remarks);
}

std::optional<NetworkSummary> Compilation::summary() {
  begin();
  if (options.startFrom && *options.startFrom != Phase::parse) {
    userError("a summary is made from a model or from the output of phase `parse`");
    return std::nullopt;
  }
  return load() ? std::optional(summarise(*module, options.fold.value_or(0))) : std::nullopt;
}

int Compilation::run() {
  if (options.emit == EmitKind::CanonicalText)
    return printCanonicalText();
  if (!options.json.empty()) // known before the work, and before the output stands in its place
    if (llvm::Error error = checkWritable(options.json))
      return userError(llvm::toString(std::move(error)));
  begin();
  if (!options.dumpDir.empty()) {
    dumps = std::make_unique<DumpFolder>(options.dumpDir, options.dumpFilter);
    if (std::string reason = dumps->open(); !reason.empty())
      return userError(reason);
  }
  if (!timed("load", [&] { return load(); }))
    return UserError;
  Phase last = options.stopAfter.value_or(Phase::plan);
  int code = runPhases(options.startFrom, last);
  if (code == Success)
    code = write();
  if (code == Success && options.emit != EmitKind::PhaseIR && !options.json.empty())
    code = last < Phase::plan ? runPhases(last, Phase::plan) : Success; // what is drawn may be far from a plan
  if (code == Success && options.emit != EmitKind::PhaseIR && !options.json.empty())
    code = writeReport();
  if (code == Success && dumps && dumps->missed())
    llvm::errs() << "weftc: warning: `--dump-filter=" << options.dumpFilter << "` matches the path of no operation\n";
  if (options.timeReport)
    printTimes();
  return code;
}

int Compilation::write() {
  switch (options.emit) {
  case EmitKind::PhaseIR:
    return printIR();
  case EmitKind::Svg:
  case EmitKind::Dot:
    return printDrawing();
  case EmitKind::Filters:
    return writeFilters(options, *module);
  default:
    return emit();
  }
}

/// Folded as asked; without a wish so far that a person can still look at it.
int Compilation::printDrawing() {
  constexpr size_t mostBoxes = 120;
  draw::Diagram diagram = draw::diagramOf(*module);
  if (options.fold.value_or(0) > 0)
    diagram = draw::folded(diagram, *options.fold);
  else if (!options.fold)
    diagram = draw::foldedTo(diagram, mostBoxes);
  auto print = options.emit == EmitKind::Svg ? draw::printSvg : draw::printDot;
  std::string path = options.output.empty() ? "-" : options.output;
  if (options.json == "-" && path == "-")
    return Success; // one stream, one kind of text
  if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &out) { print(diagram, out); }))
    return userError(llvm::toString(std::move(error)));
  return Success;
}

int Compilation::runPhases(std::optional<Phase> done, Phase last) {
  for (Phase phase : allPhases()) {
    if (phase > last || phase == Phase::emit)
      break;
    if (done && phase <= *done)
      continue;
    if (phase == Phase::plan)
      if (int code = timed("compile", [&] { return compileKernels(); }))
        return code;
    if (!timed(phaseName(phase), [&] { return runPhase(phase); }))
      return diagnostics->foundBug() ? CompilerBug : UserError;
  }
  if (done == Phase::plan) // a plan made elsewhere is held to the same promise
    for (auto program : module->getOps<plan::ProgramOp>())
      if (failed(plan::checkMemoryLimit(program, memoryLimit(*module, options))))
        return UserError;
  return Success;
}

/// Phase plan places the memory kernels work in. How much that is, is known once Halide has lowered them: to code where
/// code is wanted, and no further where not.
int Compilation::compileKernels() {
  if (options.emit == EmitKind::Halide && options.json.empty())
    return Success; // kernels as source, and nothing of the plan
  auto name = (*module)->getAttrOfType<StringAttr>("weft.name");
  std::string symbol = options.name.empty() ? name.getValue().str() : options.name;
  emit::KernelCompileOptions compileOptions = kernelOptions(*module, options);
  compileOptions.scratchOnly = !makesCode(options.emit);
  compileOptions.assembly = options.emit == EmitKind::Assembly;
  if (int code = compileOptions.scratchOnly ? int(Success) : checkOutput())
    return code;
  FailureOr<std::vector<kernel::KernelDesc>> imported = importKernels(*module, symbol);
  if (failed(imported)) // an IR that somebody edited may hold any kernel
    return options.startFrom ? UserError : CompilerBug;
  auto objects = emit::compileKernels(*imported, compileOptions);
  if (!objects)
    return reportKernels(*module, symbol, options, objects.takeError());
  stateScratch(*module, symbol, *objects);
  if (makesCode(options.emit))
    kernels = std::move(*objects);
  return Success;
}

bool Compilation::runPhase(Phase phase) {
  PassManager manager(context.get());
  addPhase(manager, phase, options.pipeline);
  manager.enableVerifier(bool(dumps)); // after each pass for whoever looks at it, else once a phase: a third of the time
  if (dumps)
    dumps->watch(manager, phaseName(phase));
  if (manager.size() && (failed(manager.run(*module)) || failed(verify(*module))))
    return false;
  return finishPhase(phase);
}

bool Compilation::finishPhase(Phase phase) {
  (*module)->setAttr("weft.phase", StringAttr::get(context.get(), phaseName(phase)));
  if (!dumps)
    return true;
  dumps->writePhase(*module, phaseName(phase));
  return dumps->failure().empty() || userError(dumps->failure()) == Success;
}

/// `--json` says what the plan costs.
int Compilation::writeReport() {
  plan::ProgramOp program = *module->getOps<plan::ProgramOp>().begin();
  emit::PlanReport report = emit::reportPlan(program);
  if (llvm::Error error = writeFile(options.json, [&](llvm::raw_ostream &out) { emit::printJson(report, out); }))
    return userError(llvm::toString(std::move(error)));
  return Success;
}

int Compilation::printIR() {
  std::string path = options.output.empty() ? "-" : options.output;
  if (!options.json.empty()) {
    if (module->getOps<plan::ProgramOp>().empty())
      return userError("`--json` reports a plan: add `--emit=plan`");
    if (int code = writeReport())
      return code;
    if (options.json == "-" && path == "-")
      return Success; // one stream, one kind of text
  }
  if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &out) { printWithLocations(*module, out); }))
    return userError(llvm::toString(std::move(error)));
  return Success;
}

void Compilation::printTimes() {
  double total = 0;
  for (auto &[what, seconds] : times)
    total += seconds;
  for (auto &[what, seconds] : times)
    llvm::errs() << llvm::format("%8.1f ms  %5.1f %%  ", 1e3 * seconds, 100 * seconds / total) << what << "\n";
  llvm::errs() << llvm::format("%8.1f ms  total\n", 1e3 * total);
}

} // namespace weft
