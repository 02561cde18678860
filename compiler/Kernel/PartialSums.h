// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A sum in two levels: neighbouring terms are added from zero into partial sums, and those are added in order. The
// rounding error of a sum in one sequence grows with the root of its length; here it grows with the root of a piece.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

/// Where a reduction is cut: its loops before `loop` count partial sums, each of which takes `turns` turns of `loop`
/// and all of the loops inside; the last takes what is left. `turns` is 1 where `loop` counts partial sums itself.
struct Cut {
  int loop = 0; ///< position among the reduction's loops
  int64_t turns = 1;
};

/// The stage of the partial sums of `sum`, which becomes the sum of those; `part` is the number the new stage will have
/// in the kernel, where it must come before. What the two compute together is a sum of the same terms, as before.
Stage cutSum(Stage &sum, Cut cut, int part);

/// What directives call the loop over partial sums before there are two levels.
inline constexpr const char *partialSums = "parts";

/// Both levels run as the schedule of `sum` said before it was cut: the same tiles and vectors, each partial sum made
/// where it is added. Directives about what became of the reduction's loops go to the level that has them.
void schedulePartialSums(KernelDesc &desc, const std::string &sum, const std::string &part);

} // namespace weft::kernel
