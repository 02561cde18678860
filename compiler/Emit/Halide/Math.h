// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Transcendental functions of f32 as vector expressions: no call into a library is left in a vector loop, and each
// operation is exact IEEE, so the bits do not depend on vector width or tail. Special values are as in C.
#pragma once

#include "Halide.h"

namespace weft::emit {

Halide::Expr expOf(Halide::Expr x);  ///< within 1.5 units in the last place, denormals included
Halide::Expr normalExpOf(Halide::Expr x); ///< the same bits for x in [-87, 88] in two thirds of the instructions; NaN stays
/// exp(x) + 1, within 3 units (5.5 beyond 10), infinite from 88.37 on (where its inverse is denormal), in half of the time; that of a negation
/// costs nothing more.
Halide::Expr expPlusOneOf(Halide::Expr x);
Halide::Expr logOf(Halide::Expr x);  ///< within 2 units
Halide::Expr tanhOf(Halide::Expr x); ///< within 2.5 units
Halide::Expr erfOf(Halide::Expr x);  ///< within 3 units
/// x / 2 * (erf(x / sqrt(2)) + 1) within 1.6e-7 x, in two thirds of the instructions.
Halide::Expr geluOf(Halide::Expr x);

Halide::Expr sinOf(Halide::Expr x); ///< within 1.6 units, of any x in radians (4.2 where a few of 1e28 and more lie next to a quarter of a circle)
Halide::Expr cosOf(Halide::Expr x); ///< likewise

/// x to the power y. Constant exponents of frequent use (0.5, 0.75, 2, ...) become a few exact operations, others a
/// libm call per element.
Halide::Expr powOf(Halide::Expr x, Halide::Expr y);

} // namespace weft::emit
