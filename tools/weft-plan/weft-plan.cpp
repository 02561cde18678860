// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The planner on its own: a problem in, a plan out, and what is known about it.
#include "compiler/MemoryPlan/Csv.h"
#include "compiler/MemoryPlan/Explain.h"
#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/Svg.h"
#include "compiler/MemoryPlan/Validate.h"
#include "tools/weft-plan/Arguments.h"
#include "tools/weft-plan/Files.h"

#include <algorithm>
#include <cstdio>

using namespace weft::memplan;
using namespace weft::plan_tool;

namespace {

enum Exit { Success = 0, UserError = 1, UsageError = 2, Bug = 3 };

Exit fail(Exit status, const std::string &text) {
  std::fprintf(stderr, "weft-plan: %s%s\n", status == Bug ? "a bug in weft-plan: " : "error: ", text.c_str());
  return status;
}

Exit failAll(const std::string &input, const std::vector<std::string> &errors) {
  constexpr size_t mostShown = 10;
  for (size_t i = 0; i < std::min(errors.size(), mostShown); ++i)
    std::fprintf(stderr, "%s: error: %s\n", input.c_str(), errors[i].c_str());
  if (errors.size() > mostShown)
    std::fprintf(stderr, "%s: and %zu more\n", input.c_str(), errors.size() - mostShown);
  return UserError;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

double ratio(const Result &result) {
  return result.lowerBound ? static_cast<double>(result.peak) / static_cast<double>(result.lowerBound) : 1;
}

std::string toJson(const Problem &problem, const Result &result, const Arguments &arguments) {
  auto boolean = [](bool value) { return value ? "true" : "false"; };
  std::string text = "{\n";
  text += "  \"buffers\": " + std::to_string(problem.buffers.size()) + ",\n";
  text += "  \"capacity\": " + (arguments.capacity ? std::to_string(*arguments.capacity) : "null") + ",\n";
  text += "  \"peak\": " + std::to_string(result.peak) + ",\n";
  text += "  \"lower_bound\": " + std::to_string(result.lowerBound) + ",\n";
  text += "  \"ratio\": " + number(ratio(result)) + ",\n";
  text += std::string("  \"fits\": ") + boolean(result.fits) + ",\n";
  text += std::string("  \"proven_optimal\": ") + boolean(result.provenOptimal) + ",\n";
  text += std::string("  \"proven_infeasible\": ") + boolean(result.provenInfeasible) + ",\n";
  text += "  \"found_by\": \"" + result.stage + "\",\n";
  text += "  \"steps\": " + std::to_string(result.steps) + ",\n";
  text += "  \"seconds\": " + number(result.seconds) + ",\n";
  text += "  \"seconds_to_best\": " + number(result.bestSeconds) + "\n}\n";
  return text;
}

void summarize(const Problem &problem, const Result &result) {
  std::fprintf(stderr, "%zu buffer%s, peak %lld bytes, lower bound %lld (%.4f)%s, %.3f s\n", problem.buffers.size(),
               problem.buffers.size() == 1 ? "" : "s", static_cast<long long>(result.peak),
               static_cast<long long>(result.lowerBound), ratio(result),
               result.provenOptimal ? ", the smallest possible" : "", result.seconds);
}

void explainPeak(const Problem &problem) {
  Crowd crowd = mostCrowded(problem);
  std::fprintf(stderr, "most is alive at time %lld: %lld bytes in %zu buffers\n", static_cast<long long>(crowd.time),
               static_cast<long long>(crowd.bytes), crowd.buffers.size());
  for (int i : crowd.buffers)
    std::fprintf(stderr, "  `%s`: %lld bytes, alive [%lld, %lld)\n", problem.buffers[i].name.c_str(),
                 static_cast<long long>(problem.buffers[i].size), static_cast<long long>(problem.buffers[i].lower),
                 static_cast<long long>(problem.buffers[i].upper));
}

/// What was asked for and can be said; the plan and its picture only where there is one.
Exit writeResults(const Csv &csv, const Result &result, const Arguments &arguments) {
  std::vector<std::pair<std::string, std::string>> files;
  if (!arguments.json.empty())
    files.emplace_back(arguments.json, toJson(csv.problem, result, arguments));
  if (!arguments.svg.empty())
    files.emplace_back(arguments.svg, drawSvg(csv.problem, result.solution, result.lowerBound, arguments.capacity));
  if (!arguments.output.empty() && result.fits)
    files.emplace_back(arguments.output, printCsv(csv, result.solution));
  for (const auto &[path, content] : files)
    if (std::optional<std::string> error = writeFile(path, content))
      return fail(UserError, *error);
  return result.fits ? Success : UserError;
}

Exit plan(const Arguments &arguments) {
  std::string error;
  std::optional<std::string> text = readFile(arguments.input, error);
  if (!text)
    return fail(UserError, error);
  Csv csv = parseCsv(*text);
  if (csv.errors.empty())
    csv.errors = check(csv.problem);
  if (!csv.errors.empty())
    return failAll(arguments.input, csv.errors);

  Options options;
  options.budgetSeconds = arguments.budgetSeconds;
  options.stepLimit = arguments.stepLimit;
  options.capacity = arguments.capacity;
  options.minimize = arguments.minimize;
  Result result = solve(csv.problem, options);
  std::optional<int64_t> bound = result.fits ? arguments.capacity : std::nullopt;
  if (std::vector<std::string> findings = validate(csv.problem, result.solution, bound); !findings.empty())
    return fail(Bug, "the plan is not valid: " + findings.front());
  if (!arguments.quiet)
    summarize(csv.problem, result);
  if (!result.fits)
    std::fprintf(stderr, "%s: error: %s", arguments.input.c_str(), result.explanation.c_str());
  else if (arguments.explain)
    explainPeak(csv.problem);
  return writeResults(csv, result, arguments);
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  if (std::optional<std::string> error = parseArguments({argv + 1, argv + argc}, arguments))
    return fail(UsageError, *error);
  if (arguments.help) {
    std::optional<std::string> error = writeFile("-", helpText);
    return error ? fail(UserError, *error) : Success;
  }
  return plan(arguments);
}
