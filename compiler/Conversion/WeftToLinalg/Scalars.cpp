// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What each element-wise operation computes, in arith and math. Formulas avoid overflow where the textbook one has it
// (softplus, mish); the spelling of exp, tanh and erf is the emitter's business.

#include "compiler/Conversion/WeftToLinalg/Scalars.h"
#include "dialects/Weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace weft {

using Builder = ImplicitLocOpBuilder;

/// The same bits as another integer type of that width.
static Value sameBits(Builder &builder, Value value, Type type) {
  return value.getType() == type ? value : UnrealizedConversionCastOp::create(builder, type, value).getResult(0);
}

Value constantLike(Builder &builder, Value like, double value) {
  Type type = like.getType();
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(builder, builder.getFloatAttr(type, value));
  Type plain = builder.getIntegerType(type.getIntOrFloatBitWidth());
  Value whole = arith::ConstantOp::create(builder, builder.getIntegerAttr(plain, static_cast<int64_t>(value)));
  return sameBits(builder, whole, type);
}

Value signless(Builder &builder, Value value) {
  auto type = dyn_cast<IntegerType>(value.getType());
  if (!type || type.isSignless())
    return value;
  return sameBits(builder, value, builder.getIntegerType(type.getWidth()));
}

template <typename FloatOp, typename IntegerOp> static Value either(Builder &builder, Value a, Value b) {
  if (isa<FloatType>(a.getType()))
    return FloatOp::create(builder, a, b);
  return IntegerOp::create(builder, a, b);
}
Value addOf(Builder &builder, Value a, Value b) { return either<arith::AddFOp, arith::AddIOp>(builder, a, b); }
Value mulOf(Builder &builder, Value a, Value b) { return either<arith::MulFOp, arith::MulIOp>(builder, a, b); }
Value maxOf(Builder &builder, Value a, Value b) { return either<arith::MaximumFOp, arith::MaxSIOp>(builder, a, b); }
Value minOf(Builder &builder, Value a, Value b) { return either<arith::MinimumFOp, arith::MinSIOp>(builder, a, b); }

namespace {

/// Float arithmetic that reads like the formulas.
struct Formula {
  Builder &b;
  Value c(Value like, double value) const { return constantLike(b, like, value); }
  Value add(Value x, Value y) const { return arith::AddFOp::create(b, x, y); }
  Value add(Value x, double y) const { return add(x, c(x, y)); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) const { return arith::MulFOp::create(b, x, y); }
  Value mul(Value x, double y) const { return mul(x, c(x, y)); }
  Value div(Value x, Value y) const { return arith::DivFOp::create(b, x, y); }
  Value max(Value x, double y) const { return arith::MaximumFOp::create(b, x, c(x, y)); }
  Value min(Value x, double y) const { return arith::MinimumFOp::create(b, x, c(x, y)); }
  Value neg(Value x) const { return arith::NegFOp::create(b, x); }
  Value abs(Value x) const { return math::AbsFOp::create(b, x); }
  Value exp(Value x) const { return math::ExpOp::create(b, x); }
  Value log(Value x) const { return math::LogOp::create(b, x); }
  Value tanh(Value x) const { return math::TanhOp::create(b, x); }
  Value erf(Value x) const { return math::ErfOp::create(b, x); }
  Value greater(Value x, double y) const { return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, c(x, y)); }
  Value less(Value x, Value y) const { return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y); }
  Value truth(Value condition, Value like) const { return select(condition, c(like, 1), c(like, 0)); }
  Value select(Value condition, Value yes, Value no) const { return arith::SelectOp::create(b, condition, yes, no); }

  Value sigmoid(Value x) const { return div(c(x, 1), add(exp(neg(x)), 1)); }
  /// max(x, 0) + log(1 + exp(-|x|)): the exponential never overflows.
  Value softplus(Value x) const { return add(max(x, 0), log(add(exp(neg(abs(x))), 1))); }
  /// x * tanh(softplus(x)), where tanh(log(1 + e)) is n / (n + 2) with n = e * (e + 2): one exponential. Beyond the bounds that is
  /// 1, and nearly 0.
  Value mish(Value x) const {
    Value above = max(x, -87), e = exp(min(above, 20)), n = mul(e, add(e, 2));
    return mul(above, div(n, add(n, 2)));
  }
  /// x where positive, else alpha * (exp(scale * x) - 1); the branch not taken does not overflow.
  Value elu(Value x, double alpha, double scale) const {
    return select(greater(x, 0), x, mul(add(exp(mul(min(x, 0), scale)), -1), alpha));
  }
  Value leaky(Value x, Value slope) const {
    Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, c(x, 0));
    return select(below, mul(x, slope), x);
  }
  Value gelu(Value x, bool approximate) const {
    if (!approximate)
      return mul(mul(x, 0.5), add(erf(mul(x, M_SQRT1_2)), 1));
    // (1 + tanh(u)) / 2 is the sigmoid of 2 u.
    Value twice = mul(x, add(mul(mul(x, x), 2 * 0.044715 * std::sqrt(2 / M_PI)), c(x, 2 * std::sqrt(2 / M_PI))));
    return div(x, add(exp(neg(twice)), 1));
  }
};

double number(const APFloat &value) { return value.convertToDouble(); }

/// Bytes of a float hold 0 to 255: what lies outside becomes the nearest of them.
Value byteOf(Builder &builder, Value x) {
  Formula f{builder};
  Value whole = arith::FPToSIOp::create(builder, builder.getI32Type(), f.min(f.max(x, 0), 255));
  return arith::TruncIOp::create(builder, builder.getI8Type(), whole);
}

Value isNotZero(Builder &builder, Value x) {
  Value zero = constantLike(builder, x, 0);
  if (isa<FloatType>(x.getType()))
    return arith::CmpFOp::create(builder, arith::CmpFPredicate::UNE, x, zero);
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, x, zero);
}

Value convert(Builder &builder, Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  if (to.isUnsignedInteger()) {
    Type plain = builder.getIntegerType(to.getIntOrFloatBitWidth());
    return sameBits(builder, isa<FloatType>(from) ? byteOf(builder, x) : convert(builder, x, plain), to);
  }
  x = signless(builder, x);
  if (to.isInteger(1))
    return isNotZero(builder, x);
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  unsigned fromBits = from.getIntOrFloatBitWidth(), toBits = to.getIntOrFloatBitWidth();
  if (fromFloat && toFloat)
    return fromBits < toBits ? Value(arith::ExtFOp::create(builder, to, x))
                             : Value(arith::TruncFOp::create(builder, to, x));
  if (fromFloat)
    return arith::FPToSIOp::create(builder, to, x);
  bool isUnsigned = fromBits <= 8; // bytes and booleans
  if (toFloat)
    return isUnsigned ? Value(arith::UIToFPOp::create(builder, to, x)) : Value(arith::SIToFPOp::create(builder, to, x));
  if (fromBits < toBits)
    return isUnsigned ? Value(arith::ExtUIOp::create(builder, to, x)) : Value(arith::ExtSIOp::create(builder, to, x));
  return arith::TruncIOp::create(builder, to, x);
}

enum class Order { Less, LessOrEqual, Equal };

Value compareOf(Builder &builder, Order order, Value a, Value b) {
  using Real = arith::CmpFPredicate;
  using Whole = arith::CmpIPredicate;
  static constexpr std::pair<Real, Whole> spellings[] = {
      {Real::OLT, Whole::slt}, {Real::OLE, Whole::sle}, {Real::OEQ, Whole::eq}};
  auto [real, whole] = spellings[static_cast<int>(order)];
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(builder, real, a, b);
  return arith::CmpIOp::create(builder, whole, a, b);
}

/// 1 or 0 of the type of `like`.
Value truthOf(Builder &builder, Value condition, Value like) {
  return arith::SelectOp::create(builder, condition, constantLike(builder, like, 1), constantLike(builder, like, 0));
}

Value divide(Builder &builder, Value a, Value b) { return either<arith::DivFOp, arith::DivSIOp>(builder, a, b); }
Value subtract(Builder &builder, Value a, Value b) { return either<arith::SubFOp, arith::SubIOp>(builder, a, b); }

} // namespace

Value scalarOf(Builder &builder, Operation *op, ValueRange elements) {
  Formula f{builder};
  Value x = elements.empty() ? Value() : elements[0];
  Value y = elements.size() < 2 ? Value() : elements[1];
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](ReluOp) { return f.max(x, 0); })
      .Case([&](Relu6Op) { return f.min(f.max(x, 0), 6); })
      .Case([&](SigmoidOp) { return f.sigmoid(x); })
      .Case([&](TanhOp) { return f.tanh(x); })
      .Case([&](SiluOp) { return f.div(x, f.add(f.exp(f.neg(x)), 1)); })
      .Case([&](HardswishOp) { return f.mul(x, f.max(f.min(f.add(f.mul(x, 1.0 / 6), 0.5), 1), 0)); })
      .Case([&](HardsigmoidOp o) {
        return f.max(f.min(f.add(f.mul(x, number(o.getAlpha())), number(o.getBeta())), 1), 0);
      })
      .Case([&](MishOp) { return f.mish(x); })
      .Case([&](GeluOp o) { return f.gelu(x, o.getApproximate() == GeluMode::Tanh); })
      .Case([&](SoftplusOp) { return f.softplus(x); })
      .Case([&](EluOp o) { return f.elu(x, number(o.getAlpha()), 1); })
      .Case([&](SeluOp o) { return f.mul(f.elu(x, number(o.getAlpha()), 1), number(o.getGamma())); })
      .Case([&](CeluOp o) { return f.elu(x, number(o.getAlpha()), 1 / number(o.getAlpha())); })
      .Case([&](LeakyReluOp o) { return f.leaky(x, f.c(x, number(o.getAlpha()))); })
      .Case([&](PreluOp) { return f.leaky(x, y); })
      .Case([&](ThresholdedReluOp o) { return f.select(f.greater(x, number(o.getAlpha())), x, f.c(x, 0)); })
      .Case([&](SoftsignOp) { return f.div(x, f.add(f.abs(x), 1)); })
      .Case([&](ErfOp) { return f.erf(x); })
      .Case([&](ExpOp) { return f.exp(x); })
      .Case([&](LogOp) { return f.log(x); })
      .Case([&](SqrtOp) { return Value(math::SqrtOp::create(builder, x)); })
      .Case([&](RsqrtOp) { return Value(math::RsqrtOp::create(builder, x)); })
      .Case([&](AbsOp) { return f.abs(x); })
      .Case([&](NegOp) { return f.neg(x); })
      .Case([&](FloorOp) { return Value(math::FloorOp::create(builder, x)); })
      .Case([&](CeilOp) { return Value(math::CeilOp::create(builder, x)); })
      .Case([&](RoundOp) { return Value(math::RoundEvenOp::create(builder, x)); })
      .Case([&](SignOp) { return f.select(f.greater(x, 0), f.c(x, 1), f.select(f.less(x, f.c(x, 0)), f.c(x, -1), x)); })
      .Case([&](SinOp) { return Value(math::SinOp::create(builder, x)); })
      .Case([&](CosOp) { return Value(math::CosOp::create(builder, x)); })
      .Case([&](ReciprocalOp) { return f.div(f.c(x, 1), x); })
      .Case([&](ClipOp o) {
        Value low = o.getMin() ? f.max(x, number(*o.getMin())) : x;
        return o.getMax() ? f.min(low, number(*o.getMax())) : low;
      })
      .Case([&](DropoutOp) { return x; })
      .Case(
          [&](StochasticDepthOp o) { return o.getRule() == SurviveRule::Paper ? f.mul(x, number(o.getSurvive())) : x; })
      .Case([&](AddOp) { return addOf(builder, x, y); })
      .Case([&](SubOp) { return subtract(builder, x, y); })
      .Case([&](MulOp) { return mulOf(builder, x, y); })
      .Case([&](DivOp) { return divide(builder, x, y); })
      .Case([&](MinimumOp) { return minOf(builder, x, y); })
      .Case([&](MaximumOp) { return maxOf(builder, x, y); })
      .Case([&](PowOp) { return Value(math::PowFOp::create(builder, x, y)); })
      .Case([&](LessOp) { return truthOf(builder, compareOf(builder, Order::Less, x, y), x); })
      .Case([&](LessEqualOp) { return truthOf(builder, compareOf(builder, Order::LessOrEqual, x, y), x); })
      .Case([&](EqualOp) { return truthOf(builder, compareOf(builder, Order::Equal, x, y), x); })
      .Case([&](WhereOp) {
        Value zero = compareOf(builder, Order::Equal, x, constantLike(builder, x, 0));
        return Value(arith::SelectOp::create(builder, zero, elements[2], y));
      })
      .Case([&](CastOp o) { return convert(builder, x, o.getTo()); })
      .Default([](Operation *) { return Value(); });
}

Value number(ImplicitLocOpBuilder &builder, int64_t value) { return arith::ConstantIndexOp::create(builder, value); }
Value indexOf(ImplicitLocOpBuilder &builder, unsigned loop) { return linalg::IndexOp::create(builder, loop); }

Value scaled(ImplicitLocOpBuilder &b, Value a, int64_t factor, Value c) {
  return arith::AddIOp::create(b, arith::MulIOp::create(b, a, number(b, factor)), c);
}

Value pick(ImplicitLocOpBuilder &builder, unsigned loop, ArrayRef<Value> values) {
  Value index = indexOf(builder, loop), result = values.back();
  for (size_t i = values.size() - 1; i-- > 0;) {
    Value here = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, index, number(builder, i));
    result = arith::SelectOp::create(builder, here, values[i], result);
  }
  return result;
}

} // namespace weft
