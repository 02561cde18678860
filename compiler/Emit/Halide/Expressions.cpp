// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Floats become strict operations, except the contracted multiply-add: that one is left to LLVM as a plain `acc + a *
// b`, which is where the FMA comes from. Integers (indices) stay plain so that Halide can reason about them.
#include "compiler/Emit/Halide/Expressions.h"

#include "compiler/Emit/Halide/Math.h"
#include "compiler/Emit/Halide/Strict.h"
#include "compiler/Emit/Halide/TileParts.h"
#include "compiler/Emit/Halide/TileSums.h"
#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/ScalarOps.h"
#include "compiler/Kernel/Spell.h"

#include <unordered_set>

namespace weft::emit {

using namespace kernel;
using HExpr = Halide::Expr;

Halide::Type halideType(Scalar type) {
  switch (type) {
  case Scalar::F32:
    return Halide::Float(32);
  case Scalar::F64:
    return Halide::Float(64);
  case Scalar::I32:
    return Halide::Int(32);
  case Scalar::I64:
    return Halide::Int(64);
  case Scalar::U8:
    return Halide::UInt(8);
  case Scalar::Bool:
    return Halide::Bool();
  }
  return Halide::Float(32);
}

namespace {

/// Whether the value depends on memory: then no bound of it can be known.
bool readsMemory(const Expr &expr, std::unordered_set<const Expr *> &seen) {
  if (expr.kind == ExprKind::LoadOperand || expr.kind == ExprKind::LoadStage || expr.kind == ExprKind::Accumulator)
    return true;
  for (const ExprPtr &arg : expr.args)
    if (seen.insert(arg.get()).second && readsMemory(*arg, seen))
      return true;
  return false;
}

bool readsMemory(const Expr &expr) {
  std::unordered_set<const Expr *> seen;
  return readsMemory(expr, seen);
}

HExpr constantOf(const Expr &expr) {
  Halide::Type type = halideType(expr.type);
  if (type.is_float())
    return Halide::Internal::FloatImm::make(type,
                                            type.bits() == 32 ? static_cast<float>(expr.constant) : expr.constant);
  return Halide::Internal::make_const(type, static_cast<int64_t>(expr.constant));
}

struct FloatOps {
  static bool isSingle(const HExpr &a) { return a.type() == Halide::Float(32); }

  static HExpr neg(HExpr a) { return strict::negate(a); }
  static HExpr abs(HExpr a) { return Halide::abs(a); }
  static HExpr exp(HExpr a) { return isSingle(a) ? expOf(a) : Halide::exp(a); }
  static HExpr log(HExpr a) { return isSingle(a) ? logOf(a) : Halide::log(a); }
  static HExpr sqrt(HExpr a) { return Halide::sqrt(a); }
  static HExpr rsqrt(HExpr a) { return strict::div(Halide::Internal::make_const(a.type(), 1.0), Halide::sqrt(a)); }
  static HExpr tanh(HExpr a) { return isSingle(a) ? tanhOf(a) : Halide::tanh(a); }
  static HExpr erf(HExpr a) { return Halide::cast(a.type(), erfOf(Halide::cast(Halide::Float(32), a))); }
  static HExpr sin(HExpr a) { return isSingle(a) ? sinOf(a) : Halide::sin(a); }
  static HExpr cos(HExpr a) { return isSingle(a) ? cosOf(a) : Halide::cos(a); }
  static HExpr floor(HExpr a) { return Halide::floor(a); }
  static HExpr ceil(HExpr a) { return Halide::ceil(a); }
  static HExpr round(HExpr a) { return Halide::round(a); }
  static HExpr add(HExpr a, HExpr b) { return strict::add(a, b); }
  static HExpr sub(HExpr a, HExpr b) { return strict::sub(a, b); }
  static HExpr mul(HExpr a, HExpr b) { return strict::mul(a, b); }
  static HExpr div(HExpr a, HExpr b) { return strict::div(a, b); }
  static HExpr mod(HExpr a, HExpr b) { return sub(a, mul(b, Halide::floor(div(a, b)))); }
  static HExpr min(HExpr a, HExpr b) { return strict::minimum(a, b); }
  static HExpr max(HExpr a, HExpr b) { return strict::maximum(a, b); }
  static HExpr pow(HExpr a, HExpr b) { return powOf(a, b); }
  static HExpr lt(HExpr a, HExpr b) { return strict::lt(a, b); }
  static HExpr le(HExpr a, HExpr b) { return strict::le(a, b); }
  static HExpr gt(HExpr a, HExpr b) { return strict::lt(b, a); }
  static HExpr ge(HExpr a, HExpr b) { return strict::le(b, a); }
  static HExpr eq(HExpr a, HExpr b) { return strict::eq(a, b); }
  static HExpr ne(HExpr a, HExpr b) { return !strict::eq(a, b); }
};

struct WholeOps : Operators<HExpr> {
  static HExpr neg(HExpr a) { return -a; }
  static HExpr abs(HExpr a) { return Halide::cast(a.type(), Halide::abs(a)); }
  static HExpr invert(HExpr a) { return !a; }
  static HExpr mod(HExpr a, HExpr b) { return a % b; }
  static HExpr min(HExpr a, HExpr b) { return Halide::min(a, b); }
  static HExpr max(HExpr a, HExpr b) { return Halide::max(a, b); }
  static HExpr conjunction(HExpr a, HExpr b) { return a.type().is_bool() ? a && b : a & b; }
  static HExpr disjunction(HExpr a, HExpr b) { return a.type().is_bool() ? a || b : a | b; }
};

/// NaN of either operand wins. A constant goes first: then the single instruction does it.
HExpr extremum(const Expr &expr, HExpr a, HExpr b) {
  auto pick = [&](HExpr x, HExpr y) { return expr.op == ScalarOp::Min ? strict::min(x, y) : strict::max(x, y); };
  if (expr.args[0]->kind == ExprKind::Constant)
    return pick(a, b);
  if (expr.args[1]->kind == ExprKind::Constant)
    return pick(b, a);
  if (asksSecondOperand(expr))
    std::swap(a, b);
  return applyFloat<FloatOps>(expr.op, a, b);
}

HExpr bf16Part(ScalarOp op, HExpr low, HExpr high) {
  return op == ScalarOp::Bf16High     ? tiles::bf16High(low, high)
         : op == ScalarOp::Bf16Middle ? tiles::bf16Middle(low, high)
                                      : tiles::bf16Low(low, high);
}

HExpr floatBinary(const Expr &expr, HExpr a, HExpr b) {
  if (isBf16Part(expr.op))
    return bf16Part(expr.op, a, b);
  if (isComparison(expr.op))
    return applyComparison<FloatOps>(expr.op, a, b);
  bool isExtremum = expr.op == ScalarOp::Min || expr.op == ScalarOp::Max;
  return isExtremum ? extremum(expr, a, b) : applyFloat<FloatOps>(expr.op, a, b);
}

HExpr wholeBinary(ScalarOp op, HExpr a, HExpr b) {
  return isComparison(op) ? applyComparison<WholeOps>(op, a, b) : applyWhole<WholeOps>(op, a, b);
}

} // namespace

HExpr ExpressionBuilder::build(const ExprPtr &expr) {
  auto [at, isNew] = built.try_emplace(expr.get());
  if (!isNew)
    return at->second;
  HExpr result = convert(*expr);
  return built[expr.get()] = result;
}

HExpr ExpressionBuilder::convert(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Constant:
    return constantOf(expr);
  case ExprKind::LoopIndex:
    return leaves.loop(expr.ref);
  case ExprKind::OperandExtent:
    return leaves.operandExtent(expr.ref, expr.dim);
  case ExprKind::LoadOperand:
  case ExprKind::LoadStage:
    return load(expr);
  case ExprKind::Accumulator:
    return leaves.accumulator;
  case ExprKind::Unary:
    return unary(expr);
  case ExprKind::Binary:
    return binary(expr);
  case ExprKind::Select: {
    bool cuts = leaves.cutsReaders && leaves.cutsReaders(expr);
    return Halide::select(cuts ? likelyParts(expr.args[0]) : build(expr.args[0]), build(expr.args[1]), build(expr.args[2]));
  }
  case ExprKind::Mux: {
    std::vector<HExpr> values;
    for (size_t i = 1; i < expr.args.size(); ++i)
      values.push_back(build(expr.args[i]));
    return values.size() == 1 ? values[0] : Halide::mux(build(expr.args[0]), values);
  }
  case ExprKind::Cast:
    return Halide::cast(halideType(expr.type), build(expr.args[0]));
  case ExprKind::TileDot: {
    std::vector<HExpr> words;
    for (const ExprPtr &word : expr.args)
      words.push_back(build(word));
    return tileStep(words);
  }
  }
  return HExpr();
}

/// Loops are cut at each comparison alone: Halide would join those of several loops.
HExpr ExpressionBuilder::likelyParts(const ExprPtr &condition) {
  if (condition->kind != ExprKind::Binary || condition->op != ScalarOp::And)
    return Halide::likely(build(condition));
  return likelyParts(condition->args[0]) && likelyParts(condition->args[1]);
}

/// An index that comes from memory is promised to be inside: the caller has checked its graph.
HExpr ExpressionBuilder::load(const Expr &expr) {
  bool isOperand = expr.kind == ExprKind::LoadOperand;
  std::vector<HExpr> args;
  HExpr isInside;
  for (size_t d = 0; d < expr.args.size(); ++d) {
    HExpr arg = build(expr.args[d]);
    if (isOperand && expr.args[d]->kind == ExprKind::LoopIndex && leaves.reachesPastEnd && leaves.reachesPastEnd(expr.args[d]->ref))
      isInside = arg < leaves.operandExtent(expr.ref, int(d));
    if (readsMemory(*expr.args[d])) {
      HExpr extent = isOperand ? leaves.operandExtent(expr.ref, int(d)) : leaves.stageExtent(expr.ref, int(d));
      arg = Halide::unsafe_promise_clamped(arg, 0, extent - 1);
    }
    args.push_back(arg);
  }
  HExpr value = isOperand ? leaves.loadOperand(expr.ref, std::move(args)) : leaves.loadStage(expr.ref, std::move(args));
  return isInside.defined() ? loadWhere(isInside, value) : value;
}

HExpr ExpressionBuilder::unary(const Expr &expr) {
  HExpr a = build(expr.args[0]);
  if (expr.op == ScalarOp::Exp && hasNormalExp(*expr.args[0]))
    return normalExpOf(a);
  return isFloat(expr.args[0]->type) ? applyFloat<FloatOps>(expr.op, a) : applyWhole<WholeOps>(expr.op, a);
}

HExpr ExpressionBuilder::binary(const Expr &expr) {
  ExprPtr product;
  if (isFusedMultiplyAdd(expr, product))
    return multiplyAdd(*product);
  if (ExprPtr exponent; isExpPlusOne(expr, exponent))
    return expPlusOneOf(build(exponent));
  if (ExprPtr x; isGelu(expr, x))
    return geluOf(build(x));
  HExpr a = build(expr.args[0]), b = build(expr.args[1]);
  if (leaves.stopsAtEdge && leaves.stopsAtEdge(expr)) // then the loop is cut into its edges and what lies between
    a = Halide::likely(a);
  return isFloat(expr.args[0]->type) ? floatBinary(expr, a, b) : wholeBinary(expr.op, a, b);
}

HExpr ExpressionBuilder::multiplyAdd(const Expr &product) {
  return leaves.accumulator + build(product.args[0]) * build(product.args[1]);
}

} // namespace weft::emit
