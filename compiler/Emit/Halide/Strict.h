// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Halide expressions with IEEE meaning. Halide's plain float operations may be reassociated and assume that infinities
// and NaN never occur; these are its strict intrinsics, which neither Halide nor LLVM rewrites.
#pragma once

#include "Halide.h"

namespace weft::emit {

// [printed]
namespace strict {

inline Halide::Expr call(Halide::Type type, Halide::Internal::Call::IntrinsicOp op, Halide::Expr a, Halide::Expr b) {
  return Halide::Internal::Call::make(type, op, {std::move(a), std::move(b)}, Halide::Internal::Call::PureIntrinsic);
}

using Op = Halide::Internal::Call;
inline Halide::Expr add(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_add, a, b); }
inline Halide::Expr sub(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_sub, a, b); }
inline Halide::Expr mul(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_mul, a, b); }
inline Halide::Expr div(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_div, a, b); }
/// `a < b ? a : b`, one instruction: b when either is NaN.
inline Halide::Expr min(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_min, a, b); }
/// `a > b ? a : b`, one instruction: b when either is NaN.
inline Halide::Expr max(Halide::Expr a, Halide::Expr b) { return call(a.type(), Op::strict_max, a, b); }
inline Halide::Expr lt(Halide::Expr a, Halide::Expr b) { return call(Halide::Bool(), Op::strict_lt, a, b); }
inline Halide::Expr eq(Halide::Expr a, Halide::Expr b) { return call(Halide::Bool(), Op::strict_eq, a, b); }
/// Halide's own is that `b` is not the smaller, which holds for NaN too.
inline Halide::Expr le(Halide::Expr a, Halide::Expr b) {
  return a.type().is_float() ? lt(a, b) || eq(a, b) : call(Halide::Bool(), Op::strict_le, a, b);
}
inline Halide::Expr negate(Halide::Expr a) { return sub(Halide::Internal::make_const(a.type(), -0.0), a); }
inline Halide::Expr isNaN(Halide::Expr a) { return !eq(a, a); }
/// The smaller and the larger of two, NaN if either is one.
inline Halide::Expr minimum(Halide::Expr a, Halide::Expr b) { return Halide::select(isNaN(a), a, strict::min(a, b)); }
inline Halide::Expr maximum(Halide::Expr a, Halide::Expr b) { return Halide::select(isNaN(a), a, strict::max(a, b)); }

} // namespace strict

/// `load` in the lanes that are inside what is loaded, the others stay untouched: a masked load.
inline Halide::Expr loadWhere(Halide::Expr isInside, Halide::Expr load) {
  return Halide::Internal::Call::make(load.type(), Halide::Internal::Call::if_then_else, {isInside, load},
                                      Halide::Internal::Call::PureIntrinsic);
}
// [end]

} // namespace weft::emit
