// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Starting another program and waiting for it, and folders for what it writes. Neither outlives this process when it is
// interrupted.
#pragma once

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace weft {

struct ProcessResult {
  int exitCode = 0; ///< -1: ended by `signal`
  int signal = 0;
  std::string output, errors; ///< standard output and error
};

/// Runs `arguments` (the first is the program's path) to its end, with nothing on standard input. posix_spawn, because
/// this process has threads. An error when it cannot be started.
llvm::Expected<ProcessResult> runProcess(const std::vector<std::string> &arguments);

/// A fresh private folder under $TMPDIR or /tmp, removed with all its files at the end.
class TemporaryFolder {
public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  ~TemporaryFolder();
  const std::string &path() const { return folder; } ///< empty when none could be made
  llvm::Error error() const;                         ///< then: why
private:
  std::string folder, refused;
};

} // namespace weft
