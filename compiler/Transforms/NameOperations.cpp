// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: what an exporter has spelled out gets its name again.
//
// ONNX had no gelu before opset 20 and no layernorm before 17, so exporters wrote what they are made of, and some still do. By name each
// is one operation: gelu divides by nothing, and a normalisation is one kernel which takes either order of channels and pixels.
#include "compiler/Schedule/OpKinds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/SpelledNorms.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_NAMEOPERATIONS
#include "compiler/Transforms/Passes.h.inc"

namespace {

bool isNumber(Value value, double number) {
  std::optional<double> actual = numberOf(value);
  return actual && std::fabs(*actual - number) <= 1e-6 * std::fabs(number);
}

/// The operand of `op` beside one that is `number`; null if there is none.
template <typename Op> Value besideNumber(Op op, double number) {
  if (isNumber(op.getY(), number))
    return op.getX();
  return isNumber(op.getX(), number) ? op.getY() : Value();
}

/// x where `value` is x / sqrt(2), by a quotient or a product.
Value unscaled(Value value) {
  if (auto quotient = value.getDefiningOp<DivOp>())
    return isNumber(quotient.getY(), M_SQRT2) ? quotient.getX() : Value();
  auto product = value.getDefiningOp<MulOp>();
  return product ? besideNumber(product, M_SQRT1_2) : Value();
}

/// The factors of `value`, down to x.
void collectFactors(Value value, Value x, SmallVectorImpl<Value> &factors) {
  auto product = value == x || factors.size() > 4 ? MulOp() : value.getDefiningOp<MulOp>();
  if (!product)
    return factors.push_back(value);
  collectFactors(product.getX(), x, factors);
  collectFactors(product.getY(), x, factors);
}

/// x where `value` is sqrt(2 / pi) * (x + 0.044715 * x^3), the other form of gelu.
Value uncubed(Value value) {
  auto scaled = value.getDefiningOp<MulOp>();
  Value inner = scaled ? besideNumber(scaled, M_SQRT1_2 * M_2_SQRTPI) : Value();
  auto sum = inner ? inner.getDefiningOp<AddOp>() : AddOp();
  if (!sum)
    return {};
  for (auto [x, cubic] : {std::pair(sum.getX(), sum.getY()), std::pair(sum.getY(), sum.getX())}) {
    SmallVector<Value> factors;
    collectFactors(cubic, x, factors);
    auto number = llvm::find_if(factors, [](Value factor) { return isNumber(factor, 0.044715); });
    if (factors.size() == 4 && number != factors.end() && llvm::count(factors, x) == 3)
      return x;
  }
  return {};
}

struct Gelu {
  Value x;
  GeluMode mode;
};

/// x where `value` is 1 + erf(x / sqrt(2)), or 1 + tanh of its other form.
Gelu behindSum(Value value) {
  auto sum = value.getDefiningOp<AddOp>();
  Value other = sum ? besideNumber(sum, 1) : Value();
  if (auto erf = other ? other.getDefiningOp<ErfOp>() : ErfOp())
    return {unscaled(erf.getX()), GeluMode::None};
  auto tanh = other ? other.getDefiningOp<TanhOp>() : TanhOp();
  return {tanh ? uncubed(tanh.getX()) : Value(), GeluMode::Tanh};
}

/// The factors of a product of up to three, in whatever order they are multiplied.
SmallVector<Value> factorsOf(MulOp product) {
  SmallVector<Value> factors{product.getX(), product.getY()};
  for (unsigned i = 0; i < 2; ++i)
    if (auto inner = factors[i].getDefiningOp<MulOp>(); inner && inner->hasOneUse()) {
      factors[i] = inner.getX();
      factors.push_back(inner.getY());
      break;
    }
  return factors;
}

/// What `product` is gelu of: 0.5 * x * (1 + erf(x / sqrt(2))), or with tanh.
Gelu geluIn(MulOp product) {
  SmallVector<Value> factors = factorsOf(product);
  auto half = llvm::find_if(factors, [](Value factor) { return isNumber(factor, 0.5); });
  if (factors.size() != 3 || half == factors.end())
    return {};
  factors.erase(half);
  for (auto [x, other] : {std::pair(factors[0], factors[1]), std::pair(factors[1], factors[0])})
    if (Gelu found = behindSum(other); found.x == x && x.getType() == product.getType())
      return found;
  return {};
}

/// `value` as a tensor of the dimensions that are normalised.
Value overAxes(RewriterBase &rewriter, Value value, const SpelledNorm &norm) {
  SmallVector<int64_t> shape;
  for (int64_t axis : norm.axes)
    shape.push_back(tensorOf(norm.x).getDimSize(axis));
  bool isSo = !value || tensorOf(value).getShape() == ArrayRef(shape);
  return isSo ? value : ReshapeOp::create(rewriter, value.getLoc(), value, shape).getY();
}

/// Normalises the last dimensions, or dimension 1 of pictures; null where no operation does what is normalised.
Operation *named(RewriterBase &rewriter, const SpelledNorm &norm) {
  int64_t rank = tensorOf(norm.x).getRank(), first = norm.axes.empty() ? rank : norm.axes.front();
  bool isLast = !norm.axes.empty() && llvm::equal(norm.axes, llvm::seq(first, rank));
  bool isChannels = norm.axes == ArrayRef<int64_t>(1) && rank >= 3;
  if (!isLast && !isChannels)
    return nullptr;
  Value gamma = overAxes(rewriter, norm.gamma, norm), beta = overAxes(rewriter, norm.beta, norm);
  FloatAttr eps = rewriter.getF64FloatAttr(norm.eps);
  Location loc = norm.last->getLoc();
  Type type = norm.last->getResult(0).getType();
  if (isLast)
    return LayernormOp::create(rewriter, loc, type, norm.x, gamma, beta, rewriter.getI64IntegerAttr(first), eps);
  return ChannelnormOp::create(rewriter, loc, type, norm.x, gamma, beta, eps);
}

/// What nobody reads any more: passes behind this one count readers.
void eraseUnread(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

struct NameOperations : impl::NameOperationsBase<NameOperations> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        run(function.getBody().front());
  }

  void run(Block &block) {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> operations(llvm::make_pointer_range(block));
    for (Operation *op : operations) {
      std::optional<SpelledNorm> norm = findNorm(op);
      rewriter.setInsertionPoint(norm ? norm->last : op);
      Operation *name = norm ? named(rewriter, *norm) : gelu(rewriter, op);
      if (!name)
        continue;
      (norm ? norm->last : op)->getResult(0).replaceAllUsesWith(name->getResult(0));
      ++numNamed;
    }
    eraseUnread(block);
  }

  static Operation *gelu(RewriterBase &rewriter, Operation *op) {
    auto product = dyn_cast<MulOp>(op);
    Gelu found = product ? geluIn(product) : Gelu();
    return found.x ? GeluOp::create(rewriter, op->getLoc(), product.getType(), found.x, found.mode) : nullptr;
  }
};

} // namespace
} // namespace weft
