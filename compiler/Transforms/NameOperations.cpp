// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase graph: what an exporter has spelled out gets its name again.
//
// ONNX had no gelu before opset 20, so exporters wrote it as what it is made of. By name it is one operation, which divides by nothing.
#include "compiler/Transforms/Passes.h"

#include <cmath>

using namespace mlir;

namespace weft {
#define GEN_PASS_DEF_NAMEOPERATIONS
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// The one number all elements of a constant are.
std::optional<double> numberOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto elements = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
  if (!elements || !isa<FloatType>(elements.getElementType()))
    return std::nullopt;
  return elements.getSplatValue<APFloat>().convertToDouble();
}

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

/// x where `value` is 1 + erf(x / sqrt(2)).
Value behindErf(Value value) {
  auto sum = value.getDefiningOp<AddOp>();
  Value other = sum ? besideNumber(sum, 1) : Value();
  auto erf = other ? other.getDefiningOp<ErfOp>() : ErfOp();
  return erf ? unscaled(erf.getX()) : Value();
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

/// x where `product` is 0.5 * x * (1 + erf(x / sqrt(2))).
Value geluOperand(MulOp product) {
  SmallVector<Value> factors = factorsOf(product);
  auto half = llvm::find_if(factors, [](Value factor) { return isNumber(factor, 0.5); });
  if (factors.size() != 3 || half == factors.end())
    return {};
  factors.erase(half);
  for (auto [x, other] : {std::pair(factors[0], factors[1]), std::pair(factors[1], factors[0])})
    if (behindErf(other) == x && x.getType() == product.getType())
      return x;
  return {};
}

struct NameOperations : impl::NameOperationsBase<NameOperations> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](MulOp product) {
      if (Value x = geluOperand(product)) {
        rewriter.setInsertionPoint(product);
        rewriter.replaceOpWithNewOp<GeluOp>(product, product.getType(), x, GeluMode::None);
        ++numNamed;
      }
    });
  }
};

} // namespace
} // namespace weft
