// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which convolutions may pay for speed with memory.
#pragma once

#include "compiler/Schedule/Family.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace weft {

/// Whether it takes fewer products than the definition, for sums and larger filters: Winograd's or Strassen's.
bool savesProducts(std::optional<Algorithm> algorithm);

/// What distinguishes the filters of a convolution by Winograd's algorithm or by Strassen's.
struct FilterForm {
  FilterForm() = default;
  explicit FilterForm(const Choice &choice) : algorithm(*choice.algorithm), transformsFilter(choice.transformsFilter) {}
  bool operator==(const FilterForm &other) const = default;

  Algorithm algorithm = Algorithm::Winograd4;
  bool transformsFilter = false;
};

/// Marks a network in which kernels that transform filters may take more room than there is beside its tensors.
inline constexpr llvm::StringLiteral tradesWeightsAttr = "weft.trades_weights";

/// The convolutions of a network that may use Winograd's algorithm or Strassen's, and in which form: filters of F(4) take four times
/// the memory, of F(2) and Strassen's less than twice, those that a kernel transforms none, so what gains the most cycles a byte comes
/// first, as long as all packed weights stay below `budget` times those written. Where the network gains by more room than there is,
/// `function` is marked with `tradesWeightsAttr`.
llvm::DenseMap<mlir::Operation *, FilterForm> spendWeightsBudget(mlir::func::FuncOp function, Machine machine,
                                                               double budget);

} // namespace weft
