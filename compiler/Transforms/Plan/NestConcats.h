// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Concatenations that begin as another one does are said with it, so that both can lie in one buffer.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft::plan {

/// concat(a, b, c) after concat(a, b) becomes concat(concat(a, b), c). DenseNet's blocks are chains of these.
void nestConcats(mlir::func::FuncOp network);

} // namespace weft::plan
