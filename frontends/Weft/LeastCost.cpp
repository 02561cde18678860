// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// One walk over the tree, blocks once each. Sums stop at the largest number there is.
#include "frontends/Weft/LeastCost.h"

#include "dialects/Weft/Call.h"

#include "llvm/Support/MathExtras.h"

using namespace weft;
using namespace weft::language;
using llvm::cast;
using llvm::dyn_cast;
using llvm::SaturatingAdd;

static bool mayReturn(const Expr &expr) {
  const auto *choice = dyn_cast<IfExpr>(&expr);
  return choice && (LeastCost::mayReturn(*choice->otherwise) ||
                    llvm::any_of(choice->arms, [](const Arm &arm) { return LeastCost::mayReturn(*arm.body); }));
}

static bool mayReturn(const Statement &statement) {
  return statement.kind == Statement::Kind::Return || (statement.body && LeastCost::mayReturn(*statement.body)) ||
         llvm::any_of(statement.values, [](const Expr *value) { return mayReturn(*value); });
}

bool LeastCost::mayReturn(const Body &body) {
  return llvm::any_of(body.statements, [](const Statement *statement) { return ::mayReturn(*statement); });
}

/// The turns of a loop over a range of plain numbers or a list written out.
static uint64_t turnsOf(const Expr &over) {
  if (const auto *list = dyn_cast<ListExpr>(&over))
    return list->items.size();
  const auto *range = dyn_cast<ChainExpr>(&over);
  if (!range || range->links.front().op != BinaryKind::Range)
    return 0;
  const auto *begin = dyn_cast<IntExpr>(range->first), *end = dyn_cast<IntExpr>(range->links.front().operand);
  return begin && end && end->value > begin->value ? uint64_t(end->value) - uint64_t(begin->value) : 0;
}

uint64_t LeastCost::ofBlock(const Entity &block) {
  // While a block is counted it counts as nothing: it may not call itself anyway.
  auto [known, fresh] = blocks.try_emplace(block.item, 0);
  if (!fresh)
    return known->second;
  uint64_t cost = ofBody(*block.item->body, *block.home);
  return blocks[block.item] = cost;
}

uint64_t LeastCost::ofBody(const Body &body, const Unit &unit) {
  uint64_t cost = 0;
  for (const Statement *statement : body.statements) {
    cost = SaturatingAdd(cost, ofStatement(*statement, unit));
    if (::mayReturn(*statement))
      break;
  }
  return cost;
}

uint64_t LeastCost::ofStatement(const Statement &statement, const Unit &unit) {
  uint64_t cost = ofExprs(statement.values, unit);
  if (!statement.body)
    return cost;
  uint64_t turns = turnsOf(*statement.values.front());
  if (mayReturn(*statement.body))
    turns = std::min<uint64_t>(turns, 1);
  return SaturatingAdd(cost, llvm::SaturatingMultiply(turns, ofBody(*statement.body, unit)));
}

uint64_t LeastCost::ofExprs(List<const Expr *> exprs, const Unit &unit) {
  uint64_t cost = 0;
  for (const Expr *expr : exprs)
    cost = SaturatingAdd(cost, ofExpr(*expr, unit));
  return cost;
}

uint64_t LeastCost::ofExpr(const Expr &expr, const Unit &unit) {
  switch (expr.kind) {
  case Expr::Kind::Tuple:
    return ofExprs(cast<TupleExpr>(expr).items, unit);
  case Expr::Kind::List:
    return ofExprs(cast<ListExpr>(expr).items, unit);
  case Expr::Kind::Call:
    return ofCall(cast<CallExpr>(expr), unit);
  case Expr::Kind::Unary:
    return ofExpr(*cast<UnaryExpr>(expr).operand, unit);
  case Expr::Kind::Chain: {
    const auto &chain = cast<ChainExpr>(expr);
    uint64_t cost = ofExpr(*chain.first, unit);
    if (precedence(chain.links.front().op) > precedence(BinaryKind::And)) // `and` and `or` may stop at the first
      for (const Link &link : chain.links)
        cost = SaturatingAdd(cost, ofExpr(*link.operand, unit));
    return cost;
  }
  case Expr::Kind::If: {
    const auto &choice = cast<IfExpr>(expr);
    uint64_t cheapest = ofBody(*choice.otherwise, unit);
    for (const Arm &arm : choice.arms)
      cheapest = std::min(cheapest, ofBody(*arm.body, unit));
    return SaturatingAdd(cheapest, ofExpr(*choice.arms.front().condition, unit));
  }
  default:
    return 0;
  }
}

/// Operations that are functions of numbers too may make nothing.
static bool surelyMakesOne(llvm::StringRef name) {
  for (llvm::StringRef number : {"min", "max", "abs", "floor", "ceil", "sqrt"})
    if (name == number)
      return false;
  return isCall(name);
}

uint64_t LeastCost::ofCall(const CallExpr &call, const Unit &unit) {
  uint64_t cost = 0;
  for (const Argument &argument : call.arguments)
    cost = SaturatingAdd(cost, ofExpr(*argument.value, unit));
  auto known = unit.names.find(call.callee.text);
  if (known != unit.names.end() && known->second.item->kind == Item::Kind::Block)
    return SaturatingAdd(cost, ofBlock(known->second));
  return SaturatingAdd(cost, uint64_t(surelyMakesOne(call.callee.text)));
}
