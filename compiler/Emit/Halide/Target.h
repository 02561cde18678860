// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Names of CPU targets, as `--target=cpu:NAME` takes them, to Halide's target strings. Plain C++: also used where a
// kernel is printed as source.
#pragma once

#include <optional>
#include <string>

namespace weft::emit {

/// Halide's string for `name` (`x86-64-v3`, `x86-64-v4`, `znver4`, `znver5`, `sapphirerapids`), for kernels: no runtime, a user
/// context, and with `asserts` off neither checks nor bounds queries. Nothing for other names.
std::optional<std::string> halideTarget(const std::string &name, bool asserts);

/// The names, for messages.
std::string halideTargetNames();

} // namespace weft::emit
