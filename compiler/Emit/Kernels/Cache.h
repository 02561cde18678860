// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Compiled kernels on disk. An entry is a file named by the hash of all that went into it and holds a hash of its
// content, so a damaged or foreign entry is never linked.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace weft::emit {

/// $XDG_CACHE_HOME/weft, else ~/.cache/weft where there is a home, else empty.
std::string defaultCacheFolder();

class KernelCache {
public:
  struct Entry {
    std::string object, scratch;
  };

  /// Makes `folder` (mode 0700) where it is missing. An error when it is no folder, another user's, or others may
  /// enter.
  static llvm::Expected<KernelCache> open(llvm::StringRef folder, uint64_t maxBytes);

  /// The name of an entry: a hash over all parts.
  static std::string keyOf(llvm::ArrayRef<llvm::StringRef> parts);

  /// Nothing when there is no such entry, or it is damaged (then it is removed).
  std::optional<Entry> find(llvm::StringRef key) const;

  /// Failing to store is no error: a full disk must not stop a compilation.
  void store(llvm::StringRef key, const Entry &entry) const;

  /// Removes the least recently used entries beyond the limit.
  void trim() const;

private:
  KernelCache(std::string folder, uint64_t maxBytes) : folder(std::move(folder)), maxBytes(maxBytes) {}
  std::string pathOf(llvm::StringRef key) const;

  std::string folder;
  uint64_t maxBytes;
};

} // namespace weft::emit
