// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The `weft_model` of a network as constant data, and the C functions of its header.
#pragma once

#include "compiler/Emit/Host/HostModule.h"
#include "compiler/Emit/Host/ModelLayout.h"

namespace weft::emit {

/// `const weft_model NAME_model`. Null after an error at a port whose shape the runtime cannot say.
llvm::GlobalVariable *emitDescriptor(plan::ProgramOp program, const HostOptions &options, const ModelLayout &layout,
                                     llvm::Function *run, llvm::Module &target);

/// `NAME_create`, `NAME_info`, `NAME_run`, `NAME_destroy`, and `weft_query` where wanted.
void emitInterface(llvm::GlobalVariable *model, const HostOptions &options, llvm::Module &target);

/// weft_dtype of an element; nothing where the runtime has none.
std::optional<uint32_t> dtypeOf(mlir::Type element);

} // namespace weft::emit
