// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Float operations are written plainly and wrapped once in strict_float, which turns each of them into the IEEE
// operation the compiled kernel uses. It would do so to the contracted multiply-add too, so that one stands outside.
#include "compiler/Emit/Halide/SourceExpressions.h"

#include "compiler/Kernel/Build.h"
#include "compiler/Kernel/Spell.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

namespace weft::emit {

using namespace kernel;

namespace {

std::string typeText(Scalar type) {
  switch (type) {
  case Scalar::F32:
    return "float";
  case Scalar::F64:
    return "double";
  case Scalar::I32:
    return "int32_t";
  case Scalar::I64:
    return "int64_t";
  case Scalar::U8:
    return "uint8_t";
  case Scalar::Bool:
    return "bool";
  }
  return "float";
}

bool isTrivial(const Expr &expr) { return expr.args.empty(); }

bool readsMemory(const ExprPtr &expr) {
  if (expr->kind == ExprKind::LoadOperand || expr->kind == ExprKind::LoadStage || expr->kind == ExprKind::Accumulator)
    return true;
  return std::any_of(expr->args.begin(), expr->args.end(), readsMemory);
}

} // namespace

std::string extentText(const KernelDesc &desc, const SourceNames &names, int operand, int dim) {
  const Operand &of = desc.operands[operand];
  if (of.dims[dim].extent >= 0)
    return std::to_string(of.dims[dim].extent);
  return names.operands[operand] + (of.isOutput ? ".output_buffer()" : "") + ".dim(" +
         std::to_string(of.dims.size() - 1 - dim) + ").extent()";
}

std::string extentText(const KernelDesc &desc, const SourceNames &names, const Extent &extent) {
  if (extent.isFixed())
    return std::to_string(extent.value);
  std::string all = extentText(desc, names, extent.operand, extent.dim);
  if (extent.per == 1)
    return all;
  return "(" + all + " + " + std::to_string(extent.per - 1) + ") / " + std::to_string(extent.per);
}

SourceExpressions::SourceExpressions(const KernelDesc &desc, const SourceNames &names, int stage, bool update)
    : desc(desc), names(names), stage(stage), update(update) {}

void SourceExpressions::count(const ExprPtr &expr) {
  if (isTrivial(*expr) || ++uses[expr.get()] > 1)
    return;
  for (const ExprPtr &arg : expr->args)
    count(arg);
}

bool SourceExpressions::containsFused(const ExprPtr &expr) {
  ExprPtr product;
  if (expr->kind == ExprKind::Binary && isFusedMultiplyAdd(*expr, product))
    return true;
  return std::any_of(expr->args.begin(), expr->args.end(), [&](const ExprPtr &arg) { return containsFused(arg); });
}

bool SourceExpressions::containsFloatOperation(const ExprPtr &expr) {
  bool isOperation = expr->kind == ExprKind::Unary || expr->kind == ExprKind::Binary;
  if (isOperation && isFloat(expr->args[0]->type))
    return true;
  return std::any_of(expr->args.begin(), expr->args.end(),
                     [&](const ExprPtr &arg) { return containsFloatOperation(arg); });
}

/// An expression whose float operations must be strict: one wrapper, unless a multiply-add is inside.
std::string SourceExpressions::rounded(const ExprPtr &expr) {
  if (!containsFloatOperation(expr))
    return print(expr, true).text;
  if (!containsFused(expr))
    return "strict_float(" + print(expr, true).text + ")";
  return print(expr, false).text;
}

std::string SourceExpressions::definition(const ExprPtr &root) {
  count(root);
  std::string text = rounded(root);
  bool isBare = root->kind == ExprKind::Constant && text.rfind("Expr(", 0) != 0;
  return isBare ? "Expr(" + text + ")" : text;
}

bool SourceExpressions::isPlainMultiplyAdd(const ExprPtr &root, std::string &product) {
  ExprPtr mul;
  if (root->kind != ExprKind::Binary || !isFusedMultiplyAdd(*root, mul))
    return false;
  count(root);
  auto factor = [&](const ExprPtr &expr) {
    std::string text = rounded(expr);
    bool isCall = text.back() == ')' || text.back() == 'f';
    return isCall ? text : "(" + text + ")";
  };
  product = factor(mul->args[0]) + " * " + factor(mul->args[1]);
  return true;
}

SourceExpressions::Text SourceExpressions::print(const ExprPtr &expr, bool isStrict) {
  if (auto found = bound.find(expr.get()); found != bound.end())
    return {found->second};
  if (!isStrict && !containsFused(expr)) {
    Text text = print(expr, true);
    return containsFloatOperation(expr) ? Text{"strict_float(" + text.text + ")"} : text;
  }
  bool isShared = uses[expr.get()] > 1 && expr->kind != ExprKind::LoadOperand && expr->kind != ExprKind::LoadStage;
  if (!isShared)
    return convert(*expr, isStrict);
  std::string value = convert(*expr, isStrict).text; // first: what it shares has names before its own
  if (isStrict && containsFloatOperation(expr))
    value = "strict_float(" + value + ")";
  std::string name = names.stages[stage] + (update ? "_u" : "_t") + std::to_string(bound.size());
  declarations += "  Expr " + name + " = " + value + ";\n";
  bound[expr.get()] = name;
  return {name};
}

std::string SourceExpressions::at(const ExprPtr &expr, Strength least, bool isStrict) {
  Text text = print(expr, isStrict);
  return text.strength < least ? "(" + text.text + ")" : text.text;
}

std::string SourceExpressions::argument(const ExprPtr &expr, bool isStrict) { return print(expr, isStrict).text; }

std::string SourceExpressions::likelyParts(const ExprPtr &condition, bool isStrict) {
  if (condition->kind != ExprKind::Binary || condition->op != ScalarOp::And)
    return callText("likely", {condition}, isStrict);
  return likelyParts(condition->args[0], isStrict) + " && " + likelyParts(condition->args[1], isStrict);
}

std::string SourceExpressions::callText(const std::string &function, const std::vector<ExprPtr> &args, bool isStrict) {
  std::string text;
  for (const ExprPtr &arg : args)
    text += (text.empty() ? "" : ", ") + argument(arg, isStrict);
  return function + "(" + text + ")";
}

SourceExpressions::Text SourceExpressions::convert(const Expr &expr, bool isStrict) {
  switch (expr.kind) {
  case ExprKind::Constant:
    return constant(expr);
  case ExprKind::LoopIndex: {
    const Stage &of = desc.stages[stage];
    if (auto sum = shifted.find(expr.ref); sum != shifted.end())
      return {sum->second, Sum};
    bool isPure = size_t(expr.ref) < of.loops.size();
    const std::string &name = isPure ? of.loops[expr.ref].name : of.update->loops[expr.ref - of.loops.size()].name;
    return {names.loop(stage, !isPure, name)};
  }
  case ExprKind::OperandExtent:
    return {extentText(desc, names, expr.ref, expr.dim)};
  case ExprKind::LoadOperand:
  case ExprKind::LoadStage:
    return load(expr, isStrict);
  case ExprKind::Accumulator: {
    std::string args;
    const Stage &of = desc.stages[stage];
    for (size_t i = of.loops.size(); i-- > 0;)
      args += (args.empty() ? "" : ", ") + (int(i) == of.update->scattered ? place : names.loop(stage, false, of.loops[i].name));
    return {names.stages[stage] + "(" + args + ")"};
  }
  case ExprKind::Unary:
    return unary(expr, isStrict);
  case ExprKind::Binary:
    return binary(expr, isStrict);
  case ExprKind::Select:
    if (!update && cutsReaders(desc, desc.stages[stage], expr))
      return {"select(" + likelyParts(expr.args[0], isStrict) + ", " + argument(expr.args[1], isStrict) + ", " +
              argument(expr.args[2], isStrict) + ")"};
    return {callText("select", expr.args, isStrict)};
  case ExprKind::Mux: {
    if (expr.args.size() == 2)
      return print(expr.args[1], isStrict);
    std::string values = callText("", {expr.args.begin() + 1, expr.args.end()}, isStrict);
    return {"mux(" + argument(expr.args[0], isStrict) + ", {" + values.substr(1, values.size() - 2) + "})"};
  }
  case ExprKind::TileDot: {
    usesTiles = true;
    std::string words = callText("", expr.args, isStrict);
    return {"tiles::tileDot({" + words.substr(1, words.size() - 2) + "})"};
  }
  case ExprKind::Cast:
    return {callText("cast<" + typeText(expr.type) + ">", expr.args, isStrict)};
  }
  return {};
}

SourceExpressions::Text SourceExpressions::constant(const Expr &expr) const {
  if (!isFloat(expr.type)) {
    std::string number = std::to_string(static_cast<int64_t>(expr.constant));
    if (expr.type == Scalar::I32)
      return {number, expr.constant < 0 ? Unary : Atom};
    return {"Expr(" + typeText(expr.type) + "(" + number + "))"};
  }
  bool isSingle = expr.type == Scalar::F32;
  double value = isSingle ? static_cast<float>(expr.constant) : expr.constant;
  if (std::isnan(value) || std::isinf(value)) {
    std::string text = std::isnan(value) ? "NAN" : value < 0 ? "-INFINITY" : "INFINITY";
    return {isSingle ? "Expr(" + text + ")" : "Expr(double(" + text + "))"};
  }
  char buffer[64];
  char *end = isSingle ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value)).ptr
                       : std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return {isSingle ? text + "f" : "Expr(" + text + ")", value < 0 || std::signbit(value) ? Unary : Atom};
}

SourceExpressions::Text SourceExpressions::load(const Expr &expr, bool isStrict) {
  bool isOperand = expr.kind == ExprKind::LoadOperand;
  std::string args, isInside;
  for (size_t d = expr.args.size(); d-- > 0;) {
    std::string arg = argument(expr.args[d], isStrict);
    if (isOperand && update && expr.args[d]->kind == ExprKind::LoopIndex &&
        reachesPastEnd(desc, desc.stages[stage], expr.args[d]->ref))
      isInside = arg + " < " + extentText(desc, names, Extent::ofOperand(expr.ref, int(d)));
    if (readsMemory(expr.args[d])) {
      const Extent stageExtent =
          isOperand ? Extent::ofOperand(expr.ref, int(d)) : desc.stages[expr.ref].loops[d].extent;
      std::string extent = extentText(desc, names, stageExtent);
      arg = "unsafe_promise_clamped(" + arg + ", 0, " + extent + " - 1)";
    }
    args += (args.empty() ? "" : ", ") + arg;
  }
  std::string value = (isOperand ? names.operands : names.stages)[expr.ref] + "(" + args + ")";
  usesStrict |= !isInside.empty();
  return {isInside.empty() ? value : "loadWhere(" + isInside + ", " + value + ")"};
}

SourceExpressions::Text SourceExpressions::unary(const Expr &expr, bool isStrict) {
  bool isSingle = expr.type == Scalar::F32;
  if (expr.op == ScalarOp::Exp && hasNormalExp(*expr.args[0])) {
    usesMath = true;
    return {callText("normalExpOf", expr.args, isStrict)};
  }
  switch (expr.op) {
  case ScalarOp::Neg:
    if (isFloat(expr.type))
      return {(isSingle ? "-0.0f - " : "Expr(-0.0) - ") + at(expr.args[0], Product, isStrict), Sum};
    return {"-" + at(expr.args[0], Unary, isStrict), Unary};
  case ScalarOp::Not:
    return {"!" + at(expr.args[0], Unary, isStrict), Unary};
  case ScalarOp::Rsqrt:
    return {(isSingle ? "1.0f / " : "Expr(1.0) / ") + callText("sqrt", expr.args, isStrict), Product};
  case ScalarOp::Abs:
    return {isFloat(expr.type) ? callText("abs", expr.args, isStrict)
                               : "cast<" + typeText(expr.type) + ">(" + callText("abs", expr.args, isStrict) + ")"};
  case ScalarOp::Exp:
  case ScalarOp::Log:
  case ScalarOp::Tanh:
  case ScalarOp::Erf:
  case ScalarOp::Sin:
  case ScalarOp::Cos:
    if (isSingle) {
      usesMath = true;
      return {callText(std::string(spell(expr.op)) + "Of", expr.args, isStrict)};
    }
    if (expr.op == ScalarOp::Erf) {
      usesMath = true;
      return {"cast<double>(" + callText("erfOf(cast<float>", expr.args, isStrict) + "))"};
    }
    [[fallthrough]];
  default:
    return {callText(std::string(spell(expr.op)), expr.args, isStrict)};
  }
}

SourceExpressions::Text SourceExpressions::infix(const Expr &expr, const char *sign, Strength strength, bool isStrict) {
  // b + -a is b - a, also for zeros and infinities.
  auto isNegation = [&](const ExprPtr &e) {
    return e->kind == ExprKind::Unary && e->op == ScalarOp::Neg && isFloat(e->type) && uses[e.get()] < 2;
  };
  if (expr.op == ScalarOp::Add)
    for (int side : {0, 1})
      if (isNegation(expr.args[side]))
        return {at(expr.args[1 - side], Sum, isStrict) + " - " + at(expr.args[side]->args[0], Product, isStrict), Sum};
  // Not associative as floats, so the right side is bracketed at equal strength.
  std::string left = at(expr.args[0], strength, isStrict), right = at(expr.args[1], Strength(strength + 1), isStrict);
  if (expr.args[0]->kind == ExprKind::Constant && expr.args[1]->kind == ExprKind::Constant)
    left = "Expr(" + left + ")";
  return {left + " " + sign + " " + right, strength};
}

SourceExpressions::Text SourceExpressions::extremum(const Expr &expr, bool isStrict) {
  std::string name(spell(expr.op));
  ExprPtr a = expr.args[0], b = expr.args[1];
  if (!isFloat(expr.type))
    return {callText(name, {a, b}, isStrict)};
  if (!isStrict) {
    usesStrict = true;
    name = "strict::" + name;
  }
  if (b->kind == ExprKind::Constant)
    std::swap(a, b); // NaN of the second argument wins
  if (a->kind == ExprKind::Constant) {
    std::string first = argument(a, isStrict);
    bool wrap = b->kind == ExprKind::Constant || !isStrict;
    return {name + "(" + (wrap ? "Expr(" + first + ")" : first) + ", " + argument(b, isStrict) + ")"};
  }
  if (asksSecondOperand(expr))
    std::swap(a, b);
  usesStrict = true;
  return {callText(expr.op == ScalarOp::Min ? "strict::minimum" : "strict::maximum", {a, b}, isStrict)};
}

SourceExpressions::Text SourceExpressions::binary(const Expr &expr, bool isStrict) {
  ExprPtr product;
  if (isFusedMultiplyAdd(expr, product)) {
    auto factor = [&](const ExprPtr &e) { return containsFloatOperation(e) ? rounded(e) : at(e, Unary, true); };
    return {convert(*(expr.args[0] == product ? expr.args[1] : expr.args[0]), false).text + " + " +
                factor(product->args[0]) + " * " + factor(product->args[1]),
            Sum};
  }
  bool real = isFloat(expr.args[0]->type);
  auto strictly = [&](const char *function) -> Text {
    usesStrict = true;
    std::string text;
    for (const ExprPtr &arg : expr.args) {
      std::string one = containsFused(arg) ? argument(arg, false) : rounded(arg);
      text += (text.empty() ? "" : ", ") + (arg->kind == ExprKind::Constant ? "Expr(" + one + ")" : one);
    }
    return {std::string(function) + "(" + text + ")"};
  };
  bool plain = isStrict || !real;
  if (ExprPtr exponent; isExpPlusOne(expr, exponent)) {
    usesMath = true;
    return {callText("expPlusOneOf", {exponent}, isStrict)};
  }
  if (ExprPtr x; isGelu(expr, x)) {
    usesMath = true;
    return {callText("geluOf", {x}, isStrict)};
  }
  if (!update && stopsAtEdge(desc.stages[stage], expr))
    return {"min(" + callText("likely", {expr.args[0]}, isStrict) + ", " + argument(expr.args[1], isStrict) + ")"};
  if (isBf16Part(expr.op)) {
    usesTiles = true;
    const char *name = expr.op == ScalarOp::Bf16High ? "tiles::bf16High" : expr.op == ScalarOp::Bf16Middle ? "tiles::bf16Middle" : "tiles::bf16Low";
    return {callText(name, expr.args, isStrict)};
  }
  switch (expr.op) {
  case ScalarOp::Add:
    return plain ? infix(expr, "+", Sum, isStrict) : strictly("strict::add");
  case ScalarOp::Sub:
    return plain ? infix(expr, "-", Sum, isStrict) : strictly("strict::sub");
  case ScalarOp::Mul:
    return plain ? infix(expr, "*", Product, isStrict) : strictly("strict::mul");
  case ScalarOp::Div:
    return plain ? infix(expr, "/", Product, isStrict) : strictly("strict::div");
  case ScalarOp::Mod:
    if (!real)
      return infix(expr, "%", Product, isStrict);
    return {at(expr.args[0], Sum, isStrict) + " - " + at(expr.args[1], Product, isStrict) + " * floor(" +
                at(expr.args[0], Product, isStrict) + " / " + at(expr.args[1], Unary, isStrict) + ")",
            Sum};
  case ScalarOp::Min:
  case ScalarOp::Max:
    return extremum(expr, isStrict);
  case ScalarOp::Pow:
    usesMath = true;
    return {callText("powOf", expr.args, isStrict)};
  case ScalarOp::And:
    return infix(expr, expr.type == Scalar::Bool ? "&&" : "&", And, isStrict);
  case ScalarOp::Or:
    return infix(expr, expr.type == Scalar::Bool ? "||" : "|", Or, isStrict);
  case ScalarOp::Lt:
    return plain ? infix(expr, "<", Relation, isStrict) : strictly("strict::lt");
  case ScalarOp::Le:
    return plain ? infix(expr, "<=", Relation, isStrict) : strictly("strict::le");
  case ScalarOp::Gt:
    return infix(expr, ">", Relation, isStrict);
  case ScalarOp::Ge:
    return infix(expr, ">=", Relation, isStrict);
  case ScalarOp::Eq:
    return plain ? infix(expr, "==", Equality, isStrict) : strictly("strict::eq");
  case ScalarOp::Ne:
    return infix(expr, "!=", Equality, isStrict);
  default:
    return {};
  }
}

} // namespace weft::emit
