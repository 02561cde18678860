// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files read whole and written whole: an output is written beside its place and renamed, so a full disk or a crash never
// leaves half a file.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class raw_pwrite_stream;
class raw_ostream;
} // namespace llvm

namespace weft {

/// Lets `write` fill a file beside `path`, then renames it to `path`; "-" is standard output, and a
/// device or a pipe is written to as it is. On failure nothing is left
/// behind and the error names `path` and the reason. `executable` sets the mode bits the user's mask allows.
llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write, bool executable = false);

/// An error where `path` is something a rename must not replace: a folder, a device, a pipe.
llvm::Error checkReplaceable(llvm::StringRef path);

/// Makes `path` and its parents; an error where something else stands there.
llvm::Error makeFolder(llvm::StringRef path);

} // namespace weft
