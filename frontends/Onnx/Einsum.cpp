// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Einsum of one or two tensors: sums over labels of one side first, then one matrix product over
// [shared, left, summed] and [shared, summed, right], then the order of the result.
#include "frontends/Onnx/Importer.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxfile;
using llvm::StringRef;

namespace {

/// A tensor and the label of each of its dimensions.
struct Labelled {
  Value value;
  std::string labels;

  bool has(char label) const { return labels.find(label) != std::string::npos; }
  int64_t extent(char label) const { return shapeOf(value)[labels.find(label)]; }
};

struct Equation {
  SmallVector<std::string> inputs;
  std::string output;
};

bool isSimple(StringRef labels) {
  std::string sorted = labels.str();
  llvm::sort(sorted);
  return llvm::all_of(labels, [](char c) { return llvm::isAlpha(c); }) &&
         std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

/// Without an arrow the result has the labels that occur once, sorted.
std::string impliedOutput(StringRef inputs) {
  std::string output;
  for (char c : inputs)
    if (llvm::isAlpha(c) && inputs.count(c) == 1)
      output += c;
  llvm::sort(output);
  return output;
}

/// `...` of an equation as labels that it has not, those of the last dimensions alike; of the result as all
/// that the inputs have, where it has any.
std::string withoutEllipsis(StringRef equation, ArrayRef<int64_t> ranks) {
  constexpr StringRef ellipsis = "...";
  std::string unused, result;
  for (char c : StringRef("ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba"))
    if (!equation.contains(c))
      unused += c;
  auto [left, right] = equation.split("->");
  size_t most = 0;
  auto replaced = [&](StringRef term, size_t count) {
    auto [before, behind] = term.split(ellipsis);
    std::string labels(unused, 0, count);
    std::reverse(labels.begin(), labels.end());
    return term.contains(ellipsis) ? (before + labels + behind).str() : term.str();
  };
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  for (auto [i, term] : llvm::enumerate(terms)) {
    int64_t named = int64_t(term.size()) - int64_t(ellipsis.size()), rank = i < ranks.size() ? ranks[i] : 0;
    size_t count = std::clamp<int64_t>(rank - named, 0, unused.size());
    if (term.contains(ellipsis))
      most = std::max(most, count);
    result += (i ? "," : "") + replaced(term, count);
  }
  if (equation.contains("->") && most > 0 && !right.contains(ellipsis))
    return equation.str(); // whether they are added up, tools do not agree
  if (equation.contains("->"))
    return result + "->" + replaced(right, most);
  return left.contains(ellipsis) ? result + "->" + replaced("...", most) + impliedOutput(left) : result;
}

std::optional<Equation> readEquation(NodeImport &node, ArrayRef<int64_t> ranks) {
  std::string text = node.word("equation", "");
  llvm::erase(text, ' ');
  if (StringRef(text).contains("..."))
    text = withoutEllipsis(text, ranks);
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  Equation equation{{}, StringRef(text).contains("->") ? right.str() : impliedOutput(left)};
  for (StringRef part : parts) {
    if (!isSimple(part))
      return node.fail("`" + part + "` in its equation is not supported"), std::nullopt;
    equation.inputs.push_back(part.str());
  }
  if (parts.size() != node.inputs() || parts.size() > 2 || !isSimple(equation.output))
    return node.fail("its equation is not supported"), std::nullopt;
  return equation;
}

/// Sums over the dimensions whose labels `keep` has not.
Labelled sumOthers(NodeImport &node, Labelled x, StringRef keep) {
  Ints axes;
  std::string left;
  for (auto [i, label] : llvm::enumerate(x.labels))
    if (keep.contains(label))
      left += label;
    else
      axes.push_back(i);
  return axes.empty() ? x : Labelled{node.reduce("reduce_sum", x.value, axes, false), left};
}

Value inOrder(NodeImport &node, const Labelled &x, StringRef labels) {
  Ints perm;
  for (char label : labels)
    perm.push_back(x.labels.find(label));
  return node.transpose(x.value, perm);
}

int64_t extentOf(const Labelled &x, StringRef labels) {
  int64_t extent = 1;
  for (char label : labels)
    extent *= x.extent(label);
  return extent;
}

Labelled product(NodeImport &node, const Labelled &x, const Labelled &y, StringRef output) {
  std::string shared, summed, left, right;
  for (char label : x.labels)
    (!y.has(label) ? left : output.contains(label) ? shared : summed) += label;
  for (char label : y.labels)
    if (!x.has(label))
      right += label;
  int64_t batch = extentOf(x, shared), inner = extentOf(x, summed);
  Value a = node.reshape(inOrder(node, x, shared + left + summed), {batch, extentOf(x, left), inner});
  Value b = node.reshape(inOrder(node, y, shared + summed + right), {batch, inner, extentOf(y, right)});
  Ints shape;
  for (char label : shared + left)
    shape.push_back(x.extent(label));
  for (char label : right)
    shape.push_back(y.extent(label));
  return {node.reshape(node.make("matmul", {a, b}), shape), shared + left + right};
}

/// Dimensions of one element as long as those of the same label.
void repeatOnes(NodeImport &node, Labelled &x, const Labelled &other) {
  Ints shape(shapeOf(x.value));
  for (auto [extent, label] : llvm::zip_equal(shape, x.labels))
    if (extent == 1 && other.has(label))
      extent = other.extent(label);
  if (ArrayRef<int64_t>(shape) != shapeOf(x.value))
    x.value = node.expand(x.value, shape);
}

void einsum(NodeImport &node) {
  SmallVector<Value> values;
  SmallVector<int64_t> ranks;
  for (size_t i = 0; i < node.inputs(); ++i) {
    values.push_back(node.floats(i));
    if (!values.back())
      return;
    ranks.push_back(rankOf(values.back()));
  }
  std::optional<Equation> equation = readEquation(node, ranks);
  if (!equation)
    return;
  SmallVector<Labelled> terms;
  for (auto [value, labels] : llvm::zip_equal(values, equation->inputs)) {
    size_t i = terms.size();
    if (rankOf(value) != int64_t(labels.size()))
      return node.fail("its equation does not name every dimension of input " + llvm::Twine(i));
    terms.push_back({value, labels});
  }
  for (char label : equation->output)
    if (llvm::none_of(terms, [&](const Labelled &term) { return term.has(label); }))
      return node.fail("its result has a dimension that no input has");
  if (terms.size() == 2) {
    repeatOnes(node, terms[0], terms[1]);
    repeatOnes(node, terms[1], terms[0]);
  }
  if (node.failed())
    return;
  if (terms.size() == 2)
    for (char label : terms[0].labels)
      if (terms[1].has(label) && terms[0].extent(label) != terms[1].extent(label))
        return node.fail("its inputs differ in dimension `" + llvm::Twine(label) + "`");
  for (size_t i = 0; i < terms.size(); ++i)
    terms[i] = sumOthers(node, terms[i], equation->output + (terms.size() == 2 ? terms[1 - i].labels : ""));
  if (node.failed())
    return;
  Labelled result = terms.size() == 1 ? terms[0] : product(node, terms[0], terms[1], equation->output);
  if (result.value)
    node.define(0, inOrder(node, result, equation->output));
}

} // namespace

std::vector<Conversion> weft::onnxfile::einsumConversions() { return {{"Einsum", einsum}}; }
