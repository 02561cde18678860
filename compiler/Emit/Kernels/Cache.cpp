// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// An entry is one line `weft-kernel 2 SHA256 OBJECT-BYTES SCRATCH-BYTES`, then the object, then the scratch formula.
// The hash is of the key too: an entry under another's name is a damaged one.
// Files appear by rename, so readers need no lock; the lock file orders those who write and trim.
#include "compiler/Emit/Kernels/Cache.h"

#include "compiler/Support/Interrupt.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace weft::emit {

using llvm::StringRef;

namespace {

constexpr uint64_t maxEntryBytes = 256u << 20;

std::string hexHash(llvm::ArrayRef<StringRef> parts) {
  llvm::SHA256 hash;
  for (StringRef part : parts) {
    hash.update(std::to_string(part.size()) + ":"); // so that ("ab", "c") and ("a", "bc") differ
    hash.update(part);
  }
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

/// An open file that closes itself.
struct File {
  explicit File(int descriptor) : descriptor(descriptor) {}
  File(const File &) = delete;
  ~File() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  explicit operator bool() const { return descriptor >= 0; }
  int descriptor;
};

bool readWhole(const File &file, std::string &text) {
  struct stat status;
  if (fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode) || uint64_t(status.st_size) > maxEntryBytes)
    return false;
  text.resize(status.st_size);
  size_t at = 0;
  while (at < text.size()) {
    ssize_t got = ::read(file.descriptor, text.data() + at, text.size() - at);
    if (got <= 0)
      return false;
    at += got;
  }
  return true;
}

bool writeWhole(const File &file, StringRef text) {
  while (!text.empty()) {
    ssize_t put = ::write(file.descriptor, text.data(), text.size());
    if (put <= 0)
      return false;
    text = text.drop_front(put);
  }
  return true;
}

std::optional<KernelCache::Entry> decode(StringRef key, StringRef text) {
  auto [line, rest] = text.split('\n');
  llvm::SmallVector<StringRef, 5> words;
  line.split(words, ' ');
  uint64_t objectBytes = 0, scratchBytes = 0;
  if (words.size() != 5 || words[0] != "weft-kernel" || words[1] != "2" || words[3].getAsInteger(10, objectBytes) ||
      words[4].getAsInteger(10, scratchBytes) || objectBytes > rest.size() || scratchBytes != rest.size() - objectBytes)
    return std::nullopt;
  KernelCache::Entry entry{rest.take_front(objectBytes).str(), rest.drop_front(objectBytes).str()};
  if (hexHash({key, entry.object, entry.scratch}) != words[2])
    return std::nullopt;
  return entry;
}

std::string encode(StringRef key, const KernelCache::Entry &entry) {
  return "weft-kernel 2 " + hexHash({key, entry.object, entry.scratch}) + " " + std::to_string(entry.object.size()) + " " +
         std::to_string(entry.scratch.size()) + "\n" + entry.object + entry.scratch;
}

llvm::Error unusable(StringRef folder, const llvm::Twine &why) {
  return llvm::createStringError("cannot use `" + folder + "` as kernel cache: " + why +
                                 "; choose another with `--cache-dir`, or `--no-cache`");
}

/// Makes `path` and what is missing above it.
bool makePrivateFolder(const std::string &path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
    return true;
  StringRef parent = llvm::sys::path::parent_path(path);
  if (errno != ENOENT || parent.empty() || !makePrivateFolder(parent.str()))
    return false;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

} // namespace

std::string defaultCacheFolder() {
  // A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification).
  auto base = llvm::sys::Process::GetEnv("XDG_CACHE_HOME");
  if (base && llvm::sys::path::is_absolute(*base))
    return *base + "/weft";
  auto home = llvm::sys::Process::GetEnv("HOME");
  // Users of services have the home `/nonexistent`, which is not to be made.
  bool isThere = home && llvm::sys::path::is_absolute(*home) && llvm::sys::fs::is_directory(*home);
  return isThere ? *home + "/.cache/weft" : "";
}

llvm::Expected<KernelCache> KernelCache::open(StringRef folder, uint64_t maxBytes) {
  std::string path = folder.rtrim('/').str();
  if (path.empty())
    return unusable(folder, "it has no name");
  if (!makePrivateFolder(path))
    return unusable(folder, std::strerror(errno));
  struct stat status;
  if (lstat(path.c_str(), &status) != 0)
    return unusable(folder, std::strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return unusable(folder, "it is no folder");
  if (status.st_uid != geteuid())
    return unusable(folder, "it belongs to another user");
  if (status.st_mode & 077)
    return unusable(folder, "others may enter it (its mode must be 0700)");
  return KernelCache(path, maxBytes);
}

std::string KernelCache::keyOf(llvm::ArrayRef<StringRef> parts) { return hexHash(parts); }

std::string KernelCache::pathOf(StringRef key) const { return folder + "/" + key.str() + ".kernel"; }

std::optional<KernelCache::Entry> KernelCache::find(StringRef key) const {
  std::string path = pathOf(key);
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)); // a pipe would wait for a writer
  if (!file)
    return std::nullopt;
  std::string text;
  std::optional<Entry> entry;
  if (readWhole(file, text))
    entry = decode(key, text);
  if (!entry)
    ::unlink(path.c_str());
  else
    ::futimens(file.descriptor, nullptr); // what trim() goes by
  return entry;
}

void KernelCache::store(StringRef key, const Entry &entry) const {
  NoInterruption guard; // no half entry stays
  std::string beside = folder + "/new-XXXXXX";
  File file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file)
    return;
  bool good = writeWhole(file, encode(key, entry));
  if (!good || ::rename(beside.c_str(), pathOf(key).c_str()) != 0)
    ::unlink(beside.c_str());
}

void KernelCache::trim() const {
  File lock(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock || ::flock(lock.descriptor, LOCK_EX | LOCK_NB) != 0)
    return; // somebody else is at it
  struct Item {
    timespec used;
    uint64_t bytes;
    std::string path;
  };
  std::vector<Item> items;
  uint64_t sum = 0;
  if (DIR *entries = ::opendir(folder.c_str())) {
    while (dirent *entry = ::readdir(entries)) {
      std::string path = folder + "/" + entry->d_name;
      struct stat status;
      if (StringRef(entry->d_name) == "lock" || lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        continue;
      items.push_back({status.st_mtim, uint64_t(status.st_size), path});
      sum += status.st_size;
    }
    ::closedir(entries);
  }
  if (sum <= maxBytes)
    return;
  std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) {
    return std::tie(a.used.tv_sec, a.used.tv_nsec, a.path) < std::tie(b.used.tv_sec, b.used.tv_nsec, b.path);
  });
  for (const Item &item : items) {
    if (sum <= maxBytes / 5 * 4) // leave room, so that not every compilation trims
      return;
    if (::unlink(item.path.c_str()) == 0)
      sum -= item.bytes;
  }
}

} // namespace weft::emit
