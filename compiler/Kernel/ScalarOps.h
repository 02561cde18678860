// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One place that goes from a ScalarOp to what computes it. A reader of KernelDescs hands in a struct of functions, one an
// operation, on whatever it computes with: numbers, or expressions of a code generator.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

/// What C++ writes the same way for numbers and for expressions.
template <typename V> struct Operators {
  static V add(V a, V b) { return a + b; }
  static V sub(V a, V b) { return a - b; }
  static V mul(V a, V b) { return a * b; }
  static V div(V a, V b) { return a / b; }
  static auto lt(V a, V b) { return a < b; }
  static auto le(V a, V b) { return a <= b; }
  static auto gt(V a, V b) { return a > b; }
  static auto ge(V a, V b) { return a >= b; }
  static auto eq(V a, V b) { return a == b; }
  static auto ne(V a, V b) { return a != b; }
};

/// Unary operations on floats.
template <typename Ops, typename V> V applyFloat(ScalarOp op, V a) {
  switch (op) {
  case ScalarOp::Neg: return Ops::neg(a);
  case ScalarOp::Abs: return Ops::abs(a);
  case ScalarOp::Exp: return Ops::exp(a);
  case ScalarOp::Log: return Ops::log(a);
  case ScalarOp::Sqrt: return Ops::sqrt(a);
  case ScalarOp::Rsqrt: return Ops::rsqrt(a);
  case ScalarOp::Tanh: return Ops::tanh(a);
  case ScalarOp::Erf: return Ops::erf(a);
  case ScalarOp::Sin: return Ops::sin(a);
  case ScalarOp::Cos: return Ops::cos(a);
  case ScalarOp::Floor: return Ops::floor(a);
  case ScalarOp::Ceil: return Ops::ceil(a);
  case ScalarOp::Round: return Ops::round(a);
  default: return V();
  }
}

/// Unary operations on integers and bools; floor, ceil and round leave an integer as it is.
template <typename Ops, typename V> V applyWhole(ScalarOp op, V a) {
  switch (op) {
  case ScalarOp::Neg: return Ops::neg(a);
  case ScalarOp::Abs: return Ops::abs(a);
  case ScalarOp::Not: return Ops::invert(a);
  default: return a;
  }
}

/// Binary arithmetic on floats.
template <typename Ops, typename V> V applyFloat(ScalarOp op, V a, V b) {
  switch (op) {
  case ScalarOp::Add: return Ops::add(a, b);
  case ScalarOp::Sub: return Ops::sub(a, b);
  case ScalarOp::Mul: return Ops::mul(a, b);
  case ScalarOp::Div: return Ops::div(a, b);
  case ScalarOp::Mod: return Ops::mod(a, b);
  case ScalarOp::Min: return Ops::min(a, b);
  case ScalarOp::Max: return Ops::max(a, b);
  case ScalarOp::Pow: return Ops::pow(a, b);
  default: return V();
  }
}

/// Binary arithmetic on integers and bools.
template <typename Ops, typename V> V applyWhole(ScalarOp op, V a, V b) {
  switch (op) {
  case ScalarOp::Add: return Ops::add(a, b);
  case ScalarOp::Sub: return Ops::sub(a, b);
  case ScalarOp::Mul: return Ops::mul(a, b);
  case ScalarOp::Div: return Ops::div(a, b);
  case ScalarOp::Mod: return Ops::mod(a, b);
  case ScalarOp::Min: return Ops::min(a, b);
  case ScalarOp::Max: return Ops::max(a, b);
  case ScalarOp::And: return Ops::conjunction(a, b);
  case ScalarOp::Or: return Ops::disjunction(a, b);
  default: return V();
  }
}

/// Comparisons of anything; the result is whatever `Ops::lt` gives.
template <typename Ops, typename V> auto applyComparison(ScalarOp op, V a, V b) -> decltype(Ops::lt(a, b)) {
  switch (op) {
  case ScalarOp::Lt: return Ops::lt(a, b);
  case ScalarOp::Le: return Ops::le(a, b);
  case ScalarOp::Gt: return Ops::gt(a, b);
  case ScalarOp::Ge: return Ops::ge(a, b);
  case ScalarOp::Eq: return Ops::eq(a, b);
  case ScalarOp::Ne: return Ops::ne(a, b);
  default: return {};
  }
}

} // namespace weft::kernel
