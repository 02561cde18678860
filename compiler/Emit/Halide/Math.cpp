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

/// exp(x) is `mantissa`, near 1, times 2 to the power k; the low bits of `power` are k, as two's complement.
struct ExpParts {
  Expr mantissa, power;
};

ExpParts expParts(Expr x) {
  // Added to this, a number is rounded to a whole one, which its last bits are.
  Expr whole = f(12582912), rounded = multiplyAdd(x, f(1.44269504088896341), whole), k = sub(rounded, whole);
  // ln 2 in two parts; the first has few enough digits for k times it to be exact.
  Expr r = multiplyAdd(k, f(2.12194440054690583e-4), sub(x, mul(k, f(0.693359375))));
  Expr mantissa = polynomial(r, {1, 1, 0.4999999343, 0.1666652040, 0.0416683908, 0.0083687451, 0.0013814540});
  return {mantissa, Halide::reinterpret(Halide::UInt(32), rounded)};
}

Expr bits(uint32_t value) { return Halide::Internal::UIntImm::make(Halide::UInt(32), value); }

/// 2 to the power n, which stands where a float has its exponent, times 2 to the power `ofZero` - 127.
Expr powerOfTwo(Expr n, uint32_t ofZero = 127) { return Halide::reinterpret(Halide::Float(32), n + bits(ofZero << 23)); }

} // namespace

Expr expOf(Expr x) {
  // Beyond these bounds the result is infinity or zero; a constant in front lets NaN through.
  ExpParts e = expParts(strict::min(f(89), strict::max(f(-104), x)));
  // Two factors, because 2^128 and 2^-150 are no f32 though the products may be.
  Expr half = (e.power << 22) & bits(0xff800000);
  return mul(mul(e.mantissa, powerOfTwo(half)), powerOfTwo((e.power << 23) - half));
}

Expr normalExpOf(Expr x) {
  ExpParts e = expParts(x);
  return mul(e.mantissa, powerOfTwo(e.power << 23));
}

Expr expPlusOneOf(Expr x) {
  // Below, the sum is 1. Half the exponential is an f32 wherever the sum is one.
  ExpParts e = expParts(strict::min(f(89), strict::max(f(-87), x)));
  return multiplyAdd(mul(e.mantissa, powerOfTwo(e.power << 23, 126)), f(2), f(1));
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

Expr powOf(Expr x, Expr y) {
  const auto *constant = y.as<Halide::Internal::FloatImm>();
  if (!constant || x.type() != Halide::Float(32))
    return Halide::pow(x, y);
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
  return Halide::Internal::Call::make(x.type(), "pow_f32", {x, y}, Halide::Internal::Call::PureExtern);
}
// [end]

} // namespace weft::emit
