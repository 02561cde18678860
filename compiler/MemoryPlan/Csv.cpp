// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Cells, then columns, then buffers; each complaint names its line.
#include "compiler/MemoryPlan/Csv.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>

using namespace weft::memplan;

namespace {

constexpr size_t mostErrors = 10;

enum class Column : uint8_t { Id, Lower, Upper, End, Size, Alignment, Gaps, Group, Delta, Offset };

const std::map<std::string_view, Column> columnNames = {
    {"id", Column::Id},       {"buffer", Column::Id},    {"buffer_id", Column::Id}, {"lower", Column::Lower},
    {"begin", Column::Lower}, {"start", Column::Lower},  {"upper", Column::Upper},  {"end", Column::End},
    {"size", Column::Size},   {"gaps", Column::Gaps},    {"group", Column::Group},  {"alignment", Column::Alignment},
    {"delta", Column::Delta}, {"offset", Column::Offset}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// For messages: short, and without bytes a terminal would act on.
std::string shown(std::string_view text) {
  std::string result;
  for (char c : text.substr(0, 40))
    result += c >= 32 && c < 127 ? c : '?';
  return "`" + result + (text.size() > 40 ? "..." : "") + "`";
}

bool parseNumber(std::string_view text, int64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

class Parser {
public:
  explicit Parser(std::string_view text) : rest(text) {}

  Csv run() {
    std::vector<std::string> cells;
    while (csv.errors.size() < mostErrors && nextLine(cells)) {
      if (cells.size() == 1 && trim(cells[0]).empty())
        continue;
      if (csv.header.empty())
        readHeader(cells);
      else
        readRow(cells);
      if (fatal)
        break;
    }
    if (csv.header.empty() && csv.errors.empty())
      csv.errors.push_back("the file is empty; its first line names the columns: `id,lower,upper,size`");
    return std::move(csv);
  }

private:
  void complain(std::string text) { csv.errors.push_back("line " + std::to_string(line) + ": " + std::move(text)); }

  /// Splits off one line. Cells may be quoted, with quotes doubled inside; a quoted cell ends with its line.
  bool nextLine(std::vector<std::string> &cells) {
    if (rest.empty())
      return false;
    ++line;
    std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    if (!text.empty() && text.back() == '\r')
      text.remove_suffix(1);
    if (line == 1 && text.substr(0, 3) == "\xef\xbb\xbf")
      text.remove_prefix(3);
    if (text.find('\0') != std::string_view::npos) {
      complain("there is a zero byte; this is not a text file");
      fatal = true;
    }
    cells.assign(1, "");
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"')
        cells.back() += text[++i];
      else if (c == '"' && (quoted || trim(cells.back()).empty()))
        quoted = !quoted;
      else if (c == ',' && !quoted)
        cells.emplace_back();
      else
        cells.back() += c;
    }
    if (quoted)
      complain("a quoted cell has no end");
    return true;
  }

  void readHeader(const std::vector<std::string> &cells) {
    csv.header = cells;
    for (size_t i = 0; i < cells.size(); ++i)
      if (auto it = columnNames.find(trim(cells[i])); it != columnNames.end())
        if (!columns.emplace(it->second, i).second)
          complain("column " + shown(cells[i]) + " is there twice");
    auto require = [&](bool there, const char *names) {
      if (!there)
        complain(std::string("there is no column ") + names);
    };
    require(columns.count(Column::Id), "`id` (or `buffer`, `buffer_id`)");
    require(columns.count(Column::Lower), "`lower` (or `begin`, `start`)");
    require(columns.count(Column::Upper) + columns.count(Column::End) == 1, "`upper`, or `end`, exactly one of them");
    require(columns.count(Column::Size), "`size`");
    fatal = !csv.errors.empty();
  }

  std::string_view cell(Column column) const {
    auto it = columns.find(column);
    return it == columns.end() ? std::string_view() : trim((*row)[it->second]);
  }

  int64_t number(Column column, std::optional<int64_t> otherwise = std::nullopt) {
    std::string_view text = cell(column);
    int64_t value = 0;
    if (text.empty() && otherwise)
      return *otherwise;
    if (!parseNumber(text, value))
      complain(shown(csv.header[columns.at(column)]) + " is " + shown(text) +
               ", not a whole number of at most 63 bits");
    return value;
  }

  void readRow(const std::vector<std::string> &cells) {
    if (cells.size() != csv.header.size()) {
      complain("there are " + std::to_string(cells.size()) + " cells, but " + std::to_string(csv.header.size()) +
               " columns");
      return;
    }
    csv.rows.push_back(cells);
    row = &csv.rows.back();
    Buffer buffer;
    buffer.name = cell(Column::Id);
    buffer.lower = number(Column::Lower);
    bool inclusive = columns.count(Column::End);
    buffer.upper = pastEnd(number(inclusive ? Column::End : Column::Upper), inclusive);
    buffer.size = number(Column::Size);
    buffer.alignment = number(Column::Alignment, 1);
    readGaps(buffer, inclusive);
    readGroup(buffer);
    if (!cell(Column::Offset).empty())
      buffer.pinned = number(Column::Offset);
    csv.problem.buffers.push_back(std::move(buffer));
  }

  static int64_t pastEnd(int64_t value, bool inclusive) {
    return inclusive && value < std::numeric_limits<int64_t>::max() ? value + 1 : value;
  }

  void readGaps(Buffer &buffer, bool inclusive) {
    std::string_view text = cell(Column::Gaps);
    while (!text.empty()) {
      std::string_view word = text.substr(0, text.find(' '));
      text = trim(text.substr(word.size()));
      Gap gap;
      std::string_view times = word.substr(0, word.find('@'));
      bool good = parsePair(times, '-', gap.lower, gap.upper);
      gap.upper = pastEnd(gap.upper, inclusive);
      if (times.size() < word.size()) {
        gap.window.emplace();
        good &= parsePair(word.substr(times.size() + 1), ':', gap.window->lower, gap.window->upper);
      }
      if (!good)
        complain("gap " + shown(word) + " is not of the form `3-5` or `3-5@0:64`");
      buffer.gaps.push_back(gap);
    }
  }

  static bool parsePair(std::string_view text, char separator, int64_t &first, int64_t &second) {
    size_t at = text.find(separator, 1); // a first number may begin with a minus sign
    return at != std::string_view::npos && parseNumber(text.substr(0, at), first) &&
           parseNumber(text.substr(at + 1), second);
  }

  void readGroup(Buffer &buffer) {
    std::string_view name = cell(Column::Group);
    if (name.empty())
      return;
    auto [it, isNew] = groups.emplace(std::string(name), static_cast<int>(groups.size()));
    if (isNew)
      csv.problem.groups.emplace_back(name);
    buffer.group = it->second;
    buffer.delta = number(Column::Delta, 0);
  }

  std::string_view rest;
  Csv csv;
  int64_t line = 0;
  bool fatal = false;
  std::map<Column, size_t> columns;
  std::unordered_map<std::string, int> groups;
  const std::vector<std::string> *row = nullptr;
};

void printCell(const std::string &cell, std::string &out) {
  if (cell.find_first_of(",\"") == std::string::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (char c : cell)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  out += '"';
}

} // namespace

Csv weft::memplan::parseCsv(std::string_view text) { return Parser(text).run(); }

std::string weft::memplan::printCsv(const Csv &csv, const Solution &solution) {
  auto isOffset = [](const std::string &name) { return trim(name) == "offset"; };
  size_t column = std::find_if(csv.header.begin(), csv.header.end(), isOffset) - csv.header.begin();
  std::string out;
  auto print = [&](std::vector<std::string> cells, const std::string &offset) {
    cells.resize(std::max(cells.size(), column + 1));
    cells[column] = offset;
    for (size_t i = 0; i < cells.size(); ++i) {
      out += i ? "," : "";
      printCell(cells[i], out);
    }
    out += "\n";
  };
  print(csv.header, "offset");
  for (size_t i = 0; i < csv.rows.size(); ++i)
    print(csv.rows[i], std::to_string(solution.offsets[i]));
  return out;
}
