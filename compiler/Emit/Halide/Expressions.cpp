// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Floats become strict operations, except the contracted multiply-add: that one is left to LLVM as a plain `acc + a *
// b`, which is where the FMA comes from. Integers (indices) stay plain so that Halide can reason about them.
#include "compiler/Emit/Halide/Expressions.h"

#include "compiler/Emit/Halide/Math.h"
#include "compiler/Emit/Halide/Strict.h"
#include "compiler/Kernel/Build.h"
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

/// NaN of either operand wins. A constant goes first: then the single instruction does it.
HExpr extremum(const Expr &expr, HExpr a, HExpr b) {
  auto pick = [&](HExpr x, HExpr y) { return expr.op == ScalarOp::Min ? strict::min(x, y) : strict::max(x, y); };
  if (expr.args[0]->kind == ExprKind::Constant)
    return pick(a, b);
  if (expr.args[1]->kind == ExprKind::Constant)
    return pick(b, a);
  return expr.op == ScalarOp::Min ? strict::minimum(a, b) : strict::maximum(a, b);
}

HExpr floatBinary(const Expr &expr, HExpr a, HExpr b) {
  switch (expr.op) {
  case ScalarOp::Add:
    return strict::add(a, b);
  case ScalarOp::Sub:
    return strict::sub(a, b);
  case ScalarOp::Mul:
    return strict::mul(a, b);
  case ScalarOp::Div:
    return strict::div(a, b);
  case ScalarOp::Mod:
    return strict::sub(a, strict::mul(b, Halide::floor(strict::div(a, b))));
  case ScalarOp::Min:
  case ScalarOp::Max:
    return extremum(expr, a, b);
  case ScalarOp::Pow:
    return powOf(a, b);
  case ScalarOp::Lt:
    return strict::lt(a, b);
  case ScalarOp::Le:
    return strict::le(a, b);
  case ScalarOp::Gt:
    return strict::lt(b, a);
  case ScalarOp::Ge:
    return strict::le(b, a);
  case ScalarOp::Eq:
    return strict::eq(a, b);
  case ScalarOp::Ne:
    return !strict::eq(a, b);
  default:
    return HExpr();
  }
}

HExpr wholeBinary(ScalarOp op, HExpr a, HExpr b) {
  switch (op) {
  case ScalarOp::Add:
    return a + b;
  case ScalarOp::Sub:
    return a - b;
  case ScalarOp::Mul:
    return a * b;
  case ScalarOp::Div:
    return a / b;
  case ScalarOp::Mod:
    return a % b;
  case ScalarOp::Min:
    return Halide::min(a, b);
  case ScalarOp::Max:
    return Halide::max(a, b);
  case ScalarOp::And:
    return a.type().is_bool() ? a && b : a & b;
  case ScalarOp::Or:
    return a.type().is_bool() ? a || b : a | b;
  case ScalarOp::Lt:
    return a < b;
  case ScalarOp::Le:
    return a <= b;
  case ScalarOp::Gt:
    return a > b;
  case ScalarOp::Ge:
    return a >= b;
  case ScalarOp::Eq:
    return a == b;
  case ScalarOp::Ne:
    return a != b;
  default:
    return HExpr();
  }
}

HExpr floatUnary(ScalarOp op, HExpr a) {
  bool isSingle = a.type() == Halide::Float(32);
  switch (op) {
  case ScalarOp::Neg:
    return strict::negate(a);
  case ScalarOp::Abs:
    return Halide::abs(a);
  case ScalarOp::Exp:
    return isSingle ? expOf(a) : Halide::exp(a);
  case ScalarOp::Log:
    return isSingle ? logOf(a) : Halide::log(a);
  case ScalarOp::Sqrt:
    return Halide::sqrt(a);
  case ScalarOp::Rsqrt:
    return strict::div(Halide::Internal::make_const(a.type(), 1.0), Halide::sqrt(a));
  case ScalarOp::Tanh:
    return isSingle ? tanhOf(a) : Halide::tanh(a);
  case ScalarOp::Erf:
    return Halide::cast(a.type(), erfOf(Halide::cast(Halide::Float(32), a)));
  case ScalarOp::Sin:
    return Halide::sin(a);
  case ScalarOp::Cos:
    return Halide::cos(a);
  case ScalarOp::Floor:
    return Halide::floor(a);
  case ScalarOp::Ceil:
    return Halide::ceil(a);
  case ScalarOp::Round:
    return Halide::round(a);
  default:
    return HExpr();
  }
}

HExpr wholeUnary(ScalarOp op, HExpr a) {
  switch (op) {
  case ScalarOp::Neg:
    return -a;
  case ScalarOp::Abs:
    return Halide::cast(a.type(), Halide::abs(a));
  case ScalarOp::Not:
    return !a;
  default:
    return a; // floor, ceil and round of integers
  }
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
  case ExprKind::Select:
    return Halide::select(build(expr.args[0]), build(expr.args[1]), build(expr.args[2]));
  case ExprKind::Mux: {
    std::vector<HExpr> values;
    for (size_t i = 1; i < expr.args.size(); ++i)
      values.push_back(build(expr.args[i]));
    return values.size() == 1 ? values[0] : Halide::mux(build(expr.args[0]), values);
  }
  case ExprKind::Cast:
    return Halide::cast(halideType(expr.type), build(expr.args[0]));
  }
  return HExpr();
}

/// An index that comes from memory is promised to be inside: the caller has checked its graph.
HExpr ExpressionBuilder::load(const Expr &expr) {
  bool isOperand = expr.kind == ExprKind::LoadOperand;
  std::vector<HExpr> args;
  for (size_t d = 0; d < expr.args.size(); ++d) {
    HExpr arg = build(expr.args[d]);
    if (readsMemory(*expr.args[d])) {
      HExpr extent = isOperand ? leaves.operandExtent(expr.ref, int(d)) : leaves.stageExtent(expr.ref, int(d));
      arg = Halide::unsafe_promise_clamped(arg, 0, extent - 1);
    }
    args.push_back(arg);
  }
  return isOperand ? leaves.loadOperand(expr.ref, std::move(args)) : leaves.loadStage(expr.ref, std::move(args));
}

HExpr ExpressionBuilder::unary(const Expr &expr) {
  HExpr a = build(expr.args[0]);
  return isFloat(expr.args[0]->type) ? floatUnary(expr.op, a) : wholeUnary(expr.op, a);
}

HExpr ExpressionBuilder::binary(const Expr &expr) {
  ExprPtr product;
  if (isFusedMultiplyAdd(expr, product))
    return multiplyAdd(*product);
  HExpr a = build(expr.args[0]), b = build(expr.args[1]);
  return isFloat(expr.args[0]->type) ? floatBinary(expr, a, b) : wholeBinary(expr.op, a, b);
}

HExpr ExpressionBuilder::multiplyAdd(const Expr &product) {
  return leaves.accumulator + build(product.args[0]) * build(product.args[1]);
}

} // namespace weft::emit
