// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A section of a linked file gets longer: how weights of half a gigabyte get into a program without passing through a
// linker, which reads and copies them.
#pragma once

#include "compiler/Support/Files.h"

namespace weft::emit {

/// What tells a linker, as a script beside its own, to put `section` last in memory, into a segment of its own.
std::string lastSectionScript(llvm::StringRef section);

/// Makes `section` of the ELF file `file` so many bytes long, the new ones zeros, and gives its place. Their space on the disk is
/// taken at once. The section must be the last in memory; what lies behind it in the file alone (names, the table of
/// sections) moves on.
llvm::Expected<FilePart> growSection(const FilePart &file, llvm::StringRef section, uint64_t bytes);

} // namespace weft::emit
