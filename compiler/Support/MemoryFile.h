// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// A file without a disk, for what only another program is to read: the linker gets packed weights this way, which are
// written in place and never copied.
#pragma once

#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace weft {

/// `bytes` zeros in memory, which other programs of the same user open by `path()` while this object lives.
class MemoryFile {
public:
  static llvm::Expected<MemoryFile> create(uint64_t bytes);
  MemoryFile(MemoryFile &&other);
  ~MemoryFile();

  char *data() { return static_cast<char *>(memory); }
  std::string path() const;

private:
  MemoryFile(int descriptor, uint64_t bytes) : descriptor(descriptor), bytes(bytes) {}

  int descriptor;
  uint64_t bytes;
  void *memory = nullptr;
};

} // namespace weft
