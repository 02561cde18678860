// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where the channels of a network's tensors are cut: what concatenations, splits and slices ask of everything that shares
// their channels.
#pragma once

#include "dialects/Weft/Weft.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace weft {

/// Channels in parts, in order.
using Parts = llvm::SmallVector<int64_t>;

/// Channels stored when each part begins with a block.
int64_t storedChannels(llvm::ArrayRef<int64_t> parts, int64_t block);

/// Where channel `channel`, the first of a part or the number of all, is stored.
int64_t storedPlace(llvm::ArrayRef<int64_t> parts, int64_t channel, int64_t block);

/// The channels one operation relates: `value` holds those from `from` on.
struct Member {
  mlir::Value value;
  int64_t from;
};

/// An operation that passes channels on as they are, together or in parts.
struct Relation {
  mlir::Operation *op;
  llvm::SmallVector<Member> members;
  llvm::SmallVector<int64_t> cuts; ///< where parts meet
};

/// A contraction whose channels can lie as one likes, on both sides: its weight and its bias are recipes.
bool arrangesChannels(mlir::Operation *op, const llvm::DenseSet<mlir::Value> &recipes);

/// Values that must be cut alike, and what relates them.
struct Component {
  llvm::SmallVector<const Relation *> relations;
  llvm::SmallVector<mlir::Value> values;
};

/// The least cuts of all channels with which every part of a concatenation, a split or a slice is made of whole parts.
class ChannelParts {
public:
  explicit ChannelParts(mlir::func::FuncOp network);

  llvm::ArrayRef<Component> components() const { return found; }
  Parts partsOf(mlir::Value value) const;
  const Relation *relationOf(mlir::Operation *op) const { return byOp.lookup(op); }
  const llvm::DenseSet<mlir::Value> &recipes() const { return known; }

private:
  void propagate();
  void refine(const Relation &relation, llvm::SmallVectorImpl<mlir::Value> &changed);
  void collect(unsigned first, llvm::DenseSet<const Relation *> &seen);

  llvm::DenseSet<mlir::Value> known;
  std::vector<Relation> relations;
  llvm::DenseMap<mlir::Operation *, const Relation *> byOp;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<unsigned>> readers; ///< relations a value is a member of
  llvm::DenseMap<mlir::Value, llvm::SmallVector<int64_t>> cuts;     ///< ascending
  std::vector<Component> found;
};

} // namespace weft
