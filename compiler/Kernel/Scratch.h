// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// How many bytes a compiled kernel asks halide_malloc for, as a formula over the extents of its operands. Code
// generation writes the formula once; the planner evaluates it for each call. It travels as text beside the object:
//
//   statement = (seq S...) | (let NAME E S) | (for NAME MIN EXTENT S) | (parallel NAME MIN EXTENT S) | (alloc E S)
//   E = 42 | NAME | (threads) | (extent OPERAND DIM) | (OP E...), OP as in + - * / % min max select < <= == != and or
//   not; `?` unknown
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::kernel {

struct ScratchBytes {
  int64_t caller = 0; ///< the most the calling thread holds at once, outside parallel loops and inside
  int64_t worker = 0; ///< the most any other thread holds inside one
  bool operator==(const ScratchBytes &) const = default;
};

/// The peak for one call: `extents[i]` are those of operand i, outermost first. Each allocation counts rounded up to 64
/// bytes; where sizes depend on how many threads there are, the largest for any number up to 256. Exact where sizes do
/// not depend on loop variables; loops that do are run through, at most 2^20 steps, beyond which (or for a malformed
/// formula, or sizes read from memory) there is no answer.
std::optional<ScratchBytes> evaluateScratch(const std::string &formula,
                                            const std::vector<std::vector<int64_t>> &extents);

} // namespace weft::kernel
