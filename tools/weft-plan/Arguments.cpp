// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The options of weft-plan in one table, and their help.
#include "tools/weft-plan/Arguments.h"

#include "tools/weft-plan/Files.h"

#include <charconv>
#include <functional>
#include <map>

using namespace weft::plan_tool;

const char *const weft::plan_tool::helpText =
    R"(usage: weft-plan [options] PROBLEM.csv

Gives every buffer of a problem an offset, so that buffers alive at the same time share no byte and the arena is small.

PROBLEM.csv (`-`: standard input) has a header and one buffer a line: `id,lower,upper,size`, alive in [lower, upper),
and where wanted `alignment`, `gaps` (`3-5 8-9`), `group` with `delta` (members of a group sit at fixed distances) and
`offset` (the buffer is there already). The same lines with `offset` come out.

  -o FILE           where the plan goes (default: standard output)
  --capacity SIZE   bytes there are, also as 64KiB, 8MiB, 1GiB; ends with the first plan that fits
  --minimize        with --capacity: go on to the smallest peak (without --capacity that is the aim anyway)
  --budget SECONDS  time to search for (default: 10); the best plan so far is taken when it is over
  --steps N         the same as a number of steps, which is equal on every machine
  --explain         say what is alive where most is alive, also when the plan fits
  --json FILE       solver time, peak, lower bound and more
  --svg FILE        a picture: time across, bytes up, names in tooltips
  -q, --quiet       no summary on standard error
  -h, --help        this text

FILE may be `-`, standard output. Files are complete or not there.
Exit status: 0 a plan, 1 no plan within the capacity or bad input, 2 bad usage, 3 a bug in weft-plan.

examples:
  weft-plan net.csv -o net.plan.csv
  weft-plan net.csv --capacity 1MiB --budget 2 --explain
  weft-plan net.csv --json - --svg net.svg -o net.plan.csv
)";

namespace {

std::string quoted(const std::string &text) { return "`" + text + "`"; }

bool parseBytes(const std::string &text, int64_t &bytes) {
  static const std::map<std::string, int> shifts = {{"", 0},   {"B", 0},    {"K", 10}, {"KiB", 10},
                                                    {"M", 20}, {"MiB", 20}, {"G", 30}, {"GiB", 30}};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  auto shift = shifts.find(std::string(end, text.data() + text.size()));
  if (error != std::errc() || shift == shifts.end() || bytes < 0 || bytes > (INT64_MAX >> shift->second))
    return false;
  bytes <<= shift->second;
  return true;
}

bool parseSeconds(const std::string &text, double &seconds) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() && seconds >= 0 && seconds <= 1e6;
}

bool parseCount(const std::string &text, int64_t &count) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0;
}

/// No output may replace the problem or another output.
std::optional<std::string> sameFiles(const Arguments &arguments) {
  const std::pair<const char *, std::string> files[] = {{"the problem", arguments.input},
                                                        {"`-o`", arguments.output},
                                                        {"`--json`", arguments.json},
                                                        {"`--svg`", arguments.svg}};
  for (const auto &[what, file] : files)
    for (const auto *other = files; other->first != what; ++other)
      if (isSameFile(file, other->second))
        return std::string(what) + " and " + other->first + " name the same file, " + quoted(file);
  return std::nullopt;
}

} // namespace

std::optional<std::string> weft::plan_tool::parseArguments(const std::vector<std::string> &words,
                                                           Arguments &arguments) {
  using Take = std::function<bool(const std::string &)>;
  struct Valued {
    const char *expects;
    Take take;
  };
  const std::map<std::string, Valued> valued = {
      {"-o",
       {"a file",
        [&](const std::string &v) {
          arguments.outputGiven = true;
          arguments.output = v;
          return !v.empty();
        }}},
      {"--capacity",
       {"a size such as 1048576 or 8MiB",
        [&](const std::string &v) {
          arguments.capacity.emplace();
          return parseBytes(v, *arguments.capacity);
        }}},
      {"--budget",
       {"a number of seconds", [&](const std::string &v) { return parseSeconds(v, arguments.budgetSeconds); }}},
      {"--steps", {"a positive number", [&](const std::string &v) { return parseCount(v, arguments.stepLimit); }}},
      {"--json", {"a file or `-`", [&](const std::string &v) { return !(arguments.json = v).empty(); }}},
      {"--svg", {"a file or `-`", [&](const std::string &v) { return !(arguments.svg = v).empty(); }}}};
  const std::map<std::string, bool *> flags = {{"--minimize", &arguments.minimize}, {"--explain", &arguments.explain},
                                               {"--quiet", &arguments.quiet},       {"-q", &arguments.quiet},
                                               {"--help", &arguments.help},         {"-h", &arguments.help}};

  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    std::optional<std::string> value;
    if (size_t equals = word.find('='); word.substr(0, 2) == "--" && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    if (auto flag = flags.find(word); flag != flags.end()) {
      if (value)
        return quoted(word) + " takes no value";
      *flag->second = true;
    } else if (auto option = valued.find(word); option != valued.end()) {
      if (!value && i + 1 < words.size())
        value = words[++i];
      if (!value)
        return quoted(word) + " expects " + option->second.expects;
      if (!option->second.take(*value))
        return quoted(word) + " expects " + option->second.expects + ", not " + quoted(*value);
    } else if (word.size() > 1 && word[0] == '-') {
      return "there is no option " + quoted(word) + "; see `weft-plan --help`";
    } else if (!arguments.input.empty()) {
      return "one problem at a time, not " + quoted(arguments.input) + " and " + quoted(word);
    } else {
      arguments.input = word;
    }
  }
  if (arguments.help)
    return std::nullopt;
  if (arguments.input.empty())
    return "no problem given; see `weft-plan --help`";
  int standardOutputs =
      (arguments.json == "-") + (arguments.svg == "-") + (arguments.outputGiven && arguments.output == "-");
  if (standardOutputs > 1)
    return "only one of `-o`, `--json` and `--svg` can be `-`";
  if (!arguments.outputGiven && standardOutputs == 1)
    arguments.output.clear(); // standard output is taken, and a plan was not asked for by name
  return sameFiles(arguments);
}
