// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The Chinese remainder theorem for two moduli that need not be coprime, with products in 128 bits.
#include "compiler/MemoryPlan/Congruence.h"

#include <utility>

using namespace weft::memplan;

namespace {

/// The greatest common divisor g of a and b, and the coefficient x with a x = g (mod b).
std::pair<int64_t, int64_t> bezout(int64_t a, int64_t b) {
  int64_t x = 1, nextX = 0;
  while (b) {
    int64_t quotient = a / b;
    a = std::exchange(b, a - quotient * b);
    x = std::exchange(nextX, x - quotient * nextX);
  }
  return {a, x};
}

} // namespace

std::optional<Congruence> weft::memplan::intersect(Congruence a, Congruence b) {
  auto [divisor, x] = bezout(a.modulus, b.modulus);
  if ((b.residue - a.residue) % divisor != 0)
    return std::nullopt;
  __int128 modulus = static_cast<__int128>(a.modulus) / divisor * b.modulus;
  if (modulus >= static_cast<__int128>(1) << 61)
    return std::nullopt;
  // a.residue + a.modulus * k with k = x (b.residue - a.residue) / divisor, taken mod b.modulus / divisor.
  __int128 period = b.modulus / divisor;
  __int128 k = static_cast<__int128>((b.residue - a.residue) / divisor) % period * (x % period) % period;
  __int128 residue = (a.residue + a.modulus * k) % modulus;
  return Congruence{static_cast<int64_t>(modulus), static_cast<int64_t>(residue < 0 ? residue + modulus : residue)};
}
