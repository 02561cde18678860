// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// NumPy's .npz: a zip archive of .npy files, stored or deflated (PKWARE's APPNOTE, sections 4.3 to 4.5).
#pragma once

extern "C" {
#include "runtime/src/main/array.h"
}

#include <string_view>

namespace weft::run {

bool isNpz(std::string_view contents);

/// Reads the member that belongs to `port`: called as the port, or as the port behind its last dot ("indptr"), or the
/// only one there is. 0, or 1 with a complaint.
int readNpz(const char *file, std::string_view contents, const weft_info &info, const weft_port &port,
            weft_array &array);

} // namespace weft::run
