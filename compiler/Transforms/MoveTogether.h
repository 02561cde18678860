// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that change the form of their values together, so that none between two of them changes back.
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLExtras.h"

namespace weft {

/// Calls `move`, which puts another form beside an operation, for those of `operations` (in their order in the block) that
/// `shallMove`, then erases them. Returns how many they were.
inline unsigned moveTogether(llvm::ArrayRef<mlir::Operation *> operations, llvm::function_ref<bool(mlir::Operation *)> shallMove,
                             llvm::function_ref<void(mlir::Operation *)> move) {
  auto moving = llvm::filter_to_vector(operations, shallMove); // known before the first one moves
  llvm::for_each(moving, move);
  for (mlir::Operation *op : llvm::reverse(moving))
    op->erase();
  return moving.size();
}

} // namespace weft
