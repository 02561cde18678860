// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The part of Check.h about directives and in-place outputs; wants a description whose stages are well formed.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

std::string checkSchedule(const KernelDesc &desc);

} // namespace weft::kernel
