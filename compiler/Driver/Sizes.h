// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Sizes of memory as a command line writes them.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace weft {

/// "8MiB", "1.5GB", "4096": bytes, from 1 to 2^50; units KiB, MiB, GiB, TiB are powers of 1024, kB, MB, GB, TB of 1000.
std::optional<int64_t> parseSize(llvm::StringRef text);

} // namespace weft
