// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names of classes, one a line, in the order of the network's answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weft::run {

class Labels {
public:
  /// 0, or 1 with a complaint.
  int read(const std::string &file);

  bool empty() const { return names.empty(); }
  size_t size() const { return names.size(); }
  void push(std::string name) { names.push_back(std::move(name)); }
  /// The name of a class; its number where it has none.
  std::string name(size_t number) const;
  /// The class called so: the whole line, else the line's first word ("n02124075 Egyptian cat"), else one of its names
  /// between commas; nothing where none or several lines fit.
  std::optional<size_t> find(const std::string &name) const;
  /// The line most like `name`; empty where none is.
  std::string nearest(const std::string &name) const;

private:
  std::vector<std::string> names;
};

/// Levenshtein's distance.
size_t editDistance(const std::string &a, const std::string &b);

} // namespace weft::run
