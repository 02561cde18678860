// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A network in numbers, layer by layer, from its module after phase parse: parameters, multiply-adds, activations,
// receptive fields. What the definition costs, before any decision of the compiler.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

struct LayerSummary {
  std::string path;      ///< as `--outputs` takes it; that of the block where layers are folded
  std::string operation; ///< "conv 7x7/2 64 pad 3 + relu"
  std::string kind;      ///< "conv"; "block" where layers are folded
  std::vector<int64_t> shape;
  std::string output; ///< "112x112x64", "V x 16": as tables write it
  int64_t parameters = 0, multiplyAdds = 0;
  int64_t activations = 0, activationBytes = 0; ///< elements it adds to what is kept
  std::string receptiveField;
};

struct NetworkSummary {
  std::string name;
  std::vector<LayerSummary> layers;
  int64_t parameters = 0, parameterBytes = 0, multiplyAdds = 0, activations = 0, activationBytes = 0;
  int64_t depth = 0; ///< weight layers on the longest way from an input to a result
  int64_t batch = 1; ///< how many inputs the numbers are for
  std::vector<std::pair<std::string, int64_t>> bounds; ///< run-time sizes; the numbers are for these

  /// How many inputs fit beside the parameters into so many bytes; their activations all kept, or twice (values and
  /// gradients) beside three times the parameters (values, gradients, momentum).
  int64_t largestBatch(int64_t deviceBytes) const;
  int64_t largestTrainingBatch(int64_t deviceBytes) const;
};

/// Numbers count every value that is written once: inputs, and the result of each operation that cannot write over
/// what it reads. With `fold` above 0, layers whose paths agree in that many parts become one.
NetworkSummary summarise(mlir::ModuleOp module, unsigned fold = 0);

} // namespace weft
