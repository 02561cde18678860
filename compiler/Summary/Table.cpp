// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Columns as wide as their widest cell; CSV as RFC 4180 has it.

#include "compiler/Summary/Table.h"

#include "compiler/Support/Diagnostics.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Unicode.h"

namespace weft::summary {
namespace {

constexpr size_t widest = 200;

/// In columns of a terminal, so that names in any script are aligned.
unsigned widthOf(const std::string &text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : width;
}

std::string quoted(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos)
    return text;
  std::string result = "\"";
  for (char c : text)
    result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

} // namespace

std::string grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (size_t place = digits.size(); place > 3 && std::isdigit(static_cast<unsigned char>(digits[place - 4]));) {
    place -= 3;
    digits.insert(place, ",");
  }
  return digits;
}

Cell Cell::count(int64_t value) {
  Cell cell(grouped(value));
  cell.plain = std::to_string(value);
  return cell;
}

Cell Cell::fixed(double value, unsigned digits) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::formatv(digits == 1 ? "{0:f1}" : "{0:f2}", value);
  return Cell(text);
}

void Table::print(llvm::raw_ostream &out) const {
  std::vector<std::vector<std::string>> lines;
  auto addLine = [&](const std::vector<Cell> &row) {
    std::vector<std::string> &line = lines.emplace_back();
    for (const Cell &cell : row)
      line.push_back(printable(cell.text, widest));
  };
  addLine(header);
  for (const std::vector<Cell> &row : rows)
    addLine(row);
  std::vector<unsigned> widths(header.size());
  for (const auto &line : lines)
    for (size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], widthOf(line[c]));
  for (const auto &line : lines) {
    std::string text;
    for (size_t c = 0; c < line.size(); ++c) {
      std::string space(widths[c] - widthOf(line[c]), ' ');
      text += (c ? "  " : "") + (c < left ? line[c] + space : space + line[c]);
    }
    out << llvm::StringRef(text).rtrim(' ') << "\n";
  }
}

void Table::printCsv(llvm::raw_ostream &out) const {
  auto printLine = [&](const std::vector<Cell> &row) {
    for (size_t c = 0; c < row.size(); ++c)
      out << (c ? "," : "") << quoted(row[c].plain);
    out << "\n";
  };
  printLine(header);
  for (const std::vector<Cell> &row : rows)
    printLine(row);
}

} // namespace weft::summary
