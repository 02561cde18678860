// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The matrices of Winograd's minimal filtering F(m, r): y = A^T [(G g) * (B^T d)] for one dimension, used on both sides
// for two (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016). Recipes transform filters with G,
// kernels tiles with B and A; both take them from here.
#pragma once

#include <array>

namespace weft::kernel {

/// F(m, r) made after Cook and Toom from 0, pairs of opposite points (but the last one where their number is odd), and infinity.
/// Points are chosen for little error (`choice`); all entries of A and B are exact in f32, those of G are not and should be used
/// in double precision.
class Winograd {
public:
  static constexpr int maxPoints = 12, maxTaps = 9;

  /// `m` results a tile, `r` taps a filter. F(1, 1) leaves everything as it is.
  constexpr Winograd(int m, int r) : m(m), r(r), points(m + r - 1), finite(choice(points)) {
    for (int j = 0; j + 1 < points; ++j)
      makeRow(j);
    // Infinity picks the leading coefficients.
    at[m - 1][points - 1] = 1;
    g[points - 1][r - 1] = 1;
    std::array<double, maxPoints + 1> all = roots(points - 1);
    for (int k = 0; k < points; ++k)
      bt[points - 1][k] = all[k];
  }

  const int m, r, points; ///< results a tile, taps, and elements a tile reads
  /// A^T is m x points, G points x r, B^T points x points; entries beyond are 0.
  std::array<std::array<double, maxPoints>, maxPoints> at{}, bt{};
  std::array<std::array<double, maxTaps>, maxPoints> g{};

  /// The point of a row but the last, which has infinity.
  constexpr double point(int row) const { return finite[row]; }
  /// Coefficients of the product of (x - p) over the first `count` points.
  constexpr std::array<double, maxPoints + 1> roots(int count) const { return product(-1, count); }

  /// Along a dimension of a window in which it has `r` taps: a single one is not transformed.
  static constexpr Winograd along(int m, int r) { return Winograd(r == 1 ? 1 : m, r); }

private:
  using Points = std::array<double, maxPoints - 1>;

  /// The finite points: of multiples of 1/8 (of 1/16 for 6 points with infinity) those found with the least errors in f32, of the
  /// mean and of the worst result of a tile, with random filters over noise and over what looks like activations. F(4, 3) has half of the
  /// mean error that 1 and 2 give and a third of the largest one; F(4, 7) and F(6, 7) 0.7. Of 8 points, F(6, 3) and F(4, 5), none are better.
  static constexpr Points choice(int points) {
    switch (points) {
    case 5:
      return {0, 0.75, -0.75, 2};
    case 6:
      return {0, 0.625, -0.625, 1.5, -1.5};
    case 10:
      return {0, 0.375, -0.375, 0.875, -0.875, 1.25, -1.25, 2.25, -2.25};
    case 12:
      return {0, 0.375, -0.375, 0.75, -0.75, 1, -1, 1.5, -1.5, 2.5, -2.5};
    default:
      return {0, 1, -1, 2, -2, 0.5, -0.5, 0.75, -0.75, 1.5, -1.5};
    }
  }

  /// Coefficients of the product of (x - p) over the first `count` points but number `without`.
  constexpr std::array<double, maxPoints + 1> product(int without, int count) const {
    std::array<double, maxPoints + 1> result{1};
    for (int l = 0, degree = 0; l < count; ++l) {
      if (l == without)
        continue;
      ++degree;
      for (int k = degree; k > 0; --k)
        result[k] = result[k - 1] - point(l) * result[k];
      result[0] *= -point(l);
    }
    return result;
  }

  constexpr void makeRow(int j) {
    double denominator = 1;
    for (int l = 0; l + 1 < points; ++l)
      denominator *= l == j ? 1 : point(j) - point(l);
    double power = 1;
    for (int k = 0; k < maxPoints; ++k, power *= point(j)) {
      if (k < m)
        at[k][j] = power;
      if (k < r)
        g[j][k] = power / denominator;
    }
    std::array<double, maxPoints + 1> numerator = product(j, points - 1);
    for (int k = 0; k < points; ++k)
      bt[j][k] = numerator[k];
  }

  Points finite;
};

} // namespace weft::kernel
