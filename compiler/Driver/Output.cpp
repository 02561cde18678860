// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Phase emit: from the plan to files.

#include "compiler/Driver/Compilation.h"
#include "compiler/Driver/Driver.h"

using namespace mlir;

namespace weft {

int Compilation::emit() { return userError("phase `emit` is not joined yet"); }

} // namespace weft
