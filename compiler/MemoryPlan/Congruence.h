// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Alignments as congruences: where a group of buffers may start when each of its members has an alignment of its own.
#pragma once

#include <cstdint>
#include <optional>

namespace weft::memplan {

/// The numbers x with x = residue (mod modulus), 0 <= residue < modulus.
struct Congruence {
  int64_t modulus = 1;
  int64_t residue = 0;

  /// The smallest such number that is at least `from`, which must not be negative.
  int64_t next(int64_t from) const {
    if (modulus == 1)
      return from;
    int64_t rest = (from - residue) % modulus;
    return rest <= 0 ? from - rest : from + (modulus - rest);
  }
  bool contains(int64_t x) const { return (x - residue) % modulus == 0; }
};

/// The numbers in both, by the Chinese remainder theorem; none when there are none, or when the modulus would exceed 61
/// bits.
std::optional<Congruence> intersect(Congruence a, Congruence b);

} // namespace weft::memplan
