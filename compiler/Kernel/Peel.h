// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A border's row in parts: what `Directive::Kind::Peel` means. The points that surround a tensor take a constant; the
// others take their values from it without a question for each point, so they can be made where they are stored.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

#include <optional>

namespace weft::kernel {

/// One loop of a stage whose definition is `select(low <= loop and loop < low + count and ..., value, constant)`.
struct Peeled {
  int loop = -1;                         ///< of the stage
  std::string inside;                    ///< the name of the loop over the points inside; it counts from 0
  int64_t low = 0, count = 0, total = 0; ///< points before, inside, and in all
  ExprPtr value;                         ///< inside; index `loop` counts from the first point of the border
  ExprPtr edge;                          ///< outside
};

/// What `directive` (a Peel) makes of `stage`; nothing where the stage is no such border.
std::optional<Peeled> peelOff(const Stage &stage, const Directive &directive);

/// The same for the stage as it is scheduled; nothing where it is not peeled.
std::optional<Peeled> peeled(const KernelDesc &desc, const Stage &stage);

} // namespace weft::kernel
