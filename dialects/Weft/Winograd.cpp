// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Squares and lines of two taps or an odd number of them, with as many results as keep errors small.
#include "dialects/Weft/Winograd.h"

using namespace mlir;

namespace weft {

std::optional<int64_t> winogradTile(std::optional<Algorithm> algorithm) {
  if (algorithm == Algorithm::Winograd2)
    return 2;
  if (algorithm == Algorithm::Winograd4)
    return 4;
  if (algorithm == Algorithm::Winograd6)
    return 6;
  return std::nullopt;
}

std::optional<int64_t> winogradPoints(ArrayRef<int64_t> window, int64_t m) {
  int64_t down = window.take_back(2).front(), across = window.back(), taps = std::max(down, across);
  bool isLine = std::min(down, across) == 1;
  bool fits = taps == 2 || taps == 3 || taps == 5 || (isLine && (taps == 7 || taps == 9));
  bool hasTile = m == 2 || m == 4 || (m == 6 && taps < (isLine ? 9 : 5));
  if (!fits || !hasTile || (!isLine && down != across))
    return std::nullopt;
  int64_t points = m + taps - 1;
  return isLine ? points : points * points;
}

} // namespace weft
