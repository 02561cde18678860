// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A network function as buffers and steps: which tensors share a buffer, and what is launched, bordered and copied in
// which order. Offsets in the arena are decided later (Lifetimes.h).
#pragma once

#include "compiler/Transforms/Plan/Places.h"

namespace weft::plan {

struct PlannedBuffer {
  enum Kind { Slice, Input, Output, Slot };
  Kind kind = Slice;
  unsigned port = 0; ///< of inputs and outputs
  mlir::Value value; ///< what it was made for; a slot's recipe
  mlir::Type element;
  int64_t bytes = 0; ///< for the largest run-time sizes
  bool isScratch = false; ///< a slice a kernel works in; `value` is what that kernel makes
};

struct PlannedView {
  Place place;
  Extents extents;
  mlir::Type element;
};

struct Step {
  enum Kind { Launch, Border, Copy };
  Kind kind = Launch;
  mlir::Operation *op = nullptr; ///< that asked for it
  llvm::SmallVector<PlannedView> reads, writes;
  llvm::SmallVector<int64_t> inPlace;   ///< launches: an entry for each write, the read it takes over or -1
  llvm::SmallVector<int64_t> low, high; ///< borders
  mlir::TypedAttr fill;                 ///< borders
  llvm::StringRef why;                  ///< copies

  int scratch = -1; ///< launches: index into Steps::buffers of the memory the kernel works in, or -1
  int64_t callerBytes = 0, workerBytes = 0; ///< of it: of the thread that calls, of each further one

  Step(Kind kind, mlir::Operation *op) : kind(kind), op(op) {}
};

struct Steps {
  std::vector<PlannedBuffer> buffers;
  std::vector<Step> steps;
};

/// Kernels work in memory for `threads` threads. Fails after an error where the function holds what a plan cannot express.
mlir::FailureOr<Steps> planSteps(mlir::func::FuncOp network, Values &values, const Bounds &bounds, int64_t threads);

} // namespace weft::plan
