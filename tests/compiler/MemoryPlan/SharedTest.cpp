// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The published instances beside the tree: each planned as small as known to be possible, in the time promised. Time is
// the processor time of this thread, so that a busy machine does not fail the test.
#include "compiler/MemoryPlan/Csv.h"
#include "compiler/MemoryPlan/Order.h"
#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/Validate.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

using namespace weft::memplan;
namespace fs = std::filesystem;

namespace {

const fs::path shared = WEFT_SHARED_MEMPLAN;

double processorSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string readText(const fs::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> filesIn(const char *folder, const char *extension) {
  std::vector<fs::path> files;
  if (fs::is_directory(shared / folder))
    for (const fs::directory_entry &entry : fs::directory_iterator(shared / folder))
      if (entry.path().extension() == extension)
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

#define SKIP_WITHOUT(files)                                                                                            \
  if ((files).empty())                                                                                                 \
  GTEST_SKIP() << "no instances under " << shared

/// Sanitizers and unoptimised builds are slower; they check the plans, not the time.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr double patience = 20;
#else
constexpr double patience = 1;
#endif
#else
constexpr double patience = 1;
#endif

struct Planned {
  Result result;
  double seconds = 0;
};

Planned planFile(const fs::path &path, Options options) {
  Csv csv = parseCsv(readText(path));
  EXPECT_TRUE(csv.errors.empty());
  Planned planned;
  double start = processorSeconds();
  planned.result = solve(csv.problem, options);
  planned.seconds = processorSeconds() - start;
  for (const std::string &finding : validate(csv.problem, planned.result.solution))
    ADD_FAILURE() << path.filename() << ": " << finding;
  return planned;
}

TEST(Shared, ChallengingFitTheirCapacity) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  double total = 0;
  for (const fs::path &path : files) {
    Planned planned = planFile(path, {.budgetSeconds = 60, .capacity = 1 << 20});
    EXPECT_TRUE(planned.result.fits) << path.filename();
    EXPECT_LE(planned.seconds, 2.5 * patience) << path.filename();
    total += planned.seconds;
  }
  EXPECT_LE(total, 10 * patience);
  RecordProperty("seconds", std::to_string(total));
}

TEST(Shared, CIsPackedAtItsLowerBound) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  EXPECT_EQ(planFile(shared / "challenging" / "C.1048576.csv", {.budgetSeconds = 60}).result.peak, 1'039'360);
}

TEST(Shared, AGoodPlanComesAtOnce) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    // Steps of the search stand for time here: so many take less than 50 ms.
    Planned planned = planFile(path, {.budgetSeconds = 60, .stepLimit = 8000});
    EXPECT_LE(static_cast<double>(planned.result.peak), 1.15 * static_cast<double>(planned.result.lowerBound))
        << path.filename();
    EXPECT_LE(planned.seconds, 0.2 * patience) << path.filename();
  }
}

TEST(Shared, LargeOnesReachTheirBound) {
  std::vector<fs::path> files = filesIn("large", ".csv");
  SKIP_WITHOUT(files);
  const std::map<std::string, double> worst = {{"resnet50", 1}, {"G_1", 1}, {"S_1", 1.015}};
  for (const fs::path &path : files) {
    auto ratio = worst.find(path.stem().string());
    Planned planned = planFile(path, {.budgetSeconds = 10});
    EXPECT_LE(static_cast<double>(planned.result.peak),
              (ratio == worst.end() ? 1.02 : ratio->second) * static_cast<double>(planned.result.lowerBound))
        << path.filename();
    EXPECT_LE(planned.seconds, (planned.result.provenOptimal ? 1 : 11) * patience) << path.filename();
  }
}

TEST(Shared, ZooReachesItsBound) {
  std::vector<fs::path> files = filesIn("zoo", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    Planned planned = planFile(path, {.budgetSeconds = 10});
    EXPECT_EQ(planned.result.peak, planned.result.lowerBound) << path.filename();
    EXPECT_LE(planned.seconds, 0.01 * patience) << path.filename();
  }
}

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

/// As much of JSON as the shared files hold: objects, arrays, strings without escapes, whole numbers.
struct Json {
  std::map<std::string, Json> fields;
  std::vector<Json> elements;
  std::string text;
  int64_t number = 0;
};

class JsonReader {
public:
  explicit JsonReader(const std::string &text) : text(text) {}

  Json read() {
    Json value;
    char c = peek();
    if (c == '{') {
      list('}', [&] {
        std::string key = string();
        expect(':');
        value.fields[key] = read();
      });
    } else if (c == '[') {
      list(']', [&] { value.elements.push_back(read()); });
    } else if (c == '"') {
      value.text = string();
    } else {
      size_t used = 0;
      value.number = std::stoll(text.substr(at, 24), &used);
      at += used;
    }
    return value;
  }

private:
  char peek() {
    at = text.find_first_not_of(" \n\r\t", at);
    return text.at(at);
  }
  void expect(char c) {
    if (peek() != c)
      throw std::runtime_error("unexpected JSON");
    ++at;
  }
  std::string string() {
    expect('"');
    size_t end = text.find('"', at);
    std::string result = text.substr(at, end - at);
    at = end + 1;
    return result;
  }
  template <typename Element> void list(char close, Element element) {
    ++at;
    while (peek() != close) {
      element();
      if (peek() == ',')
        ++at;
    }
    ++at;
  }

  const std::string &text;
  size_t at = 0;
};

OrderProblem orderProblemFrom(const Json &json) {
  OrderProblem problem;
  std::map<std::string, int> index;
  auto storage = [&](const std::string &name) {
    auto [it, isNew] = index.emplace(name, static_cast<int>(problem.sizes.size()));
    if (isNew) {
      auto size = json.fields.at("sizes").fields.find(name);
      problem.sizes.push_back(size == json.fields.at("sizes").fields.end() ? 0 : size->second.number);
    }
    return it->second;
  };
  for (const Json &op : json.fields.at("ops").elements) {
    OrderProblem::Operation operation;
    for (const Json &name : op.fields.at("reads").elements)
      operation.reads.push_back(storage(name.text));
    for (const Json &name : op.fields.at("writes").elements)
      operation.writes.push_back(storage(name.text));
    for (const Json &before : op.fields.at("deps").elements)
      operation.after.push_back(static_cast<int>(before.number));
    problem.operations.push_back(operation);
  }
  return problem;
}

TEST(Shared, OrdersReachTheBestKnownPeak) {
  std::vector<fs::path> files = filesIn("orders", ".json");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    std::string text = readText(path);
    Json json = JsonReader(text).read();
    OrderProblem problem = orderProblemFrom(json);
    ASSERT_TRUE(check(problem).empty());
    std::vector<int> best;
    for (const Json &operation : json.fields.at("best_order").elements)
      best.push_back(static_cast<int>(operation.number));
    EXPECT_EQ(orderPeakBytes(problem, best), json.fields.at("best_peak").number) << "the file and we count differently";

    double start = processorSeconds();
    OrderResult result = chooseOrder(problem, {.budgetSeconds = 0.2 * patience});
    EXPECT_LE(processorSeconds() - start, 0.2 * patience);
    EXPECT_TRUE(isOrder(problem, result.order));
    EXPECT_LE(result.peak, json.fields.at("best_peak").number) << path.filename();
  }
}

} // namespace
