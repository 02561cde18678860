// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A KernelDesc as Halide C++ a person would write: algorithm, blank line, schedule. A complete program that compiles
// alone against Halide.h and writes an object with the same bits in every result. Plain C++, needs no Halide itself.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::emit {

/// `desc` has passed Check.h; `target` is a name of Target.h.
std::string printHalideSource(const kernel::KernelDesc &desc, const std::string &target);

/// All kernels of network `name` as one program: a function each, called in turn.
std::string printHalideSource(const std::vector<kernel::KernelDesc> &kernels, const std::string &name,
                              const std::string &target);

} // namespace weft::emit
