// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A sum of products of f32 on a matrix unit that multiplies bf16 (AMX). An f32 is exactly the sum of three bf16: the upper 8
// bits of its significand, the next 8, the last 8. Of the nine products of the parts of two numbers the six largest are summed;
// what is left out is below 2^-23 of the product. (bf16_6x of XLA, BF16x9 less three.) Two neighbouring terms of a sum share a
// word, so a step of the sum takes 32 of them from 16 words.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <optional>

namespace weft::kernel {

/// Parts of a number.
inline constexpr int64_t partCount = 3;
/// Terms of one step, and words they are packed in.
inline constexpr int64_t termsOfStep = 32, wordsOfStep = 16;
/// Rows of a tile of a, columns of one of b.
inline constexpr int64_t lanesOfTile = 16;

/// What ScalarOps Bf16High, Bf16Middle and Bf16Low mean: a part of `low` in the lower half, of `high` in the upper. An
/// infinity has NaN as its other parts.
uint32_t bf16Part(ScalarOp op, float low, float high);

/// What ExprKind::TileDot means, up to rounding: both halves of the words multiplied, six products each, and added.
double tileDot(const uint32_t words[6]);

/// What is added to the name of a sum for the stages in which its sides are split.
inline constexpr const char *sideA = "_a", *sideB = "_b";

/// These stages.
struct SplitSides {
  Stage a;
  std::optional<Stage> b; ///< else b is split where it is multiplied
};

/// Rewrites the update of `sum`, `acc + a * b` from zero, as one in tiles: its innermost reduction loop becomes one over words, and its
/// outermost one over pairs of blocks of 16 (where there is one loop only, of at least 32 terms, it is cut so; where a last step would
/// pass the end it begins earlier, and b is zero in what both have; only there has b a stage). b is the side that the last loop of the stage runs along. `first` is the
/// number stage a will have in the kernel, b the next. Nothing where the sum has another form.
std::optional<SplitSides> splitSides(const KernelDesc &desc, Stage &sum, int first);

/// Whether a stage's update is a sum in tiles.
bool isTileSum(const Stage &stage);

} // namespace weft::kernel
