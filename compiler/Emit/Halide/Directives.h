// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Scheduling directives applied to Halide Funcs.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

namespace weft::emit {

/// Applies the directives of stage `number`, in order.
void applySchedule(const kernel::KernelDesc &desc, int number, std::vector<Halide::Func> &funcs);

/// Where the directives split the reduction loop `loop` exactly: the factor, else 0.
int64_t exactFactor(const kernel::KernelDesc &desc, const kernel::Stage &stage, const std::string &loop);

/// Halide's name for what happens at the end of a split: of a loop that becomes vector lanes or not, of a reduction or
/// not.
Halide::TailStrategy tailStrategy(kernel::Tail tail, bool isVector, bool isReduction);

} // namespace weft::emit
