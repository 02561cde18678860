// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How often a classifier is right, and what it takes for what: --eval.
#pragma once

#include "tools/weft-run/Labels.h"

#include <map>
#include <string>

namespace weft::run {

class Evaluation {
public:
  explicit Evaluation(size_t classes) : classes(classes) {}

  /// One picture's scores, `classes` of them, and the class it belongs to. The largest score is the answer; of equal ones
  /// the first. A score that is no number is never among the best.
  void take(const float *scores, size_t label);

  /// Counts, top-1, top-5, and the confusion table: whole where at most 20 classes occur, else its most frequent
  /// mistakes.
  void print(const Labels &names) const;
  /// `"top1": ..., "confusion": [[class, answer, count], ...]`, without braces.
  void printJson(FILE *stream) const;
  /// The table with a row a class and a column an answer. 0, or 1 with a complaint.
  int writeCsv(const std::string &file, const Labels &names) const;

private:
  double share(size_t count) const { return pictures ? static_cast<double>(count) / static_cast<double>(pictures) : 0; }
  void printTable(const Labels &names, const std::vector<size_t> &occurring) const;
  void printMistakes(const Labels &names) const;

  size_t classes, pictures = 0, first = 0, firstFive = 0;
  std::map<std::pair<size_t, size_t>, size_t> confusion; ///< by class and answer
};

} // namespace weft::run
