// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Where prefetched lines go. Halide spells every prefetch as `prefetchnta`, which on Intel's servers fills the first
// level only and leaves the second out; weights fetched ahead of their use belong in the second (`prefetcht1`).
#pragma once

#include <string>

namespace weft::emit {

/// Makes `prefetchnta` `prefetcht1` in the code of a relocatable x86-64 ELF file; the two differ in one field of the
/// instruction. Returns how many there were.
unsigned prefetchIntoSecondLevel(std::string &object);

/// The same in the text of an assembly listing.
void prefetchIntoSecondLevelText(std::string &assembly);

} // namespace weft::emit
