// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// `--emit=filters`: the weights of layers as pictures.
#pragma once

#include "compiler/Driver/Options.h"

#include "mlir/IR/BuiltinOps.h"

namespace weft {

/// Writes a PNG for each layer `--layers` names, or for each whose filters are pictures; the exit code. `module` is
/// that of phase parse. Errors have been printed.
int writeFilters(const DriverOptions &options, mlir::ModuleOp module);

} // namespace weft
