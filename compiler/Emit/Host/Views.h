// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where each launch leaves its results, for tools that look at values between kernels (`weft-run --dump-tensors`).
#pragma once

#include "compiler/Emit/Host/ModelLayout.h"
#include "dialects/Plan/Plan.h"

#include "llvm/IR/Module.h"

namespace weft::emit {

struct ViewTable {
  llvm::Constant *first; ///< of `count` weft_model_view; null pointer when there are none
  unsigned count;
};

/// One view an output of a launch, as it is stored (`[N, C/16, H, W, 16]`, without the border), with its receptive field. Left out are views the
/// table cannot say: strides or offsets that depend on a run-time size.
ViewTable emitViews(plan::ProgramOp program, const ModelLayout &layout, llvm::Module &target);

} // namespace weft::emit
