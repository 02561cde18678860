// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An object file that holds one blob of read-only data under one symbol: how weights of half a gigabyte get into a
// program without passing through an assembler. Plain arithmetic on bytes; ELF, 64 bits, little endian.
#pragma once

#include <cstdint>
#include <string>

namespace weft::emit {

struct ElfData {
  std::string section; ///< ".weft.weights"
  std::string symbol;  ///< hidden, global
  uint64_t alignment = 4096;
  uint64_t bytes = 0;    ///< of the blob
  uint16_t machine = 62; ///< ELF's e_machine; 62 is x86-64

  /// Where the blob goes in the file, and how long the file is.
  uint64_t blobOffset() const;
  uint64_t fileBytes() const;

  /// Writes all but the blob into `file`, which has fileBytes() zero bytes or the blob at blobOffset().
  void writeFrame(unsigned char *file) const;
};

} // namespace weft::emit
