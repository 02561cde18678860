// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Rows and columns of text, printed aligned or as CSV.
#pragma once

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace weft::summary {

struct Cell {
  std::string text;  ///< for people: "138,357,544"
  std::string plain; ///< for CSV: "138357544"

  Cell() = default;
  Cell(std::string same) : text(same), plain(std::move(same)) {}
  Cell(const char *same) : Cell(std::string(same)) {}
  Cell(std::string text, std::string plain) : text(std::move(text)), plain(std::move(plain)) {}
  static Cell count(int64_t value);                  ///< with commas between thousands
  static Cell fixed(double value, unsigned digits);  ///< 0.25
};

class Table {
public:
  /// Columns are numbers, aligned to the right, unless named in `left`.
  explicit Table(std::vector<Cell> header, unsigned left = 1) : header(std::move(header)), left(left) {}
  void add(std::vector<Cell> row) { rows.push_back(std::move(row)); }
  void print(llvm::raw_ostream &out) const;
  void printCsv(llvm::raw_ostream &out) const;

private:
  std::vector<Cell> header;
  std::vector<std::vector<Cell>> rows;
  unsigned left; ///< so many of the first columns are text
};

/// "15,470,264,320"
std::string grouped(int64_t value);

} // namespace weft::summary
