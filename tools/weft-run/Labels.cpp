// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Class names as files of labels write them: plain, with a synset in front, with synonyms.

#include "tools/weft-run/Labels.h"

extern "C" {
#include "runtime/src/main/complain.h"
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>

namespace weft::run {
namespace {

constexpr size_t mostLabels = size_t(1) << 20;
/// Beyond these a proposal would take longer than it is worth.
constexpr size_t longestCompared = 128, mostCompared = 20000;

std::string trimmed(const std::string &text) {
  const size_t first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

bool isFirstWord(const std::string &line, const std::string &name) {
  return line.size() > name.size() && line.starts_with(name) && (line[name.size()] == ' ' || line[name.size()] == '\t');
}

bool isSynonym(const std::string &line, const std::string &name) {
  for (size_t at = 0; at <= line.size();) {
    const size_t comma = std::min(line.find(',', at), line.size());
    if (trimmed(line.substr(at, comma - at)) == name)
      return true;
    at = comma + 1;
  }
  return false;
}

} // namespace

size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

int Labels::read(const std::string &file) {
  std::ifstream stream(file);
  if (!stream)
    return weft_complain("cannot read `%s`: %s", file.c_str(), std::strerror(errno));
  for (std::string line; std::getline(stream, line);) {
    if (line.find('\0') != std::string::npos || line.size() > 4096 || names.size() == mostLabels)
      return weft_complain("`%s` is no list of labels: a name of at most 4096 characters a line, at most 2^20 lines",
                           file.c_str());
    names.push_back(trimmed(line));
  }
  while (!names.empty() && names.back().empty())
    names.pop_back();
  return names.empty() ? weft_complain("`%s` holds no label", file.c_str()) : 0;
}

std::string Labels::name(size_t number) const {
  return number < names.size() && !names[number].empty() ? names[number] : std::to_string(number);
}

std::optional<size_t> Labels::find(const std::string &name) const {
  auto only = [&](auto &&fits) -> std::optional<size_t> {
    const auto first = std::find_if(names.begin(), names.end(), fits);
    if (first == names.end() || std::find_if(first + 1, names.end(), fits) != names.end())
      return std::nullopt;
    return static_cast<size_t>(first - names.begin());
  };
  if (auto whole = only([&](const std::string &line) { return line == name; }))
    return whole;
  if (auto first = only([&](const std::string &line) { return isFirstWord(line, name); }))
    return first;
  return only([&](const std::string &line) { return isSynonym(line, name); });
}

std::string Labels::nearest(const std::string &name) const {
  std::string best;
  size_t least = name.size() / 2 + 1;
  if (name.size() > longestCompared || names.size() > mostCompared)
    return best;
  for (const std::string &line : names)
    if (line.size() > longestCompared)
      continue;
    else if (const size_t far = editDistance(line, name); far < least) {
      least = far;
      best = line;
    }
  return best;
}

} // namespace weft::run
