// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Groups and the views between them as one group.
#pragma once

#include "dialects/Weft/Weft.h"

namespace weft {

/// Replaces `members`, in program order, by one group; only results of the last are read by others.
GroupOp joinGroups(llvm::ArrayRef<mlir::Operation *> members, mlir::Location loc, llvm::StringRef path);

/// The same for a chain, with `choice`. Where a convolution had Winograd's algorithm it is direct now, its weight packed so.
GroupOp mergeGroups(llvm::ArrayRef<mlir::Operation *> members, mlir::DictionaryAttr choice);

} // namespace weft
