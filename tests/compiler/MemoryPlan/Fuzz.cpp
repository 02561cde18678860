// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Random problems, random files and random orders, with the validator as the judge, until the time is over. Prints the
// seed of what fails; `--seed N --rounds 1` runs that one alone.
//
//   memory-plan-fuzz [--seconds N] [--seed N] [--rounds N]
#include "compiler/MemoryPlan/Csv.h"
#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/Svg.h"
#include "compiler/MemoryPlan/Validate.h"
#include "tests/compiler/MemoryPlan/Instances.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

using namespace weft::memplan;

namespace {

void require(bool condition, const std::string &what) {
  if (condition)
    return;
  std::printf("FAILED: %s\n", what.c_str());
  std::exit(1);
}

void expectGood(const Problem &problem, const Options &options) {
  Result result = solve(problem, options);
  std::vector<std::string> findings = validate(problem, result.solution);
  require(findings.empty(), findings.empty() ? "" : "invalid plan: " + findings.front());
  require(result.peak == peakBytes(problem, result.solution), "the peak is not that of the plan");
  require(result.lowerBound <= result.peak, "the lower bound is above the peak");
  require(!options.capacity || result.fits == (result.peak <= *options.capacity), "`fits` is wrong");
  require(result.fits || !result.explanation.empty(), "no explanation");
}

void fuzzProblem(std::mt19937 &random) {
  Features features{random() % 2 == 0, random() % 2 == 0, random() % 2 == 0,
                    random() % 2 == 0, random() % 4 == 0, random() % 4 == 0};
  int buffers = 1 << random() % 8;
  int64_t times = 2 << random() % 7, bytes = int64_t(1) << random() % 30;
  Problem problem = randomProblem(random, buffers, times, bytes, features);
  require(check(problem).empty(), "the generator made a wrong problem");
  Options options;
  options.budgetSeconds = 1;
  options.stepLimit = 1 + random() % 3000;
  if (random() % 2)
    options.capacity = static_cast<int64_t>(random() % static_cast<uint64_t>(4 * bytes));
  options.minimize = random() % 2;
  expectGood(problem, options);
}

/// The problem as a file, with every column.
std::string textOf(const Problem &problem) {
  std::string text = "id,lower,upper,size,alignment,gaps,group,delta,offset\n";
  for (const Buffer &buffer : problem.buffers) {
    std::string gaps;
    for (const Gap &gap : buffer.gaps) {
      gaps += (gaps.empty() ? "" : " ") + std::to_string(gap.lower) + "-" + std::to_string(gap.upper);
      if (gap.window)
        gaps += "@" + std::to_string(gap.window->lower) + ":" + std::to_string(gap.window->upper);
    }
    text += buffer.name;
    for (int64_t number : {buffer.lower, buffer.upper, buffer.size, buffer.alignment})
      text += "," + std::to_string(number);
    text +=
        "," + gaps + "," + (buffer.group < 0 ? "," : problem.groups[buffer.group] + "," + std::to_string(buffer.delta));
    text += "," + (buffer.pinned ? std::to_string(*buffer.pinned) : "") + "\n";
  }
  return text;
}

/// A file reads back as what was written.
void fuzzFile(std::mt19937 &random) {
  Problem problem = randomProblem(random, 40, 60, 1000, {true, true, true, true, true, true});
  Csv csv = parseCsv(textOf(problem));
  require(csv.errors.empty(), csv.errors.empty() ? "" : "a good file is refused: " + csv.errors.front());
  // Groups are numbered as they appear, so compare their names.
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    Buffer written = problem.buffers[i], read = csv.problem.buffers[i];
    require((written.group < 0) == (read.group < 0), "a group is lost");
    require(written.group < 0 || problem.groups[written.group] == csv.problem.groups[read.group], "another group");
    written.group = read.group;
    if (read.group < 0)
      written.delta = read.delta;
    require(written == read, "`" + written.name + "` reads back as another buffer");
  }
}

/// A file with a few bytes changed: read and refused, or planned.
void fuzzText(std::mt19937 &random) {
  std::string text = "id,lower,upper,size,alignment,gaps,group,delta,offset\n"
                     "a,0,9,64,8,2-3 5-6@0:8,,,\nb,3,12,128,,,g,0,\nc,4,7,32,4,,g,128,\nd,0,3,16,,,,,256\n";
  if (random() % 2)
    text = textOf(randomProblem(random, 12, 30, int64_t(1) << random() % 40, {true, true, true, true, true, true}));
  static const char alphabet[] = "0123456789-,,\n\n@: \"-\0\xff"
                                 "abgx";
  for (int changes = static_cast<int>(random() % 6); changes >= 0; --changes) {
    size_t at = random() % text.size();
    char c = alphabet[random() % (sizeof alphabet - 1)];
    switch (random() % 4) {
    case 0:
      text.erase(at, 1 + random() % 4);
      break;
    case 1:
      text.insert(at, 1 + random() % 20, c);
      break;
    case 2:
      text += text.substr(at, 1 + random() % 80);
      break;
    default:
      text[at] = c;
    }
    if (text.empty())
      return;
  }
  Csv csv = parseCsv(text);
  if (!csv.errors.empty() || !check(csv.problem).empty())
    return;
  Options options;
  options.budgetSeconds = 1;
  options.stepLimit = 500;
  expectGood(csv.problem, options);
  Result result = solve(csv.problem, options);
  drawSvg(csv.problem, result.solution, result.lowerBound);
  Csv again = parseCsv(printCsv(csv, result.solution));
  require(again.errors.empty() && again.problem.buffers.size() == csv.problem.buffers.size(), "does not read back");
}

void fuzzOrder(std::mt19937 &random) {
  OrderProblem problem = randomOperations(random, 1 + static_cast<int>(random() % 80));
  require(check(problem).empty(), "the generator made a wrong order problem");
  OrderOptions options;
  options.budgetSeconds = 0.02;
  options.stateLimit = 1 + random() % 5000;
  OrderResult result = chooseOrder(problem, options);
  require(isOrder(problem, result.order), "not an order");
  std::vector<int> listed(problem.operations.size());
  std::iota(listed.begin(), listed.end(), 0);
  require(result.peak == orderPeakBytes(problem, result.order), "the peak is not that of the order");
  require(result.peak <= orderPeakBytes(problem, listed), "worse than listed");
}

} // namespace

int main(int argc, char **argv) {
  double seconds = 5;
  uint32_t seed = 1;
  int64_t rounds = INT64_MAX;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--seconds"))
      seconds = std::atof(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--seed"))
      seed = static_cast<uint32_t>(std::atoll(argv[i + 1]));
    else if (!std::strcmp(argv[i], "--rounds"))
      rounds = std::atoll(argv[i + 1]);
  }
  auto start = std::chrono::steady_clock::now();
  int64_t round = 0;
  for (; round < rounds; ++round, ++seed) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds)
      break;
    std::printf("\rseed %u", seed);
    std::fflush(stdout);
    std::mt19937 random(seed);
    switch (seed % 4) {
    case 0:
      fuzzFile(random);
      fuzzText(random);
      break;
    case 1:
      fuzzOrder(random);
      break;
    default:
      fuzzProblem(random);
    }
  }
  std::printf("\r%lld rounds, nothing wrong\n", static_cast<long long>(round));
  return 0;
}
