// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reductions of known tensors, of tensors without elements too: those give what the operation is neutral in.
#include "frontends/Onnx/Folding.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace weft;
using namespace weft::onnxfile;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

/// How values are gathered: `begin`, then `step` for each, then `end`.
struct Reduction {
  double begin;
  double (*step)(double sum, double x);
  double (*end)(double sum, double count) = [](double sum, double) { return sum; };
};

double plus(double sum, double x) { return sum + x; }

std::optional<Reduction> reductionOf(StringRef op) {
  if (op == "ReduceSum")
    return Reduction{0, plus};
  if (op == "ReduceMean")
    return Reduction{0, plus, [](double sum, double count) { return sum / count; }};
  if (op == "ReduceProd")
    return Reduction{1, [](double sum, double x) { return sum * x; }};
  if (op == "ReduceMax")
    return Reduction{-INFINITY, [](double sum, double x) { return std::isnan(x) || x > sum ? x : sum; }};
  if (op == "ReduceMin")
    return Reduction{INFINITY, [](double sum, double x) { return std::isnan(x) || x < sum ? x : sum; }};
  if (op == "ReduceL1")
    return Reduction{0, [](double sum, double x) { return sum + std::abs(x); }};
  if (op == "ReduceSumSquare")
    return Reduction{0, [](double sum, double x) { return sum + x * x; }};
  if (op == "ReduceL2")
    return Reduction{0, [](double sum, double x) { return sum + x * x; },
                     [](double sum, double) { return std::sqrt(sum); }};
  if (op == "ReduceLogSum")
    return Reduction{0, plus, [](double sum, double) { return std::log(sum); }};
  if (op == "ReduceLogSumExp")
    return Reduction{0, [](double sum, double x) { return sum + std::exp(x); },
                     [](double sum, double) { return std::log(sum); }};
  return std::nullopt;
}

/// What a tensor without elements gives in integers.
double bounded(double value, int32_t type) {
  if (type == Int32)
    return std::clamp(value, double(INT32_MIN), double(INT32_MAX));
  return value;
}

bool foldReduction(NodeImport &node) {
  const Folded *x = node.folded(0);
  std::optional<Reduction> reduction = reductionOf(node.node.op);
  std::optional<ReducedAxes> axes = readAxes(node, x->rank());
  if (!axes || !reduction)
    return node.failed();
  if (axes->nothing)
    return node.node.op == "ReduceSum" && (node.define(0, *x), true);
  Ints kept = x->shape, result;
  for (int64_t axis : axes->axes)
    kept[axis] = 1;
  for (int64_t i = 0; i < x->rank(); ++i)
    if (axes->keep || !llvm::is_contained(axes->axes, i))
      result.push_back(kept[i]);
  std::optional<int64_t> elements = elementsOf(kept);
  if (!elements)
    return false;
  std::vector<double> sums(*elements, reduction->begin);
  Ints strides = denseStrides(kept);
  int64_t i = 0, count = *elements ? x->size() / *elements : 0;
  forEachIndex(x->shape, [&](ArrayRef<int64_t> at) {
    int64_t place = 0;
    for (size_t d = 0; d < at.size(); ++d)
      place += kept[d] == 1 ? 0 : at[d] * strides[d];
    sums[place] = reduction->step(sums[place], x->asReal(i++));
  });
  Folded made{x->type, result, {}, {}};
  for (double sum : sums)
    made.append(bounded(reduction->end(sum, double(count)), x->type));
  return node.define(0, std::move(made)), true;
}

/// Sums of all elements up to each along an axis.
bool foldCumSum(NodeImport &node) {
  const Folded *x = node.folded(0), *given = node.folded(1);
  if (!x || !given || given->size() != 1 || !x->rank())
    return false;
  int64_t axis = node.axis(given->asInt(0), x->rank());
  bool exclusive = node.integer("exclusive", 0), reverse = node.integer("reverse", 0);
  if (node.failed())
    return true;
  int64_t extent = x->shape[axis], stride = denseStrides(x->shape)[axis];
  Folded result = *x;
  for (int64_t line = 0; line < x->size(); ++line) {
    if (line / stride % extent != 0)
      continue; // not the first element of its line
    double sum = 0;
    for (int64_t k = 0; k < extent; ++k) {
      int64_t i = line + (reverse ? extent - 1 - k : k) * stride;
      double before = sum;
      sum += x->asReal(i);
      double value = exclusive ? before : sum;
      x->isReal() ? void(result.reals[i] = float(value)) : void(result.ints[i] = int64_t(value));
    }
  }
  return node.define(0, std::move(result)), true;
}

} // namespace

std::vector<FoldRow> weft::onnxfile::reductionFolds() {
  std::vector<FoldRow> rows{{"CumSum", foldCumSum}};
  for (StringRef op : {"ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                       "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"})
    rows.push_back({op, foldReduction});
  return rows;
}
