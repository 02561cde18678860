// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A chain computes its output a few rows at a time, and of every stage before it only the rows those need. Here: which
// rows these are, so that a stage's buffer can be a line buffer, used in a circle. Phase fuse asks it of operations,
// family `chain` of the stages they become.
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

/// One stage reads another: for its row y the rows [y * stride + low, y * stride + high], cut at the first and the last.
struct RowRead {
  unsigned from; ///< an earlier stage
  int64_t stride = 1, low = 0, high = 0;
};

/// A stage as far as rows are concerned.
struct RowStage {
  int64_t height = 0;
  llvm::SmallVector<RowRead, 2> reads;
};

/// What each stage keeps while the last makes its rows in steps of `rows`. A stage may have several readers, each with
/// its own window; the entry of the last says its own rows. A first step that is not the picture's own finds nothing
/// kept and no edge above it, so it needs all rows of all windows at once: `anywhere` makes room for that.
llvm::SmallVector<LineBuffer> lineBuffers(llvm::ArrayRef<RowStage> stages, int64_t rows, bool anywhere);

/// The rows of each stage that `rows` rows of the last need by themselves, in the middle of a picture high enough.
llvm::SmallVector<int64_t> rowsAlone(llvm::ArrayRef<RowStage> stages, int64_t rows);

/// The loop of a stage over rows: the first spatial one; empty where there is none.
llvm::StringRef rowLoopOf(const StageView &stage);

/// The stages of `kernel` as rows; nothing where they are no chain (a stage reads rows in no known order, or has none).
std::optional<llvm::SmallVector<RowStage>> rowStages(const KernelView &kernel);

} // namespace weft
