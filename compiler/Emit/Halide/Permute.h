// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Loads of channels that lie out of order in packed blocks. Halide makes a gather of them, which fetches one element after the
// other; here the few blocks they lie in are loaded whole and permuted in registers.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::emit {

/// Rewrites vector loads from operands whose innermost dimension is one whole vector, of so many elements or of a few. Where each lane's place in its block is a
/// constant, all strides being multiples of a block, and the blocks are few, the load becomes one of each block and a permutation
/// of two vectors for each further one. Which elements are taken follows from the indices alone; that strides are multiples only
/// says that the other lanes of a block may be read.
class Permute : public Halide::Internal::IRMutator {
public:
  explicit Permute(const kernel::KernelDesc &desc);

private:
  using Halide::Internal::IRMutator::visit;

  Halide::Expr visit(const Halide::Internal::Load *op) override;
  Halide::Expr visit(const Halide::Internal::Let *op) override;
  Halide::Internal::Stmt visit(const Halide::Internal::LetStmt *op) override;

  /// Blocks by where they begin, and for each lane its block and its place there.
  struct Lanes {
    std::vector<Halide::Expr> blocks;
    std::vector<int> block, place;
  };
  std::optional<Lanes> lanesOf(const Halide::Expr &index, int64_t width) const;
  void define(const std::string &name, const Halide::Expr &value);

  std::map<std::string, int64_t> blockOf; ///< of operands: elements of the innermost dimension
  std::map<std::string, Halide::Expr> vectors; ///< what variables of several lanes stand for
  Halide::Internal::Scope<Halide::Internal::ModulusRemainder> multiples;
};

} // namespace weft::emit
