// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// weftc's command line, read through LLVM's option table: spelling errors get the nearest option as a suggestion.

#include "compiler/Driver/Options.h"

#include "compiler/Driver/Paths.h"
#include "compiler/Driver/Sizes.h"
#include "compiler/Driver/Targets.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Option/ArgList.h"
#include "llvm/Option/OptTable.h"
#include "llvm/Option/Option.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace llvm;
using namespace llvm::opt;

namespace weft {
namespace {

enum OptionId {
  OPT_INVALID = 0,
#define OPTION(...) LLVM_MAKE_OPT_ID(__VA_ARGS__),
#include "compiler/Driver/Options.inc"
#undef OPTION
};

#define OPTTABLE_STR_TABLE_CODE
#include "compiler/Driver/Options.inc"
#undef OPTTABLE_STR_TABLE_CODE
#define OPTTABLE_PREFIXES_TABLE_CODE
#include "compiler/Driver/Options.inc"
#undef OPTTABLE_PREFIXES_TABLE_CODE

constexpr OptTable::Info infos[] = {
#define OPTION(...) LLVM_CONSTRUCT_OPT_INFO(__VA_ARGS__),
#include "compiler/Driver/Options.inc"
#undef OPTION
};

class WeftOptTable : public GenericOptTable {
public:
  WeftOptTable() : GenericOptTable(OptionStrTable, OptionPrefixesTable, infos) {}
};

/// Turns the argument list into DriverOptions, one group of options at a time. Every problem is reported.
class OptionReader {
public:
  OptionReader(const InputArgList &args, raw_ostream &errors) : args(args), errors(errors) {}

  std::optional<DriverOptions> read() {
    refuseContradictions();
    refuseEmpty();
    readInput();
    readOutput();
    readNetwork();
    readPhases();
    readCompilation();
    checkFiles();
    if (failed)
      return std::nullopt;
    return std::move(options);
  }

private:
  raw_ostream &fail() {
    failed = true;
    return errors << "weftc: error: ";
  }

  /// An option given twice with two values has none that is meant. Said once an option.
  void refuseContradictions() {
    SmallDenseMap<unsigned, const Arg *> first;
    for (const Arg *arg : args) {
      Option option = arg->getOption().getUnaliasedOption();
      if (option.matches(OPT_set) || option.matches(OPT_weights) || option.matches(OPT_INPUT))
        continue;
      auto [known, isNew] = first.try_emplace(option.getID(), arg);
      if (!isNew && arg->getNumValues() != 0 && StringRef(known->second->getValue()) != arg->getValue())
        fail() << "`" << known->second->getAsString(args) << "` and `" << arg->getAsString(args)
               << "` contradict each other\n";
    }
  }

  /// `-o "$FOLDER"` with nothing in FOLDER would otherwise mean the default.
  void refuseEmpty() {
    for (const Arg *arg : args)
      if (arg->getNumValues() != 0 && StringRef(arg->getValue()).empty())
        fail() << "`" << arg->getSpelling() << "` is given an empty text\n";
  }

  std::string text(OptionId id) { return args.getLastArgValue(id).str(); }

  void readInput() {
    options.help = args.hasArg(OPT_help);
    options.version = args.hasArg(OPT_version);
    options.list = text(OPT_list_what);
    auto inputs = args.getAllArgValues(OPT_INPUT);
    bool several = text(OPT_emit) == "summary";
    if (inputs.size() > 1 && !several)
      fail() << "one model at a time; `" << inputs[0] << "` and `" << inputs[1] << "` were given\n";
    if (inputs.size() > 1)
      options.moreInputs.assign(inputs.begin() + 1, inputs.end());
    if (!inputs.empty())
      options.input = inputs.front();
    else if (!options.help && !options.version && options.list.empty())
      fail() << "no model given: name a `.weft` or `.onnx` file, or a network of the zoo such as `zoo:resnet50`\n";
  }

  void readOutput() {
    options.output = text(OPT_o);
    options.weightsOut = text(OPT_weights_out);
    options.json = text(OPT_json);
    std::string kind = text(OPT_emit);
    if (!kind.empty())
      readEmitKind(kind);
    readSummary();
  }

  void readSummary() {
    options.csv = args.hasArg(OPT_csv);
    options.csvFile = text(OPT_csv_file);
    if (std::string size = text(OPT_device_memory); !size.empty()) {
      options.deviceBytes = parseSize(size);
      if (!options.deviceBytes)
        fail() << "`--device-memory=" << size << "` is no size such as `5GB` or `16GiB`\n";
    }
    std::string parts = text(OPT_fold);
    unsigned count = 0;
    if (!parts.empty() && (StringRef(parts).getAsInteger(10, count) || count > 1000))
      fail() << "`--fold=" << parts << "` is no number from 0 to 1000\n";
    if (!parts.empty())
      options.fold = count;
    options.layers = commaSeparated(OPT_layers);
    belongsTo({OPT_csv, OPT_csv_file, OPT_device_memory}, options.emit == EmitKind::Summary, "`--emit=summary`");
    bool drawing = options.emit == EmitKind::Svg || options.emit == EmitKind::Dot;
    belongsTo({OPT_fold}, drawing || options.emit == EmitKind::Summary, "`--emit=summary`, `svg` or `dot`");
    bool filters = options.emit == EmitKind::Filters;
    belongsTo({OPT_layers}, filters, "`--emit=filters`");
    belongsTo({OPT_json}, !filters && options.emit != EmitKind::CanonicalText,
              "a compiled network, a plan, a drawing of one, or a summary");
    if (filters && options.output == "-")
      fail() << "pictures are not written to standard output; name a folder or a `.png` file with `-o`\n";
  }

  void belongsTo(std::initializer_list<OptionId> ids, bool fits, StringRef where) {
    for (OptionId id : ids)
      if (const Arg *arg = args.getLastArg(id); arg && !fits)
        fail() << "`" << arg->getAsString(args) << "` goes with " << where << "\n";
  }

  std::vector<std::string> commaSeparated(OptionId id) {
    std::vector<std::string> values;
    for (const std::string &names : args.getAllArgValues(id)) {
      SmallVector<StringRef> parts;
      StringRef(names).split(parts, ',', -1, /*KeepEmpty=*/false);
      for (StringRef part : parts)
        values.push_back(part.str());
    }
    return values;
  }

  void readEmitKind(StringRef kind) {
    if (auto phase = phaseFromName(kind); phase && *phase != Phase::emit) {
      options.emit = EmitKind::PhaseIR;
      options.stopAfter = phase;
      return;
    }
    auto found = StringSwitch<std::optional<EmitKind>>(kind)
                     .Case("exe", EmitKind::Exe)
                     .Case("so", EmitKind::SharedLibrary)
                     .Case("lib", EmitKind::StaticLibrary)
                     .Case("obj", EmitKind::Object)
                     .Case("llvm", EmitKind::Llvm)
                     .Case("asm", EmitKind::Assembly)
                     .Case("halide", EmitKind::Halide)
                     .Case("weft", EmitKind::CanonicalText)
                     .Case("summary", EmitKind::Summary)
                     .Case("svg", EmitKind::Svg)
                     .Case("dot", EmitKind::Dot)
                     .Case("filters", EmitKind::Filters)
                     .Default(std::nullopt);
    if (found)
      options.emit = *found;
    else
      fail() << "`--emit=" << kind << "` is not known; there are exe, so, lib, obj, llvm, asm, halide, weft, "
             << "summary, svg, dot, filters and the phases " << phaseList(Phase::emit) << "\n";
  }

  void readNetwork() {
    options.net = text(OPT_net);
    options.name = text(OPT_name);
    options.weights = args.getAllArgValues(OPT_weights);
    options.strictWeights = args.hasArg(OPT_strict_weights);
    options.outputs = commaSeparated(OPT_outputs);
    bool model = isOnnxFile(options.input);
    belongsTo({OPT_outputs, OPT_set}, model || options.emit != EmitKind::CanonicalText,
              "a compiled network; `--emit=weft` writes a text as it is");
    readEnsemble();
    for (const std::string &setting : args.getAllArgValues(OPT_set)) {
      auto [name, value] = StringRef(setting).split('=');
      if (name.empty() || value.empty())
        fail() << "`--set " << setting << "` is not of the form NAME=VALUE\n";
      else
        addSetting(name, value);
    }
    checkName(options.name);
  }

  void addSetting(StringRef name, StringRef value) {
    for (const auto &[known, before] : options.settings)
      if (known == name && before != value)
        fail() << "`--set " << name << "=" << before << "` and `--set " << name << "=" << value << "` contradict each other\n";
    options.settings.emplace_back(name.str(), value.str());
  }

  void readEnsemble() {
    options.ensemble = commaSeparated(OPT_ensemble);
    options.pipeline.ensemble = options.ensemble.size();
    if (options.ensemble.empty())
      return;
    for (StringRef names : args.getAllArgValues(OPT_ensemble))
      if (names.starts_with(",") || names.ends_with(",") || names.contains(",,"))
        fail() << "`--ensemble=" << names << "` has an empty name between its commas\n";
    if (options.ensemble.size() < 2 || options.ensemble.size() > mostMembers)
      fail() << "`--ensemble` takes 2 to " << mostMembers << " files, not " << options.ensemble.size() << "\n";
    if (!options.weights.empty())
      fail() << "`--ensemble` names the weights of every member; `--weights` has no place beside it\n";
  }

  void checkName(StringRef name) {
    auto isWord = [](char c) { return isAlnum(c) || c == '_'; };
    if (!name.empty() && (isDigit(name.front()) || !all_of(name, isWord) || name.size() > 128))
      fail() << "`--name " << name << "` is no C identifier of at most 128 characters\n";
  }

  /// No output may replace the input, another output or the weights.
  void checkFiles() {
    std::vector<std::pair<StringRef, StringRef>> files = {{"the input", options.input}};
    for (const std::string &weights : options.weights)
      files.push_back({"`--weights`", weights});
    for (const std::string &weights : options.ensemble)
      files.push_back({"`--ensemble`", weights});
    for (const std::string &input : options.moreInputs)
      files.push_back({"an input", input});
    size_t outputs = files.size();
    bool inPlace = options.emit == EmitKind::CanonicalText && !isOnnxFile(options.input); // a text may get its canonical form where it is
    files.insert(files.end(), {{"`-o`", inPlace ? StringRef() : StringRef(options.output)},
                               {"`--weights-out`", options.weightsOut},
                               {"`--json`", options.json},
                               {"`--csv`", options.csvFile}});
    for (size_t i = outputs; i < files.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (sameFile(files[i].second, files[j].second))
          fail() << files[i].first << " and " << files[j].first << " name the same file, `" << files[i].second << "`\n";
  }

  static bool sameFile(StringRef a, StringRef b) {
    if (a.empty() || b.empty() || a == "-" || b == "-")
      return false;
    bool equivalent = false;
    if (!sys::fs::equivalent(a, b, equivalent) && equivalent && sys::fs::is_regular_file(a))
      return true;
    return a == b && !sys::fs::exists(a);
  }

  void readPhases() {
    readPhase(OPT_stop_after, options.stopAfter);
    readPhase(OPT_start_from, options.startFrom);
    bool drawing = options.emit == EmitKind::Svg || options.emit == EmitKind::Dot; // of any phase
    if (args.hasArg(OPT_stop_after) && args.hasArg(OPT_emit) && !drawing)
      fail() << "`--stop-after` prints the IR of a phase and `--emit` names another output; give one of them\n";
    if (args.hasArg(OPT_stop_after) && !drawing)
      options.emit = EmitKind::PhaseIR;
    if (!options.stopAfter && (drawing || options.emit == EmitKind::Filters))
      options.stopAfter = options.startFrom.value_or(Phase::parse);
    if (options.startFrom && options.stopAfter && *options.stopAfter < *options.startFrom)
      fail() << "`--stop-after=" << phaseName(*options.stopAfter)
             << "` comes before `--start-from=" << phaseName(*options.startFrom) << "`\n";
    belongsTo({OPT_net, OPT_set, OPT_outputs, OPT_target, OPT_memory, OPT_weights_budget, OPT_no_winograd}, !options.startFrom,
              "a network; the IR of a phase already says so");
    options.dumpDir = text(OPT_dump_dir);
    options.dumpFilter = text(OPT_dump_filter);
    options.timeReport = args.hasArg(OPT_time_report);
    options.remarks = args.hasArg(OPT_remarks);
  }

  void readPhase(OptionId id, std::optional<Phase> &phase) {
    std::string name = text(id);
    if (name.empty())
      return;
    phase = phaseFromName(name);
    if (!phase || *phase == Phase::emit)
      fail() << "`" << name << "` is no phase to stop after or start from; there are " << phaseList(Phase::emit)
             << "\n";
  }

  static std::string phaseList(Phase end) {
    std::string list;
    for (Phase phase : allPhases())
      if (phase != end)
        list += (list.empty() ? "" : ", ") + phaseName(phase).str();
    return list;
  }

  /// Leaves what it was where the option is not given.
  void readTarget(OptionId option, std::string &result) {
    std::string target = text(option);
    if (target.empty())
      return;
    result = target;
    if (target != nativeTarget && none_of(cpuTargets(), [&](const CpuTarget &one) { return one.name == target; })) {
      raw_ostream &out = fail() << "there is no target `" << target << "`; there are " << nativeTarget;
      for (const CpuTarget &one : cpuTargets())
        out << (&one == &cpuTargets().back() ? " and " : ", ") << one.name;
      out << "\n";
    }
  }

  void readInstructions() {
    readTarget(OPT_instructions, options.instructions);
    if (failed || options.instructions != nativeTarget)
      return;
    std::optional<CpuTarget> here = resolveTarget(nativeTarget, errors);
    failed |= !here;
    options.instructions = here ? here->name.str() : "";
  }

  void readCompilation() {
    readTarget(OPT_target, options.target);
    readInstructions();
    std::string memory = text(OPT_memory);
    if (!memory.empty() && memory != "fast" && memory != "small")
      fail() << "`--memory=" << memory << "` is neither `fast` nor `small`\n";
    options.pipeline.smallMemory = memory == "small";
    options.pipeline.winograd = !args.hasArg(OPT_no_winograd);
    // The first two promise the bits of plain sums.
    options.tiles = options.pipeline.winograd && !options.pipeline.smallMemory && options.instructions.empty() && !args.hasArg(OPT_no_tiles);
    options.noCache = args.hasArg(OPT_no_cache);
    options.cacheDir = text(OPT_cache_dir);
    readJobs();
    readBudget();
    readMemoryLimit();
    readThreads();
  }

  void readJobs() {
    std::string jobs = text(OPT_jobs);
    if (!jobs.empty() && (StringRef(jobs).getAsInteger(10, options.jobs) || options.jobs == 0 || options.jobs > 1024))
      fail() << "`--jobs=" << jobs << "` is no number from 1 to 1024\n";
  }

  void readThreads() {
    std::string threads = text(OPT_threads);
    unsigned &count = options.pipeline.threads;
    if (!threads.empty() && (StringRef(threads).getAsInteger(10, count) || count == 0 || count > mostThreads))
      fail() << "`--threads=" << threads << "` is no number from 1 to " << mostThreads << "\n";
  }

  void readBudget() {
    std::string ratio = text(OPT_weights_budget);
    double &budget = options.pipeline.weightsBudget;
    if (!ratio.empty() && (StringRef(ratio).getAsDouble(budget) || !(budget >= 1 && budget <= 100)))
      fail() << "`--weights-budget=" << ratio << "` is no ratio from 1 to 100\n";
  }

  void readMemoryLimit() {
    std::string size = text(OPT_memory_limit);
    if (size.empty())
      return;
    std::optional<int64_t> limit = parseSize(size);
    if (!limit)
      fail() << "`--memory-limit=" << size << "` is no size such as `8MiB`\n";
    options.pipeline.memoryLimitBytes = limit.value_or(0);
  }

  const InputArgList &args;
  raw_ostream &errors;
  DriverOptions options;
  bool failed = false;
};

bool reportUnknown(const WeftOptTable &table, const InputArgList &args, raw_ostream &errors) {
  bool any = false;
  for (const Arg *arg : args.filtered(OPT_UNKNOWN)) {
    any = true;
    std::string spelling = arg->getAsString(args), nearest;
    errors << "weftc: error: there is no option `" << spelling << "`";
    if (table.findNearest(spelling, nearest) <= 3)
      errors << "; did you mean `" << nearest << "`?";
    errors << "\n";
  }
  return any;
}

} // namespace

std::optional<DriverOptions> parseDriverOptions(int argc, char **argv, raw_ostream &errors) {
  WeftOptTable table;
  unsigned missingIndex = 0, missingCount = 0;
  InputArgList args = table.ParseArgs(ArrayRef<const char *>(argv + 1, argc - 1), missingIndex, missingCount);
  if (missingCount) {
    errors << "weftc: error: `" << args.getArgString(missingIndex) << "` needs a value\n";
    return std::nullopt;
  }
  bool unknown = reportUnknown(table, args, errors);
  auto options = OptionReader(args, errors).read();
  return unknown ? std::nullopt : std::move(options);
}

void printDriverHelp(raw_ostream &out) {
  WeftOptTable().printHelp(out, "weftc MODEL.weft|MODEL.onnx|zoo:NET [options]", "weft: networks to binaries", false,
                           false);
  out << "\nPHASES (--stop-after, --start-from and --emit take all but the last):\n";
  for (Phase phase : allPhases())
    out << "  " << llvm::left_justify(phaseName(phase), 10) << phaseSentence(phase) << "\n";
  out << "\nEXAMPLES:\n"
         "  weftc zoo:resnet50 --weights=resnet50.safetensors -o resnet50\n"
         "  weftc zoo:resnet50 --emit=summary --device-memory=5GB   # parameters, multiply-adds, memory, a layer a "
         "row\n"
         "  weftc net.weft --weights=random:1 --emit=lib -o out/     # out/NAME.a, NAME.h, NAME.weights\n"
         "  weftc zoo:resnet50 --stop-after=fuse --emit=svg -o net.svg # the kernels as boxes\n"
         "  weftc net.weft --emit=halide -o -                        # the kernels as Halide C++\n"
         "  weftc net.weft --weights=random:1 --dump-dir=ir          # the IR after every phase and pass\n"
         "\nEXIT STATUS: 0 done, 1 bad input or no place for an output, 2 bad usage, 3 a bug in weftc\n";
}

} // namespace weft
