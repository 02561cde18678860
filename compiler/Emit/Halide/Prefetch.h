// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Fetches ahead of a loop, spread over its iterations. Halide's own directive fetches the whole region of a later
// iteration wherever it stands, so between two uses of a stream of weights it would fetch the same lines for each tile
// anew; this one walks through them once.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <string>
#include <vector>

namespace weft::emit {

/// One `prefetch` directive, applied to the lowered kernel. Let K be the number of iterations of `turn` since the
/// present iteration of `next` began, all loops between the two counted. Iteration K then fetches the cache lines
/// K * lines .. K * lines + lines - 1 of each stream: counted from the element of `operand` that the next iteration of
/// `next` reads first where this one reads, for each load whose distance from the others is no constant. So what a
/// load runs through should lie together. Behind the last iteration of `next` comes the first one in the next iteration
/// of the loop around it. Lines past the end of the operand are harmless: a prefetch never faults.
/// Where each iteration of `turn` reads elsewhere, as its loads depend on all loops between the two (pixels of an image, whose
/// rows and channels lie apart), it fetches instead the first `lines` lines of where it will read in the next iteration of `next`.
/// An operand that `turn` does not read is fetched for whoever reads it in the next iteration of `next`.
class Prefetch : public Halide::Internal::IRMutator {
public:
  Prefetch(const kernel::Stage &stage, const kernel::Directive &directive);

private:
  using Halide::Internal::IRMutator::visit;

  Halide::Internal::Stmt visit(const Halide::Internal::For *op) override;
  Halide::Internal::Stmt visit(const Halide::Internal::LetStmt *op) override;

  Halide::Internal::Stmt fetches(const Halide::Internal::Stmt &body) const;
  Halide::Expr turnsSoFar() const;
  size_t piecesOf(size_t outer) const;
  Halide::Expr after(Halide::Expr index, size_t stepping) const;
  Halide::Expr following(const Halide::Expr &index) const;
  Halide::Expr inPlace(const Halide::Expr &index) const;
  Halide::Expr resolved(Halide::Expr expr, size_t begin, size_t end) const;

  struct Level {
    std::string loop, let; ///< one of the two is set
    Halide::Expr min, extent, value;
  };

  std::string turnPrefix, turn, next, operand;
  int lines;
  std::vector<Level> path; ///< loops and lets, outermost first
  Halide::Internal::Stmt nextBody; ///< of the loop `next`
  size_t nextAt = 0;       ///< elements of the path up to the loop `next` and with it; 0 outside that
};

/// The passes of a kernel's `prefetch` directives; Halide's pipeline takes ownership.
std::vector<Prefetch *> prefetchesOf(const kernel::KernelDesc &desc);

} // namespace weft::emit
