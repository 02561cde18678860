// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// KernelDesc to object file. Meant to run in a helper process: LLVM inside Halide may crash, loop or eat memory.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <string>

namespace weft::emit {

struct CompileOptions {
  std::string target = "x86-64-v3"; ///< see Target.h
  bool asserts = false;             ///< keep Halide's checks: bounds, fold factors, vector tails
};

struct CompiledKernel {
  std::string scratch; ///< the memory halide_malloc is asked for, see compiler/Kernel/Scratch.h
};

/// Writes the object of `desc` (which has passed Check.h) to `objectPath`; with `assemblyPath` not empty also assembly.
/// Without an `objectPath` no code is generated: only the formula of the scratch memory is found, in a third of the time.
/// On failure returns false and says why in `error`: one line of Halide's message.
bool compileKernel(const kernel::KernelDesc &desc, const CompileOptions &options, const std::string &objectPath,
                   const std::string &assemblyPath, CompiledKernel &result, std::string &error);

} // namespace weft::emit
