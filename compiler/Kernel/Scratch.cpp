// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads the formula into a tree and walks it. A loop is run through only if a size inside depends on its variable.
#include "compiler/Kernel/Scratch.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>

namespace weft::kernel {

namespace {

constexpr int64_t maxSteps = 1 << 20;
constexpr int maxDepth = 2000;
constexpr int64_t mostThreads = 256;

struct Node {
  std::string_view word; ///< of an atom, or the head of a list
  bool isList = false;
  std::vector<Node> args;
};

class Reader {
public:
  explicit Reader(std::string_view text) : text(text) {}

  bool read(Node &node, int depth = 0) {
    skip();
    if (at == text.size() || text[at] == ')' || depth > maxDepth)
      return false;
    if (text[at] != '(') {
      node.word = word();
      return true;
    }
    ++at;
    node.isList = true;
    node.word = word();
    for (skip(); at < text.size() && text[at] != ')'; skip())
      if (!read(node.args.emplace_back(), depth + 1))
        return false;
    return at++ < text.size() && !node.word.empty();
  }

  bool atEnd() {
    skip();
    return at == text.size();
  }

private:
  void skip() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }

  std::string_view word() {
    size_t begin = at;
    while (at < text.size() && std::string_view(" \n()").find(text[at]) == std::string_view::npos)
      ++at;
    return text.substr(begin, at - begin);
  }

  std::string_view text;
  size_t at = 0;
};

using Names = std::set<std::string_view>;

/// A number, or nothing where it depends on what is not known here.
using Number = std::optional<int64_t>;

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

class Walker {
public:
  explicit Walker(const std::vector<std::vector<int64_t>> &extents) : extents(extents) {}

  std::optional<ScratchBytes> run(const Node &node) {
    ScratchBytes peak;
    int64_t most = mentions(node, {"threads"}) ? mostThreads : 1;
    for (threads = 1; threads <= most; ++threads) {
      steps = 0;
      if (!walk(node, {}, false, peak))
        return std::nullopt;
    }
    return peak;
  }

private:
  static void grow(ScratchBytes &peak, const ScratchBytes &other) {
    peak.caller = std::max(peak.caller, other.caller);
    peak.worker = std::max(peak.worker, other.worker);
  }

  /// `held` is what is live here, all of it by the calling thread; `peak` collects.
  bool walk(const Node &node, ScratchBytes held, bool isParallel, ScratchBytes &peak) {
    grow(peak, held);
    const std::vector<Node> &args = node.args;
    if (node.word == "seq")
      return std::all_of(args.begin(), args.end(), [&](const Node &arg) { return walk(arg, held, isParallel, peak); });
    if (node.word == "alloc" && args.size() == 2)
      return allocate(node, held, isParallel, peak);
    if (node.word == "let" && args.size() == 3)
      return within(args[0].word, evaluate(args[1]), [&] { return walk(args[2], held, isParallel, peak); });
    if ((node.word == "for" || node.word == "parallel") && args.size() == 4)
      return loop(node, held, isParallel || node.word == "parallel", peak);
    return false;
  }

  bool allocate(const Node &node, ScratchBytes held, bool isParallel, ScratchBytes &peak) {
    // Conditions are not part of a formula: a size below 0 stands in a branch that is not taken, such as a last strip
    // of no rows.
    Number bytes = evaluate(node.args[0]);
    bytes = bytes ? Number(std::max<int64_t>(*bytes, 0)) : bytes;
    if (!bytes || *bytes > (int64_t(1) << 46))
      return false;
    int64_t rounded = (*bytes + 63) / 64 * 64;
    held.caller += rounded;
    held.worker += isParallel ? rounded : 0;
    return walk(node.args[1], held, isParallel, peak);
  }

  template <typename Body> bool within(std::string_view name, Number value, Body body) {
    auto [at, isNew] = values.try_emplace(name, value);
    Number before = at->second;
    at->second = value;
    bool good = body();
    if (isNew)
      values.erase(name);
    else
      values[name] = before;
    return good;
  }

  bool loop(const Node &node, ScratchBytes held, bool isParallel, ScratchBytes &peak) {
    const Node &body = node.args[3];
    std::string_view name = node.args[0].word;
    if (!sizesDependOn(body, {name}))
      return within(name, std::nullopt, [&] { return walk(body, held, isParallel, peak); });
    Number min = evaluate(node.args[1]), extent = evaluate(node.args[2]);
    if (!min || !extent)
      return false;
    for (int64_t i = 0; i < *extent; ++i)
      if (++steps > maxSteps || !within(name, *min + i, [&] { return walk(body, held, isParallel, peak); }))
        return false;
    return true;
  }

  static bool mentions(const Node &node, const Names &names) {
    if (!node.isList || node.args.empty())
      return names.count(node.word);
    return std::any_of(node.args.begin(), node.args.end(), [&](const Node &arg) { return mentions(arg, names); });
  }

  /// Whether an allocation inside depends on one of `names`, also by way of lets and loop bounds.
  static bool sizesDependOn(const Node &node, Names names) {
    if (node.word == "alloc" && node.args.size() == 2 && mentions(node.args[0], names))
      return true;
    bool binds = (node.word == "let" && node.args.size() == 3) ||
                 ((node.word == "for" || node.word == "parallel") && node.args.size() == 4);
    if (binds) {
      bool taints = false;
      for (size_t i = 1; i + 1 < node.args.size(); ++i)
        taints |= mentions(node.args[i], names);
      if (taints)
        names.insert(node.args[0].word);
      else
        names.erase(node.args[0].word);
      return sizesDependOn(node.args.back(), std::move(names));
    }
    return std::any_of(node.args.begin(), node.args.end(), [&](const Node &arg) { return sizesDependOn(arg, names); });
  }

  Number evaluate(const Node &node) {
    if (!node.isList)
      return atom(node.word);
    if (node.word == "extent")
      return extent(node);
    if (node.word == "threads")
      return threads;
    if (node.word == "select" && node.args.size() == 3) {
      Number condition = evaluate(node.args[0]);
      return condition ? evaluate(node.args[*condition ? 1 : 2]) : std::nullopt;
    }
    std::vector<int64_t> args;
    for (const Node &arg : node.args) {
      Number value = evaluate(arg);
      if (!value)
        return std::nullopt;
      args.push_back(*value);
    }
    return args.size() == 2   ? binary(node.word, args[0], args[1])
           : args.size() == 1 ? unary(node.word, args[0])
                              : Number();
  }

  Number atom(std::string_view word) {
    int64_t value = 0;
    auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failed == std::errc() && end == word.data() + word.size())
      return value;
    auto found = values.find(word);
    return found == values.end() ? std::nullopt : found->second;
  }

  Number extent(const Node &node) {
    if (node.args.size() != 2)
      return std::nullopt;
    Number operand = evaluate(node.args[0]), dim = evaluate(node.args[1]);
    if (!operand || !dim || *operand < 0 || *operand >= int64_t(extents.size()) || *dim < 0 ||
        *dim >= int64_t(extents[*operand].size()))
      return std::nullopt;
    return extents[*operand][*dim];
  }

  static Number unary(std::string_view op, int64_t a) { return op == "not" ? Number(!a) : std::nullopt; }

  static Number binary(std::string_view op, int64_t a, int64_t b) {
    int64_t result = 0;
    if (op == "+")
      return __builtin_add_overflow(a, b, &result) ? Number() : result;
    if (op == "-")
      return __builtin_sub_overflow(a, b, &result) ? Number() : result;
    if (op == "*")
      return __builtin_mul_overflow(a, b, &result) ? Number() : result;
    if (op == "/")
      return b == 0 ? 0 : floorDivide(a, b);
    if (op == "%")
      return b == 0 ? 0 : a - b * floorDivide(a, b);
    if (op == "min")
      return std::min(a, b);
    if (op == "max")
      return std::max(a, b);
    if (op == "<")
      return a < b;
    if (op == "<=")
      return a <= b;
    if (op == "==")
      return a == b;
    if (op == "!=")
      return a != b;
    if (op == "and")
      return a && b;
    if (op == "or")
      return a || b;
    return std::nullopt;
  }

  const std::vector<std::vector<int64_t>> &extents;
  std::map<std::string_view, Number> values;
  int64_t steps = 0, threads = 1;
};

} // namespace

std::optional<ScratchBytes> evaluateScratch(const std::string &formula,
                                            const std::vector<std::vector<int64_t>> &extents) {
  Reader reader(formula);
  Node root;
  if (!reader.read(root) || !reader.atEnd())
    return std::nullopt;
  return Walker(extents).run(root);
}

} // namespace weft::kernel
