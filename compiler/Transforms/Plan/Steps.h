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

  Step(Kind kind, mlir::Operation *op) : kind(kind), op(op) {}
};

struct Steps {
  std::vector<PlannedBuffer> buffers;
  std::vector<Step> steps;
};

/// Fails after an error where the function holds what a plan cannot express.
mlir::FailureOr<Steps> planSteps(mlir::func::FuncOp network, Values &values, const Bounds &bounds);

} // namespace weft::plan
