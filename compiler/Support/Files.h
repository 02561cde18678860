// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Files read whole and written whole: an output is written beside its place and renamed, so a full disk or a crash never
// leaves half a file.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_pwrite_stream;
class raw_ostream;
} // namespace llvm

namespace weft {

/// Lets `write` fill a file beside `path`, then renames it to `path`; "-" is standard output, and a
/// device or a pipe is written to as it is. On failure nothing is left
/// behind and the error names `path` and the reason. `executable` sets the mode bits the user's mask allows.
llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write, bool executable = false);

/// Where in an open file somebody may write. Several threads may do so at a time.
struct FilePart {
  std::string path; ///< for messages: the output it belongs to
  int descriptor;
  uint64_t begin; ///< of the file; offsets below count from here

  llvm::Error write(uint64_t offset, const void *data, uint64_t bytes) const;
  llvm::Error read(uint64_t offset, void *data, uint64_t bytes) const;
  /// The same, not copied; a whole number of the machine's pages from the beginning of the file.
  llvm::Expected<llvm::sys::fs::mapped_file_region> view(uint64_t offset, uint64_t bytes) const;
  /// From here on there are `bytes`, whose space on the disk is taken at once; new ones are zeros.
  llvm::Error takeSpace(uint64_t bytes) const;
};

/// A regular file that stands beside its place until `commit` renames it; dropped before, it is removed. Several outputs
/// that belong together are all written before the first is renamed.
class OutputFile {
public:
  /// What `write` prints.
  static llvm::Expected<OutputFile> write(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write,
                                          bool executable = false);
  /// `bytes` zeros for the caller to fill, whose space on the disk is taken at once. They are filled by writing, not through
  /// a mapping: its pages would be read, as zeros, before they are filled.
  static llvm::Expected<OutputFile> create(llvm::StringRef path, uint64_t bytes, bool executable = false);
  OutputFile(OutputFile &&other)
      : path(std::move(other.path)), temporary(std::move(other.temporary)), descriptor(std::exchange(other.descriptor, -1)) {}
  ~OutputFile();

  /// What another program writes goes to the file of this name, and is `reopened` then: it may have made another.
  const std::string &beside() const { return temporary; }
  llvm::Error reopen();

  FilePart part() const { return {path, descriptor, 0}; }
  llvm::Error commit();

private:
  OutputFile(llvm::StringRef path, llvm::StringRef temporary, int descriptor)
      : path(path), temporary(temporary), descriptor(descriptor) {}
  void discard();
  std::error_code close();

  std::string path, temporary;
  int descriptor; ///< -1: committed, discarded or moved from
};

/// An error where no file of `bytes` could be written as `path`; leaves nothing behind. For what another program writes,
/// and to know before a long computation.
llvm::Error checkWritable(llvm::StringRef path, uint64_t bytes = 0);

/// Gives `file` the name `path` in one step; what had that name is gone. Exchanged and removed rather than renamed over: ext4
/// sends a file that takes another's place to the disk at once, 80 ms for ResNet-50.
std::error_code replaceFile(llvm::StringRef file, llvm::StringRef path);

/// From now on no output replaces the file at `path`, which is read here: what a text imports, weights, tensors beside a model.
void keepFromOutputs(llvm::StringRef path);

/// An error where `path` is something a rename must not replace: a folder, a device, a pipe, a file kept from outputs.
llvm::Error checkReplaceable(llvm::StringRef path);

/// A folder for outputs. Those that were missing on the way to it are made; dropped or interrupted, they are gone again where
/// nothing has come to stand in them.
class OutputFolder {
public:
  OutputFolder() = default;
  /// An error where something else stands there.
  static llvm::Expected<OutputFolder> make(llvm::StringRef path);
  OutputFolder(OutputFolder &&) = default;
  OutputFolder &operator=(OutputFolder &&) = default;
  ~OutputFolder();

private:
  std::vector<std::string> made; ///< outermost first
};

} // namespace weft
