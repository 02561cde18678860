// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A look at the text of an IR before MLIR's parser reads it.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <string>

namespace weft {

constexpr size_t mostIrBytes = size_t(256) << 20;

/// Why MLIR's parser should not be given this text, in words that follow the file's name; empty where nothing speaks
/// against it. The parser recurses on brackets, signs and operators, and reads digits in quadratic time: it would
/// overflow the stack, or take hours, on a text made to do so.
std::string whyNotParse(llvm::StringRef text);

} // namespace weft
