// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A KernelDesc as a Halide pipeline: one Func a stage, one RDom an update, the schedule applied.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include "Halide.h"

namespace weft::emit {

struct BuiltPipeline {
  Halide::Pipeline pipeline;
  std::vector<Halide::Argument> inputs; ///< in the order of the KernelDesc; outputs follow by themselves
  std::vector<Halide::Func> funcs;      ///< one a stage
};

/// The Func of a stage is called as the stage is, but never as an intrinsic (`abs`, `round`): where Halide looks for calls of a Func
/// it compares names alone.
std::string funcName(const kernel::Stage &stage);

/// `desc` has passed Check.h. All names are those of `desc`, so equal descriptions give equal pipelines. Throws
/// Halide::Error when Halide refuses the schedule.
BuiltPipeline buildPipeline(const kernel::KernelDesc &desc);

} // namespace weft::emit
