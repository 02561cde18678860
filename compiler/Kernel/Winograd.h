// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The matrices of Winograd's minimal filtering F(m, r): y = A^T [(G g) * (B^T d)] for one dimension, used on both sides
// for two (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016). Recipes transform filters with G,
// kernels tiles with B and A; both take them from here.
#pragma once

#include <array>

namespace weft::kernel {

/// F(m, r) made after Cook and Toom from the points 0, 1, -1, 2, -2, 1/2, -1/2, 3/4, -3/4, 3/2, -3/2, as many as
/// needed, and infinity. All entries of A and B are exact in f32; those of G are not and should be used in double
/// precision.
class Winograd {
public:
  static constexpr int maxPoints = 12, maxTaps = 9;

  /// `m` results a tile, `r` taps a filter. F(1, 1) leaves everything as it is.
  constexpr Winograd(int m, int r) : m(m), r(r), points(m + r - 1) {
    for (int j = 0; j + 1 < points; ++j)
      makeRow(j);
    // Infinity picks the leading coefficients.
    at[m - 1][points - 1] = 1;
    g[points - 1][r - 1] = 1;
    std::array<double, maxPoints + 1> all = product(-1);
    for (int k = 0; k < points; ++k)
      bt[points - 1][k] = all[k];
  }

  const int m, r, points; ///< results a tile, taps, and elements a tile reads
  /// A^T is m x points, G points x r, B^T points x points; entries beyond are 0.
  std::array<std::array<double, maxPoints>, maxPoints> at{}, bt{};
  std::array<std::array<double, maxTaps>, maxPoints> g{};

  /// Along a dimension of a window in which it has `r` taps: a single one is not transformed.
  static constexpr Winograd along(int m, int r) { return Winograd(r == 1 ? 1 : m, r); }

private:
  static constexpr std::array<double, maxPoints - 1> at0 = {0, 1, -1, 2, -2, 0.5, -0.5, 0.75, -0.75, 1.5, -1.5};

  /// Coefficients of the product of (x - p) over all finite points but number `without`.
  constexpr std::array<double, maxPoints + 1> product(int without) const {
    std::array<double, maxPoints + 1> result{1};
    for (int l = 0, degree = 0; l + 1 < points; ++l) {
      if (l == without)
        continue;
      ++degree;
      for (int k = degree; k > 0; --k)
        result[k] = result[k - 1] - at0[l] * result[k];
      result[0] *= -at0[l];
    }
    return result;
  }

  constexpr void makeRow(int j) {
    double denominator = 1;
    for (int l = 0; l + 1 < points; ++l)
      denominator *= l == j ? 1 : at0[j] - at0[l];
    double power = 1;
    for (int k = 0; k < maxPoints; ++k, power *= at0[j]) {
      if (k < m)
        at[k][j] = power;
      if (k < r)
        g[j][k] = power / denominator;
    }
    std::array<double, maxPoints + 1> numerator = product(j);
    for (int k = 0; k < points; ++k)
      bt[j][k] = numerator[k];
  }
};

} // namespace weft::kernel
