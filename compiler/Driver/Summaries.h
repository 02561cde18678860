// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// `--emit=summary`: models loaded one after another, summarised, and printed side by side.
#pragma once

#include "compiler/Driver/Options.h"

namespace weft {

/// The exit code; errors have been printed.
int runSummaries(const DriverOptions &options);

} // namespace weft
