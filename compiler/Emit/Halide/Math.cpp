// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Range reductions after Cody and Waite, Software Manual for the Elementary Functions (1980); coefficients are minimax
// fits (Lawson's algorithm) in f64, rounded. What is no step of a polynomial is a multiply-add only where LLVM has no other choice, so
// every target gives the same bits.
#include "compiler/Emit/Halide/Math.h"

#include "compiler/Emit/Halide/Strict.h"

namespace weft::emit {

using Halide::Expr;
using namespace strict;

// [printed] from here on, and in Strict.h, the text is also part of every printed kernel that needs it.
namespace {

Expr f(double value) { return Halide::Internal::FloatImm::make(Halide::Float(32), static_cast<float>(value)); }

/// a * b + c, one rounding: a plain sum of a product, of which LLVM makes a multiply-add. `c` is no product itself, and
/// neither factor, or Halide and LLVM may write the sum otherwise.
Expr multiplyAdd(Expr a, Expr b, Expr c) { return a * b + c; }

/// c[0] + x (c[1] + x (...)).
Expr polynomial(Expr x, const std::vector<double> &c) {
  Expr sum = f(c.back());
  for (size_t i = c.size() - 1; i-- > 0;)
    sum = multiplyAdd(sum, x, f(c[i]));
  return sum;
}

/// `magnitude`, which is not negative, with the sign of x.
Expr withSignOf(Expr x, Expr magnitude) {
  Expr sign = Halide::reinterpret(Halide::Int(32), x) & INT32_MIN;
  return Halide::reinterpret(Halide::Float(32), sign | Halide::reinterpret(Halide::Int(32), magnitude));
}

/// Added to this, a number is rounded to a whole one, which its last bits are, and where `exponent` is added too, moved up to
/// a float's exponent, the power of two.
Expr whole(int exponent = 0) { return f(12582912 + exponent); }

/// exp(x) is `mantissa`, near 1, times 2 to the power k; the low bits of `power` are k + `exponent`, as two's complement.
struct ExpParts {
  Expr mantissa, power;
};

/// x - k ln 2, with ln 2 in two parts; the first has few enough digits for k times it to be exact. Their signs differ, or Halide
/// would add them.
Expr withoutLn2(Expr x, Expr k) {
  return multiplyAdd(k, f(2.12194440054690583e-4), multiplyAdd(k, f(-0.693359375), x));
}

ExpParts expParts(Expr x, int exponent = 0) {
  Expr rounded = multiplyAdd(x, f(1.44269504088896341), whole(exponent)), k = sub(rounded, whole(exponent));
  Expr r = withoutLn2(x, k);
  Expr mantissa = polynomial(r, {1, 1, 0.4999999343, 0.1666652040, 0.0416683908, 0.0083687451, 0.0013814540});
  return {mantissa, Halide::reinterpret(Halide::UInt(32), rounded)};
}

Expr bits(uint32_t value) { return Halide::Internal::UIntImm::make(Halide::UInt(32), value); }

/// What stands where a float has its exponent, as that float.
Expr asFloat(Expr n) { return Halide::reinterpret(Halide::Float(32), n); }

/// x is `turns` quarters of a circle, whole ones left out, and `rest` radians, at most pi / 4 either way.
struct Quarters {
  Expr rest, turns;
};

/// After Payne and Hanek, Radian reduction for trigonometric functions (1983): of 2 / pi 174 binary digits, so that enough are left behind the
/// point of the largest x, in parts of 29, whose products with x are exact in f64 as are these without their multiples of four.
Quarters quartersOf(Expr x) {
  auto d = [](double value) { return Halide::Internal::FloatImm::make(Halide::Float(64), value); };
  Expr wide = Halide::cast<double>(x), quarters;
  for (double part : {0.636619770899415, 1.4681663246252086e-09, 2.2760100671971816e-18, 5.8812147387730434e-27,
                      1.0346868700836215e-35, 3.783256351091319e-45}) {
    Expr all = mul(wide, d(part)), few = sub(all, mul(d(4), Halide::round(mul(all, d(0.25)))));
    quarters = quarters.defined() ? add(quarters, few) : few;
  }
  Expr whole = d(6755399441055744), rounded = add(quarters, whole); // its last bits are the nearest integer
  Expr rest = Halide::cast<float>(mul(sub(quarters, sub(rounded, whole)), d(1.57079632679489662)));
  return {rest, Halide::cast<uint32_t>(Halide::reinterpret(Halide::UInt(64), rounded))};
}

/// sin(rest + turns pi / 2).
Expr sinOfQuarters(Expr rest, Expr turns) {
  Expr z = mul(rest, rest);
  Expr sine = multiplyAdd(mul(rest, z), polynomial(z, {-1.6666654240e-01, 8.3321369882e-03, -1.9512007672e-04}), rest);
  Expr cosine = multiplyAdd(mul(z, z), polynomial(z, {4.1666645032e-02, -1.3887284034e-03, 2.4429419236e-05}), sub(f(1), mul(f(0.5), z)));
  Expr either = Halide::reinterpret(Halide::UInt(32), Halide::select((turns & bits(1)) == bits(0), sine, cosine));
  return asFloat(either ^ ((turns & bits(2)) << 30));
}

/// -x; what `x` negates where it does.
Expr negated(const Expr &x) {
  const auto *call = x.as<Halide::Internal::Call>();
  bool negates = call && call->is_intrinsic(Halide::Internal::Call::strict_sub) && Halide::Internal::is_const_zero(call->args[0]);
  return negates ? call->args[1] : negate(x);
}

} // namespace

Expr expOf(Expr x) {
  // Beyond these bounds the result is infinity or zero; a constant in front lets NaN through.
  ExpParts e = expParts(strict::min(f(89), strict::max(f(-104), x)));
  // Two factors, because 2^128 and 2^-150 are no f32 though the products may be.
  Expr half = (e.power << 22) & bits(0xff800000), one = bits(127 << 23);
  return mul(mul(e.mantissa, asFloat(half + one)), asFloat((e.power << 23) - half + one));
}

Expr normalExpOf(Expr x) {
  ExpParts e = expParts(x, 127);
  return mul(e.mantissa, asFloat(e.power << 23));
}

Expr expPlusOneOf(Expr x) {
  // Of -y, since sigmoid is its inverse there. Below -87 the sum is 1; beyond 88.37 the power of two is infinity, which no zero may meet:
  // r is 0 at 88.72, so the bound lies before that.
  Expr y = strict::max(f(-88.5), strict::min(f(87), negated(x)));
  Expr rounded = multiplyAdd(y, f(-1.44269504088896341), whole(127)), k = sub(rounded, whole(127));
  // One step takes k ln 2 away: what that loses shows where exp(x) is far from 1.
  Expr r = multiplyAdd(k, f(-0.69314718055994531), negate(y)), square = mul(r, r);
  Expr power = asFloat(Halide::reinterpret(Halide::UInt(32), rounded) << 23);
  // Halves that do not wait for each other: processors hold too few operations to hide a longer chain behind the next vector's.
  Expr low = multiplyAdd(add(r, f(1)), power, f(1));
  Expr high = multiplyAdd(multiplyAdd(r, f(0.0083124302), f(0.0418909863)), square,
                          multiplyAdd(r, f(0.1666711867), f(0.4999922514)));
  return multiplyAdd(high, mul(square, power), low);
}

Expr logOf(Expr x) {
  Expr tiny = lt(x, f(1.17549435e-38)); // denormals are scaled into the normal range first
  Expr scaled = Halide::select(tiny, mul(x, f(8388608)), x);
  Expr bits = Halide::reinterpret(Halide::Int(32), scaled);
  // m in [sqrt(1/2), sqrt(2)): subtracting the bits of sqrt(1/2) splits exponent and mantissa there.
  Expr shifted = bits - 0x3f3504f3;
  Expr exponent = Halide::cast<float>((shifted >> 23) - Halide::select(tiny, 23, 0));
  Expr m = Halide::reinterpret(Halide::Float(32), (shifted & 0x007fffff) + 0x3f3504f3);
  Expr z = sub(m, f(1)), z2 = mul(z, z);
  Expr p = polynomial(z, {0.3333331044, -0.249999866, 0.2000222661, -0.1666925082, 0.1421865809, -0.1238434847,
                          0.1187297629, -0.117898077, 0.0691536807});
  Expr tail = add(sub(mul(mul(z, z2), p), mul(z2, f(0.5))), mul(exponent, f(-2.12194440054690583e-4)));
  Expr result = add(add(tail, z), mul(exponent, f(0.693359375)));
  result = Halide::select(lt(x, f(INFINITY)), result, x); // infinity and NaN stay
  result = Halide::select(lt(f(0), x) || isNaN(x), result, f(NAN));
  return Halide::select(eq(x, f(0)), f(-INFINITY), result);
}

Expr tanhOf(Expr x) {
  Expr a = Halide::abs(x), z = mul(x, x);
  Expr p = polynomial(z, {-0.3333327208, 0.1333115276, -0.0537141042, 0.0205517107, -0.0056039055});
  Expr small = add(x, mul(mul(x, z), p));
  Expr large = sub(f(1), div(f(2), expPlusOneOf(add(a, a))));
  return Halide::select(lt(a, f(0.64)), small, withSignOf(x, large));
}

Expr erfOf(Expr x) {
  Expr a = strict::min(f(4), Halide::abs(x)), z = mul(x, x);
  Expr p = polynomial(z, {1.2837912252e-01, -3.7612326236e-01, 1.1280180384e-01, -2.6711317440e-02, 4.9175574792e-03,
                          -5.6314440064e-04});
  Expr small = add(x, mul(x, p));
  // erf = 1 - erfc, whose eighth root a short polynomial follows; its error shrinks with erfc.
  Expr root = polynomial(a, {1.0008219497e+00, -1.4501008694e-01, -6.1507752545e-02, -1.1305220172e-02, 1.2894380753e-02,
                             -2.4621907811e-03, 1.4911617038e-04});
  Expr square = mul(root, root), fourth = mul(square, square);
  return Halide::select(lt(a, f(1)), small, withSignOf(x, sub(f(1), mul(fourth, fourth))));
}

Expr geluOf(Expr x) {
  // The eighth root of the normal distribution's tail beyond |x| is 1 - `less`, a polynomial whose halves do not wait for each other; the
  // tail itself would lose digits when multiplied three times. From 5.75 on the tail is nothing, and so is what is left of a negative x.
  Expr a = Halide::abs(x), bounded = strict::min(f(5.75), a), z = mul(bounded, bounded);
  auto half = [&](double c0, double c1, double c2, double c3) {
    return multiplyAdd(multiplyAdd(bounded, f(c3), f(c2)), z, multiplyAdd(bounded, f(c1), f(c0)));
  };
  Expr low = half(8.299595727e-02, 9.145789035e-02, 3.192594587e-02, 6.763622908e-04);
  Expr high = half(-1.509194993e-03, -3.132304546e-05, 5.923432680e-05, -7.296258742e-06);
  Expr less = multiplyAdd(multiplyAdd(mul(z, z), f(2.826449377e-07), high), mul(z, z), low);
  for (int i = 0; i < 3; ++i)
    less = mul(less, sub(f(2), less)); // 1 - (1 - less)^2
  return multiplyAdd(a, less, strict::min(f(0), x));
}

Expr sinOf(Expr x) {
  Quarters quarters = quartersOf(x);
  return Halide::select(eq(x, f(0)), x, sinOfQuarters(quarters.rest, quarters.turns)); // zero keeps its sign
}

Expr cosOf(Expr x) {
  Quarters quarters = quartersOf(x);
  return sinOfQuarters(quarters.rest, quarters.turns + bits(1));
}

/// Halide's, but of 0 to a negative power.
Expr powOfAny(Expr x, Expr y) {
  Expr power = Halide::Internal::Call::make(x.type(), "pow_f32", {x, y}, Halide::Internal::Call::PureExtern);
  return Halide::select(eq(x, f(0)) && lt(y, f(0)), f(INFINITY), power);
}

/// Of a positive number. Halide's is wrong where a bounded exponent gives infinity or nothing already, and where it is no number.
Expr powOfBase(double base, Expr y) {
  double most = 200 / std::abs(std::log(base));
  Expr bounded = strict::max(f(-most), strict::min(f(most), y));
  return Halide::select(isNaN(y), y, Halide::pow(f(base), bounded));
}

Expr powOf(Expr x, Expr y) {
  const auto *constant = y.as<Halide::Internal::FloatImm>(), *base = x.as<Halide::Internal::FloatImm>();
  if (x.type() != Halide::Float(32))
    return Halide::pow(x, y);
  if (base && !constant && base->value > 0 && base->value != 1)
    return powOfBase(base->value, y);
  if (!constant)
    return powOfAny(x, y);
  auto root = [](Expr e) { return Halide::sqrt(e); };
  double exponent = constant->value;
  if (exponent == 0.5)
    return root(x);
  if (exponent == 0.75)
    return mul(root(x), root(root(x)));
  if (exponent == -0.5)
    return div(f(1), root(x));
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return mul(x, x);
  if (exponent == 3)
    return mul(mul(x, x), x);
  if (exponent == -1)
    return div(f(1), x);
  return powOfAny(x, y);
}
// [end]

} // namespace weft::emit
