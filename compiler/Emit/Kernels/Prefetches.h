// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where prefetched lines go. Halide spells every prefetch as `prefetchnta`, which on Intel's servers fills the first
// level only and leaves the second out; weights fetched ahead of their use belong in the second (`prefetcht1`). A Zen 5
// drops many of those where as many are under way as hide a filter's way from memory, but none of `prefetcht0`; a Zen 4
// drops some too (Wang et al., arXiv 2411.02814).
#pragma once

#include <string>

namespace weft::emit {

/// The nearest cache a prefetched line comes to; its number in the instruction.
enum class PrefetchLevel { First = 1, Second = 2 };

/// The one that is best on `target`, such as `znver5`.
PrefetchLevel prefetchLevel(const std::string &target);

/// Makes every `prefetchnta` in the code of a relocatable x86-64 ELF file one into `level`; they differ in one field of the
/// instruction. Returns how many there were.
unsigned redirectPrefetches(std::string &object, PrefetchLevel level);

/// The same in the text of an assembly listing.
void redirectPrefetchesText(std::string &assembly, PrefetchLevel level);

} // namespace weft::emit
