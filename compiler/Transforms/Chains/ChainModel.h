// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// What a run of groups would need as one line-buffer chain: bytes for the rows alive, cycles, and how each of its
// contractions and windows runs. Before anything is lowered, on the operations of the weft dialect.
#pragma once

#include "compiler/Schedule/Family.h"
#include "compiler/Schedule/LineBuffers.h"

namespace weft {

struct ChainEstimate {
  int64_t rows = 1;         ///< output rows made a step
  int64_t scratchBytes = 0; ///< line buffers and rows, of one thread
  double cycles = 0;        ///< on one core
  int64_t weightBytes = 0;  ///< read in every step
  bool isWorthIt = true;    ///< whether reading weights in every step takes little of the time
};

/// What each contraction or window runs by inside a chain: direct where Winograd's or Strassen's algorithm was chosen. Asked for in one
/// chain after the other, decided once.
class ChoicesInChain {
public:
  explicit ChoicesInChain(const Machine &machine);
  std::optional<Choice> of(mlir::Operation *op);
  /// Whether tiles of a good size divide the rows of a blocked tensor.
  bool tilesExactly(mlir::RankedTensorType type);

private:
  Machine machine;
  llvm::DenseMap<mlir::Operation *, std::optional<Choice>> known;
  llvm::DenseMap<mlir::Type, bool> exact;
};

/// Groups, and the concatenations between them, in program order; only the last value is read by others.
class ChainModel {
public:
  ChainModel(llvm::ArrayRef<mlir::Operation *> members, const Machine &machine, ChoicesInChain &choices);

  /// Whether the rows of every value can be followed from the result to the inputs.
  bool isChain() const { return valid; }
  /// `strips`: with line buffers that allow a strip to begin in any row.
  ChainEstimate estimate(int64_t rows, bool strips) const;
  /// Output rows, and steps worth trying.
  llvm::SmallVector<int64_t> stepsToTry() const;
  bool isBatch() const;
  /// Read in every step; of operations behind one that cannot be in a chain they are not counted.
  int64_t weightBytesOfStep() const { return weightBytes; }
  /// Whether a convolution would run by another algorithm than alone.
  bool changesAlgorithms() const;
  /// Whether threads can share the chain in strips of rows; samples of a batch they share as they are.
  bool hasStrips(int64_t rows) const;
  /// `{family = "chain", rows = 2, stages = [...]}`, for strips with `strip`, the fewest output rows of one, and
  /// `again_permille`, what each strip but the first computes a second time, of the work of the chain.
  mlir::DictionaryAttr choice(int64_t rows, bool strips) const;

private:
  struct Node {
    mlir::Operation *op = nullptr;
    RowStage rows;
    int64_t rowBytes = 0;
    double cycles = 0;
    bool kept = true; ///< has a buffer; else part of its reader's stage
    bool tilesExactly = false, copies = true;
  };

  llvm::SmallVector<RowStage> rowStages() const;
  double recomputedRows() const;
  int64_t stripRows() const;
  bool add(mlir::Operation *op);
  bool addPad(PadOp pad);
  bool addWindow(mlir::Operation *op, Node &node);
  bool addOperands(mlir::Operation *op, Node &node);
  unsigned addBorder(mlir::Operation *op, mlir::Value x, llvm::ArrayRef<int64_t> pad);
  mlir::Value resolve(mlir::Value value) const;
  void decideBuffers();
  bool readsSum(const Node &node) const;

  const Machine &machine;
  ChoicesInChain &choices;
  bool valid = true;
  llvm::DenseSet<mlir::Operation *> inside;
  llvm::DenseMap<mlir::Value, unsigned> nodeOf;
  std::vector<Node> nodes;
  llvm::SmallVector<mlir::Attribute> stages;
  double workCycles = 0, copiedBytes = 0;
  int64_t weightBytes = 0;
};

} // namespace weft
