// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// LLVM modules to machine code, text and archives.
#pragma once

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
class MemoryBuffer;
} // namespace llvm

namespace weft::emit {

/// Code for every processor of the architecture: `NAME_create` must run where the kernels cannot, to say so. Null when
/// LLVM lacks the target.
std::unique_ptr<llvm::TargetMachine> hostTargetMachine();

/// Writes an object file, or its assembly.
llvm::Error writeObject(llvm::Module &module, llvm::raw_pwrite_stream &out, bool assembly = false);

/// Member of an archive: bytes under a name without folders.
struct ArchiveMember {
  std::string name;
  std::string bytes;
};

/// A static library with a symbol table; the same bytes every time.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> makeArchive(const std::vector<ArchiveMember> &members);

} // namespace weft::emit
