// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The reference evaluator: a KernelDesc's meaning, loop by loop, with no schedule. Compiled kernels are compared with
// it; it is slow and meant to be obviously right. Except in transcendental functions it gives the bits kernels must
// give.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

/// Memory of one operand as the caller passes it: `data` is the element with index 0 in each dimension.
struct BufferView {
  void *data = nullptr;
  std::vector<int64_t> extents, strides; ///< in elements, outermost first
};

struct EvaluateOptions {
  /// Compute f32 values in f64 throughout, to measure the rounding error of a kernel. Outputs are rounded once.
  bool inDouble = false;
};

/// Runs `desc` (which passes Check.h) on one view an operand, in their order. An index outside its buffer, a missing
/// operand or a wrong extent is an error in `error` and false; outputs then hold anything.
bool evaluate(const KernelDesc &desc, const std::vector<BufferView> &operands, std::string &error,
              EvaluateOptions options = {});

} // namespace weft::kernel
