// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Which forms of Winograd's minimal filtering there are: what `weft.winograd_filter` accepts and everybody else asks for.
#pragma once

#include "dialects/Weft/Weft.h"

namespace weft {

/// The m of F(m, r), nothing for other algorithms.
std::optional<int64_t> winogradTile(std::optional<Algorithm> algorithm);

/// Points of a transformed filter: of the last two dimensions of `window` together, where one tap is one point. Nothing where
/// there is no F(m, r) for that window.
std::optional<int64_t> winogradPoints(llvm::ArrayRef<int64_t> window, int64_t m);

} // namespace weft
