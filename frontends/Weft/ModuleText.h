// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The way back: a module of phase parse, wherever it comes from, written as a text that gives the same network.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <string>

namespace weft {

/// Puts numbers where `const("NAME")` finds them, beside the text; returns NAME, or why not.
using SaveConstant =
    llvm::function_ref<llvm::Expected<std::string>(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers)>;

/// The canonical text of the network. Weights keep their paths; constants of more elements than a person reads go to
/// `save`. Fails where the language has no words for something (edges of graphs, NaN).
llvm::Expected<std::string> textOf(mlir::ModuleOp module, SaveConstant save);

} // namespace weft
