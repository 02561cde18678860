// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase emit: from the plan to files. Weights in a file of their own are packed (their checksum goes into the descriptor),
// then the host module is made and everything is linked, with the kernels that were compiled before there was a plan. An
// image gets its weights where it is linked already.

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Driver.h"
#include "compiler/Driver/Kernels.h"
#include "compiler/Driver/Paths.h"
#include "compiler/Driver/WeightFiles.h"
#include "compiler/Emit/Halide/Source.h"
#include "compiler/Emit/Host/GrowSection.h"
#include "compiler/Emit/Host/Header.h"
#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Emit/Host/Link.h"
#include "compiler/Emit/Host/Object.h"
#include "compiler/Emit/Host/PackedWeights.h"
#include "compiler/Kernel/TileProduct.h"
#include "compiler/Support/Diagnostics.h"
#include "compiler/Support/Files.h"
#include "compiler/Support/Interrupt.h"
#include "compiler/Support/Process.h"
#include "dialects/Weft/Weft.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace weft {
namespace {

/// Words C and C++ keep for themselves, and names the C library and compilers define: no prefix of an interface.
bool isReservedInC(llvm::StringRef name) {
  static const llvm::StringSet<> words = {
      "alignas",  "alignof",  "and",     "asm",      "auto",     "bool",     "break",     "case",      "catch",
      "char",     "class",    "concept", "const",    "continue", "decltype", "default",   "delete",    "do",
      "double",   "else",     "enum",    "explicit", "export",   "extern",   "false",     "float",     "for",
      "friend",   "goto",     "if",      "inline",   "int",      "long",     "mutable",   "namespace", "new",
      "noexcept", "not",      "nullptr", "operator", "or",       "private",  "protected", "public",    "register",
      "requires", "restrict", "return",  "short",    "signed",   "sizeof",   "static",    "struct",    "switch",
      "template", "this",     "throw",   "true",     "try",      "typedef",  "typeid",    "typename",  "union",
      "unsigned", "using",    "virtual", "void",     "volatile", "while",    "xor",       "main",      "std",
      "thread_local", "static_assert", "static_cast", "dynamic_cast", "const_cast", "reinterpret_cast", "constexpr", "consteval", "constinit",
      "co_await", "co_return", "co_yield", "and_eq", "bitand", "bitor", "compl", "not_eq", "or_eq", "xor_eq", "typeof", "typeof_unqual",
      "NULL", "EOF", "FILE", "BUFSIZ", "NAN", "INFINITY", "stdin", "stdout", "stderr", "errno", "offsetof", "linux", "unix", "weft"};
  llvm::LibFunc function;
  bool isType = name.ends_with("_t"); // POSIX keeps these
  return isType || words.contains(name) || llvm::TargetLibraryInfoImpl(llvm::Triple()).getLibFunc(name, function);
}

std::string nameOf(ModuleOp module, const DriverOptions &options) {
  return options.name.empty() ? module->getAttrOfType<StringAttr>("weft.name").getValue().str() : options.name;
}

/// One emission: what its steps hand to one another.
class Emission {
public:
  Emission(ModuleOp module, const DriverOptions &options, std::vector<emit::KernelObject> objects)
      : module(module), options(options), objects(std::move(objects)) {}

  int run();

private:
  int printHalide();
  int prepare();
  int compile();
  int compileKernels();
  int openWeights();
  int packWeights(llvm::Expected<FilePart> place);
  int packWeightsInto(llvm::StringRef path);
  int packWeightsBeside();
  int write();
  int commit();
  int writeText(llvm::function_ref<void(llvm::raw_ostream &)> print);
  int writeHost(llvm::StringRef path, bool assembly);
  int writeAssembly();
  int writeObjects(emit::LinkOptions &link);
  int linkProgram(emit::LinkOptions::Kind kind);
  int writeLibrary();
  std::unique_ptr<llvm::Module> makeHost();
  bool weightsInImage() const;
  std::string outputPath() const;
  llvm::StringRef suffix() const;
  std::string temporary(llvm::StringRef file) const { return folder.path() + "/" + file.str(); }
  llvm::StringRef name() const { return host.name; }

  int fail(llvm::Error error, ExitCode code = UserError) {
    llvm::errs() << "weftc: error: " << llvm::toString(std::move(error)) << "\n";
    return code;
  }

  /// Parts of an output are written to a folder of their own first. What fails there is told of the output: nobody has
  /// named that folder.
  int failOnTheWay(llvm::Error error) {
    std::error_code code = llvm::errorToErrorCode(std::move(error));
    std::string hint = code == std::errc::no_space_on_device ? "; `TMPDIR` names another place for them" : "";
    return fail(llvm::createStringError("cannot write `" + outputPath() + "`: its parts in `" + folder.path() +
                                        "`: " + code.message() + hint));
  }

  ModuleOp module;
  const DriverOptions &options;
  TemporaryFolder folder;
  emit::HostOptions host;
  std::vector<kernel::KernelDesc> kernels;
  std::vector<emit::KernelObject> objects;
  std::optional<RecipeEvaluator> recipes;
  OutputFolder library;
  std::vector<OutputFile> written; ///< renamed to their places once everything is written
  llvm::LLVMContext llvmContext;
};

bool Emission::weightsInImage() const {
  bool image = options.emit == EmitKind::Exe || options.emit == EmitKind::SharedLibrary;
  return image && options.weightsOut.empty();
}

llvm::StringRef Emission::suffix() const {
  return options.emit == EmitKind::SharedLibrary ? ".so" : options.emit == EmitKind::Object ? ".o" : "";
}

/// `-o`, or NAME with the suffix of its kind.
std::string Emission::outputPath() const {
  return options.output.empty() ? host.name + suffix().str() : options.output;
}

int Emission::prepare() {
  auto target = module->getAttrOfType<TargetAttr>("weft.target");
  host.name = nameOf(module, options);
  host.target = target.getName().str();
  host.weights = weightsInImage() ? emit::WeightsPlace::Image : emit::WeightsPlace::File;
  host.query = options.emit == EmitKind::Exe || options.emit == EmitKind::SharedLibrary;
  if (failed(emit::checkIndexRanges(module)))
    return UserError;
  FailureOr<std::vector<kernel::KernelDesc>> imported = importKernels(module, host.name);
  if (failed(imported)) // an IR that somebody edited may hold any kernel
    return options.startFrom ? UserError : CompilerBug;
  kernels = std::move(*imported);
  bool tiles = llvm::any_of(kernels, [](const kernel::KernelDesc &desc) { return llvm::any_of(desc.stages, kernel::isTileSum); });
  for (auto feature : target.getFeatures().getAsRange<StringAttr>())
    if (feature.getValue().starts_with("amx") ? tiles : options.instructions.empty())
      host.features.push_back(feature.getValue().str());
  if (!options.instructions.empty()) {
    host.target += " in instructions of " + options.instructions;
    for (llvm::StringRef feature : resolveTarget(options.instructions, llvm::errs())->features)
      host.features.push_back(feature.str());
  }
  return Success;
}

/// Kernels are compiled already where a plan was made for them; not where one was loaded.
int Emission::compile() {
  if (options.startFrom && failed(checkLaunches(module)))
    return UserError;
  if (objects.empty())
    if (int code = compileKernels())
      return code;
  return failed(checkScratch(module, name(), objects)) ? UserError : Success;
}

int Emission::compileKernels() {
  emit::KernelCompileOptions compileOptions = kernelOptions(module, options);
  compileOptions.assembly = options.emit == EmitKind::Assembly;
  compileOptions.scratchOnly = options.emit == EmitKind::Llvm;
  auto compiled = emit::compileKernels(kernels, compileOptions);
  if (!compiled)
    return reportKernels(module, name(), options, compiled.takeError());
  objects = std::move(*compiled);
  return Success;
}

/// Recipes are evaluated by a few threads, which MLIR has to know: no more than there are cores, for each holds a recipe's
/// values in memory.
class PackingThreads {
public:
  explicit PackingThreads(MLIRContext &context) : context(context), pool(strategy()) { context.setThreadPool(pool); }
  ~PackingThreads() { context.disableMultithreading(); }

private:
  static llvm::ThreadPoolStrategy strategy() {
    constexpr unsigned most = 4; // together they outrun memory
    llvm::ThreadPoolStrategy strategy = llvm::heavyweight_hardware_concurrency(most);
    strategy.Limit = true;
    return strategy;
  }

  MLIRContext &context;
  llvm::DefaultThreadPool pool;
};

int Emission::openWeights() {
  FailureOr<std::vector<NeededWeight>> needed = collectWeights(module);
  if (failed(needed))
    return UserError;
  auto source = weft::openWeights(options, module, *needed, llvm::errs());
  if (!source)
    return fail(source.takeError());
  recipes.emplace(std::move(*source));
  return Success;
}

int Emission::packWeights(llvm::Expected<FilePart> place) {
  if (!place)
    return fail(place.takeError());
  PackingThreads threads(*module.getContext());
  FailureOr<uint64_t> checksum = emit::packWeights(emit::findProgram(module), *recipes, *place);
  if (failed(checksum))
    return UserError;
  host.weightHeaderChecksum = *checksum;
  return Success;
}

int Emission::packWeightsInto(llvm::StringRef path) {
  auto file = OutputFile::create(path, emit::packedWeightsBytes(emit::findProgram(module)));
  if (!file)
    return fail(file.takeError());
  written.push_back(std::move(*file));
  return packWeights(written.back().part());
}

/// Into the file the user named, or, for kinds that hold no weights, beside the output.
int Emission::packWeightsBeside() {
  if (!options.weightsOut.empty())
    return packWeightsInto(options.weightsOut);
  if (options.emit == EmitKind::StaticLibrary)
    return packWeightsInto(outputPath() + "/" + host.name + ".weights");
  return packWeightsInto(outputPath() + ".weights");
}

std::unique_ptr<llvm::Module> Emission::makeHost() { return emit::emitHostModule(module, host, llvmContext); }

int Emission::writeText(llvm::function_ref<void(llvm::raw_ostream &)> print) {
  std::string path = options.output.empty() ? "-" : options.output;
  if (llvm::Error error = writeFile(path, print))
    return fail(std::move(error));
  return Success;
}

int Emission::writeHost(llvm::StringRef path, bool assembly) {
  std::unique_ptr<llvm::Module> llvmModule = makeHost();
  if (!llvmModule)
    return options.startFrom ? UserError : CompilerBug;
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  if (llvm::Error error = emit::writeObject(*llvmModule, stream, assembly))
    return fail(std::move(error), CompilerBug);
  if (llvm::Error error = writeFile(path, [&](llvm::raw_ostream &out) { out.write(bytes.data(), bytes.size()); }))
    return failOnTheWay(std::move(error));
  return Success;
}

/// The host module's assembly, then each kernel's, one after another in one text.
int Emission::writeAssembly() {
  if (int code = writeHost(temporary("host.s"), true))
    return code;
  auto hostText = llvm::MemoryBuffer::getFile(temporary("host.s"));
  if (!hostText)
    return fail(llvm::errorCodeToError(hostText.getError()));
  return writeText([&](llvm::raw_ostream &out) {
    out << (*hostText)->getBuffer();
    for (const emit::KernelObject &object : objects)
      out << "\n# kernel " << object.name << "\n" << object.assembly;
  });
}

/// The host module and every kernel as files to link; the exit code of a failure, else Success.
int Emission::writeObjects(emit::LinkOptions &link) {
  if (int code = writeHost(temporary("host.o"), false))
    return code;
  link.objects.push_back(temporary("host.o"));
  for (size_t i = 0; i < objects.size(); ++i) {
    link.objects.push_back(temporary("kernel" + std::to_string(i) + ".o"));
    if (llvm::Error error = writeFile(link.objects.back(), [&](llvm::raw_ostream &out) { out << objects[i].object; }))
      return failOnTheWay(std::move(error));
  }
  return Success;
}

int Emission::linkProgram(emit::LinkOptions::Kind kind) {
  emit::LinkOptions link;
  link.kind = kind;
  link.name = host.name;
  link.output = outputPath();
  if (int code = writeObjects(link))
    return code;
  plan::ProgramOp program = emit::findProgram(module);
  bool holdsWeights = weightsInImage() && program.getWeights();
  if (holdsWeights)
    link.last = emit::weightsSection;
  if (kind == emit::LinkOptions::Executable)
    link.archives.push_back(installedFile("lib/libweft_main.a"));
  if (kind != emit::LinkOptions::Object)
    link.archives.push_back(installedFile("lib/libweft_runtime.a"));
  auto image = emit::link(link);
  if (!image)
    return fail(image.takeError());
  written.push_back(std::move(*image));
  FilePart whole = written.back().part();
  return holdsWeights ? packWeights(emit::growSection(whole, link.last, emit::packedWeightsBytes(program))) : Success;
}

/// NAME.a holds the host module and the kernels; NAME.h is its interface; NAME.weights lies beside. The runtime stays a
/// library of its own, so that two networks in one program share it.
int Emission::writeLibrary() {
  if (int code = writeHost(temporary("host.o"), false))
    return code;
  std::vector<emit::ArchiveMember> members;
  auto hostObject = llvm::MemoryBuffer::getFile(temporary("host.o"));
  if (!hostObject)
    return fail(llvm::errorCodeToError(hostObject.getError()));
  members.push_back({host.name + ".o", (*hostObject)->getBuffer().str()});
  for (const emit::KernelObject &object : objects)
    members.push_back({object.name + ".o", object.object});
  auto archive = emit::makeArchive(members);
  if (!archive)
    return fail(archive.takeError());
  std::string stem = outputPath() + "/" + host.name;
  auto archiveFile = OutputFile::write(stem + ".a", [&](llvm::raw_ostream &out) { out << (*archive)->getBuffer(); });
  if (!archiveFile)
    return fail(archiveFile.takeError());
  written.push_back(std::move(*archiveFile));
  auto printHeader = [&](llvm::raw_ostream &out) { emit::printHeader(emit::findProgram(module), host, out); };
  auto header = OutputFile::write(stem + ".h", printHeader);
  if (!header)
    return fail(header.takeError());
  written.push_back(std::move(*header));
  return Success;
}

int Emission::commit() {
  NoInterruption together;
  for (OutputFile &file : written)
    if (llvm::Error error = file.commit())
      return fail(std::move(error));
  written.clear();
  return Success;
}

int Emission::write() {
  switch (options.emit) {
  case EmitKind::Exe:
    return linkProgram(emit::LinkOptions::Executable);
  case EmitKind::SharedLibrary:
    return linkProgram(emit::LinkOptions::SharedLibrary);
  case EmitKind::StaticLibrary:
    return writeLibrary();
  case EmitKind::Object:
    return linkProgram(emit::LinkOptions::Object);
  case EmitKind::Assembly:
    return writeAssembly();
  case EmitKind::Llvm: {
    std::unique_ptr<llvm::Module> llvmModule = makeHost();
    if (!llvmModule)
      return options.startFrom ? UserError : CompilerBug;
    return writeText([&](llvm::raw_ostream &out) { llvmModule->print(out, nullptr); });
  }
  case EmitKind::Halide:
  case EmitKind::CanonicalText:
  case EmitKind::PhaseIR:
  case EmitKind::Summary:
  case EmitKind::Svg:
  case EmitKind::Dot:
  case EmitKind::Filters:
    break;
  }
  llvm_unreachable("text kinds are written before kernels are compiled");
}

int Emission::printHalide() {
  std::string cpu = kernelOptions(module, options).target;
  for (kernel::KernelDesc &kernel : kernels) // the program stands alone: plain names read better than C symbols
    kernel.name = kernel.name.substr(host.name.size() + 2);
  std::string text = emit::printHalideSource(kernels, host.name, cpu);
  return writeText([&](llvm::raw_ostream &out) { out << text; });
}

int Emission::run() {
  if (folder.path().empty())
    return fail(folder.error());
  if (int code = prepare())
    return code;
  if (options.emit == EmitKind::Halide)
    return printHalide();
  if (int code = compile())
    return code;
  if (options.emit == EmitKind::StaticLibrary) {
    auto made = OutputFolder::make(outputPath());
    if (!made)
      return fail(made.takeError());
    library = std::move(*made);
  }
  bool needsWeights = options.emit != EmitKind::Llvm && options.emit != EmitKind::Assembly;
  if (needsWeights)
    if (int code = openWeights())
      return code;
  if (needsWeights && !weightsInImage())
    if (int code = packWeightsBeside())
      return code;
  int code = write();
  return code ? code : commit();
}

} // namespace

/// What can be refused before there is a plan: where the output goes, and its name.
int Compilation::checkOutput() {
  if (options.output == "-" && options.emit != EmitKind::Llvm && options.emit != EmitKind::Assembly &&
      options.emit != EmitKind::Halide)
    return userError("a binary is not written to standard output; name a file with `-o`");
  std::string name = nameOf(*module, options);
  if (options.emit == EmitKind::StaticLibrary && isReservedInC(name))
    return userError("`" + name +
                     "` is a word of C or C++, or a function of their library, and names no type of a header; choose "
                     "another with `--name`");
  if (name == "weft" || llvm::StringRef(name).starts_with("weft_") || name.size() > 128) // the runtime's own prefix, and what objects' names have room for
    return userError(
        "a network called `" + printable(name, 128) +
        "` cannot be linked: `weft` and what begins with `weft_` are names of the runtime, and others have at most 128 characters; choose another with "
        "`--name`");
  return Success;
}

int Compilation::emit() {
  if (int code = checkOutput())
    return code;
  return timed("emit", [&] { return Emission(*module, options, std::move(kernels)).run(); });
}

} // namespace weft
