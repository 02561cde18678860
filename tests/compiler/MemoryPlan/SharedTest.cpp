// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The published instances beside the tree: each planned as small as known to be possible, with as much work as the time
// promised allows. Work is counted in steps of the search, which are equal on every machine; one takes 1 to 5 us.
#include "compiler/MemoryPlan/Csv.h"
#include "compiler/MemoryPlan/Order.h"
#include "compiler/MemoryPlan/Solve.h"
#include "compiler/MemoryPlan/Validate.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>

using namespace weft::memplan;
namespace fs = std::filesystem;

namespace {

const fs::path shared = WEFT_SHARED_MEMPLAN;

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

Result plan(const Problem &problem, const std::string &name, Options options) {
  options.budgetSeconds = 600; // a last resort: the step limit decides
  Result result = solve(problem, options);
  for (const std::string &finding : validate(problem, result.solution))
    ADD_FAILURE() << name << ": " << finding;
  return result;
}

Problem readProblem(const fs::path &path) {
  Csv csv = parseCsv(readText(path));
  EXPECT_TRUE(csv.errors.empty()) << path;
  return csv.problem;
}

Result planFile(const fs::path &path, Options options) { return plan(readProblem(path), path.filename(), options); }

/// Time run backwards, buffers listed in another order: the same plans exist, but the search meets them differently.
Problem mirrored(Problem problem, uint32_t seed) {
  for (Buffer &buffer : problem.buffers) {
    std::swap(buffer.lower, buffer.upper);
    buffer.lower = -buffer.lower;
    buffer.upper = -buffer.upper;
    EXPECT_TRUE(buffer.gaps.empty());
  }
  std::mt19937 random(seed);
  for (size_t i = problem.buffers.size(); i > 1; --i)
    std::swap(problem.buffers[i - 1], problem.buffers[random() % i]);
  return problem;
}

TEST(Shared, ChallengingFitTheirCapacity) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  int64_t total = 0;
  for (const fs::path &path : files) {
    Result result = planFile(path, {.stepLimit = 500'000, .capacity = 1 << 20});
    EXPECT_TRUE(result.fits) << path.filename();
    total += result.steps;
  }
  EXPECT_LE(total, 2'000'000);
}

TEST(Shared, ChallengingFitInOtherForms) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files)
    for (uint32_t seed : {1, 2}) {
      Result result =
          plan(mirrored(readProblem(path), seed), path.filename(), {.stepLimit = 2'000'000, .capacity = 1 << 20});
      EXPECT_TRUE(result.fits) << path.filename() << ", mirrored, order " << seed;
    }
}

TEST(Shared, CIsPackedAtItsLowerBound) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  EXPECT_EQ(planFile(shared / "challenging" / "C.1048576.csv", {.stepLimit = 2'000'000}).peak, 1'039'360);
}

TEST(Shared, AGoodPlanComesAtOnce) {
  std::vector<fs::path> files = filesIn("challenging", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    Result result = planFile(path, {.stepLimit = 8000});
    EXPECT_LE(static_cast<double>(result.peak), 1.15 * static_cast<double>(result.lowerBound)) << path.filename();
  }
}

/// A step of first fit is a buffer placed: the bound is reached in the first orders.
TEST(Shared, LargeOnesReachTheirBound) {
  std::vector<fs::path> files = filesIn("large", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    Problem problem = readProblem(path);
    int64_t buffers = static_cast<int64_t>(problem.buffers.size());
    Result result = plan(problem, path.filename(), {.stepLimit = 10 * buffers});
    EXPECT_EQ(result.peak, result.lowerBound) << path.filename();
  }
}

/// The largest twice, one after the other, the second in other sizes, and a part of it once more in between: two
/// moments of nearly the most memory, and huge buffers beside them.
TEST(Shared, TwiceTheLargestIsNearItsBound) {
  if (!fs::exists(shared / "large" / "S_1.csv"))
    GTEST_SKIP() << "no instances under " << shared;
  Problem once = readProblem(shared / "large" / "S_1.csv"), problem = once;
  int64_t time = 0;
  for (const Buffer &buffer : once.buffers)
    time = std::max(time, buffer.upper);
  std::mt19937 random(3);
  auto add = [&](Buffer buffer, int64_t later, double scale, const char *suffix) {
    buffer.name += suffix;
    buffer.lower += later, buffer.upper += later;
    buffer.size = static_cast<int64_t>(static_cast<double>(buffer.size) * scale);
    problem.buffers.push_back(buffer);
  };
  for (const Buffer &buffer : once.buffers) {
    add(buffer, time, 0.5 + random() / 4294967296.0, "b");
    if (random() % 6 == 0)
      add(buffer, time / 3, 1, "c");
  }
  int64_t buffers = static_cast<int64_t>(problem.buffers.size());
  Result result = plan(problem, "S_1 twice", {.stepLimit = 8 * buffers});
  EXPECT_LE(static_cast<double>(result.peak), 1.02 * static_cast<double>(result.lowerBound));
}

TEST(Shared, ZooReachesItsBound) {
  std::vector<fs::path> files = filesIn("zoo", ".csv");
  SKIP_WITHOUT(files);
  for (const fs::path &path : files) {
    Result result = planFile(path, {.stepLimit = 5000});
    EXPECT_EQ(result.peak, result.lowerBound) << path.filename();
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

    OrderResult result = chooseOrder(problem, {.budgetSeconds = 600, .stateLimit = 100'000});
    EXPECT_TRUE(isOrder(problem, result.order));
    EXPECT_LE(result.peak, json.fields.at("best_peak").number) << path.filename();
  }
}

} // namespace
