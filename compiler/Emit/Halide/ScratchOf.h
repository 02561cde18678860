// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Reads the allocations of a lowered pipeline into the formula of compiler/Kernel/Scratch.h. Runs as Halide's last
// custom lowering pass and changes nothing.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

namespace weft::emit {

class ScratchOf : public Halide::Internal::IRMutator {
public:
  explicit ScratchOf(const kernel::KernelDesc &desc) : desc(desc) {}

  Halide::Internal::Stmt mutate(const Halide::Internal::Stmt &stmt) override;
  const std::string &formula() const { return text; }

private:
  const kernel::KernelDesc &desc;
  std::string text = "(seq)";
};

} // namespace weft::emit
