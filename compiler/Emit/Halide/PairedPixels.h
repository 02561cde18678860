// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sums whose last channel block is half empty (directive `pair`): there two pixels share a vector, so that no multiply-add is
// spent on zeros.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

#include <map>
#include <string>

namespace weft::emit {

/// Of the last block's sums those of an even pixel lie in the lower half of its vector, those of its right neighbour in the upper
/// one. A multiply-add takes the half of the filter's vector that holds something, twice, and a blend of both pixels. Whoever reads
/// a sum gets its half and zeros. Every sum adds the same terms in the same order as before.
/// Sums must be as unrolled loops leave them, each on its own at a constant place; others stay as they are.
class PairedPixels : public Halide::Internal::IRMutator {
public:
  explicit PairedPixels(const kernel::KernelDesc &desc);

private:
  using Halide::Internal::IRMutator::visit;
  Halide::Internal::Stmt visit(const Halide::Internal::Allocate *op) override;

  struct Sums {
    std::string filter;
    int blocks, lanes;
    size_t blockDim, pixelDim; ///< dimensions of the buffer of sums, innermost first
  };
  std::map<std::string, Sums> paired; ///< by the buffer's name
};

} // namespace weft::emit
