// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Operations that change the form of their values together, so that none between two of them changes back.
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"

namespace weft {

/// Values that could take another form, in parts: those that operations join change together, where one of a part gains by it.
class JoinedValues {
public:
  bool contains(mlir::Value value) const { return joined.contains(value); }

  /// The results of `op` and those of its operands that are joined are of one part.
  void join(mlir::Operation *op, llvm::ArrayRef<mlir::Value> operands) {
    for (mlir::Value result : op->getResults()) {
      joined.insert(result);
      parts.insert(result.getAsOpaquePointer());
      unite(result, op->getResult(0));
      for (mlir::Value operand : operands)
        unite(operand, result);
    }
  }

  void addGain(mlir::Value value, bool gains) { gained[leader(value)] |= gains; }
  bool gains(mlir::Value value) { return gained[leader(value)]; }
  /// Whether `user` makes values of the same part.
  bool isSamePart(mlir::Operation *user, mlir::Value value) {
    return user->getNumResults() && joined.contains(user->getResult(0)) && leader(user->getResult(0)) == leader(value);
  }

private:
  void *leader(mlir::Value value) { return parts.getOrInsertLeaderValue(value.getAsOpaquePointer()); }

  void unite(mlir::Value a, mlir::Value b) {
    bool either = gains(a) || gains(b);
    parts.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
    gained[leader(a)] = either;
  }

  llvm::DenseSet<mlir::Value> joined;
  llvm::EquivalenceClasses<void *> parts;
  llvm::DenseMap<void *, bool> gained; ///< by part
};

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
