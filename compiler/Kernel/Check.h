// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Whether a KernelDesc is well formed: everything readers rely on without looking again. A failure is a bug of whoever
// made the description, or a broken file.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

struct CheckLimits {
  /// Estimated vector operations of the unrolled code: a schedule can take Halide from seconds to an hour.
  int64_t unrolledOperations = 60000;
};

/// The first thing that is wrong with names, references, ranks, types, the schedule, in-place use or code size; empty
/// when all is well.
std::string check(const KernelDesc &desc, CheckLimits limits = {});

/// The first read outside of an operand, or of more of a stage than its directives leave room for, where extents and indices
/// say so; empty when none is seen. For a description that passed `check`, with the extents of a call.
std::string checkReads(const KernelDesc &desc);

/// The most elements an operand spans: kernels count with 32-bit indices, up to the end of the last vector.
constexpr int64_t mostElements = INT32_MAX - 63;

/// Whether no more than `mostElements` are spanned.
bool isIndexable(const Operand &operand);

/// The estimate: operations a kernel's innermost code holds once its vectorised and unrolled loops are written out.
int64_t estimateOperations(const KernelDesc &desc);

} // namespace weft::kernel
