// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// PyTorch (before operation set 17) and Paddle write a quotient, `(x - mean) / sqrt(variance + eps)`, and gain and shift behind it; Keras
// has a factor, f = gamma / sqrt(variance + eps), in two products: x * f + (beta - mean * f).
#include "compiler/Transforms/SpelledNorms.h"

#include "compiler/Schedule/OpKinds.h"

using namespace mlir;

namespace weft {

namespace {

/// Both orders of the operands of `op`; none where it is null.
template <typename Op> SmallVector<std::pair<Value, Value>> orders(Op op) {
  return op ? SmallVector<std::pair<Value, Value>>{{op.getX(), op.getY()}, {op.getY(), op.getX()}} : SmallVector<std::pair<Value, Value>>();
}

/// A mean that stands beside what it is of.
ReduceMeanOp meanIn(Value value) {
  auto mean = value.getDefiningOp<ReduceMeanOp>();
  return mean && mean.getKeepdims() ? mean : ReduceMeanOp();
}

bool areSame(ReduceMeanOp a, ReduceMeanOp b) { return a && b && a.getX() == b.getX() && a.getAxes() == b.getAxes(); }

/// The mean of x where `value` is x - mean(x).
ReduceMeanOp centre(Value value) {
  auto off = value.getDefiningOp<SubOp>();
  ReduceMeanOp mean = off ? meanIn(off.getY()) : ReduceMeanOp();
  return mean && mean.getX() == off.getX() ? mean : ReduceMeanOp();
}

struct Deviation {
  ReduceMeanOp mean;
  double eps;
  Value gamma; ///< a factor beside it, or null
};

/// Where `value` is mean((x - mean(x))^2) + eps.
std::optional<Deviation> variance(Value value) {
  for (auto [squares, number] : orders(value.getDefiningOp<AddOp>())) {
    std::optional<double> eps = numberOf(number);
    ReduceMeanOp outer = eps ? meanIn(squares) : ReduceMeanOp();
    auto square = outer ? outer.getX().getDefiningOp<MulOp>() : MulOp();
    ReduceMeanOp mean = square && square.getX() == square.getY() ? centre(square.getX()) : ReduceMeanOp();
    if (mean && mean.getAxes() == outer.getAxes())
      return Deviation{mean, *eps, {}};
  }
  return std::nullopt;
}

std::optional<Deviation> deviation(Value value) {
  auto root = value.getDefiningOp<SqrtOp>();
  return root ? variance(root.getX()) : std::nullopt;
}

/// Where `value` is 1 / deviation, perhaps multiplied by a gain.
std::optional<Deviation> factor(Value value) {
  if (auto root = value.getDefiningOp<RsqrtOp>())
    return variance(root.getX());
  if (auto reciprocal = value.getDefiningOp<ReciprocalOp>())
    return deviation(reciprocal.getX());
  if (auto quotient = value.getDefiningOp<DivOp>(); quotient && numberOf(quotient.getX()) == 1)
    return deviation(quotient.getY());
  for (auto [gain, inner] : orders(value.getDefiningOp<MulOp>()))
    if (std::optional<Deviation> found = isRecipe(gain) ? factor(inner) : std::nullopt; found && !found->gamma)
      return Deviation{found->mean, found->eps, gain};
  return std::nullopt;
}

/// Whether `value` is mean * f.
bool isScaledMean(Value value, ReduceMeanOp mean, Value f) {
  return llvm::any_of(orders(value.getDefiningOp<MulOp>()), [&](auto pair) { return pair.second == f && areSame(meanIn(pair.first), mean); });
}

/// Whether `value` is -mean * f.
bool isScaledBack(Value value, ReduceMeanOp mean, Value f) {
  if (auto negative = value.getDefiningOp<NegOp>())
    return isScaledMean(negative.getX(), mean, f);
  return llvm::any_of(orders(value.getDefiningOp<MulOp>()), [&](auto pair) {
    auto negative = pair.first.template getDefiningOp<NegOp>();
    return pair.second == f && negative && areSame(meanIn(negative.getX()), mean);
  });
}

SpelledNorm made(Deviation found, Operation *last) {
  return {found.mean.getX(), found.gamma, {}, found.mean.getAxes(), found.eps, last};
}

std::optional<SpelledNorm> quotient(Operation *op) {
  if (auto div = dyn_cast<DivOp>(op))
    if (std::optional<Deviation> found = deviation(div.getY()); found && areSame(centre(div.getX()), found->mean))
      return made(*found, op);
  for (auto [off, f] : orders(dyn_cast<MulOp>(op)))
    if (std::optional<Deviation> found = factor(f); found && areSame(centre(off), found->mean))
      return made(*found, op);
  return std::nullopt;
}

/// x * f - mean * f, perhaps with a shift in the second summand.
std::optional<SpelledNorm> products(AddOp sum) {
  for (auto [product, rest] : orders(sum))
    for (auto [x, f] : orders(product.getDefiningOp<MulOp>())) {
      std::optional<Deviation> found = factor(f);
      if (!found || found->mean.getX() != x)
        continue;
      SpelledNorm norm = made(*found, sum);
      if (isScaledBack(rest, found->mean, f))
        return norm;
      if (auto less = rest.getDefiningOp<SubOp>(); less && isRecipe(less.getX()) && isScaledMean(less.getY(), found->mean, f))
        return norm.beta = less.getX(), norm;
      for (auto [shift, back] : orders(rest.getDefiningOp<AddOp>()))
        if (isRecipe(shift) && isScaledBack(back, found->mean, f))
          return norm.beta = shift, norm;
    }
  return std::nullopt;
}

/// Whether `value` has an element for each place in the normalised dimensions of `x`.
bool fits(Value value, const SpelledNorm &norm) {
  ArrayRef<int64_t> shape = tensorOf(value).getShape(), x = tensorOf(norm.x).getShape();
  if (!isRecipe(value) || shape.size() > x.size())
    return false;
  for (size_t i = 0, missing = x.size() - shape.size(); i < x.size(); ++i)
    if ((i < missing ? 1 : shape[i - missing]) != (llvm::is_contained(norm.axes, int64_t(i)) ? x[i] : 1))
      return false;
  return true;
}

/// Takes the only operation that reads the normalisation as its gain or shift.
template <typename Op> bool take(SpelledNorm &norm, Value &parameter) {
  Value y = norm.last->getResult(0);
  auto next = y.hasOneUse() ? dyn_cast<Op>(*y.user_begin()) : Op();
  for (auto [read, other] : orders(next))
    if (read == y && fits(other, norm)) {
      parameter = other;
      norm.last = next;
      return true;
    }
  return false;
}

} // namespace

std::optional<SpelledNorm> findNorm(Operation *op) {
  std::optional<SpelledNorm> norm = quotient(op);
  if (!norm)
    norm = products(dyn_cast<AddOp>(op));
  if (!norm || !tensorOf(norm->x).hasStaticShape() || (norm->gamma && !fits(norm->gamma, *norm)) || (norm->beta && (!norm->gamma || !fits(norm->beta, *norm))))
    return std::nullopt;
  if (!norm->gamma && !norm->beta)
    take<MulOp>(*norm, norm->gamma);
  if (norm->gamma && !norm->beta)
    take<AddOp>(*norm, norm->beta);
  return norm;
}

} // namespace weft
