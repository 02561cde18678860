// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A kernel function as schedule families see it: stages with named loops, nothing of what they compute.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace weft {

/// Names as directives take them.
inline llvm::SmallVector<llvm::StringRef> refs(llvm::ArrayRef<std::string> names) {
  return llvm::SmallVector<llvm::StringRef>(names.begin(), names.end());
}

struct StageView {
  std::string name;
  /// Loops outermost first, without the reduction; -1 is an extent known at run time only.
  llvm::SmallVector<std::string> loops;
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<std::string> reduction;
  llvm::SmallVector<int64_t> reductionExtents;
  std::string cutLoop; ///< of the reduction, where the sum runs in two levels (`weft.partial`): all inside is of one part
  bool inLanes = false; ///< the reduction runs along a row, in lanes (`weft.lanes`): nothing else need be a vector
  mlir::Operation *op = nullptr;

  bool isReduction() const { return !reduction.empty(); }
  /// Whether there is such a loop, pure or of the reduction.
  bool has(llvm::StringRef loop) const;
  /// Turns of a reduction loop within one partial sum; -1 if they differ or are not known.
  int64_t turnsOf(llvm::StringRef loop) const;
  /// The extent of loop `loop`; -1 if it is known at run time only or there is no such loop.
  int64_t extentOf(llvm::StringRef loop) const;
};

struct KernelView {
  mlir::func::FuncOp function;
  std::vector<StageView> stages; ///< producers first; outputs are those without a reader

  mlir::MLIRContext *getContext() const { return mlir::func::FuncOp(function).getContext(); }
  const StageView &output() const { return stages.back(); }
  /// The only stage with a reduction; null if there are none or several.
  const StageView *onlyReduction() const;

  /// Reads a kernel function (`weft.kernel`).
  static KernelView of(mlir::func::FuncOp function);
};

} // namespace weft
