// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums in tiles (compiler/Kernel/TileProduct.h) as calls of the runtime's micro-kernel.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weft::emit {

/// A step of a sum in tiles as the pipeline has it until it is lowered: a function of its six words, which exists nowhere.
Halide::Expr tileStep(const std::vector<Halide::Expr> &words);

/// After lowering: the loops of such an update become one call of `weft_tile_products` (runtime/src/cpu/tiles.h), which is told
/// their extents and at which distances each of them reads and writes. A loop belongs to pixels, columns or the sum, as it moves
/// the sum and one side, the sum and the other, or both sides. What the function has no loop for stays around the call. While
/// it sums, it fetches what side b is split from in the next turn of the loop around. Where side b is split by the function itself
/// (`weft_tile_products_split`), sums begin with zeros there, too, and those stored before go.
class TileSums : public Halide::Internal::IRMutator {
public:
  explicit TileSums(const kernel::KernelDesc &desc);

private:
  using Halide::Internal::IRMutator::visit;
  Halide::Internal::Stmt visit(const Halide::Internal::For *op) override;
  Halide::Internal::Stmt visit(const Halide::Internal::LetStmt *op) override;

  const Halide::Internal::For *loop = nullptr; ///< around what is mutated
  std::vector<std::pair<std::string, Halide::Expr>> lets;      ///< between that loop and it, outermost first
  std::set<std::string> updates; ///< what the names of their loops begin with
  std::set<std::string> zeros;   ///< and of those that store zeros in vain
};

} // namespace weft::emit
