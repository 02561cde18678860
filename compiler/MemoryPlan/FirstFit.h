// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Places items one after the other, each as low as what is already there allows. Private to this folder.
#pragma once

#include "compiler/MemoryPlan/Model.h"

#include <functional>

namespace weft::memplan {

/// The base of each item, when the pinned items are placed first and then the others in this order, which lists every
/// item once. When `isLate` says so, what is left goes on top of what is there, quickly and without looking for holes.
std::vector<int64_t> firstFit(const Model &model, const std::vector<int> &order,
                              const std::function<bool()> &isLate = nullptr);

} // namespace weft::memplan
