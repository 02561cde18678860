// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Small `.npy` files beside a text, for `const("sobel.npy")`: read, and written where a network becomes a text.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace weft::language {

/// Reads `name`, which must lie in `folder`, as single-precision numbers (of f4, f8, i4, i8, i1 or u1; C order, little
/// endian). Returns what is wrong, or nothing.
std::string readNpy(llvm::StringRef folder, llvm::StringRef name, llvm::SmallVectorImpl<int64_t> &shape,
                    llvm::SmallVectorImpl<float> &numbers);

/// Writes single-precision numbers, row by row.
void writeNpy(llvm::raw_ostream &out, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers);

} // namespace weft::language
