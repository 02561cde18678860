// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A chain computes its output a few rows at a time, and of every stage before it only the rows those need. Here: which
// rows these are, so that a stage's buffer can be a line buffer, used in a circle.
#pragma once

#include "compiler/Schedule/KernelView.h"

namespace weft {

/// What a chain keeps of one stage.
struct LineBuffer {
  /// Most rows alive at once: the factor its storage is folded by where `slides`.
  int64_t rows = 1;
  /// Whether a step reads rows that an earlier step has computed.
  bool slides = false;
};

/// The loop of a stage over rows: the first spatial one; empty where there is none.
llvm::StringRef rowLoopOf(const StageView &stage);

/// What each stage of `kernel` keeps while the output is made `rows` rows a step; nothing where the stages are no chain
/// (a stage reads rows in no known order, or has none). The entry of the output says its own rows. A first step that is
/// not the picture's own finds nothing kept and no edge above it, so it needs all rows of all windows at once: `anywhere`
/// makes room for that.
std::optional<llvm::SmallVector<LineBuffer>> lineBuffers(const KernelView &kernel, int64_t rows, bool anywhere);

} // namespace weft
