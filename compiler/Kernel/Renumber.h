// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An expression of one stage as one of another, whose loops have other numbers.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <unordered_map>

namespace weft::kernel {

/// The same expression with `loops[i]` in place of loop i.
class Renumber {
public:
  explicit Renumber(std::vector<ExprPtr> loops) : loops(std::move(loops)) {}

  ExprPtr operator()(const ExprPtr &expr) {
    if (!expr)
      return expr;
    if (expr->kind == ExprKind::LoopIndex)
      return loops[expr->ref];
    if (expr->args.empty())
      return expr;
    ExprPtr &made = known[expr.get()];
    if (made)
      return made;
    Expr copy = *expr;
    for (ExprPtr &arg : copy.args)
      arg = (*this)(arg);
    return made = std::make_shared<const Expr>(std::move(copy));
  }

private:
  std::vector<ExprPtr> loops;
  std::unordered_map<const Expr *, ExprPtr> known;
};

} // namespace weft::kernel
