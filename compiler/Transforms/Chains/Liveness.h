// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The groups of a network in order, and what is alive while they run: the figures cuts into chains are judged by. An
// estimate before buffers exist; the planner has the last word.
#pragma once

#include "compiler/Schedule/Family.h"

#include "llvm/ADT/SetVector.h"

namespace weft {

class Liveness {
public:
  explicit Liveness(mlir::func::FuncOp network);

  llvm::ArrayRef<GroupOp> groups() const { return order; }
  /// Bytes alive while groups `first` to `last` run, with what they leave behind but nothing that begins and ends inside.
  int64_t bytesWhile(unsigned first, unsigned last) const;
  /// Bytes that the last of `members`, where it is a concatenation, takes over from outside: a chain writes them again.
  int64_t bytesCopied(llvm::ArrayRef<mlir::Operation *> members) const;
  /// What a group needs beside its operands and result, as far as that is known here: Winograd's transforms, and a padded
  /// copy of a row-major input.
  int64_t scratchOf(unsigned group, const Machine &machine) const;
  /// Cycles of a group alone, with what it costs to pass tensors through memory.
  double cyclesOf(unsigned group, const Machine &machine) const;
  /// Whether the group's operations can be part of a chain.
  bool mayChain(unsigned group) const { return made[group].mayChain; }
  /// The groups with the concatenations of what they make, if only the last value is read by others.
  std::optional<llvm::SmallVector<mlir::Operation *>> membersOf(unsigned first, unsigned last) const;

private:
  struct Made {
    int64_t bytes = 0;    ///< of the group's results, with border; 0 where the caller owns them
    bool mayChain = false;
    unsigned lastUse = 0; ///< group; the number of groups if the network returns it
  };

  unsigned lastUseOf(mlir::Value value) const;
  int64_t bytesOf(mlir::Value value) const;
  bool worksInPlace(unsigned group) const;
  void addConcats(llvm::SmallSetVector<mlir::Operation *, 16> &members) const;

  llvm::SmallVector<GroupOp> order;
  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
  llvm::SmallVector<Made> made;
};

} // namespace weft
