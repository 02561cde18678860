// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How many operations a piece of text makes at least, without expanding it: so that a text that would make a billion is
// refused at once and not after the first million.
#pragma once

#include "frontends/Weft/Units.h"

#include "llvm/ADT/DenseMap.h"

namespace weft::language {

/// Lower bounds: loops over what is not written out count as empty, of two branches the cheaper one counts.
class LeastCost {
public:
  uint64_t ofBody(const Body &body, const Unit &unit);
  uint64_t ofBlock(const Entity &block);
  /// Whether a `return` stands inside: then what follows may never run.
  static bool mayReturn(const Body &body);

private:
  uint64_t ofExpr(const Expr &expr, const Unit &unit);
  uint64_t ofExprs(List<const Expr *> exprs, const Unit &unit);
  uint64_t ofCall(const CallExpr &call, const Unit &unit);
  uint64_t ofStatement(const Statement &statement, const Unit &unit);

  llvm::DenseMap<const Item *, uint64_t> blocks;
};

} // namespace weft::language
