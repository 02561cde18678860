// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How much of the input one element of a value can depend on.
#pragma once

#include "dialects/Weft/Weft.h"

#include "llvm/ADT/DenseMap.h"

namespace weft::summary {

/// Windows seen through windows: behind a window of k elements at stride s, `size` grows by (k - 1) * jump and `jump`
/// becomes jump * s (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).
struct ReceptiveField {
  bool all = false;                 ///< the whole input
  bool mixed = false;               ///< spatial dimensions are no longer apart: what contracts next sees all
  llvm::SmallVector<double> size;   ///< elements of the input, one entry a spatial dimension; empty: not an image
  llvm::SmallVector<double> jump;   ///< distance in the input of two neighbours
  int64_t hops = 0;                 ///< edges between a vertex and what it sees

  /// "11", "11x7", "all", "2 hops"; empty where there is nothing to say.
  std::string text() const;
};

class ReceptiveFields {
public:
  /// The field of an input of the network.
  void port(mlir::Value value);
  /// Those of the results of `op`, which is no recipe, from its operands'.
  void follow(mlir::Operation &op);
  ReceptiveField of(mlir::Value value) const { return fields.lookup(value); }

private:
  llvm::DenseMap<mlir::Value, ReceptiveField> fields;
};

} // namespace weft::summary
