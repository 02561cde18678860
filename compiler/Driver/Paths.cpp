// Part of weft, under the Apache License v2.0 with LLVM Exceptions.
// Everything is found from the running program's own place, so a build tree can be moved.

#include "compiler/Driver/Paths.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace weft {

std::string installedFile(const std::string &relative) {
  SmallString<256> path(sys::fs::getMainExecutable(nullptr, nullptr));
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
