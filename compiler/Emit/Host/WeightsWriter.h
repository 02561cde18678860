// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Packed weights on their way to the file: slots in any order and pieces in, whole huge pages out.
#pragma once

#include "compiler/Support/Files.h"
#include "runtime/src/common/checksum.h"

#include <memory>
#include <mutex>
#include <vector>

namespace weft::emit {

/// Linux keeps what is written in pieces as large as each write, and maps a huge page only where one piece fills it. So
/// bytes wait here until all of their page are there. Threads may write at a time; what nobody writes is zero. As Linux lets one thread
/// at a time write to a file, one of them does, and the others go on.
class WeightsWriter {
public:
  /// Of `file`, whose first `bytes` are to hold weights.
  WeightsWriter(const FilePart &file, uint64_t bytes);

  /// Says before the first write that `bytes` at `offset` will be written, once.
  void expect(uint64_t offset, uint64_t bytes);
  llvm::Error write(uint64_t offset, const char *data, uint64_t bytes);

  /// The checksum of all, once everything expected is written.
  llvm::Expected<uint64_t> checksum();

private:
  static constexpr uint64_t pageBytes = 2 << 20;
  using Buffer = std::unique_ptr<char[]>;

  /// A huge page of the file, or what of one is ours.
  struct Page {
    uint64_t begin, end;  ///< from the beginning of the weights
    uint64_t missing = 0; ///< bytes expected and not yet here
    Buffer bytes = nullptr; ///< from the first of them until they are in the file
  };

  /// Calls `part(page, begin, end)` for each page's part of a range.
  template <typename Part> llvm::Error split(uint64_t offset, uint64_t bytes, Part part);
  char *open(Page &page);
  llvm::Error close(Page &page, uint64_t bytes);
  llvm::Error writeFull();
  Page *takeFull();
  bool isWritten(const Page &page);
  llvm::Error sumWritten();

  FilePart file;
  std::vector<Page> pages;

  std::mutex access; ///< to what pages miss, to whether they have memory, and to these two
  std::vector<Buffer> spare;
  std::vector<Page *> full; ///< and not yet in the file

  std::mutex writing; ///< to the file, and to what follows
  weft_checksum_state state = weft_checksum_begin();
  size_t summed = 0; ///< pages
};

} // namespace weft::emit
