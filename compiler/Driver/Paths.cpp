// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Everything is found from the running program's own place, so a build tree can be moved.

#include "compiler/Driver/Paths.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <unistd.h>

using namespace llvm;

namespace weft {

/// Where this program lies, or lay until another was put in its place; never a path from the current folder on.
static std::string ownPath() {
  std::string path = sys::fs::getMainExecutable(nullptr, nullptr);
  if (!path.empty())
    return path;
  char link[4096];
  ssize_t length = ::readlink("/proc/self/exe", link, sizeof link);
  StringRef target(link, std::max<ssize_t>(length, 0));
  target.consume_back(" (deleted)");
  return target.empty() ? "/bin/weftc" : target.str();
}

std::string installedFile(const std::string &relative) {
  SmallString<256> path(ownPath());
  sys::path::remove_filename(path);
  sys::path::append(path, "..", relative);
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  return std::string(path);
}

std::string zooFolder() {
  std::string installed = installedFile("share/weft/zoo");
  return sys::fs::is_directory(installed) ? installed : WEFT_SOURCE_ZOO;
}

bool isOnnxFile(const std::string &path) { return llvm::StringRef(path).ends_with(".onnx"); }

} // namespace weft
