// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The files of `--weights`, `--ensemble` and of the model itself as one source of weights.
#pragma once

#include "compiler/Driver/Options.h"
#include "compiler/Weights/BindWeights.h"

#include "mlir/IR/BuiltinOps.h"

namespace weft {

/// Opens what the user gave and checks that it holds `needed`. Other weights of `module` may be in the files too;
/// whatever else is there becomes a line in `warnings`, or an error with --strict-weights.
llvm::Expected<WeightSource> openWeights(const DriverOptions &options, mlir::ModuleOp module,
                                         llvm::ArrayRef<NeededWeight> needed, llvm::raw_ostream &warnings);

} // namespace weft
