// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The parts an f32 is split in for sums in tiles (compiler/Kernel/TileProduct.h), as expressions on integers.
#pragma once

#include "Halide.h"

namespace weft::emit {

// [printed]
namespace tiles {

inline Halide::Expr bits(Halide::Expr x) { return Halide::reinterpret<uint32_t>(std::move(x)); }
inline Halide::Expr upper(Halide::Expr x) { return bits(std::move(x)) & Halide::cast<uint32_t>(-65536); }
/// What is left of x without its upper half; exact.
inline Halide::Expr rest(Halide::Expr x) { return Halide::strict_float(x - Halide::reinterpret<float>(upper(x))); }
/// The upper halves of two f32 in one word.
inline Halide::Expr pair(Halide::Expr low, Halide::Expr high) { return Halide::reinterpret<int32_t>(upper(high) | (bits(low) >> 16)); }
inline Halide::Expr bf16High(Halide::Expr low, Halide::Expr high) { return pair(low, high); }
inline Halide::Expr bf16Middle(Halide::Expr low, Halide::Expr high) { return pair(rest(low), rest(high)); }
inline Halide::Expr bf16Low(Halide::Expr low, Halide::Expr high) { return pair(rest(rest(low)), rest(rest(high))); }

/// The products of the six largest pairs of parts, both halves of the words: three parts of a, then those of b or its two numbers.
/// Written out as text only: when weft compiles, the loops around it are one call of the runtime, which sums in another order.
inline Halide::Expr tileDot(std::vector<Halide::Expr> words) {
  if (words.size() == 5) {
    Halide::Expr low = words[3], high = words[4];
    words.resize(3);
    words.insert(words.end(), {bf16High(low, high), bf16Middle(low, high), bf16Low(low, high)});
  }
  Halide::Expr sum = 0.0f;
  for (int half = 0; half < 2; ++half)
    for (int a = 0; a < 3; ++a)
      for (int b = 0; a + b < 3; ++b) {
        auto part = [&](int i) {
          Halide::Expr word = Halide::reinterpret<uint32_t>(words[i]);
          return Halide::reinterpret<float>(half == 0 ? word << 16 : word & Halide::cast<uint32_t>(-65536));
        };
        sum += part(a) * part(3 + b);
      }
  return sum;
}

} // namespace tiles
// [end]

} // namespace weft::emit
