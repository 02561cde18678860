// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDesc expressions as Halide C++ text; the counterpart of Expressions.h, operation by operation.
#pragma once

#include "compiler/Emit/Halide/SourceNames.h"
#include "compiler/Kernel/KernelDesc.h"

#include <map>
#include <set>

namespace weft::emit {

/// The text of an operand's extent, `w.dim(4).extent()`, or a number.
std::string extentText(const kernel::KernelDesc &desc, const SourceNames &names, int operand, int dim);
/// A loop's trip count.
std::string extentText(const kernel::KernelDesc &desc, const SourceNames &names, const kernel::Extent &extent);

class SourceExpressions {
public:
  SourceExpressions(const kernel::KernelDesc &desc, const SourceNames &names, int stage, bool update);

  /// The right-hand side of a definition. What must be declared before it is appended to `declarations`.
  std::string definition(const kernel::ExprPtr &root);
  /// For `f(...) += a * b`: the product, if the update is just that.
  bool isPlainMultiplyAdd(const kernel::ExprPtr &root, std::string &product);

  std::string declarations;
  std::map<int, std::string> shifted; ///< pure loops that are written as a sum
  std::string place;                  ///< of the element that a scattering update is about
  bool usesMath = false;              ///< expOf and the like
  bool usesTiles = false;             ///< bf16High and the like
  bool usesStrict = false;            ///< strict::max and the like, see `rounded`

private:
  /// Binding strength, as in C++.
  enum Strength { Lowest, Or, And, Equality, Relation, Sum, Product, Unary, Atom };
  struct Text {
    std::string text;
    Strength strength = Atom;
  };

  void count(const kernel::ExprPtr &expr);
  bool containsFused(const kernel::ExprPtr &expr);
  bool containsFloatOperation(const kernel::ExprPtr &expr);
  std::string rounded(const kernel::ExprPtr &expr);
  Text print(const kernel::ExprPtr &expr, bool isStrict);
  Text convert(const kernel::Expr &expr, bool isStrict);
  Text constant(const kernel::Expr &expr) const;
  Text load(const kernel::Expr &expr, bool isStrict);
  Text unary(const kernel::Expr &expr, bool isStrict);
  Text binary(const kernel::Expr &expr, bool isStrict);
  Text extremum(const kernel::Expr &expr, bool isStrict);
  Text infix(const kernel::Expr &expr, const char *sign, Strength strength, bool isStrict);
  std::string callText(const std::string &function, const std::vector<kernel::ExprPtr> &args, bool isStrict);
  std::string at(const kernel::ExprPtr &expr, Strength least, bool isStrict);
  std::string argument(const kernel::ExprPtr &expr, bool isStrict);
  std::string likelyParts(const kernel::ExprPtr &condition, bool isStrict);

  const kernel::KernelDesc &desc;
  const SourceNames &names;
  const int stage;
  const bool update;
  std::map<const kernel::Expr *, int> uses;
  std::map<const kernel::Expr *, std::string> bound;
};

} // namespace weft::emit
