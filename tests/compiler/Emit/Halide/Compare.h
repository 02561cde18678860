// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiled against interpreted: the same buffers, the same bits.
#pragma once

#include "tests/compiler/Emit/Halide/Runner.h"

namespace weft::test {

/// Runs `desc` compiled and by the evaluator on copies of `operands`. `tolerance` 0 asks for the same bits, else for
/// values within that relative error; whatever it is, each number of threads must give the bits of the first. Nothing
/// outside the buffers may change.
void expectLikeEvaluator(const kernel::KernelDesc &desc, const std::vector<Buffer> &operands, RunOptions options,
                         double tolerance = 0);

/// The same with 1 and 2 threads, without and with Halide's checks.
void expectLikeEvaluatorEverywhere(const kernel::KernelDesc &desc, const std::vector<Buffer> &operands,
                                   double tolerance = 0);

} // namespace weft::test
