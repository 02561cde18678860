// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A module of any phase as a diagram.
#pragma once

#include "compiler/Draw/Diagram.h"

#include "mlir/IR/BuiltinOps.h"

namespace weft::draw {

/// Operations and groups up to phase fuse, calls of kernels after phase kernels, launches and copies after phase plan.
/// Weights and what is made of them are not shown. Empty where the module holds no network.
Diagram diagramOf(mlir::ModuleOp module);

} // namespace weft::draw
