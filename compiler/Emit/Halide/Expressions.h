// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDesc expressions as Halide expressions.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <functional>
#include <unordered_map>

namespace weft::emit {

Halide::Type halideType(kernel::Scalar type);

/// What the leaves of one definition's expressions stand for.
struct Leaves {
  std::function<Halide::Expr(int loop)> loop;
  std::function<Halide::Expr(int operand, std::vector<Halide::Expr> args)> loadOperand;
  std::function<Halide::Expr(int stage, std::vector<Halide::Expr> args)> loadStage;
  std::function<Halide::Expr(int operand, int dim)> operandExtent;
  std::function<Halide::Expr(int stage, int dim)> stageExtent;
  Halide::Expr accumulator;
  std::function<bool(const kernel::Expr &)> stopsAtEdge; ///< see compiler/Kernel/Build.h
  std::function<bool(const kernel::Expr &)> cutsReaders; ///< the same
  std::function<bool(int loop)> reachesPastEnd;          ///< the same
};

/// Converts the expressions of one definition; a node used twice becomes one Halide node.
class ExpressionBuilder {
public:
  explicit ExpressionBuilder(Leaves leaves) : leaves(std::move(leaves)) {}
  Halide::Expr build(const kernel::ExprPtr &expr);

private:
  Halide::Expr convert(const kernel::Expr &expr);
  Halide::Expr likelyParts(const kernel::ExprPtr &condition);
  Halide::Expr load(const kernel::Expr &expr);
  Halide::Expr unary(const kernel::Expr &expr);
  Halide::Expr binary(const kernel::Expr &expr);
  Halide::Expr multiplyAdd(const kernel::Expr &product);

  Leaves leaves;
  std::unordered_map<const kernel::Expr *, Halide::Expr> built;
};

} // namespace weft::emit
