// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Every pass: constructors and registration, made from Passes.td.
#pragma once

#include "dialects/Plan/Plan.h"
#include "dialects/Sched/Sched.h"
#include "dialects/Weft/Weft.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace weft {

#define GEN_PASS_DECL
#include "compiler/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Transforms/Passes.h.inc"

} // namespace weft
