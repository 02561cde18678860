// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The host function: straight-line code that walks the steps of a plan.
#pragma once

#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Emit/Host/ModelLayout.h"

namespace weft::emit {

/// `int NAME__run(struct weft_frame *)` in `target`. Null after an error at a step that cannot be spelled.
llvm::Function *emitHostFunction(plan::ProgramOp program, const HostOptions &options, const ModelLayout &layout,
                                 llvm::Module &target);

} // namespace weft::emit
