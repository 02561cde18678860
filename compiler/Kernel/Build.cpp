// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Constructors for KernelDesc's parts, and the one place that derives the type of an expression.
#include "compiler/Kernel/Build.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace weft::kernel {

namespace {

ExprPtr make(Expr expr) {
  expr.type = resultType(expr);
  return std::make_shared<const Expr>(std::move(expr));
}

Directive directive(Directive::Kind kind, std::vector<std::string> loops = {}, int64_t factor = 0) {
  Directive result;
  result.kind = kind;
  result.loops = std::move(loops);
  result.factor = factor;
  return result;
}

} // namespace

bool isUnary(ScalarOp op) { return op <= ScalarOp::Not; }
bool isComparison(ScalarOp op) { return op >= ScalarOp::Lt; }
bool isBf16Part(ScalarOp op) { return op >= ScalarOp::Bf16High && op <= ScalarOp::Bf16Low; }

Scalar resultType(const Expr &expr) {
  auto typeOf = [&](size_t i) { return i < expr.args.size() && expr.args[i] ? expr.args[i]->type : expr.type; };
  switch (expr.kind) {
  case ExprKind::LoopIndex:
  case ExprKind::OperandExtent:
    return Scalar::I32;
  case ExprKind::Unary:
    return typeOf(0);
  case ExprKind::Binary:
    return isComparison(expr.op) ? Scalar::Bool : isBf16Part(expr.op) ? Scalar::I32 : typeOf(0);
  case ExprKind::Select:
  case ExprKind::Mux:
    return typeOf(1);
  case ExprKind::TileDot:
    return Scalar::F32;
  case ExprKind::Constant:
  case ExprKind::LoadOperand:
  case ExprKind::LoadStage:
  case ExprKind::Accumulator:
  case ExprKind::Cast:
    return expr.type;
  }
  return expr.type;
}

ExprPtr constant(double value, Scalar type) {
  return make({.kind = ExprKind::Constant, .type = type, .constant = value});
}
ExprPtr index(int64_t value) { return constant(static_cast<double>(value), Scalar::I32); }
ExprPtr operandExtent(int ref, int dim) { return make({.kind = ExprKind::OperandExtent, .ref = ref, .dim = dim}); }
ExprPtr loop(int ref) { return make({.kind = ExprKind::LoopIndex, .ref = ref}); }

ExprPtr loadOperand(int ref, Scalar type, std::vector<ExprPtr> args) {
  return make({.kind = ExprKind::LoadOperand, .type = type, .ref = ref, .args = std::move(args)});
}

ExprPtr loadStage(int ref, Scalar type, std::vector<ExprPtr> args) {
  return make({.kind = ExprKind::LoadStage, .type = type, .ref = ref, .args = std::move(args)});
}

ExprPtr accumulator(Scalar type) { return make({.kind = ExprKind::Accumulator, .type = type}); }
ExprPtr unary(ScalarOp op, ExprPtr a) { return make({.kind = ExprKind::Unary, .op = op, .args = {std::move(a)}}); }

ExprPtr binary(ScalarOp op, ExprPtr a, ExprPtr b) {
  return make({.kind = ExprKind::Binary, .op = op, .args = {std::move(a), std::move(b)}});
}

ExprPtr select(ExprPtr condition, ExprPtr ifTrue, ExprPtr ifFalse) {
  return make({.kind = ExprKind::Select, .args = {std::move(condition), std::move(ifTrue), std::move(ifFalse)}});
}

ExprPtr mux(ExprPtr which, std::vector<ExprPtr> values) {
  values.insert(values.begin(), std::move(which));
  return make({.kind = ExprKind::Mux, .args = std::move(values)});
}

ExprPtr tileDot(std::vector<ExprPtr> args) { return make({.kind = ExprKind::TileDot, .args = std::move(args)}); }
ExprPtr cast(Scalar type, ExprPtr a) { return make({.kind = ExprKind::Cast, .type = type, .args = {std::move(a)}}); }

bool isFusedMultiplyAdd(const Expr &expr, ExprPtr &product) {
  if (expr.kind != ExprKind::Binary || expr.op != ScalarOp::Add || expr.type != Scalar::F32)
    return false;
  for (int side : {0, 1}) {
    const ExprPtr &sum = expr.args[side], &other = expr.args[1 - side];
    if (sum->kind == ExprKind::Accumulator && other->kind == ExprKind::Binary && other->op == ScalarOp::Mul) {
      product = other;
      return true;
    }
  }
  return false;
}

bool isExpPlusOne(const Expr &expr, ExprPtr &exponent) {
  if (expr.kind != ExprKind::Binary || expr.op != ScalarOp::Add || expr.type != Scalar::F32)
    return false;
  for (int side : {0, 1}) {
    const ExprPtr &power = expr.args[side], &other = expr.args[1 - side];
    if (power->kind == ExprKind::Unary && power->op == ScalarOp::Exp && other->kind == ExprKind::Constant &&
        other->constant == 1) {
      exponent = power->args[0];
      return true;
    }
  }
  return false;
}

/// Where `expr` is `op` of something and a constant, that something.
static ExprPtr besideConstant(const ExprPtr &expr, ScalarOp op, double value) {
  if (expr->kind != ExprKind::Binary || expr->op != op || expr->type != Scalar::F32)
    return nullptr;
  for (int side : {0, 1})
    if (const ExprPtr &other = expr->args[1 - side];
        other->kind == ExprKind::Constant && float(other->constant) == float(value))
      return expr->args[side];
  return nullptr;
}

bool isGelu(const Expr &expr, ExprPtr &x) {
  if (expr.kind != ExprKind::Binary || expr.op != ScalarOp::Mul)
    return false;
  for (int side : {0, 1}) {
    ExprPtr half = besideConstant(expr.args[side], ScalarOp::Mul, 0.5), erf = besideConstant(expr.args[1 - side], ScalarOp::Add, 1);
    if (!half || !erf || erf->kind != ExprKind::Unary || erf->op != ScalarOp::Erf)
      continue;
    x = half;
    return besideConstant(erf->args[0], ScalarOp::Mul, M_SQRT1_2) == x;
  }
  return false;
}

bool hasNormalExp(const Expr &exponent) {
  double low = -HUGE_VAL, high = HUGE_VAL;
  auto isExtremum = [](const Expr &e) { return e.kind == ExprKind::Binary && (e.op == ScalarOp::Min || e.op == ScalarOp::Max); };
  for (const Expr *at = &exponent; at->type == Scalar::F32 && isExtremum(*at);) {
    int constant = at->args[0]->kind == ExprKind::Constant ? 0 : 1;
    if (at->args[constant]->kind != ExprKind::Constant)
      break;
    // What is outside has the last word.
    double bound = std::clamp(at->args[constant]->constant, low, high);
    (at->op == ScalarOp::Min ? high : low) = bound;
    at = at->args[1 - constant].get();
  }
  return -87 <= low && high <= 88;
}

/// Collects the loops an expression reads; false if it reads anything else.
static bool readsOnlyLoops(const Expr &expr, std::set<int> &loops) {
  if (expr.kind == ExprKind::LoopIndex)
    loops.insert(expr.ref);
  if (expr.kind == ExprKind::LoadOperand || expr.kind == ExprKind::LoadStage || expr.kind == ExprKind::Accumulator)
    return false;
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [&](const ExprPtr &arg) { return readsOnlyLoops(*arg, loops); });
}

bool stopsAtEdge(const Stage &stage, const Expr &expr) {
  if (expr.kind != ExprKind::Binary || expr.op != ScalarOp::Min || expr.type != Scalar::I32 ||
      expr.args[1]->kind != ExprKind::Constant)
    return false;
  std::set<int> loops;
  int count = static_cast<int>(stage.loops.size());
  return readsOnlyLoops(*expr.args[0], loops) && loops.size() == 1 && *loops.begin() < count &&
         *loops.begin() >= count - 2;
}

bool cutsReaders(const KernelDesc &desc, const Stage &stage, const Expr &pick) {
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  std::set<int> loops;
  return pick.kind == ExprKind::Select && !stage.update && stage.output < 0 && (!schedule || schedule->directives.empty()) &&
         pick.args[1]->kind == ExprKind::LoadOperand && pick.args[2]->kind == ExprKind::Constant &&
         readsOnlyLoops(*pick.args[0], loops);
}

/// Whether `expr` is made of an earlier stage's values.
static bool readsStage(const Expr &expr, std::set<const Expr *> &seen) {
  return expr.kind == ExprKind::LoadStage || std::any_of(expr.args.begin(), expr.args.end(), [&](const ExprPtr &arg) {
           return seen.insert(arg.get()).second && readsStage(*arg, seen);
         });
}

bool asksSecondOperand(const Expr &extremum) {
  std::set<const Expr *> inFirst, inSecond;
  const Expr &a = *extremum.args[0], &b = *extremum.args[1];
  return a.kind == ExprKind::Accumulator ||
         (b.kind != ExprKind::Accumulator && readsStage(a, inFirst) && !readsStage(b, inSecond));
}

int pairedFilter(const KernelDesc &desc, const Stage &stage, const std::string &blocks) {
  ExprPtr product;
  if (!stage.update || !isFusedMultiplyAdd(*stage.update->value, product))
    return -1;
  const int last = static_cast<int>(stage.loops.size()) - 1;
  for (const ExprPtr &factor : product->args) {
    if (factor->kind != ExprKind::LoadOperand || factor->args.size() < 2)
      continue;
    const ExprPtr &block = factor->args.front(), &channel = factor->args.back();
    bool isOwn = block->kind == ExprKind::LoopIndex && block->ref < last && stage.loops[block->ref].name == blocks &&
                 channel->kind == ExprKind::LoopIndex && channel->ref == last;
    if (!isOwn)
      continue;
    const Operand &filter = desc.operands[factor->ref];
    int64_t count = filter.dims.front().extent, lanes = filter.dims.back().extent;
    bool isHalf = count > 0 && lanes > 0 && lanes % 2 == 0 && filter.filled == count * lanes - lanes / 2;
    if (isHalf && stage.loops[block->ref].extent == Extent::fixed(count) && stage.loops[last].extent == Extent::fixed(lanes))
      return factor->ref;
  }
  return -1;
}

bool reachesPastEnd(const KernelDesc &desc, const Stage &stage, int loop) {
  const StageSchedule *schedule = findSchedule(desc, stage.name);
  if (!schedule || loop >= static_cast<int>(stage.loops.size()) || !stage.loops[loop].extent.isFixed())
    return false;
  return std::any_of(schedule->directives.begin(), schedule->directives.end(), [&](const Directive &d) {
    return d.kind == Directive::Kind::BoundExtent && d.loops[0] == stage.loops[loop].name &&
           d.factor > stage.loops[loop].extent.value;
  });
}

Directive split(std::string loop, std::string outer, std::string inner, int64_t factor, Tail tail) {
  Directive result = directive(Directive::Kind::Split, {std::move(loop), std::move(outer), std::move(inner)}, factor);
  result.tail = tail;
  return result;
}

Directive strips(std::string loop, std::string outer, std::string inner, int64_t atLeast) {
  return directive(Directive::Kind::Strips, {std::move(loop), std::move(outer), std::move(inner)}, atLeast);
}

Directive peel(std::string loop, std::string inside) {
  return directive(Directive::Kind::Peel, {std::move(loop), std::move(inside)});
}

Directive fuse(std::string outer, std::string inner, std::string fused) {
  return directive(Directive::Kind::Fuse, {std::move(outer), std::move(inner), std::move(fused)});
}

Directive reorder(std::vector<std::string> loops) { return directive(Directive::Kind::Reorder, std::move(loops)); }
Directive vectorize(std::string loop) { return directive(Directive::Kind::Vectorize, {std::move(loop)}); }
Directive unroll(std::string loop) { return directive(Directive::Kind::Unroll, {std::move(loop)}); }
Directive parallel(std::string loop) { return directive(Directive::Kind::Parallel, {std::move(loop)}); }

Directive computeAt(std::string stage, std::string loop) {
  Directive result = directive(Directive::Kind::ComputeAt, {std::move(loop)});
  result.at = std::move(stage);
  return result;
}

Directive storeAt(std::string stage, std::string loop) {
  Directive result = directive(Directive::Kind::StoreAt, {std::move(loop)});
  result.at = std::move(stage);
  return result;
}

Directive computeRoot() { return directive(Directive::Kind::ComputeRoot); }
Directive storeRoot() { return directive(Directive::Kind::StoreRoot); }

Directive storageOrder(std::vector<std::string> loops) {
  return directive(Directive::Kind::StorageOrder, std::move(loops));
}

Directive foldStorage(std::string loop, int64_t factor) {
  return directive(Directive::Kind::FoldStorage, {std::move(loop)}, factor);
}

Directive boundExtent(std::string loop, int64_t factor) {
  return directive(Directive::Kind::BoundExtent, {std::move(loop)}, factor);
}

Directive prefetch(std::string operand, std::string turn, std::string next, int64_t lines) {
  Directive result = directive(Directive::Kind::Prefetch, {std::move(turn), std::move(next)}, lines);
  result.at = std::move(operand);
  return result;
}

Directive pair(std::string blocks, std::string pixels) {
  return directive(Directive::Kind::Pair, {std::move(blocks), std::move(pixels)});
}

Directive onUpdate(Directive directive) {
  directive.onUpdate = true;
  return directive;
}

KernelDesc clone(const KernelDesc &desc) {
  KernelDesc copy;
  copy.name = desc.name;
  copy.operands = desc.operands;
  copy.schedule = desc.schedule;
  for (const Stage &stage : desc.stages) {
    Stage &to = copy.stages.emplace_back();
    to.name = stage.name;
    to.type = stage.type;
    to.loops = stage.loops;
    to.init = stage.init;
    to.output = stage.output;
    if (stage.update)
      to.update = std::make_unique<Update>(*stage.update);
  }
  return copy;
}

int findStage(const KernelDesc &desc, const std::string &name) {
  for (size_t i = 0; i < desc.stages.size(); ++i)
    if (desc.stages[i].name == name)
      return static_cast<int>(i);
  return -1;
}

int findOperand(const KernelDesc &desc, const std::string &name) {
  for (size_t i = 0; i < desc.operands.size(); ++i)
    if (desc.operands[i].name == name)
      return static_cast<int>(i);
  return -1;
}

const StageSchedule *findSchedule(const KernelDesc &desc, const std::string &stage) {
  for (const StageSchedule &schedule : desc.schedule)
    if (schedule.stage == stage)
      return &schedule;
  return nullptr;
}

} // namespace weft::kernel
