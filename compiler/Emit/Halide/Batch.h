// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiles many kernels, each in a child forked from this process before Halide has done anything: every kernel meets
// the same fresh state (so its bytes do not depend on the batch), and a crash or a time-out costs one kernel only.
#pragma once

#include "compiler/Emit/Halide/Compile.h"

#include <vector>

namespace weft::emit {

struct BatchOptions {
  CompileOptions compile;
  std::string folder;        ///< gets N.o, N.scratch, N.log for kernel N
  bool assembly = false;     ///< N.s too
  bool scratchOnly = false;  ///< no N.o: only N.scratch
  unsigned jobs = 1;         ///< kernels at a time
  unsigned seconds = 120;    ///< a kernel may take
  unsigned mebibytes = 4096; ///< of address space for a kernel
};

/// What became of one kernel: `status` is `ok`, `error`, `crash` or `timeout`.
struct BatchResult {
  std::string status, message;
};

/// Must be called before any Halide function and while this process has one thread.
std::vector<BatchResult> compileBatch(const std::vector<kernel::KernelDesc> &kernels, const BatchOptions &options);

} // namespace weft::emit
