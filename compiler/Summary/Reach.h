// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How far an element of a value sees, as tables write it: in elements of the pictures that go in, or in hops on a graph.
#pragma once

#include "dialects/Weft/ReceptiveField.h"

#include <vector>

namespace weft::summary {

class Reach {
public:
  explicit Reach(mlir::Block &network);

  /// "11", "11x7", "all", "2 hops"; empty where there is nothing to say. Of several pictures, the one seen most of.
  std::string of(mlir::Value value) const;

private:
  void follow(mlir::Operation &op);

  std::vector<ReceptiveFields> pictures;
  llvm::DenseMap<mlir::Value, int64_t> hops; ///< edges between a vertex and what it sees
};

} // namespace weft::summary
