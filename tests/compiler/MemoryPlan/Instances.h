// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Problems made from a seed, some with a known optimum, and the slow certain ways to find optima of tiny ones: what the
// tests and the fuzzer of memory planning share.
#pragma once

#include "compiler/MemoryPlan/Order.h"
#include "compiler/MemoryPlan/Problem.h"

#include <random>

namespace weft::memplan {

struct KnownInstance {
  Problem problem;
  int64_t optimum = 0;
};

/// A rectangle of `times` by `bytes` cut into pieces until there are `pieces`: it can be packed without a hole. With
/// `shrink` (a probability) pieces are then made shorter or smaller, except where they are alive at one moment, which
/// keeps the optimum.
KnownInstance guillotine(uint32_t seed, int pieces, int64_t times, int64_t bytes, double shrink);

/// Lifetimes inside one another, as activations kept for a backward pass: the optimum is their sum.
KnownInstance nested(uint32_t seed, int depth);

/// Each buffer overlaps the next few only, as in a chain of layers with equal sizes: the optimum is the lower bound.
KnownInstance staircase(uint32_t seed, int steps);

struct Features {
  bool alignment = false, gaps = false, windows = false, groups = false, pins = false, empty = false;
};

/// Anything that passes check(), with at most `buffers` buffers of at most `bytes` bytes.
Problem randomProblem(std::mt19937 &random, int buffers, int64_t times, int64_t bytes, const Features &features);

/// The least peak, by trying every offset of everything up to `most`; -1 when there is none.
int64_t bruteForcePeak(const Problem &problem, int64_t most);

/// Operations with random dependences and storage, some used by several.
OrderProblem randomOperations(std::mt19937 &random, int operations);

/// The least peak over all orders.
int64_t bruteForceOrderPeak(const OrderProblem &problem);

} // namespace weft::memplan
