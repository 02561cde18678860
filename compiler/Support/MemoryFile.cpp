// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// The system's anonymous files, seen by others in /proc.
#include "compiler/Support/MemoryFile.h"

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

using namespace weft;

llvm::Expected<MemoryFile> MemoryFile::create(uint64_t bytes) {
  MemoryFile file(memfd_create("weft", MFD_CLOEXEC), bytes);
  void *memory = MAP_FAILED;
  if (file.descriptor >= 0 && ftruncate(file.descriptor, static_cast<off_t>(bytes)) == 0)
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0);
  if (memory == MAP_FAILED) {
    std::error_code error(errno, std::generic_category());
    return llvm::createStringError(error, "cannot take " + llvm::Twine(bytes) + " bytes of memory: " + error.message());
  }
  file.memory = memory;
  return file;
}

MemoryFile::MemoryFile(MemoryFile &&other)
    : descriptor(std::exchange(other.descriptor, -1)), bytes(other.bytes), memory(std::exchange(other.memory, nullptr)) {}

MemoryFile::~MemoryFile() {
  if (memory)
    munmap(memory, bytes);
  if (descriptor >= 0)
    close(descriptor);
}

std::string MemoryFile::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor);
}
