// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Counting right and wrong answers, and saying so.

#include "tools/weft-run/Evaluation.h"

extern "C" {
#include "runtime/src/main/complain.h"
#include "runtime/src/main/output.h"
}

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace weft::run {
namespace {

constexpr size_t widestTable = 20, mostMistakes = 20;

/// Scores before this one in order: larger ones, and equal ones that come first.
size_t placeOf(const float *scores, size_t count, size_t label) {
  size_t place = 0;
  for (size_t i = 0; i < count; ++i)
    place += scores[i] > scores[label] || (scores[i] == scores[label] && i < label);
  return std::isnan(scores[label]) ? count : place;
}

size_t largest(const float *scores, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (scores[i] > scores[best] || std::isnan(scores[best]))
      best = i;
  return best;
}

/// In quotes where a comma or a quote would end the field.
std::string csvField(const std::string &text) {
  if (text.find_first_of(",\"\n") == std::string::npos)
    return text;
  std::string quoted = "\"";
  for (char c : text)
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

} // namespace

void Evaluation::take(const float *scores, size_t label) {
  const size_t place = placeOf(scores, classes, label);
  ++pictures;
  first += place == 0;
  firstFive += place < 5;
  ++confusion[{label, largest(scores, classes)}];
}

void Evaluation::print(const Labels &names) const {
  std::set<size_t> occurring;
  for (const auto &[pair, count] : confusion)
    occurring.insert({pair.first, pair.second});
  std::printf("pictures  %zu\n", pictures);
  std::printf("top-1     %.2f %% (%zu)\n", 100 * share(first), first);
  std::printf("top-5     %.2f %% (%zu)\n", 100 * share(firstFive), firstFive);
  if (occurring.size() <= widestTable)
    printTable(names, {occurring.begin(), occurring.end()});
  else
    printMistakes(names);
}

void Evaluation::printTable(const Labels &names, const std::vector<size_t> &occurring) const {
  std::printf("\nconfusion: a row a class, a column an answer\n%24s", "");
  for (size_t answer : occurring)
    std::printf(" %6zu", answer);
  for (size_t label : occurring) {
    std::printf("\n%6zu %-17.17s", label, names.name(label).c_str());
    for (size_t answer : occurring) {
      const auto found = confusion.find({label, answer});
      std::printf(" %6zu", found == confusion.end() ? 0 : found->second);
    }
  }
  std::printf("\n");
}

void Evaluation::printMistakes(const Labels &names) const {
  std::vector<std::pair<size_t, std::pair<size_t, size_t>>> mistakes;
  for (const auto &[pair, count] : confusion)
    if (pair.first != pair.second)
      mistakes.push_back({count, pair});
  std::sort(mistakes.begin(), mistakes.end(), [](auto &a, auto &b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::printf("\nconfusion: the most frequent mistakes, of %zu kinds (all: --confusion FILE.csv)\n", mistakes.size());
  mistakes.resize(std::min(mistakes.size(), mostMistakes));
  for (const auto &[count, pair] : mistakes)
    std::printf("%6zu  %s taken for %s\n", count, names.name(pair.first).c_str(), names.name(pair.second).c_str());
}

void Evaluation::printJson(FILE *stream) const {
  std::fprintf(stream, "\"pictures\": %zu,\n  \"top1\": %.6f,\n  \"top5\": %.6f,\n  \"confusion\": [", pictures,
               share(first), share(firstFive));
  const char *before = "";
  for (const auto &[pair, count] : confusion) {
    std::fprintf(stream, "%s[%zu, %zu, %zu]", before, pair.first, pair.second, count);
    before = ", ";
  }
  std::fputs("]", stream);
}

int Evaluation::writeCsv(const std::string &file, const Labels &names) const {
  weft_output output;
  if (weft_output_open(&output, file.c_str()) != 0)
    return 1;
  std::fputs("class", output.stream);
  for (size_t answer = 0; answer < classes; ++answer)
    std::fprintf(output.stream, ",%s", csvField(names.name(answer)).c_str());
  for (size_t label = 0; label < classes; ++label) {
    std::fprintf(output.stream, "\n%s", csvField(names.name(label)).c_str());
    auto next = confusion.lower_bound({label, 0});
    for (size_t answer = 0; answer < classes; ++answer) {
      const bool here = next != confusion.end() && next->first == std::pair(label, answer);
      std::fprintf(output.stream, ",%zu", here ? (next++)->second : 0);
    }
  }
  std::fputs("\n", output.stream);
  const int failed = weft_output_finish(&output) || weft_output_publish(&output);
  weft_output_drop(&output);
  return failed;
}

} // namespace weft::run
