// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// NAME.h, the C99 header of a compiled network.
#pragma once

#include "compiler/Emit/Host/HostModule.h"
#include "llvm/Support/raw_ostream.h"

namespace weft::emit {

/// Writes the header for a network compiled with `options`. Same text for the same plan and options.
void printHeader(plan::ProgramOp program, const HostOptions &options, llvm::raw_ostream &out);

/// `text` as it may stand in a C comment, and as part of a C identifier.
std::string commentText(llvm::StringRef text);
std::string identifierText(llvm::StringRef text);

} // namespace weft::emit
