// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where a module comes from: a text, the zoo, or the IR an earlier run stopped at. Phase parse ends here, with target and
// options written into the module, so that a resumed compilation decides as an uninterrupted one.

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Driver.h"
#include "compiler/Driver/IrText.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Support/Files.h"
#include "dialects/Weft/Weft.h"
#include "frontends/Onnx/Onnx.h"
#include "frontends/Weft/Frontend.h"
#include "frontends/Weft/ModuleText.h"
#include "frontends/Weft/NpyFile.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace weft {
namespace {

DictionaryAttr optionsAttr(MLIRContext *context, const PipelineOptions &options) {
  Builder b(context);
  SmallVector<NamedAttribute> entries{b.getNamedAttr("memory", b.getStringAttr(options.smallMemory ? "small" : "fast")),
                              b.getNamedAttr("memory_limit", b.getI64IntegerAttr(options.memoryLimitBytes)),
                              b.getNamedAttr("weights_budget", b.getF64FloatAttr(options.weightsBudget)),
                              b.getNamedAttr("winograd", b.getBoolAttr(options.winograd))};
  if (options.threads > 1)
    entries.push_back(b.getNamedAttr("threads", b.getI64IntegerAttr(options.threads)));
  if (options.ensemble > 1)
    entries.push_back(b.getNamedAttr("ensemble", b.getI64IntegerAttr(options.ensemble)));
  return b.getDictionaryAttr(entries);
}

PipelineOptions optionsOf(ModuleOp module) {
  PipelineOptions options;
  auto stored = module->getAttrOfType<DictionaryAttr>("weft.options");
  if (!stored)
    return options;
  if (auto memory = stored.getAs<StringAttr>("memory"))
    options.smallMemory = memory.getValue() == "small";
  if (auto limit = stored.getAs<IntegerAttr>("memory_limit"))
    options.memoryLimitBytes = limit.getInt();
  if (auto budget = stored.getAs<FloatAttr>("weights_budget"))
    options.weightsBudget = budget.getValueAsDouble();
  if (auto winograd = stored.getAs<BoolAttr>("winograd"))
    options.winograd = winograd.getValue();
  if (auto threads = stored.getAs<IntegerAttr>("threads"); threads && threads.getInt() <= int64_t(mostThreads))
    options.threads = std::max<int64_t>(threads.getInt(), 1);
  if (auto ensemble = stored.getAs<IntegerAttr>("ensemble"); ensemble && ensemble.getInt() <= int64_t(mostMembers))
    options.ensemble = std::max<int64_t>(ensemble.getInt(), 0);
  return options;
}

} // namespace

/// A model of another format as a text; constants too large for it become files beside it.
int Compilation::printModelText() {
  begin();
  module = importModel();
  if (!module)
    return UserError;
  std::vector<OutputFile> constants;
  bool toFile = !options.output.empty() && options.output != "-";
  auto save = [&](ArrayRef<int64_t> shape, ArrayRef<float> numbers) -> llvm::Expected<std::string> {
    if (!toFile)
      return llvm::createStringError("the network holds a constant of " + std::to_string(numbers.size()) +
                                     " numbers, which is written beside the text: give the text a file with `-o`");
    std::string path = options.output + "." + std::to_string(constants.size()) + ".npy";
    llvm::Expected<OutputFile> file =
        OutputFile::write(path, [&](llvm::raw_ostream &out) { language::writeNpy(out, shape, numbers); });
    if (!file)
      return file.takeError();
    constants.push_back(std::move(*file));
    return llvm::sys::path::filename(path).str();
  };
  llvm::Expected<std::string> text = textOf(*module, save);
  if (!text)
    return userError("`" + options.input + "`: " + llvm::toString(text.takeError()));
  for (OutputFile &file : constants)
    if (llvm::Error error = file.commit())
      return userError(llvm::toString(std::move(error)));
  return writeText(*text);
}

int Compilation::writeText(llvm::StringRef text) {
  std::string path = options.output.empty() ? "-" : options.output;
  if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &file) { file << text; }))
    return userError(llvm::toString(std::move(error)));
  return Success;
}

int Compilation::printCanonicalText() {
  if (isOnnxFile(options.input))
    return printModelText();
  std::string text;
  llvm::raw_string_ostream out(text);
  return printCanonical(options.input, zooFolder(), out, llvm::errs()) ? writeText(text) : int(UserError);
}

bool Compilation::load() { return options.startFrom ? loadIR() : loadText(); }

OwningOpRef<ModuleOp> Compilation::parseText() {
  ParseRequest request;
  request.fileName = options.input;
  request.zooDir = zooFolder();
  request.settings = options.settings;
  request.outputs = options.outputs;
  request.netName = options.net;
  return parseWeft(request, *context, llvm::errs());
}

OwningOpRef<ModuleOp> Compilation::importModel() {
  OnnxRequest request;
  request.fileName = options.input;
  request.settings = options.settings;
  request.outputs = options.outputs;
  return importOnnx(request, *context, llvm::errs());
}

bool Compilation::loadText() {
  std::optional<CpuTarget> target = resolveTarget(options.target, llvm::errs());
  if (!target)
    return false;
  module = isOnnxFile(options.input) ? importModel() : parseText();
  if (!module)
    return false;
  describe(*target);
  return succeeded(verify(*module));
}

void Compilation::describe(const CpuTarget &target) {
  auto features = llvm::to_vector(target.features);
  if (options.tiles)
    llvm::append_range(features, target.tileFeatures);
  (*module)->setAttr("weft.target", TargetAttr::get(context.get(), target.name, target.vectorLanes,
                                                    Builder(context.get()).getStrArrayAttr(features)));
  (*module)->setAttr("weft.options", optionsAttr(context.get(), options.pipeline));
  if (!options.name.empty())
    (*module)->setAttr("weft.name", StringAttr::get(context.get(), options.name));
}

bool Compilation::loadIR() {
  llvm::sys::fs::file_status status;
  if (options.input != "-" && !llvm::sys::fs::status(options.input, status) &&
      (!llvm::sys::fs::is_regular_file(status) || status.getSize() > mostIrBytes)) {
    userError("cannot read `" + options.input + "`: " +
              (llvm::sys::fs::is_regular_file(status) ? "it is larger than 256 MiB" : "it is no regular file"));
    return false;
  }
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.input);
  if (!buffer) {
    userError("cannot read `" + options.input + "`: " + buffer.getError().message());
    return false;
  }
  if (std::string why = whyNotParse((*buffer)->getBuffer()); !why.empty()) {
    userError("`" + options.input + "`: " + why);
    return false;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, ParserConfig(context.get()));
  if (!module)
    return false;
  auto stage = (*module)->getAttrOfType<StringAttr>("weft.phase");
  if (!stage || stage.getValue() != phaseName(*options.startFrom)) {
    userError("`" + options.input + "` is " +
              (stage ? "the output of phase `" + stage.getValue().str() + "`" : std::string("no output of --stop-after")) +
              ", not of `" + phaseName(*options.startFrom).str() + "`");
    return false;
  }
  if (!(*module)->getAttrOfType<TargetAttr>("weft.target") || !(*module)->getAttrOfType<StringAttr>("weft.name")) {
    userError("`" + options.input + "` carries no `weft.target` and `weft.name`, which every output of --stop-after has");
    return false;
  }
  if (!options.ensemble.empty() && options.ensemble.size() != optionsOf(*module).ensemble) {
    userError("`--ensemble` has " + llvm::Twine(options.ensemble.size()) + " members; `" + options.input + "` has " +
              llvm::Twine(std::max(optionsOf(*module).ensemble, 1u)));
    return false;
  }
  PipelineOptions asked = std::exchange(options.pipeline, optionsOf(*module));
  if (asked.memoryLimitBytes) // what is promised may still be said; what is decided is not
    options.pipeline.memoryLimitBytes = asked.memoryLimitBytes;
  if (asked.threads > 1)
    options.pipeline.threads = asked.threads;
  return true;
}

} // namespace weft
