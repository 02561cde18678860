// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Every model with every combination of settings is loaded in a compilation of its own; nothing but its numbers is kept.

#include "compiler/Driver/Summaries.h"

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Driver.h"
#include "compiler/Summary/Print.h"
#include "compiler/Support/Files.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace weft {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
constexpr size_t mostRows = 10'000;

/// Parts between commas outside brackets: "1,2,[3, 4]" is three values.
std::vector<std::string> valuesOf(llvm::StringRef text) {
  std::vector<std::string> values(1);
  int depth = 0;
  for (char c : text) {
    depth += c == '[' || c == '(';
    depth -= c == ']' || c == ')';
    if (c == ',' && depth <= 0)
      values.emplace_back();
    else
      values.back() += c;
  }
  return values;
}

/// A setting with several values multiplies the rows; `varied` names it.
std::vector<Settings> combinations(const Settings &given, std::vector<std::string> &varied) {
  std::vector<Settings> all(1);
  for (const auto &[name, text] : given) {
    std::vector<std::string> values = valuesOf(text);
    if (values.size() > 1)
      varied.push_back(name);
    std::vector<Settings> next;
    for (const Settings &settings : all)
      for (const std::string &value : values) {
        next.push_back(settings);
        next.back().emplace_back(name, value);
      }
    all = std::move(next);
    if (all.size() > mostRows)
      break;
  }
  return all;
}

std::string labelOf(llvm::StringRef input, const Settings &settings, llvm::ArrayRef<std::string> varied) {
  std::string label = input.consume_front("zoo:") ? input.str() : llvm::sys::path::stem(input).str();
  for (const auto &[name, value] : settings)
    if (llvm::is_contained(varied, name))
      label += " " + name + "=" + value;
  return label;
}

int fail(const std::string &text, ExitCode code) {
  llvm::errs() << "weftc: error: " << text << "\n";
  return code;
}

int write(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (llvm::Error error = writeFile(path, print))
    return fail(llvm::toString(std::move(error)), UserError);
  return Success;
}

int print(const DriverOptions &options, llvm::ArrayRef<NamedSummary> networks) {
  std::string path = options.output.empty() ? "-" : options.output;
  auto csv = [&](llvm::raw_ostream &out) { printCsv(networks, options.deviceBytes, out); };
  auto text = [&](llvm::raw_ostream &out) {
    options.csv ? csv(out) : printText(networks, options.deviceBytes, out);
  };
  auto json = [&](llvm::raw_ostream &out) { printJson(networks, options.deviceBytes, out); };
  if (!options.json.empty())
    if (int code = write(options.json, json))
      return code;
  if (!options.csvFile.empty())
    if (int code = write(options.csvFile, csv))
      return code;
  bool taken = path == "-" && (options.json == "-" || options.csvFile == "-"); // one stream, one kind of text
  return taken ? Success : write(path, text);
}

} // namespace

int runSummaries(const DriverOptions &options) {
  std::vector<std::string> inputs{options.input}, varied;
  inputs.insert(inputs.end(), options.moreInputs.begin(), options.moreInputs.end());
  std::vector<Settings> rows = combinations(options.settings, varied);
  if (rows.size() * inputs.size() > mostRows)
    return fail("the values of `--set` make more than 10,000 rows", UsageError);
  std::vector<NamedSummary> networks;
  for (const std::string &input : inputs)
    for (const Settings &settings : rows) {
      DriverOptions one = options;
      one.input = input;
      one.settings = settings;
      std::optional<NetworkSummary> network = Compilation(std::move(one)).summary();
      if (!network)
        return UserError;
      networks.push_back({labelOf(input, settings, varied), std::move(*network)});
    }
  return print(options, networks);
}

} // namespace weft
