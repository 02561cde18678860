// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A reduction along a row in lanes: element i joins lane i modulo their number, and the lanes are halved until one is left. What
// a sum along the innermost dimension needs to run in vectors, in an order that no schedule changes.
#pragma once

#include "compiler/Kernel/KernelDesc.h"

namespace weft::kernel {

/// The stages before `whole`, a reduction (`acc + term`, or a minimum or maximum with it) that begins with what changes nothing and
/// whose innermost loop is one of `extent` turns, at least `lanes`: one element a lane, then halves. `whole` becomes what is left
/// of those. The first of them, a reduction again, will have the number `first` in the kernel, the others follow it.
std::vector<Stage> spreadOverLanes(Stage &whole, int64_t extent, int64_t lanes, int first);

/// `helpers` (names of what `spreadOverLanes` made) run in vectors where `whole` is computed.
void scheduleLanes(KernelDesc &desc, const std::string &whole, const std::vector<std::string> &helpers);

} // namespace weft::kernel
